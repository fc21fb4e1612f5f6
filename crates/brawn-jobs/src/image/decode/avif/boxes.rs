//! Boxes: what ISO base media files are made of.

use std::ops::Range;

/// Why a file cannot be read on.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stopped {
    /// The bytes end; the file goes on to this offset at least.
    CutOff(u64),
    /// For people, after "the avif is corrupt: ".
    Wrong(String),
    /// For people, after "the avif ".
    Unsupported(String),
}

pub(super) type Result<T> = std::result::Result<T, Stopped>;

pub(super) fn wrong<T>(what: impl Into<String>) -> Result<T> {
    Err(Stopped::Wrong(what.into()))
}

/// A box: its type, and where its content stands in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Boxed {
    pub(super) kind: [u8; 4],
    /// May end behind the bytes that are there.
    pub(super) content: Range<u64>,
}

/// The box at `at`; its parent ends at `end`, or is the file, which may go on behind `bytes`.
pub(super) fn at(bytes: &[u8], at: u64, end: Option<u64>) -> Result<Boxed> {
    let mut reader = Reader::new(bytes, at..end.unwrap_or(bytes.len() as u64));
    let short = |stopped| if end.is_some() { stopped } else { Stopped::CutOff(at + 16) };
    let mut size = reader.uint(4).map_err(short)?;
    let kind = reader.array().map_err(short)?;
    if size == 1 {
        size = reader.uint(8).map_err(short)?;
    }
    let start = reader.at;
    let stop = match size {
        // To the end of the file: only as the last box of it.
        0 => end.unwrap_or(u64::MAX),
        size => at.saturating_add(size),
    };
    if stop < start || end.is_some_and(|end| stop > end) {
        return wrong(format!("its `{}` box does not fit where it is", name(kind)));
    }
    Ok(Boxed { kind, content: start..stop })
}

/// The boxes that fill a range of the file, all of which is there.
pub(super) fn children(bytes: &[u8], range: Range<u64>) -> impl Iterator<Item = Result<Boxed>> {
    let mut next = range.start;
    std::iter::from_fn(move || {
        if next >= range.end {
            return None;
        }
        let found = at(bytes, next, Some(range.end));
        next = found.as_ref().map_or(range.end, |found| found.content.end);
        Some(found)
    })
}

/// A box type as text.
pub(super) fn name(kind: [u8; 4]) -> String {
    kind.escape_ascii().to_string()
}

/// Big-endian values in a range of the file.
#[derive(Clone, Debug)]
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    pub(super) at: u64,
    end: u64,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8], range: Range<u64>) -> Reader<'a> {
        Reader { bytes, at: range.start, end: range.end }
    }

    /// The next bytes.
    pub(super) fn take(&mut self, count: u64) -> Result<&'a [u8]> {
        let end = self.at.checked_add(count).filter(|end| *end <= self.end);
        let place = |at: u64| usize::try_from(at).ok();
        let found = end.and_then(|end| self.bytes.get(place(self.at)?..place(end)?));
        let Some(found) = found else { return wrong("a box of it is too short for what it holds") };
        self.at += count;
        Ok(found)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N as u64)?);
        Ok(array)
    }

    /// An unsigned number of up to 8 bytes; of 0 bytes it is 0.
    pub(super) fn uint(&mut self, count: u8) -> Result<u64> {
        Ok(self.take(u64::from(count))?.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
    }

    pub(super) fn u8(&mut self) -> Result<u8> {
        Ok(self.array::<1>()?[0])
    }

    pub(super) fn u16(&mut self) -> Result<u16> {
        Ok(u16::from_be_bytes(self.array()?))
    }

    pub(super) fn u32(&mut self) -> Result<u32> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    /// What every full box starts with.
    pub(super) fn version_and_flags(&mut self) -> Result<(u8, u32)> {
        let word = self.u32()?;
        Ok(((word >> 24) as u8, word & 0x00ff_ffff))
    }

    /// Text up to a zero byte, which is skipped.
    pub(super) fn text(&mut self) -> Result<&'a [u8]> {
        let mut rest = self.clone();
        let rest = rest.take(self.left())?;
        let length = rest.iter().position(|byte| *byte == 0);
        let Some(length) = length else { return wrong("a text of it does not end") };
        let text = self.take(length as u64)?;
        self.take(1)?;
        Ok(text)
    }

    pub(super) fn left(&self) -> u64 {
        self.end.saturating_sub(self.at)
    }
}
