//! Blocks of whole records, cut where the data says.

use std::io::Read;

use brawn_core::{Budget, Result, blocks};
use memchr::{memchr, memchr_iter, memchr2, memrchr};

use super::Dialect;

/// A block ends with the record that reaches this many bytes: a boundary that depends on the data alone.
pub(crate) const BLOCK: usize = 1 << 20;

/// Bytes asked of the input at once.
const STEP: usize = 256 << 10;

/// Whole records, and where they are.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) bytes: Vec<u8>,
    /// Bytes of the (decoded) file before it.
    pub(crate) at: u64,
    /// The line, from 1, on which it begins.
    pub(crate) line: u64,
    /// What is wrong with it, where it is no block of records but one that cannot be read.
    pub(crate) broken: Option<Broken>,
}

/// Why a record cannot be told from the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// A quote opens and is not closed, to the end or within the longest line.
    Unquoted,
    /// The line is longer than allowed.
    TooLong,
}

/// How much of a broken record is kept to be shown.
const SHOWN: usize = 4 << 10;

/// Cuts a stream into [blocks](Block).
pub(crate) struct Splitter<R> {
    reader: R,
    dialect: Dialect,
    longest: usize,
    /// What has been read and is in no block yet; begins with a record.
    buffer: Vec<u8>,
    at: u64,
    line: u64,
    at_end: bool,
}

/// What the buffer is known to hold.
#[derive(Clone, Copy, Default)]
struct Scan {
    /// All before it has been looked at.
    position: usize,
    /// The quote that is open, if one is.
    open: Option<usize>,
    /// Where the record that is being looked at begins, as far as quotes told.
    record: usize,
}

enum Found {
    /// A block of records ends here.
    Cut(usize),
    More,
    /// The record in these bounds is broken; those before it are whole.
    Broken(Broken, usize, usize),
}

impl<R: Read> Splitter<R> {
    /// `reader` begins with a record, `at` bytes into the file and on its line `line`.
    pub(crate) fn new(
        reader: R,
        at: u64,
        line: u64,
        dialect: Dialect,
        longest: usize,
    ) -> Splitter<R> {
        Splitter { reader, dialect, longest, buffer: Vec::new(), at, line, at_end: false }
    }

    /// The next block. `spare` is memory to be used again.
    ///
    /// # Errors
    /// The reader's and the budget's.
    pub(crate) fn next(&mut self, spare: Vec<u8>, budget: &Budget) -> Result<Option<Block>> {
        let mut scan = Scan::default();
        loop {
            match self.scan(&mut scan) {
                Found::Cut(0) => return Ok(None),
                Found::Cut(end) => return Ok(Some(self.take(end, spare, None))),
                Found::Broken(_, start, _) if start > 0 => {
                    return Ok(Some(self.take(start, spare, None)));
                }
                Found::Broken(broken, _, end) => {
                    let block = self.take(end, spare, Some(broken));
                    if broken == Broken::TooLong {
                        self.skip_line(budget)?;
                    }
                    return Ok(Some(block));
                }
                Found::More => {
                    budget.check()?;
                    self.fill()?;
                }
            }
        }
    }

    fn fill(&mut self) -> Result<()> {
        self.at_end = blocks::append(&mut self.reader, &mut self.buffer, STEP)? == 0;
        Ok(())
    }

    fn take(&mut self, end: usize, mut spare: Vec<u8>, broken: Option<Broken>) -> Block {
        spare.clear();
        // What comes after the block is less than the block: it is copied, and the block handed on as it is.
        spare.extend_from_slice(self.buffer.get(end..).unwrap_or_default());
        let mut bytes = std::mem::replace(&mut self.buffer, spare);
        bytes.truncate(end);
        let (at, line) = (self.at, self.line);
        self.line += memchr_iter(self.dialect.newline, &bytes).count() as u64;
        self.at += end as u64;
        if broken.is_some() {
            bytes.truncate(SHOWN);
        }
        Block { bytes, at, line, broken }
    }

    /// Drops what is left of a line that is too long.
    fn skip_line(&mut self, budget: &Budget) -> Result<()> {
        loop {
            budget.check()?;
            let end = memchr(self.dialect.newline, &self.buffer);
            let dropped = end.map_or(self.buffer.len(), |end| end + 1);
            self.at += dropped as u64;
            self.line += u64::from(end.is_some());
            self.buffer.drain(..dropped);
            if end.is_some() || self.at_end {
                return Ok(());
            }
            self.fill()?;
        }
    }

