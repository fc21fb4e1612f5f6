//! What compresses blocks: made once for each worker, since its tables are more than a block is worth.

use std::sync::{Mutex, PoisonError};

use brawn_core::{Budget, Result};
use libdeflater::Compressor;

use super::zstd_frame::Frames;
use super::{Format, Options, bgzf, gzip, lz4};

/// One for each worker that needed one so far.
pub(super) struct Tools<'a> {
    options: &'a Options,
    idle: Mutex<Vec<Tool>>,
}

enum Tool {
    Zstd(Frames),
    Deflate(Compressor),
    Lz4,
}

impl<'a> Tools<'a> {
    pub(super) fn new(options: &'a Options) -> Tools<'a> {
        Tools { options, idle: Mutex::default() }
    }

    /// The block of that number, compressed, in the place of what `out` holds.
    pub(super) fn compress(
        &self,
        number: u64,
        block: &[u8],
        out: &mut Vec<u8>,
        budget: &Budget,
    ) -> Result<()> {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let known = idle().pop();
        let mut tool = match known {
            Some(tool) => tool,
            None => self.tool()?,
        };
        out.clear();
        let done = match (&mut tool, self.options.format()) {
            (Tool::Zstd(frames), _) => frames.frame(block, out, budget),
            (Tool::Deflate(deflate), Format::Bgzf) => bgzf::members(deflate, block, out, budget),
            (Tool::Deflate(deflate), _) => gzip::member(deflate, number, block, out),
            (Tool::Lz4, _) => lz4::block(block, out),
        };
        idle().push(tool);
        done
    }

    fn tool(&self) -> Result<Tool> {
        let level = self.options.level();
        Ok(match self.options.format() {
            Format::Zstd => Tool::Zstd(Frames::new(level)?),
            Format::Gzip | Format::Bgzf => Tool::Deflate(gzip::compressor(level)?),
            Format::Lz4 => Tool::Lz4,
        })
    }
}

/// The memory of one tool.
pub(super) fn memory(format: Format, level: u8) -> u64 {
    const MIB: u64 = 1 << 20;
    match (format, level) {
        // The window, and tables of the sizes in libzstd's `clevels.h`.
        (Format::Zstd, 0..6) => 8 * MIB,
        (Format::Zstd, 6..10) => 20 * MIB,
        (Format::Zstd, _) => 60 * MIB,
        (Format::Gzip | Format::Bgzf, _) => MIB,
        // Its table is 16 KB.
        (Format::Lz4, _) => MIB / 8,
    }
}
