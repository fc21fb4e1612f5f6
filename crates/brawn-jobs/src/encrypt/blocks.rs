//! Blocks of a payload, and which of them is the last.

use std::io::{self, Read};
use std::sync::atomic::{AtomicU64, Ordering};

use brawn_core::blocks::{self, Block, Spare};
use brawn_core::{Budget, Result, Source};

use super::payload::{CHUNKS, Place};

/// Cuts what is read into blocks. Whether one is the last is known when the next has been read; one more block is in memory
/// for it.
#[derive(Debug)]
pub(crate) struct Blocks<'a, R> {
    from: From<'a, R>,
    size: usize,
    next: Option<Block<'a>>,
    first: u64,
    is_over: bool,
}

#[derive(Debug)]
enum From<'a, R> {
    Reader(R),
    /// Who computes a block reads it.
    Places(Source<'a>),
}

impl<'a, R: Read> Blocks<'a, R> {
    /// Blocks of [`CHUNKS`] chunks of `chunk` bytes.
    pub(crate) fn of_reader(reader: R, chunk: usize) -> Blocks<'a, R> {
        Blocks::new(From::Reader(reader), chunk)
    }

    /// The same of a source of which it is known how many bytes are [left](Source::left).
    pub(crate) fn of_places(source: Source<'a>, chunk: usize) -> Blocks<'a, R> {
        Blocks::new(From::Places(source), chunk)
    }

    fn new(from: From<'a, R>, chunk: usize) -> Blocks<'a, R> {
        Blocks { from, size: CHUNKS * chunk, next: None, first: 0, is_over: false }
    }

    /// Whether cutting a block waits for nobody: as in [`blocks::in_order_by_workers`].
    pub(crate) fn never_wait(&self) -> bool {
        matches!(self.from, From::Places(..))
    }

    /// The next block; an empty one where there is nothing at all.
    ///
    /// # Errors
    /// As [`blocks::fill`].
    pub(crate) fn next(&mut self, spare: &Spare) -> Result<Option<(Place, Block<'a>)>> {
        if self.is_over {
            return Ok(None);
        }
        let block = match self.next.take() {
            Some(block) => block,
            None => self.read(spare)?.unwrap_or_else(|| Block::from(Vec::new())),
        };
        if block.len() == self.size {
            self.next = self.read(spare)?;
        }
        self.is_over = self.next.is_none();
        let place = Place { first: self.first, is_last: self.is_over };
        self.first += CHUNKS as u64;
        Ok(Some((place, block)))
    }

    fn read(&mut self, spare: &Spare) -> Result<Option<Block<'a>>> {
        match &mut self.from {
            From::Reader(reader) => {
                let mut block = spare.take();
                blocks::fill(reader, &mut block, self.size)?;
                if block.is_empty() {
                    spare.give_back(block);
                    return Ok(None);
                }
                Ok(Some(Block::from(block)))
            }
            From::Places(source) => source.block(self.size, spare),
        }
    }
}

/// Counts what is read, and ends when the budget does: what is decoded on the way, as armor is, takes time.
#[derive(Debug)]
pub(crate) struct Counted<'a, R> {
    reader: R,
    bytes: &'a AtomicU64,
    budget: &'a Budget,
}

impl<'a, R: Read> Counted<'a, R> {
    /// Adds to `bytes` what is read of `reader`.
    pub(crate) fn new(reader: R, bytes: &'a AtomicU64, budget: &'a Budget) -> Counted<'a, R> {
        Counted { reader, bytes, budget }
    }
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.budget.check().map_err(io::Error::other)?;
        let read = self.reader.read(buffer)?;
        self.bytes.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}