    fn scan(&self, scan: &mut Scan) -> Found {
        let Dialect { delimiter, quote, newline, .. } = self.dialect;
        let bytes = self.buffer.as_slice();
        let from = |at: usize| bytes.get(at..).unwrap_or_default();
        loop {
            if let (Some(open), Some(quote)) = (scan.open, quote) {
                match memchr(quote, from(scan.position)) {
                    Some(step) => {
                        let close = scan.position + step;
                        match bytes.get(close + 1) {
                            Some(next) if *next == quote => scan.position = close + 2,
                            None if !self.at_end => {
                                scan.position = close;
                                return Found::More;
                            }
                            _ => (scan.open, scan.position) = (None, close + 1),
                        }
                    }
                    None if self.at_end || bytes.len() - scan.record > self.longest => {
                        // The line on which it opens is given up, what follows is read as if it had not.
                        let end = memchr(newline, from(open)).map(|step| open + step + 1);
                        let end = end.unwrap_or(bytes.len());
                        return Found::Broken(Broken::Unquoted, scan.record, end);
                    }
                    None => {
                        scan.position = bytes.len();
                        return Found::More;
                    }
                }
                continue;
            }
            let start = scan.position;
            // Before the block is long enough only quotes matter.
            let quoted = match quote {
                Some(quote) if start < BLOCK => {
                    memchr(quote, bytes.get(start..BLOCK.min(bytes.len())).unwrap_or_default())
                }
                _ => None,
            };
            let (at, is_quote) = match quoted {
                Some(step) => (start + step, true),
                None if start < BLOCK && bytes.len() >= BLOCK => {
                    match next_end(bytes, BLOCK - 1, newline, quote) {
                        Some(found) => found,
                        None => {
                            self.note_record(scan, start, BLOCK - 1);
                            scan.position = bytes.len();
                            return self.ended(scan, bytes);
                        }
                    }
                }
                None if start < BLOCK => {
                    self.note_record(scan, start, bytes.len());
                    scan.position = bytes.len();
                    return self.ended(scan, bytes);
                }
                None => match next_end(bytes, start, newline, quote) {
                    Some(found) => found,
                    None => {
                        scan.position = bytes.len();
                        return self.ended(scan, bytes);
                    }
                },
            };
            if !is_quote {
                return Found::Cut(at + 1);
            }
            self.note_record(scan, start, at);
            // Elsewhere than at the start of a field it is a character like any other.
            let before = at.checked_sub(1).and_then(|before| bytes.get(before));
            let opens = before.is_none_or(|byte| *byte == delimiter || *byte == newline);
            if opens && at >= scan.record {
                scan.open = Some(at);
            }
            scan.position = at + 1;
        }
    }

    /// Where the record begins that goes on at `end`, given that nothing is quoted from `start` on.
    fn note_record(&self, scan: &mut Scan, start: usize, end: usize) {
        let stretch = self.buffer.get(start..end).unwrap_or_default();
        if let Some(last) = memrchr(self.dialect.newline, stretch) {
            scan.record = start + last + 1;
        }
    }

    fn ended(&self, scan: &Scan, bytes: &[u8]) -> Found {
        if bytes.len() - scan.record > self.longest {
            return Found::Broken(Broken::TooLong, scan.record, bytes.len());
        }
        if self.at_end { Found::Cut(bytes.len()) } else { Found::More }
    }
}

/// The next end of a line or quote from `start` on, and whether it is a quote.
fn next_end(bytes: &[u8], start: usize, newline: u8, quote: Option<u8>) -> Option<(usize, bool)> {
    let rest = bytes.get(start..)?;
    let step = match quote {
        Some(quote) => memchr2(newline, quote, rest)?,
        None => memchr(newline, rest)?,
    };
    Some((start + step, rest.get(step) != Some(&newline)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CSV: Dialect =
        Dialect { delimiter: b',', quote: Some(b'"'), newline: b'\n', header: true };

    /// Blocks of `text`: where, line, how long, what is wrong.
    fn split(text: &[u8], longest: usize) -> Vec<(u64, u64, usize, Option<Broken>)> {
        let mut splitter = Splitter::new(text, 0, 1, CSV, longest);
        let mut found = Vec::new();
        while let Some(block) =
            splitter.next(Vec::new(), &Budget::unlimited()).expect("memory does not fail")
        {
            if block.broken.is_none() {
                let (start, len) = (block.at as usize, block.bytes.len());
                assert_eq!(text.get(start..start + len), Some(block.bytes.as_slice()));
            }
            found.push((block.at, block.line, block.bytes.len(), block.broken));
        }
        found
    }

    #[test]
    fn a_block_ends_with_the_record_that_fills_it_wherever_quotes_stand() {
        // A newline within quotes lies over the boundary.
        let record = |len: usize| format!("{},\"x\ny, \"\"z\"\n", "1".repeat(len - 12));
        let text = record(100).repeat(30_000);
        let blocks = split(text.as_bytes(), 1000);
        let records = BLOCK.div_ceil(100) as u64;
        assert_eq!(blocks[0], (0, 1, 100 * records as usize, None));
        assert_eq!(blocks[1], (100 * records, 2 * records + 1, 100 * records as usize, None));
        assert_eq!(blocks.len(), 3);
        assert_eq!(blocks.iter().map(|block| block.2).sum::<usize>(), text.len());
    }

    #[test]
    fn a_quote_in_the_middle_of_a_field_opens_nothing() {
        let text = "5\" pipe,1\n".repeat(200_000);
        let blocks = split(text.as_bytes(), 1000);
        assert_eq!(blocks.len(), text.len().div_ceil(BLOCK + 10));
        assert!(blocks.iter().all(|block| block.3.is_none()));
    }

    #[test]
    fn a_quote_that_nothing_closes_costs_its_line_alone() {
        let text = b"a,b\n1,2\n\"3,4\n5,6\n7,8\n";
        let blocks = split(text, 1000);
        assert_eq!(blocks, [(0, 1, 8, None), (8, 3, 5, Some(Broken::Unquoted)), (13, 4, 8, None)]);
    }

    #[test]
    fn a_line_that_is_too_long_is_passed_over() {
        let mut text = b"a,b\n1,2\n".to_vec();
        text.extend(std::iter::repeat_n(b'x', 3 << 20));
        text.extend_from_slice(b"\n5,6\n");
        let blocks = split(&text, 1 << 20);
        assert_eq!(blocks[0], (0, 1, 8, None));
        assert_eq!((blocks[1].0, blocks[1].1, blocks[1].3), (8, 3, Some(Broken::TooLong)));
        assert_eq!(blocks[2], (9 + (3 << 20), 4, 4, None));
        assert_eq!(blocks.len(), 3);
    }

    #[test]
    fn nothing_is_no_block_and_a_last_line_needs_no_end() {
        assert!(split(b"", 10).is_empty());
        assert_eq!(split(b"a,b", 10), [(0, 1, 3, None)]);
        assert_eq!(split(b"\"a\"", 10), [(0, 1, 3, None)]);
    }
}
