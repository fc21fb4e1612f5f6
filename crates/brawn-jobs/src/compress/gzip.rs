//! gzip members (RFC 1952) by libdeflate.

use brawn_core::{Error, Result};
use libdeflater::{CompressionLvl, Compressor};

pub(super) fn compressor(level: u8) -> Result<Compressor> {
    let level = CompressionLvl::new(i32::from(level))
        .map_err(|_| Error::invalid_options(format!("`level` is {level}: gzip takes 1 to 9")))?;
    Ok(Compressor::new(level))
}

/// Appends `block` as one member.
pub(super) fn member(level: u8, block: &[u8], out: &mut Vec<u8>) -> Result<()> {
    let mut compressor = compressor(level)?;
    let start = out.len();
    out.resize(start + compressor.gzip_compress_bound(block.len()), 0);
    let written = compressor
        .gzip_compress(block, out.get_mut(start..).unwrap_or_default())
        .map_err(|_| Error::new(brawn_core::ErrorKind::Storage, "a gzip member did not fit"))?;
    out.truncate(start + written);
    Ok(())
}
