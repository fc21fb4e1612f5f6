//! Whether frames are all there: what a seek table behind them says.

use std::collections::{HashSet, VecDeque};

use brawn_core::{Error, Result};

use super::word;
use crate::compress::seek_table::{FOOTER, SEEKABLE, WITH_CHECKSUMS};

/// How many frames are remembered: as many as the longest table names that is looked at.
const MOST: usize = (4 << 20) / 12;

/// A frame, as an entry of a table has it: its size, what it becomes, its checksum, as far as they are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Frame {
    len: Option<u32>,
    plain: Option<u32>,
    checksum: Option<u32>,
}

impl Frame {
    fn is_as(&self, said: &Frame) -> bool {
        let agree = |known: Option<u32>, said: Option<u32>| match (known, said) {
            (Some(known), Some(said)) => known == said,
            _ => true,
        };
        agree(self.len, said.len)
            && agree(self.plain, said.plain)
            && agree(self.checksum, said.checksum)
    }
}

/// The frames since the last table.
#[derive(Debug, Default)]
pub(super) struct Frames {
    frames: VecDeque<Frame>,
    count: u64,
}

impl Frames {
    /// The next frame: how long it is, what it becomes, its checksum.
    pub(super) fn add(&mut self, len: u64, plain: Option<u64>, checksum: Option<u32>) {
        let word = |size: u64| u32::try_from(size).ok();
        if self.frames.len() == MOST {
            self.frames.pop_front();
        }
        self.frames.push_back(Frame { len: word(len), plain: plain.and_then(word), checksum });
        self.count += 1;
    }

    /// Holds a skippable frame, whose content this is, against the frames before it, if it is a seek table.
    pub(super) fn check(&mut self, content: &[u8], start: u64) -> Result<()> {
        let Some((entries, footer)) =
            content.len().checked_sub(FOOTER).and_then(|end| content.split_at_checked(end))
        else {
            return Ok(());
        };
        let (Some(count), Some(descriptor)) = (word(footer), footer.get(4)) else { return Ok(()) };
        if footer.get(5..).and_then(word) != Some(SEEKABLE) {
            return Ok(());
        }
        let frames = std::mem::take(self);
        let has_checksums = descriptor & WITH_CHECKSUMS != 0;
        let size = if has_checksums { 12 } else { 8 };
        let named: Vec<Frame> = entries
            .chunks_exact(size)
            .map(|entry| Frame {
                len: word(entry),
                plain: entry.get(4..).and_then(word),
                checksum: entry.get(8..).and_then(word),
            })
            .collect();
        let is_whole =
            named.len() as u64 == u64::from(count) && named.len() * size == entries.len();
        if is_whole && frames.are(&named) {
            return Ok(());
        }
        let error = Error::invalid_input(format!(
            "frames are missing, doubled or out of order: the seek table that begins at byte {start} does not name the {} \
             frames before it",
            frames.count
        ));
        Err(error.with_hint("`zstd -dc` gives what there is"))
    }

    /// Whether a table that names frames so can stand behind these.
    fn are(&self, named: &[Frame]) -> bool {
        let Some(before) = self.frames.len().checked_sub(named.len()) else { return false };
        if !self.frames.iter().skip(before).zip(named).all(|(frame, said)| frame.is_as(said)) {
            return false;
        }
        // Frames of another file may come before; one that comes again is no other file.
        let known: HashSet<&Frame> = self.frames.iter().skip(before).collect();
        before == 0 || !self.frames.iter().take(before).any(|frame| known.contains(frame))
    }
}
