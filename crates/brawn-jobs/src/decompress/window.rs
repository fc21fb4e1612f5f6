//! What was read and is not yet decompressed.

use std::io::Read;
use std::ops::Range;
use std::sync::Arc;

use brawn_core::Result;
use brawn_core::blocks::{self, Spare};

/// Bytes of the input from an offset on. Who decompresses some of them [shares](Window::share) them; what is read then goes into
/// another buffer, with what is left.
#[derive(Debug, Default)]
pub(super) struct Window {
    bytes: Arc<Vec<u8>>,
    start: usize,
    /// Behind it the buffer has what it had before.
    filled: usize,
    /// Of the first of `bytes` in the input.
    offset: u64,
    is_ended: bool,
}

/// Some of the bytes of a window.
#[derive(Clone, Debug, Default)]
pub(super) struct Shared {
    bytes: Arc<Vec<u8>>,
    range: Range<usize>,
}

impl Shared {
    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.get(self.range.clone()).unwrap_or_default()
    }

    /// The last to give it back makes the buffer spare.
    pub(super) fn give_back(self, spare: &Spare) {
        if let Some(bytes) = Arc::into_inner(self.bytes) {
            spare.give_back(bytes);
        }
    }
}

impl Window {
    /// What is there.
    pub(super) fn rest(&self) -> &[u8] {
        self.bytes.get(self.start..self.filled).unwrap_or_default()
    }

    /// Where in the input [`rest`](Window::rest) begins.
    pub(super) fn offset(&self) -> u64 {
        self.offset + self.start as u64
    }

    /// Where in the input it ends.
    pub(super) fn end(&self) -> u64 {
        self.offset + self.filled as u64
    }

    /// Whether nothing comes after it.
    pub(super) fn is_ended(&self) -> bool {
        self.is_ended
    }

    pub(super) fn consume(&mut self, count: usize) {
        self.start = (self.start + count).min(self.filled);
    }

    /// The `count` bytes that were consumed last, without copying them.
    pub(super) fn share(&self, count: usize) -> Shared {
        let range = self.start.saturating_sub(count)..self.start;
        Shared { bytes: Arc::clone(&self.bytes), range }
    }

    /// Room for `size` bytes more behind what is there.
    fn room(&mut self, size: usize, spare: &Spare) -> &mut Vec<u8> {
        let left = self.filled - self.start;
        // Moving what is left no more often than as much was consumed.
        let is_worn = self.start > 0 && self.start >= left;
        if let Some(bytes) = Arc::get_mut(&mut self.bytes) {
            if is_worn {
                bytes.copy_within(self.start..self.filled, 0);
            }
        } else {
            let mut bytes = spare.take();
            if bytes.len() < left {
                bytes.resize(left, 0);
            }
            if let Some(place) = bytes.get_mut(..left) {
                place.copy_from_slice(self.rest());
            }
            let before = std::mem::replace(&mut self.bytes, Arc::new(bytes));
            Shared { bytes: before, range: 0..0 }.give_back(spare);
            self.moved();
            return self.grown(size);
        }
        if is_worn {
            self.moved();
        }
        self.grown(size)
    }

    fn moved(&mut self) {
        self.offset += self.start as u64;
        (self.start, self.filled) = (0, self.filled - self.start);
    }

    fn grown(&mut self, size: usize) -> &mut Vec<u8> {
        // It is the only one that has them.
        let bytes = Arc::make_mut(&mut self.bytes);
        if bytes.len() < self.filled + size {
            bytes.resize(self.filled + size, 0);
        }
        bytes
    }

    /// Appends what was read next; nothing is the end.
    pub(super) fn push(&mut self, chunk: &[u8], spare: &Spare) {
        let filled = |window: &Window| window.filled..window.filled + chunk.len();
        self.room(chunk.len(), spare);
        let place = filled(self);
        if let Some(place) = Arc::make_mut(&mut self.bytes).get_mut(place) {
            place.copy_from_slice(chunk);
        }
        self.filled += chunk.len();
        self.is_ended |= chunk.is_empty();
    }

    /// Reads the next `size` bytes.
    pub(super) fn read(
        &mut self,
        source: &mut (impl Read + ?Sized),
        size: usize,
        spare: &Spare,
    ) -> Result<()> {
        self.room(size, spare);
        let place = self.filled..self.filled + size;
        let place = Arc::make_mut(&mut self.bytes).get_mut(place).unwrap_or_default();
        let read = blocks::fill_slice(source, place)?;
        self.filled += read;
        self.is_ended |= read == 0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shared_stays_as_it_is() {
        let bytes: Vec<u8> = (0..200).collect();
        let (mut source, spare, mut window) =
            (bytes.as_slice(), Spare::default(), Window::default());
        let mut shared = Vec::new();
        let mut at = 0;
        while !window.is_ended() {
            window.read(&mut source, 30, &spare).expect("it is there");
            assert_eq!(window.end(), (at + window.rest().len()) as u64);
            while window.rest().len() >= 7 {
                window.consume(7);
                shared.push((at, window.share(7)));
                at += 7;
                assert_eq!(window.offset(), at as u64);
            }
            if shared.len() > 8 {
                for (at, part) in shared.drain(..5) {
                    assert_eq!(part.bytes(), &bytes[at..at + 7]);
                    part.give_back(&spare);
                }
            }
        }
        assert!(shared.iter().all(|(at, part)| part.bytes() == &bytes[*at..*at + 7]));
        assert_eq!(window.rest(), &bytes[at..]);
    }
}
