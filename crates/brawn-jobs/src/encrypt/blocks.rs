//! Blocks of a payload, and which of them is the last.

use std::cell::Cell;
use std::io::{self, Read};

use brawn_core::blocks::{self, Spare};
use brawn_core::{Budget, Error, Result};

use super::payload::{CHUNKS, Place};

/// Cuts a reader into blocks. Whether one is the last is known when the next has been read; one more block is in memory
/// for it.
#[derive(Debug)]
pub(crate) struct Blocks<R> {
    reader: R,
    size: usize,
    next: Option<Vec<u8>>,
    first: u64,
    is_over: bool,
}

impl<R: Read> Blocks<R> {
    /// Blocks of [`CHUNKS`] chunks of `chunk` bytes.
    pub(crate) fn new(reader: R, chunk: usize) -> Blocks<R> {
        Blocks { reader, size: CHUNKS * chunk, next: None, first: 0, is_over: false }
    }

    /// The next block; an empty one where the reader gives nothing at all.
    ///
    /// # Errors
    /// As [`blocks::fill`].
    pub(crate) fn next(&mut self, spare: &Spare) -> Result<Option<(Place, Vec<u8>)>> {
        if self.is_over {
            return Ok(None);
        }
        let block = match self.next.take() {
            Some(block) => block,
            None => self.fill(spare)?,
        };
        if block.len() == self.size {
            let next = self.fill(spare)?;
            if next.is_empty() {
                spare.give_back(next);
            } else {
                self.next = Some(next);
            }
        }
        self.is_over = self.next.is_none();
        let place = Place { first: self.first, is_last: self.is_over };
        self.first += CHUNKS as u64;
        Ok(Some((place, block)))
    }

    fn fill(&mut self, spare: &Spare) -> Result<Vec<u8>, Error> {
        let mut block = spare.take();
        blocks::fill(&mut self.reader, &mut block, self.size)?;
        Ok(block)
    }
}

/// Counts what is read, and ends when the budget does: what is decoded on the way, as armor is, takes time.
#[derive(Debug)]
pub(crate) struct Counted<'a, R> {
    reader: R,
    bytes: &'a Cell<u64>,
    budget: &'a Budget,
}

impl<'a, R: Read> Counted<'a, R> {
    /// Adds to `bytes` what is read of `reader`.
    pub(crate) fn new(reader: R, bytes: &'a Cell<u64>, budget: &'a Budget) -> Counted<'a, R> {
        Counted { reader, bytes, budget }
    }
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.budget.check().map_err(io::Error::other)?;
        let read = self.reader.read(buffer)?;
        self.bytes.set(self.bytes.get() + read as u64);
        Ok(read)
    }
}
