//! gzip (RFC 1952): members one after the other, each a deflate stream with its CRC and size; zeros behind the last are padding.

mod header;
mod member;
mod order;

use brawn_core::{Budget, Result};
use libdeflater::{Crc, Decompressor};
use zlib_rs::{Inflate, InflateFlush, Status};

use super::codec::{Batch, Codec, Mark, Peek, Room, Step, Unit};
use super::fault::{damaged, ends_early, trailing};
use super::window::Window;
use member::Trailer;
use order::Order;

/// What every member begins with.
pub(super) const MAGIC: [u8; 2] = [0x1f, 0x8b];
const TRAILER: usize = 8;
const MEMBER: &str = "gzip member";

/// Plain bytes between asking whether anyone still wants them: 0.5 ms.
const STEP: usize = 256 << 10;

/// gzip while it is decompressed.
pub(super) struct Gzip {
    members: u64,
    order: Order,
    state: State,
    inflate: Inflate,
}

enum State {
    /// Before a header, the padding or the end.
    Between,
    Body(Body),
    /// In front of CRC and size.
    Trailer(Body),
    Padding,
}

#[derive(Clone)]
struct Body {
    start: u64,
    /// How long the member must be.
    len: Option<u64>,
    mark: Mark,
    crc: u32,
    plain: u64,
}

impl Gzip {
    pub(super) fn new() -> Gzip {
        Gzip {
            members: 0,
            order: Order::default(),
            state: State::Between,
            inflate: Inflate::new(false, 15),
        }
    }

    fn between(&mut self, window: &mut Window) -> Result<(State, Step)> {
        let (rest, start) = (window.rest(), window.offset());
        match rest {
            [] if !window.is_ended() => return Ok((State::Between, Step::Starved)),
            [] => {
                self.order.end(start)?;
                return Ok((State::Between, Step::Done));
            }
            [0, ..] if self.members > 0 => return Ok((State::Padding, Step::On)),
            [0x1f] if !window.is_ended() => return Ok((State::Between, Step::Starved)),
            _ => {}
        }
        if !rest.starts_with(&MAGIC) && rest != [0x1f] {
            return Err(trailing(MEMBER, start).with_hint("`gzip -dc` passes over it"));
        }
        let Some(header) = header::parse(rest, start)? else {
            if window.is_ended() {
                return Err(ends_early(MEMBER, start, window.end()));
            }
            return Ok((State::Between, Step::Starved));
        };
        window.consume(header.len);
        self.inflate.reset(false);
        // Of mgzip there are versions that say a wrong length.
        let len = header.member.filter(|_| header.mark != Mark::None).map(|len| len as u64);
        Ok((State::Body(Body { start, len, mark: header.mark, crc: 0, plain: 0 }), Step::On))
    }

    fn body(
        &mut self,
        mut body: Body,
        window: &mut Window,
        out: &mut Room,
    ) -> Result<(State, Step)> {
        let space = out.space(STEP);
        let before = (self.inflate.total_in(), self.inflate.total_out());
        let status = self.inflate.decompress(window.rest(), space, InflateFlush::NoFlush);
        let status = status.map_err(|_| {
            let why = self.inflate.error_message().unwrap_or("it is no deflate stream");
            damaged(MEMBER, body.start, why)
        })?;
        let count = |now: u64, before: u64| usize::try_from(now - before).unwrap_or(usize::MAX);
        let read = count(self.inflate.total_in(), before.0);
        let made = count(self.inflate.total_out(), before.1);
        body.crc = continued(body.crc, space.get(..made).unwrap_or_default());
        body.plain += made as u64;
        out.fill(made);
        window.consume(read);
        if status == Status::StreamEnd {
            return Ok((State::Trailer(body), Step::On));
        }
        if read > 0 || made > 0 {
            return Ok((State::Body(body), Step::On));
        }
        if window.is_ended() {
            return Err(ends_early(MEMBER, body.start, window.end()));
        }
        Ok((State::Body(body), Step::Starved))
    }

