//! One frame in steps: decompressed by libzstd, or walked over by the headers of its blocks.

use brawn_core::{Error, ErrorKind, Result};
use zstd::stream::raw::{DParameter, Decoder, Operation as _};

use super::super::codec::{Room, Step};
use super::super::fault::{damaged, ends_early};
use super::super::window::Window;
use super::header::{Block, Header};
use super::{FRAME, word};

/// Plain bytes between asking whether anyone still wants them: 0.5 ms.
const STEP: usize = 256 << 10;

/// The largest window that libzstd can have; the limit of the options is asked before.
const WINDOW_LOG: u32 = if cfg!(target_pointer_width = "64") { 31 } else { 30 };

pub(super) fn no_decoder(error: std::io::Error) -> Error {
    Error::new(ErrorKind::Storage, "libzstd could not begin").with_source(error)
}

pub(super) fn decoder() -> Result<Decoder<'static>> {
    let mut decoder = Decoder::new().map_err(no_decoder)?;
    decoder.set_parameter(DParameter::WindowLogMax(WINDOW_LOG)).map_err(no_decoder)?;
    Ok(decoder)
}

/// A frame that is decompressed.
pub(super) struct Body {
    pub(super) start: u64,
    pub(super) plain: u64,
    has_checksum: bool,
    /// Its last four bytes so far.
    last: [u8; 4],
}

impl Body {
    pub(super) fn new(header: &Header, start: u64) -> Body {
        Body { start, plain: 0, has_checksum: header.has_checksum, last: [0; 4] }
    }

    /// What it ended with.
    pub(super) fn checksum(&self) -> Option<u32> {
        self.has_checksum.then_some(u32::from_le_bytes(self.last))
    }

    /// Nothing when it has ended.
    pub(super) fn step(
        &mut self,
        decoder: &mut Decoder<'static>,
        window: &mut Window,
        out: &mut Room,
    ) -> Result<Option<Step>> {
        let status = decoder
            .run_on_buffers(window.rest(), out.space(STEP))
            .map_err(|error| damaged(FRAME, self.start, error))?;
        let read = window.rest().get(..status.bytes_read).unwrap_or_default();
        for byte in read.iter().skip(read.len().saturating_sub(4)) {
            self.last.rotate_left(1);
            self.last[3] = *byte;
        }
        window.consume(status.bytes_read);
        out.fill(status.bytes_written);
        self.plain += status.bytes_written as u64;
        if status.remaining == 0 {
            return Ok(None);
        }
        if status.bytes_read > 0 || status.bytes_written > 0 {
            return Ok(Some(Step::On));
        }
        if window.is_ended() {
            return Err(ends_early(FRAME, self.start, window.end()));
        }
        Ok(Some(Step::Starved))
    }
}

/// A frame whose blocks are passed over.
pub(super) struct Walk {
    pub(super) start: u64,
    pub(super) plain: u64,
    pub(super) checksum: Option<u32>,
    has_checksum: bool,
    /// Bytes of the block that are left.
    left: usize,
    is_last: bool,
}

impl Walk {
    pub(super) fn new(header: &Header, plain: u64, start: u64) -> Walk {
        let has_checksum = header.has_checksum;
        Walk { start, plain, checksum: None, has_checksum, left: 0, is_last: false }
    }

    /// Nothing when it has ended.
    pub(super) fn step(&mut self, window: &mut Window, out: &mut Room) -> Result<Option<Step>> {
        let rest = window.rest();
        if self.left > 0 {
            let there = self.left.min(rest.len());
            self.left -= there;
            window.consume(there);
            return if self.left == 0 { Ok(Some(Step::On)) } else { self.starved(window) };
        }
        if !self.is_last {
            if rest.len() < Block::HEADER {
                return self.starved(window);
            }
            let block = Block::of(rest)
                .ok_or_else(|| damaged(FRAME, self.start, "a block has the reserved type"))?;
            (self.left, self.is_last) = (block.len, block.is_last);
            window.consume(Block::HEADER);
            return Ok(Some(Step::On));
        }
        if self.has_checksum {
            self.checksum = word(rest);
            if self.checksum.is_none() {
                return self.starved(window);
            }
            window.consume(4);
        }
        out.told += self.plain;
        Ok(None)
    }

    fn starved(&self, window: &Window) -> Result<Option<Step>> {
        if window.is_ended() {
            return Err(ends_early(FRAME, self.start, window.end()));
        }
        Ok(Some(Step::Starved))
    }
}
