//! Zstandard frames (RFC 8878) by libzstd.

use std::io;

use brawn_core::{Budget, Error, ErrorKind, Result};
use zstd::stream::raw::{CParameter, Encoder, InBuffer, Operation as _, OutBuffer};
use zstd::zstd_safe::compress_bound;

/// Between asking whether anyone still wants it: half a block of libzstd's, 30 ms at level 19.
const STEP: usize = 64 << 10;

/// What compresses one frame after the other: its tables are MBs that would have to be paged in for each.
pub(super) struct Frames(Encoder<'static>);

fn failed(error: io::Error) -> Error {
    Error::new(ErrorKind::Storage, "libzstd could not compress a block").with_source(error)
}

impl Frames {
    pub(super) fn new(level: u8) -> Result<Frames> {
        let mut encoder = Encoder::new(i32::from(level)).map_err(failed)?;
        encoder.set_parameter(CParameter::ChecksumFlag(true)).map_err(failed)?;
        Ok(Frames(encoder))
    }

    /// `block` as one frame with its size and checksum, in the place of what `out` holds.
    pub(super) fn frame(&mut self, block: &[u8], out: &mut Vec<u8>, budget: &Budget) -> Result<()> {
        out.clear();
        out.reserve(compress_bound(block.len()));
        // A frame that was given up may be left in it.
        self.0.reinit().map_err(failed)?;
        self.0.set_pledged_src_size(Some(block.len() as u64)).map_err(failed)?;
        let mut out = OutBuffer::around(out);
        for step in block.chunks(STEP) {
            budget.check()?;
            let mut step = InBuffer::around(step);
            while step.pos() < step.src.len() {
                self.0.run(&mut step, &mut out).map_err(failed)?;
            }
        }
        while self.0.finish(&mut out, true).map_err(failed)? > 0 {}
        Ok(())
    }
}
