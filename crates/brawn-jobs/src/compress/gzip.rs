//! gzip members (RFC 1952) by libdeflate. Each says in its extra field how long it is, so that members are found without
//! inflating them, and in its comment which one it is, so that one that is missing, doubled or out of place is noticed.

use brawn_core::{Error, ErrorKind, Result};
use libdeflater::{CompressionLvl, Compressor, Crc};

/// The subfield with the length of the whole member, 32 bits: as mgzip and pgzip write and read it. They take no other
/// beside it.
pub(crate) const LENGTH: [u8; 2] = *b"IG";

/// What stands before the number of the member in its comment. The last member of a file is empty.
pub(crate) const NUMBER: &str = "brawn member ";

/// Deflate, an extra field, a comment, no time, no system; then the length of the extra field.
const START: [u8; 12] = [0x1f, 0x8b, 8, 0x14, 0, 0, 0, 0, 0, 0xff, 8, 0];

pub(super) fn compressor(level: u8) -> Result<Compressor> {
    let level = CompressionLvl::new(i32::from(level))
        .map_err(|_| Error::invalid_options(format!("`level` is {level}: gzip takes 1 to 9")))?;
    Ok(Compressor::new(level))
}

/// Appends `block` as one member, the one of that number.
pub(super) fn member(
    compressor: &mut Compressor,
    number: u64,
    block: &[u8],
    out: &mut Vec<u8>,
) -> Result<()> {
    let start = out.len();
    out.extend_from_slice(&START);
    out.extend_from_slice(&LENGTH);
    out.extend_from_slice(&[4, 0]);
    let length = out.len();
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(format!("{NUMBER}{number}\0").as_bytes());
    let deflated = out.len();
    out.resize(deflated + compressor.deflate_compress_bound(block.len()), 0);
    let written = compressor
        .deflate_compress(block, out.get_mut(deflated..).unwrap_or_default())
        .map_err(|_| too_long())?;
    out.truncate(deflated + written);
    let mut sum = Crc::new();
    sum.update(block);
    out.extend_from_slice(&sum.sum().to_le_bytes());
    out.extend_from_slice(&u32::try_from(block.len()).map_err(|_| too_long())?.to_le_bytes());
    let member = u32::try_from(out.len() - start).map_err(|_| too_long())?;
    if let Some(place) = out.get_mut(length..length + 4) {
        place.copy_from_slice(&member.to_le_bytes());
    }
    Ok(())
}

fn too_long() -> Error {
    Error::new(ErrorKind::Storage, "a gzip member did not fit")
}
