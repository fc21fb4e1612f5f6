//! The LZ4 frame format: blocks side by side, where they know nothing of each other; in turn, where they refer to those
//! before them.
//!
//! `doc/lz4_Frame_format.md`, version 1.6.4, in the repository of lz4.

mod content;
mod header;

use std::io::Read;

use brawn_core::blocks::{self, Spare};
use brawn_core::{Budget, Result};
use lz4_flex::block::decompress_into;
use twox_hash::XxHash32;

use super::fault::{damaged, ends_early, trailing};
use super::limits::Account;
use super::window::{Shared, Window};
use super::zstd::is_skippable;
use crate::compress::lz4::{MAGIC as NUMBER, PLAIN};
use content::Content;
use header::Header;

/// What every frame begins with.
pub(super) const MAGIC: [u8; 4] = NUMBER.to_le_bytes();

const FRAME: &str = "lz4 frame";
const BLOCK: &str = "lz4 block";

/// The most plain bytes of a block.
const LONGEST: usize = 4 << 20;

/// What is read at once.
const CHUNK: usize = 1 << 20;

/// The memory that `ahead` blocks take, and the window they are found in.
pub(super) fn memory(ahead: u64) -> u64 {
    // A block, the buffer that it was read into, what comes of it.
    ahead * (2 * LONGEST + CHUNK) as u64 + (2 * LONGEST + CHUNK + content::REACH) as u64
}

fn word(bytes: &[u8]) -> Option<u32> {
    bytes.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}

/// What the reader finds.
enum Piece {
    Block {
        start: u64,
        bytes: Shared,
        /// Where it ends.
        end: u64,
        is_plain: bool,
        checksum: Option<u32>,
        header: Header,
    },
    End {
        start: u64,
        header: Header,
        checksum: Option<u32>,
    },
}

/// What came of it.
enum Made {
    /// Bytes that were decompressed, and where their block ends.
    Bytes(Vec<u8>, usize, u64),
    /// A block that is not compressed, or that refers to those before it.
    Block {
        start: u64,
        bytes: Shared,
        end: u64,
        is_plain: bool,
        header: Header,
    },
    End {
        start: u64,
        header: Header,
        checksum: Option<u32>,
    },
}

/// Decompresses from the beginning of the window to the end of the input; says how many frames there were.
pub(super) fn decompress(
    window: &mut Window,
    source: &mut (impl Read + ?Sized),
    account: &mut Account,
    ahead: usize,
    write: impl FnMut(&[u8]) -> Result<()>,
    budget: &Budget,
) -> Result<u64> {
    let (packed, plain) = (Spare::default(), Spare::default());
    let mut frames = Frames { window, source, spare: &packed, count: 0, open: None };
    let mut content = Content::new(account, write);
    let compute = |piece: Piece| {
        budget.check()?;
        let (start, bytes, end, is_plain, checksum, header) = match piece {
            Piece::Block { start, bytes, end, is_plain, checksum, header } => {
                (start, bytes, end, is_plain, checksum, header)
            }
            Piece::End { start, header, checksum } => {
                return Ok(Made::End { start, header, checksum });
            }
        };
        budget.advance(bytes.bytes().len() as u64);
        if checksum.is_some_and(|said| XxHash32::oneshot(0, bytes.bytes()) != said) {
            return Err(damaged(BLOCK, start, "its checksum is not the one it says"));
        }
        if is_plain || header.is_linked {
            return Ok(Made::Block { start, bytes, end, is_plain, header });
        }
        let mut out = plain.take();
        if out.len() < header.block {
            out.resize(header.block, 0);
        }
        let place = out.get_mut(..header.block).unwrap_or_default();
        let made =
            decompress_into(bytes.bytes(), place).map_err(|error| damaged(BLOCK, start, error))?;
        bytes.give_back(&packed);
        Ok(Made::Bytes(out, made, end))
    };
    let written = |made: Made| match made {
        Made::Bytes(out, made, end) => {
            content.add(out.get(..made).unwrap_or_default(), end)?;
            plain.give_back(out);
            Ok(())
        }
        Made::Block { start, bytes, end, is_plain, header } => {
            let block = bytes.bytes();
            if !is_plain {
                content.linked(block, &header, start, end)?;
            } else if header.is_linked {
                content.add_linked(block, end)?;
            } else {
                content.add(block, end)?;
            }
            bytes.give_back(&packed);
            Ok(())
        }
        Made::End { start, header, checksum } => content.end(&header, checksum, start),
    };
    blocks::in_order(budget, ahead, || frames.next(budget), compute, written)?;
    Ok(frames.count)
}

