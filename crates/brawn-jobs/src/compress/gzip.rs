//! gzip members (RFC 1952) by libdeflate. Each says in its extra field how long it is, so that members are found without
//! inflating them, and which one it is, so that one that is missing, doubled or out of place is noticed.

use brawn_core::{Error, ErrorKind, Result};
use libdeflater::{CompressionLvl, Compressor, Crc};

/// The subfield with the length of the whole member, 32 bits: as mgzip and pgzip write and read it.
pub(crate) const LENGTH: [u8; 2] = *b"IG";

/// The subfield with the number of the member, 64 bits: brawn's own. The last member of a file is empty.
pub(crate) const NUMBER: [u8; 2] = *b"BW";

/// Before the subfields: deflate, an extra field, no time, no system; then the length of the subfields.
const START: [u8; 12] = [0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 20, 0];
const HEADER: usize = 32;

pub(super) fn compressor(level: u8) -> Result<Compressor> {
    let level = CompressionLvl::new(i32::from(level))
        .map_err(|_| Error::invalid_options(format!("`level` is {level}: gzip takes 1 to 9")))?;
    Ok(Compressor::new(level))
}

/// Appends `block` as one member, the one of that number.
pub(super) fn member(level: u8, number: u64, block: &[u8], out: &mut Vec<u8>) -> Result<()> {
    let mut compressor = compressor(level)?;
    let start = out.len();
    let deflated = start + HEADER;
    out.resize(deflated + compressor.deflate_compress_bound(block.len()), 0);
    let written = compressor
        .deflate_compress(block, out.get_mut(deflated..).unwrap_or_default())
        .map_err(|_| too_long())?;
    out.truncate(deflated + written);
    let mut sum = Crc::new();
    sum.update(block);
    out.extend_from_slice(&sum.sum().to_le_bytes());
    out.extend_from_slice(&u32::try_from(block.len()).map_err(|_| too_long())?.to_le_bytes());
    let length = u32::try_from(out.len() - start).map_err(|_| too_long())?;
    let mut header = Vec::with_capacity(HEADER);
    header.extend_from_slice(&START);
    header.extend_from_slice(&LENGTH);
    header.extend_from_slice(&[4, 0]);
    header.extend_from_slice(&length.to_le_bytes());
    header.extend_from_slice(&NUMBER);
    header.extend_from_slice(&[8, 0]);
    header.extend_from_slice(&number.to_le_bytes());
    if let Some(place) = out.get_mut(start..deflated) {
        place.copy_from_slice(&header);
    }
    Ok(())
}

fn too_long() -> Error {
    Error::new(ErrorKind::Storage, "a gzip member did not fit")
}
