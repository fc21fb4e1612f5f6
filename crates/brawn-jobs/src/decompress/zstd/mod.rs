//! Zstandard (RFC 8878): frames one after the other, and skippable frames, of which a seek table is held against the frames
//! before it.

mod body;
mod header;
mod table;

use brawn_core::{Budget, ByteSize, Reservation, Result};
use zstd::bulk::Decompressor;

use super::codec::{Batch, Codec, Mark, Peek, Room, Step, Unit};
use super::fault::{damaged, ends_early, trailing};
use super::window::Window;
use crate::compress::seek_table::SKIPPABLE;
use body::{Body, Walk};
use header::{BLOCK, Block, Header};
use table::Frames;

/// What every frame begins with.
pub(super) const MAGIC: u32 = 0xfd2f_b528;

/// Before the content of a skippable frame: a magic number, the length.
const SKIPPABLE_HEADER: usize = 8;
const FRAME: &str = "zstd frame";

/// The most plain bytes of a frame, where the first is not larger.
const USUAL: usize = 4 << 20;

/// Whether a skippable frame begins so: there are sixteen such numbers.
pub(super) fn is_skippable(magic: u32) -> bool {
    magic & 0xffff_fff0 == SKIPPABLE & 0xffff_fff0
}

fn word(bytes: &[u8]) -> Option<u32> {
    bytes.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}

/// The header of the first frame of `head`, with what stands before it passed over.
fn first(head: &[u8]) -> Option<Header> {
    let mut rest = head;
    while let (Some(magic), Some(len)) = (word(rest), rest.get(4..).and_then(word))
        && is_skippable(magic)
        && let Some(behind) =
            usize::try_from(len).ok().and_then(|len| rest.get(SKIPPABLE_HEADER.checked_add(len)?..))
    {
        rest = behind;
    }
    header::parse(rest, 0).ok().flatten().filter(|_| word(rest) == Some(MAGIC))
}

/// The memory that decompressing takes besides the buffers, as far as the first bytes of an input say it.
pub(super) fn window_of(head: &[u8], most: ByteSize) -> u64 {
    first(head).map_or(0, |header| header.window.min(most.0))
}

/// The most plain bytes of a frame that is one of many, by the first of them: `pzstd` makes them of 8 MB, which is memory that
/// others need not have.
pub(super) fn plain_of(head: &[u8]) -> usize {
    let size = first(head).and_then(|header| header.plain).unwrap_or_default();
    if size > USUAL as u64 && size <= Zstd::PLAIN as u64 { Zstd::PLAIN } else { USUAL }
}

/// zstd while it is decompressed.
pub(super) struct Zstd {
    max_window: ByteSize,
    /// Whether what headers say is enough.
    is_listed: bool,
    /// The most plain bytes of a unit.
    plain: usize,
    frames: u64,
    table: Frames,
    state: State,
    decoder: Option<zstd::stream::raw::Decoder<'static>>,
    /// For the window of the decoder.
    held: Option<Reservation>,
}

enum State {
    /// Before a frame or the end.
    Between,
    Body(Body),
    Walk(Walk),
    /// In a skippable frame, with so many bytes to go.
    Skip {
        start: u64,
        left: u64,
    },
}

impl Zstd {
    pub(super) fn new(max_window: ByteSize, is_listed: bool, plain: usize) -> Zstd {
        Zstd {
            max_window,
            is_listed,
            plain,
            frames: 0,
            table: Frames::default(),
            state: State::Between,
            decoder: None,
            held: None,
        }
    }

    fn between(&mut self, window: &mut Window, budget: &Budget) -> Result<(State, Step)> {
        let (rest, start) = (window.rest(), window.offset());
        let starved = if window.is_ended() {
            Err(ends_early(FRAME, start, window.end()))
        } else {
            Ok((State::Between, Step::Starved))
        };
        let Some(magic) = word(rest) else {
            let [_, skippable @ ..] = SKIPPABLE.to_le_bytes();
            let is_cut = match rest {
                [0x50..=0x5f, rest @ ..] => skippable.starts_with(rest),
                _ => MAGIC.to_le_bytes().starts_with(rest),
            };
            return match rest {
                [] if window.is_ended() => Ok((State::Between, Step::Done)),
                _ if window.is_ended() && !is_cut => Err(trailing(FRAME, start)),
                _ => starved,
            };
        };
        if is_skippable(magic) {
            let Some(len) = rest.get(4..).and_then(word) else { return starved };
            let content = rest.get(SKIPPABLE_HEADER..).unwrap_or_default();
            let Some(size) =
                usize::try_from(len).ok().filter(|size| *size <= self.plain + Self::MORE)
            else {
                window.consume(SKIPPABLE_HEADER);
                return Ok((State::Skip { start, left: u64::from(len) }, Step::On));
            };
            let Some(content) = content.get(..size) else { return starved };
            self.table.check(content, start)?;
            window.consume(SKIPPABLE_HEADER + size);
            return Ok((State::Between, Step::On));
        }
        if magic != MAGIC {
            return Err(trailing(FRAME, start));
        }
        let Some(header) = header::parse(rest, start)? else { return starved };
        if self.is_listed
            && let Some(plain) = header.plain
        {
            window.consume(header.len);
            return Ok((State::Walk(Walk::new(&header, plain, start)), Step::On));
        }
        header::allow(&header, self.max_window, start)?;
        if self.held.as_ref().is_none_or(|held| held.bytes() < header.window) {
            drop(self.held.take());
            self.held = Some(budget.reserve(header.window)?);
        }
        if self.decoder.is_none() {
            self.decoder = Some(body::decoder()?);
        }
        Ok((State::Body(Body::new(&header, start)), Step::On))
    }

