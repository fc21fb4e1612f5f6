//! Zstandard frames (RFC 8878) by libzstd.

use std::io::Write as _;

use brawn_core::{Budget, Error, ErrorKind, Result};
use zstd::stream::write::Encoder;

/// Between asking whether anyone still wants it: half a block of libzstd's, 30 ms at level 19.
const STEP: usize = 64 << 10;

/// Appends `block` as one frame with its size and checksum.
pub(super) fn frame(level: u8, block: &[u8], out: &mut Vec<u8>, budget: &Budget) -> Result<()> {
    let failed = |error: std::io::Error| {
        Error::new(ErrorKind::Storage, "libzstd could not compress a block").with_source(error)
    };
    let mut encoder = Encoder::new(out, i32::from(level)).map_err(failed)?;
    encoder.include_checksum(true).map_err(failed)?;
    encoder.set_pledged_src_size(Some(block.len() as u64)).map_err(failed)?;
    for step in block.chunks(STEP) {
        budget.check()?;
        encoder.write_all(step).map_err(failed)?;
    }
    encoder.finish().map(drop).map_err(failed)
}
