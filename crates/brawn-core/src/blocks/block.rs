//! A block of an object, read or still to be read.

use std::fmt;

use super::Spare;
use crate::{ReadAt, Result};

/// The next bytes of a [`Source`](crate::Source), for one who computes them. Those of a file are read by the thread that
/// computes them: they are in its cache then, and no other thread had to wait for them.
pub struct Block<'a>(Held<'a>);

enum Held<'a> {
    Here(&'a [u8]),
    Read(Vec<u8>),
    At(&'a dyn ReadAt, u64, usize),
}

impl<'a> Block<'a> {
    pub(crate) fn here(bytes: &'a [u8]) -> Block<'a> {
        Block(Held::Here(bytes))
    }

    pub(crate) fn at(from: &'a dyn ReadAt, offset: u64, len: usize) -> Block<'a> {
        Block(Held::At(from, offset, len))
    }

    /// How many bytes it has.
    pub fn len(&self) -> usize {
        match &self.0 {
            Held::Here(bytes) => bytes.len(),
            Held::Read(bytes) => bytes.len(),
            Held::At(_, _, len) => *len,
        }
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Does `work` with its bytes, which are read now where they were not. `spare` lends and takes the buffer.
    ///
    /// # Errors
    /// Of reading, and of `work`.
    pub fn with<T>(self, spare: &Spare, work: impl FnOnce(&[u8]) -> Result<T>) -> Result<T> {
        let bytes = match self.0 {
            Held::Here(bytes) => return work(bytes),
            Held::Read(bytes) => bytes,
            Held::At(from, offset, len) => {
                let mut bytes = spare.take();
                bytes.resize(len, 0);
                from.read_at(&mut bytes, offset)?;
                bytes
            }
        };
        let done = work(&bytes);
        spare.give_back(bytes);
        done
    }

    /// Does `work` with its bytes in the order in which they stand, no more than `size` at once.
    ///
    /// # Errors
    /// Of reading, and of `work`.
    pub fn pieces(
        self,
        size: usize,
        spare: &Spare,
        mut work: impl FnMut(&[u8]) -> Result<()>,
    ) -> Result<()> {
        let size = size.max(1);
        let Held::At(from, mut offset, mut left) = self.0 else {
            return self.with(spare, |bytes| bytes.chunks(size).try_for_each(work));
        };
        let mut bytes = spare.take();
        let mut done = Ok(());
        while left > 0 && done.is_ok() {
            bytes.resize(left.min(size), 0);
            done = from.read_at(&mut bytes, offset).and_then(|()| work(&bytes));
            offset += bytes.len() as u64;
            left -= bytes.len();
        }
        spare.give_back(bytes);
        done
    }
}

/// A block that was read already.
impl From<Vec<u8>> for Block<'_> {
    fn from(bytes: Vec<u8>) -> Self {
        Block(Held::Read(bytes))
    }
}

impl fmt::Debug for Block<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Block").field("len", &self.len()).finish_non_exhaustive()
    }
}
