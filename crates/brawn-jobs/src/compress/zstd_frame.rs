//! Zstandard frames (RFC 8878) by libzstd.

use std::io;

use brawn_core::{Budget, Error, ErrorKind, Result};
use zstd::bulk::Compressor;
use zstd::stream::raw::{CParameter, Encoder, InBuffer, Operation as _, OutBuffer};
use zstd::zstd_safe::compress_bound;

/// Between asking whether anyone still wants it: half a block of libzstd's, 30 ms at level 19.
const STEP: usize = 64 << 10;

/// To this level a frame is one call, of some 10 ms: what is fed in steps libzstd copies first, and it cuts its blocks better where
/// it sees all of them (level 3: 0.4 % smaller, in the same time).
const QUICK: u8 = 4;

/// What compresses one frame after the other: its tables are MBs that would have to be paged in for each.
pub(super) enum Frames {
    Quick(Compressor<'static>),
    Slow(Encoder<'static>),
}

fn failed(error: io::Error) -> Error {
    Error::new(ErrorKind::Storage, "libzstd could not compress a block").with_source(error)
}

impl Frames {
    pub(super) fn new(level: u8) -> Result<Frames> {
        let checksum = CParameter::ChecksumFlag(true);
        Ok(if level <= QUICK {
            let mut compressor = Compressor::new(i32::from(level)).map_err(failed)?;
            compressor.set_parameter(checksum).map_err(failed)?;
            Frames::Quick(compressor)
        } else {
            let mut encoder = Encoder::new(i32::from(level)).map_err(failed)?;
            encoder.set_parameter(checksum).map_err(failed)?;
            Frames::Slow(encoder)
        })
    }

    /// `block` as one frame with its size and checksum, in the place of what `out` holds.
    pub(super) fn frame(&mut self, block: &[u8], out: &mut Vec<u8>, budget: &Budget) -> Result<()> {
        out.clear();
        out.reserve(compress_bound(block.len()));
        let encoder = match self {
            Frames::Quick(compressor) => {
                return compressor.compress_to_buffer(block, out).map(drop).map_err(failed);
            }
            Frames::Slow(encoder) => encoder,
        };
        // A frame that was given up may be left in it.
        encoder.reinit().map_err(failed)?;
        encoder.set_pledged_src_size(Some(block.len() as u64)).map_err(failed)?;
        let mut out = OutBuffer::around(out);
        for step in block.chunks(STEP) {
            budget.check()?;
            let mut step = InBuffer::around(step);
            while step.pos() < step.src.len() {
                encoder.run(&mut step, &mut out).map_err(failed)?;
            }
        }
        while encoder.finish(&mut out, true).map_err(failed)? > 0 {}
        Ok(())
    }
}