    fn trailer(&mut self, body: Body, window: &mut Window) -> Result<(State, Step)> {
        let Some(trailer) = Trailer::of(window.rest()) else {
            if window.is_ended() {
                return Err(ends_early(MEMBER, body.start, window.end()));
            }
            return Ok((State::Trailer(body), Step::Starved));
        };
        // The low 32 bits.
        let made = Trailer { crc: body.crc, size: (body.plain & 0xffff_ffff) as u32 };
        trailer.verify(made, body.start)?;
        let len = window.offset() + TRAILER as u64 - body.start;
        if let Some(said) = body.len.filter(|said| *said != len) {
            let why = format!("it says that it is {said} bytes long and is {len}");
            return Err(damaged(MEMBER, body.start, why));
        }
        self.order.member(body.mark, body.plain, body.start)?;
        window.consume(TRAILER);
        self.members += 1;
        Ok((State::Between, Step::On))
    }

    fn padding(&mut self, window: &mut Window) -> Result<(State, Step)> {
        let rest = window.rest();
        let zeros = rest.iter().position(|byte| *byte != 0).unwrap_or(rest.len());
        if zeros < rest.len() {
            let error = trailing(MEMBER, window.offset() + zeros as u64);
            return Err(error.with_hint("`gzip -dc` passes over it"));
        }
        window.consume(zeros);
        if !window.is_ended() {
            return Ok((State::Padding, Step::Starved));
        }
        self.order.end(window.offset())?;
        Ok((State::Padding, Step::Done))
    }
}

/// The CRC of what had the CRC `before`, and `bytes` behind it.
fn continued(before: u32, bytes: &[u8]) -> u32 {
    let mut crc = Crc::with_initial(before);
    crc.update(bytes);
    crc.sum()
}

impl Codec for Gzip {
    const BATCH: usize = 1 << 20;
    const PLAIN: usize = 1 << 20;
    const MORE: usize = 64 << 10;
    // Decoders: 40 KB of zlib-rs, 12 KB of libdeflate for each worker.
    const STATE: usize = 1 << 20;

    type Tool = Decompressor;

    fn tool() -> Result<Decompressor> {
        Ok(Decompressor::new())
    }

    fn peek(&self, window: &Window) -> Peek {
        let rest = window.rest();
        let more = if window.is_ended() { Peek::Other } else { Peek::More };
        if !MAGIC.starts_with(rest.get(..2).unwrap_or(rest)) {
            return Peek::Other;
        }
        let header = match header::parse(rest, window.offset()) {
            Ok(Some(header)) => header,
            Ok(None) => return more,
            Err(_) => return Peek::Other,
        };
        let Some(len) = header.member else { return Peek::Other };
        if len > Self::PLAIN + Self::MORE || len < header.len + TRAILER {
            return Peek::Other;
        }
        // A length is believed when what comes behind fits.
        if rest.len() < len + 2 && !window.is_ended() {
            return Peek::More;
        }
        let Some((member, behind)) = rest.split_at_checked(len) else { return Peek::Other };
        let fits = behind.starts_with(&[0]) || MAGIC.starts_with(behind.get(..2).unwrap_or(behind));
        let trailer = member.get(len - TRAILER..).and_then(Trailer::of);
        match trailer.and_then(|trailer| usize::try_from(trailer.size).ok()) {
            Some(plain) if fits && plain <= Self::PLAIN => Peek::Unit(Unit {
                len,
                header: header.len,
                plain,
                is_exact: true,
                mark: header.mark,
            }),
            _ => Peek::Other,
        }
    }

    fn pass(&mut self, _: &Window, _: usize) -> Result<()> {
        Ok(())
    }

    fn take(&mut self, unit: &Unit, offset: u64) -> Result<()> {
        self.members += 1;
        self.order.member(unit.mark, unit.plain as u64, offset)
    }

    fn decompress(
        tool: &mut Decompressor,
        batch: &Batch,
        out: &mut Vec<u8>,
        budget: &Budget,
    ) -> Result<usize> {
        member::members(tool, batch, out, budget)
    }

    fn step(&mut self, window: &mut Window, out: &mut Room, _: &Budget) -> Result<Step> {
        let (state, step) = match std::mem::replace(&mut self.state, State::Between) {
            State::Between => self.between(window)?,
            State::Body(body) => self.body(body, window, out)?,
            State::Trailer(body) => self.trailer(body, window)?,
            State::Padding => self.padding(window)?,
        };
        self.state = state;
        Ok(step)
    }

    fn parts(&self) -> (&'static str, u64) {
        ("members", self.members)
    }
}