    fn frame(&mut self, start: u64, end: u64, plain: u64, checksum: Option<u32>) -> (State, Step) {
        self.frames += 1;
        self.table.add(end - start, Some(plain), checksum);
        (State::Between, Step::On)
    }
}

fn skip(start: u64, left: u64, window: &mut Window) -> Result<(State, Step)> {
    let there = left.min(window.rest().len() as u64);
    window.consume(usize::try_from(there).unwrap_or(usize::MAX));
    match left - there {
        0 => Ok((State::Between, Step::On)),
        _ if window.is_ended() => Err(ends_early("skippable zstd frame", start, window.end())),
        left => Ok((State::Skip { start, left }, Step::Starved)),
    }
}

/// A whole frame of a size for one worker at the beginning of `rest`, by the headers of its blocks.
fn walk(rest: &[u8], header: &Header, most: usize, more: Peek) -> Peek {
    let (mut len, mut blocks) = (header.len, 0);
    loop {
        let Some(bytes) = rest.get(len..).filter(|bytes| bytes.len() >= Block::HEADER) else {
            return more;
        };
        let Some(block) = Block::of(bytes) else { return Peek::Other };
        len += Block::HEADER + block.len;
        blocks += 1;
        if len > most + Zstd::MORE || (header.plain.is_none() && blocks * BLOCK > most) {
            return Peek::Other;
        }
        if block.is_last {
            break;
        }
    }
    let end = len + if header.has_checksum { 4 } else { 0 };
    if rest.len() < end {
        return more;
    }
    let checksum = rest.get(len..).and_then(word).filter(|_| header.has_checksum);
    let plain = header.plain.map_or(Some(blocks * BLOCK), |plain| usize::try_from(plain).ok());
    plain.map_or(Peek::Other, |plain| {
        Peek::Unit(Unit {
            len: end,
            header: header.len,
            plain,
            is_exact: header.plain.is_some(),
            mark: checksum.map_or(Mark::None, Mark::Checksum),
        })
    })
}

impl Codec for Zstd {
    const BATCH: usize = 2 << 20;
    const PLAIN: usize = 8 << 20;
    const MORE: usize = 64 << 10;
    // The frames that a table may name, twice; decoders of 160 KB for each worker.
    const STATE: usize = 8 << 20;

    type Tool = Decompressor<'static>;

    fn tool() -> Result<Decompressor<'static>> {
        Decompressor::new().map_err(body::no_decoder)
    }

    fn plain(&self) -> usize {
        self.plain
    }

    fn peek(&self, window: &Window) -> Peek {
        let rest = window.rest();
        let more = if window.is_ended() { Peek::Other } else { Peek::More };
        let Some(magic) = word(rest) else { return more };
        if is_skippable(magic) {
            let Some(size) = rest.get(4..).and_then(word) else { return more };
            let size = usize::try_from(size).unwrap_or(usize::MAX);
            if size > self.plain + Self::MORE {
                return Peek::Other;
            }
            let len = SKIPPABLE_HEADER + size;
            return if rest.len() < len { more } else { Peek::Pass(len) };
        }
        if magic != MAGIC {
            return Peek::Other;
        }
        match header::parse(rest, window.offset()) {
            Ok(Some(header))
                if header.plain.is_some_and(|plain| plain > self.plain as u64)
                    || header::allow(&header, self.max_window, 0).is_err() =>
            {
                Peek::Other
            }
            Ok(Some(header)) => walk(rest, &header, self.plain, more),
            Ok(None) => more,
            Err(_) => Peek::Other,
        }
    }

    fn pass(&mut self, window: &Window, len: usize) -> Result<()> {
        let content = window.rest().get(SKIPPABLE_HEADER..len).unwrap_or_default();
        self.table.check(content, window.offset())
    }

    fn take(&mut self, unit: &Unit, _: u64) -> Result<()> {
        self.frames += 1;
        let checksum = if let Mark::Checksum(sum) = unit.mark { Some(sum) } else { None };
        let plain = unit.is_exact.then_some(unit.plain as u64);
        self.table.add(unit.len as u64, plain, checksum);
        Ok(())
    }

    fn decompress(
        tool: &mut Decompressor<'static>,
        batch: &Batch,
        out: &mut Vec<u8>,
        budget: &Budget,
    ) -> Result<usize> {
        if out.len() < batch.plain {
            out.resize(batch.plain, 0);
        }
        let mut filled = 0;
        for (unit, start, bytes) in batch.each() {
            budget.check()?;
            let place = out.get_mut(filled..filled + unit.plain).unwrap_or_default();
            let made = tool
                .decompress_to_buffer(bytes, place)
                .map_err(|error| damaged(FRAME, start, error))?;
            filled += made;
        }
        Ok(filled)
    }

    fn step(&mut self, window: &mut Window, out: &mut Room, budget: &Budget) -> Result<Step> {
        let (state, step) = match std::mem::replace(&mut self.state, State::Between) {
            State::Between => self.between(window, budget)?,
            State::Body(mut body) => {
                let Some(decoder) = &mut self.decoder else { return Ok(Step::On) };
                match body.step(decoder, window, out)? {
                    None => self.frame(body.start, window.offset(), body.plain, body.checksum()),
                    Some(step) => (State::Body(body), step),
                }
            }
            State::Walk(mut walk) => match walk.step(window, out)? {
                None => self.frame(walk.start, window.offset(), walk.plain, walk.checksum),
                Some(step) => (State::Walk(walk), step),
            },
            State::Skip { start, left } => skip(start, left, window)?,
        };
        self.state = state;
        Ok(step)
    }

    fn parts(&self) -> (&'static str, u64) {
        ("frames", self.frames)
    }
}