/// The pieces of all frames.
struct Frames<'a, R: ?Sized> {
    window: &'a mut Window,
    source: &'a mut R,
    spare: &'a Spare,
    count: u64,
    /// The frame whose blocks come next, and where it began.
    open: Option<(Header, u64)>,
}

impl<R: Read + ?Sized> Frames<'_, R> {
    fn next(&mut self, budget: &Budget) -> Result<Option<Piece>> {
        while self.open.is_none() {
            budget.check()?;
            if !self.begin(budget)? {
                return Ok(None);
            }
        }
        let Some((header, frame)) = self.open else { return Ok(None) };
        let start = self.window.offset();
        let size = self.word(frame)?;
        if size == 0 {
            self.open = None;
            self.count += 1;
            let checksum = if header.sums_content { Some(self.word(frame)?) } else { None };
            return Ok(Some(Piece::End { start: frame, header, checksum }));
        }
        let (is_plain, len) = (size & PLAIN != 0, (size & !PLAIN) as usize);
        if len > header.block {
            let why = format!("it says that it is {len} bytes long, of {} at most", header.block);
            return Err(damaged(BLOCK, start, why));
        }
        self.need(len + if header.sums_blocks { 4 } else { 0 }, frame)?;
        self.window.consume(len);
        let bytes = self.window.share(len);
        let checksum = if header.sums_blocks { Some(self.word(frame)?) } else { None };
        let end = self.window.offset();
        Ok(Some(Piece::Block { start, bytes, end, is_plain, checksum, header }))
    }

    /// The next header, or what is skipped; false at the end.
    fn begin(&mut self, budget: &Budget) -> Result<bool> {
        let start = self.window.offset();
        loop {
            let rest = self.window.rest();
            match word(rest) {
                Some(NUMBER) => {
                    if let Some(header) = header::parse(rest, start)? {
                        self.window.consume(header.len);
                        self.open = Some((header, start));
                        return Ok(true);
                    }
                }
                Some(magic) if is_skippable(magic) => {
                    if let Some(len) = rest.get(4..).and_then(word) {
                        self.window.consume(8);
                        self.skip(u64::from(len), start, budget)?;
                        return Ok(true);
                    }
                }
                None if rest.is_empty() && self.window.is_ended() => return Ok(false),
                None if MAGIC.starts_with(rest) || matches!(rest, [0x50..=0x5f, ..]) => {}
                _ => return Err(trailing(FRAME, start).with_hint("`lz4 -dc` gives what is before")),
            }
            self.more(start)?;
        }
    }

    fn skip(&mut self, mut left: u64, start: u64, budget: &Budget) -> Result<()> {
        while left > 0 {
            budget.check()?;
            let there = left.min(self.window.rest().len() as u64);
            self.window.consume(usize::try_from(there).unwrap_or(usize::MAX));
            left -= there;
            if left > 0 {
                self.more(start)?;
            }
        }
        Ok(())
    }

    fn word(&mut self, frame: u64) -> Result<u32> {
        self.need(4, frame)?;
        let word = word(self.window.rest()).unwrap_or_default();
        self.window.consume(4);
        Ok(word)
    }

    fn need(&mut self, count: usize, frame: u64) -> Result<()> {
        while self.window.rest().len() < count {
            self.more(frame)?;
        }
        Ok(())
    }

    fn more(&mut self, frame: u64) -> Result<()> {
        if self.window.is_ended() {
            return Err(ends_early(FRAME, frame, self.window.end()));
        }
        self.window.read(self.source, CHUNK, self.spare)
    }
}
