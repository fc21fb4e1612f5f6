//! What was read and is not yet decompressed.

use std::io::Read;

use brawn_core::{Result, blocks};

/// Bytes of the input from an offset on.
#[derive(Debug, Default)]
pub(super) struct Window {
    bytes: Vec<u8>,
    start: usize,
    /// Of the first of `bytes` in the input.
    offset: u64,
    is_ended: bool,
}

impl Window {
    /// What is there.
    pub(super) fn rest(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    /// Where in the input [`rest`](Window::rest) begins.
    pub(super) fn offset(&self) -> u64 {
        self.offset + self.start as u64
    }

    /// Where in the input it ends.
    pub(super) fn end(&self) -> u64 {
        self.offset + self.bytes.len() as u64
    }

    /// Whether nothing comes after it.
    pub(super) fn is_ended(&self) -> bool {
        self.is_ended
    }

    pub(super) fn consume(&mut self, count: usize) {
        self.start = (self.start + count).min(self.bytes.len());
    }

    /// Appends what was read next; nothing is the end.
    pub(super) fn push(&mut self, chunk: &[u8]) {
        // Moving what is left no more often than as much was consumed.
        if self.start >= self.bytes.len() - self.start {
            self.bytes.drain(..self.start);
            self.offset += self.start as u64;
            self.start = 0;
        }
        self.is_ended |= chunk.is_empty();
        self.bytes.extend_from_slice(chunk);
    }

    /// Reads the next `size` bytes by way of `chunk`.
    pub(super) fn read(
        &mut self,
        source: &mut (impl Read + ?Sized),
        chunk: &mut Vec<u8>,
        size: usize,
    ) -> Result<()> {
        blocks::fill(source, chunk, size)?;
        self.push(chunk);
        Ok(())
    }
}
