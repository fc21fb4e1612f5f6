//! BGZF: gzip members of at most 64 KB that say their length, and an empty one at the end.
//!
//! "The BGZF compression format", section 4.1 of the SAM specification.

use brawn_core::{Budget, Error, ErrorKind, Result};
use libdeflater::Compressor;

/// Bytes in a member, as bgzip takes them: what cannot be compressed then still fits in 64 KB.
pub(super) const MEMBER: usize = 0xff00;

/// The empty member that says that nothing is cut off.
pub(super) const END: [u8; 28] = [
    0x1f, 0x8b, 0x08, 0x04, 0, 0, 0, 0, 0, 0xff, 0x06, 0, b'B', b'C', 0x02, 0, 0x1b, 0, 0x03, 0, 0,
    0, 0, 0, 0, 0, 0, 0,
];

/// Appends `block` as members.
pub(super) fn members(
    compressor: &mut Compressor,
    block: &[u8],
    out: &mut Vec<u8>,
    budget: &Budget,
) -> Result<()> {
    let too_long = || Error::new(ErrorKind::Storage, "a BGZF member did not fit");
    for bytes in block.chunks(MEMBER) {
        budget.check()?;
        let start = out.len();
        out.extend_from_slice(END.get(..16).unwrap_or_default());
        out.extend_from_slice(&[0; 2]);
        let deflated = start + 18;
        out.resize(deflated + compressor.deflate_compress_bound(bytes.len()), 0);
        let written = compressor
            .deflate_compress(bytes, out.get_mut(deflated..).unwrap_or_default())
            .map_err(|_| too_long())?;
        out.truncate(deflated + written);
        let mut sum = libdeflater::Crc::new();
        sum.update(bytes);
        out.extend_from_slice(&sum.sum().to_le_bytes());
        out.extend_from_slice(&u32::try_from(bytes.len()).map_err(|_| too_long())?.to_le_bytes());
        // Total length less one.
        let length = u16::try_from(out.len() - start - 1).map_err(|_| too_long())?;
        if let Some(place) = out.get_mut(start + 16..start + 18) {
            place.copy_from_slice(&length.to_le_bytes());
        }
    }
    Ok(())
}
