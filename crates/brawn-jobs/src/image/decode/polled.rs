//! A reader over the input that asks the budget each time a codec reads on.

use std::io::{self, BufRead, Read, Seek, SeekFrom};

use brawn_core::{Budget, Error};

/// The most bytes handed out between two looks at the budget. The fastest codec here (stored PNG) takes some 10 us for
/// them, the slowest (progressive JPEG) some 500 us.
const PIECE: usize = 32 << 10;

/// The input as a codec reads it: piece by piece, refusing to go on when the budget has ended.
pub(super) struct Polled<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The most bytes in a piece.
    piece: usize,
    /// Where the piece that was last allowed ends.
    allowed: usize,
    budget: &'a Budget,
    /// Bytes that are read instead of those in the input, with their offsets.
    overlays: Vec<(usize, Vec<u8>)>,
}

impl<'a> Polled<'a> {
    pub(super) fn new(bytes: &'a [u8], budget: &'a Budget) -> Polled<'a> {
        Polled { bytes, at: 0, piece: PIECE, allowed: 0, budget, overlays: Vec::new() }
    }

    /// Looks at the budget each `piece` bytes, where few bytes can stand for much work.
    pub(super) fn in_pieces(mut self, piece: usize) -> Polled<'a> {
        self.piece = piece.clamp(64, PIECE);
        self
    }

    /// Has `bytes` read at `at` instead of those in the input. Not for [`BufRead`], which hands out the input itself.
    pub(super) fn overlay(&mut self, at: usize, bytes: Vec<u8>) {
        self.overlays.push((at, bytes));
    }

    fn piece(&mut self) -> io::Result<&'a [u8]> {
        if self.at >= self.allowed || self.allowed - self.at > self.piece {
            // Not `Interrupted`: `read_exact` would try that again for ever.
            self.budget.check().map_err(|_| io::Error::other("the budget has ended"))?;
            self.allowed = self.at.saturating_add(self.piece).min(self.bytes.len());
        }
        Ok(self.bytes.get(self.at..self.allowed).unwrap_or_default())
    }
}

impl Read for Polled<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.piece()?.read(buffer)?;
        for (at, bytes) in &self.overlays {
            for (position, byte) in (*at..).zip(bytes) {
                let place = position.checked_sub(self.at).filter(|place| *place < count);
                if let Some(place) = place.and_then(|place| buffer.get_mut(place)) {
                    *place = *byte;
                }
            }
        }
        self.at += count;
        Ok(count)
    }
}

impl BufRead for Polled<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.piece()
    }

    fn consume(&mut self, count: usize) {
        self.at += count;
    }
}

impl Seek for Polled<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(offset) => i128::from(offset),
            SeekFrom::End(offset) => self.bytes.len() as i128 + i128::from(offset),
            SeekFrom::Current(offset) => self.at as i128 + i128::from(offset),
        };
        // A position past the end reads nothing, as in a file.
        self.at = usize::try_from(target).map_err(|_| {
            io::Error::new(io::ErrorKind::InvalidInput, "a seek to before the start")
        })?;
        self.allowed = self.at;
        Ok(self.at as u64)
    }
}

/// The error of a codec as brawn's: the budget's own where it has ended, else as `describe` says.
pub(super) fn because<E>(
    budget: &Budget,
    describe: impl FnOnce(E) -> Error,
) -> impl FnOnce(E) -> Error {
    move |error| budget.check().err().unwrap_or_else(|| describe(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_and_seeks_like_a_cursor() {
        let bytes: Vec<u8> = (0..100_000_u32).map(|n| (n % 251) as u8).collect();
        let budget = Budget::unlimited();
        let mut polled = Polled::new(&bytes, &budget);
        let mut all = Vec::new();
        polled.read_to_end(&mut all).expect("reads");
        assert!(all == bytes);
        assert_eq!(polled.seek(SeekFrom::End(-3)).expect("seeks"), 99_997);
        assert_eq!(polled.fill_buf().expect("reads"), &bytes[99_997..]);
        assert_eq!(polled.seek(SeekFrom::Start(5)).expect("seeks"), 5);
        assert_eq!(polled.seek(SeekFrom::Current(2)).expect("seeks"), 7);
        let mut two = [0; 2];
        polled.read_exact(&mut two).expect("reads");
        assert_eq!(two, [7, 8]);
        assert!(polled.seek(SeekFrom::Current(-100)).is_err());
        assert_eq!(polled.seek(SeekFrom::Start(1 << 40)).expect("as in a file"), 1 << 40);
        assert!(polled.fill_buf().expect("reads").is_empty());
    }

    #[test]
    fn an_overlay_is_read_in_any_piece() {
        let budget = Budget::unlimited();
        for size in 1..5 {
            let mut polled = Polled::new(&[0; 7], &budget);
            polled.overlay(3, vec![8, 9]);
            let mut all = Vec::new();
            let mut buffer = vec![0; size];
            while let Ok(count @ 1..) = polled.read(&mut buffer) {
                all.extend_from_slice(&buffer[..count]);
            }
            assert_eq!(all, [0, 0, 0, 8, 9, 0, 0], "in pieces of {size}");
        }
    }

    #[test]
    fn it_stops_when_the_budget_has_ended() {
        let budget = Budget::unlimited();
        let bytes = vec![0; 4 * PIECE];
        let mut polled = Polled::new(&bytes, &budget);
        let mut buffer = vec![0; 3 * PIECE];
        assert_eq!(polled.read(&mut buffer).expect("reads"), PIECE);
        budget.cancel();
        assert!(polled.read(&mut buffer).is_err());
    }
}
