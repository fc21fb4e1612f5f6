//! Points as they come: blocks of whole ones.

use std::collections::VecDeque;

use brawn_core::{Budget, ByteSize, Error, Reservation, Result, Source, blocks};

use super::Algorithm;
use super::compute::not_json;
use super::form::{BYTE_ORDER_MARK, Form, SNIFFED};
use super::json::{Broken, Cursor};
use super::scan::{Scan, Stop};

/// A block has no more bytes, unless its one point has: some 3 ms of reading numbers.
pub(super) const BLOCK: usize = 512 << 10;

/// And no more points: results can be longer than what they are made of.
pub(super) const POINTS: usize = 8192;

/// The bytes that reading holds beside its blocks.
pub(super) const HELD: u64 = 4 * BLOCK as u64;

/// What a point that is longer than a block takes for each of its bytes: itself, also while its buffer grows, its values
/// (`1,` is 8 bytes then), its metadata.
pub(super) const FOR_LARGE: u64 = 8;

/// Some whole points, with commas or line feeds between them.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) bytes: Vec<u8>,
    /// The byte of the object that it begins with.
    pub(super) base: u64,
    /// The index of its first point, or of its first line.
    pub(super) first: u64,
    /// The memory of a point that is longer than a block should be.
    pub(super) large: Option<Reservation>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Among the fields of a document.
    Fields,
    /// Inside of the list of points.
    Points,
    /// Behind the last bracket.
    Behind,
    Over,
}

/// Reads points from an object.
#[derive(Debug)]
pub(super) struct Input<'s, 'b> {
    pub(super) form: Form,
    source: Source<'s>,
    budget: &'b Budget,
    longest: usize,
    state: State,
    /// What was read; up to `at` it is done with, and its first byte is byte `base` of the object.
    pending: Vec<u8>,
    at: usize,
    base: u64,
    spare: Vec<u8>,
    ended: bool,
    /// The index of the next point or line.
    next: u64,
    has_fields: bool,
    has_data: bool,
    algorithm: Option<Algorithm>,
    /// Blocks that were read before their algorithm was known, and their memory.
    waiting: VecDeque<Block>,
    held: Vec<Reservation>,
    /// The memory of the point that is read, where it is longer than a block should be.
    large: Option<Reservation>,
}

impl<'s, 'b> Input<'s, 'b> {
    /// Reads the beginning.
    pub(super) fn open(
        source: Source<'s>,
        longest: ByteSize,
        budget: &'b Budget,
    ) -> Result<Input<'s, 'b>> {
        let mut input = Input {
            form: Form::Array,
            source,
            budget,
            longest: usize::try_from(longest.0).unwrap_or(usize::MAX),
            state: State::Points,
            pending: Vec::new(),
            at: 0,
            base: 0,
            spare: Vec::new(),
            ended: false,
            next: 0,
            has_fields: false,
            has_data: false,
            algorithm: None,
            waiting: VecDeque::new(),
            held: Vec::new(),
            large: None,
        };
        input.fill_to(SNIFFED + 1)?;
        let head = input.rest().get(..SNIFFED).unwrap_or(input.rest());
        input.form = Form::of(head, head.len() == input.rest().len())?;
        if input.rest().starts_with(BYTE_ORDER_MARK.as_bytes()) {
            input.at += BYTE_ORDER_MARK.len();
        }
        if !input.form.is_lines() {
            input.blank()?;
            // The brace or bracket that the form was told by.
            input.at += 1;
        }
        if let Form::Document { .. } = input.form {
            input.state = State::Fields;
        }
        Ok(input)
    }

    /// How many bytes were read.
    pub(super) fn bytes_in(&self) -> u64 {
        self.base + self.pending.len() as u64
    }

    /// The algorithm that a document names, `None` where there is none. What comes before it is held in memory.
    pub(super) fn algorithm(&mut self) -> Result<Option<Algorithm>> {
        if let Form::Document { .. } = self.form {
            if self.state == State::Fields {
                self.fields()?;
            }
            while self.algorithm.is_none()
                && let Some(block) = self.read()?
            {
                let held = self.budget.reserve(block.bytes.len() as u64).map_err(|error| {
                    Error::out_of_memory(format!(
                        "the document names its `algorithm` after its `data`, which does not fit the memory: {error}"
                    ))
                    .with_hint("give `algorithm` as an option, or put it first")
                })?;
                self.held.push(held);
                // Its own memory is taken when it is computed.
                self.waiting.push_back(Block { large: None, ..block });
            }
        }
        Ok(self.algorithm)
    }

    /// The next points.
    pub(super) fn next(&mut self) -> Result<Option<Block>> {
        match self.waiting.pop_front() {
            Some(mut block) => {
                if block.bytes.len() > BLOCK {
                    block.large = Some(self.reserve_large(block.bytes.len())?);
                }
                Ok(Some(block))
            }
            None => self.read(),
        }
    }

    fn read(&mut self) -> Result<Option<Block>> {
        if self.form.is_lines() {
            return self.lines();
        }
        loop {
            match self.state {
                State::Fields => self.fields()?,
                State::Points => {
                    if let Some(block) = self.points()? {
                        return Ok(Some(block));
                    }
                }
                State::Behind => {
                    self.blank()?;
                    if !self.rest().is_empty() {
                        return Err(not_json("it", &self.cursor().expected("the end")));
                    }
                    if !self.has_data && self.form != Form::Array {
                        return Err(Error::invalid_input("the document has no `data`"));
                    }
                    self.state = State::Over;
                }
                State::Over => return Ok(None),
            }
        }
    }

    /// Fields up to the list of points, or to the end.
    fn fields(&mut self) -> Result<()> {
        loop {
            self.blank()?;
            self.fill_to(SNIFFED)?;
            let broken = |broken: Broken| not_json("the document", &broken);
            if self.cursor().takes(b'}') {
                self.at += 1;
                self.state = State::Behind;
                return Ok(());
            }
            if self.has_fields {
                if !self.cursor().takes(b',') {
                    return Err(broken(self.cursor().expected("`,` or `}`")));
                }
                self.at += 1;
                self.blank()?;
                self.fill_to(SNIFFED)?;
            }
            let mut cursor = self.cursor();
            let at = cursor.at();
            let key = cursor.key().map_err(broken)?;
            match &*key {
                "data" if self.has_data => return Err(twice("data", at)),
                "algorithm" if self.algorithm.is_some() => return Err(twice("algorithm", at)),
                "data" => {
                    if cursor.peek() != Some(b'[') {
                        let kind = kind_of(&mut cursor);
                        return Err(Error::invalid_input(format!(
                            "`data` is {kind}: takes a list of points (byte {at})"
                        )));
                    }
                    self.at += cursor.read() + 1;
                    (self.has_fields, self.has_data, self.state) = (true, true, State::Points);
                    return Ok(());
                }
                "algorithm" => {
                    if cursor.peek() != Some(b'"') {
                        let kind = kind_of(&mut cursor);
                        return Err(Error::invalid_input(format!(
                            "`algorithm` is {kind}: takes the name of one (byte {at})"
                        )));
                    }
                    let name = super::json::text_of(cursor.string().map_err(broken)?);
                    let algorithm = Algorithm::named(&name).ok_or_else(|| unknown(&name, at))?;
                    self.at += cursor.read();
                    (self.has_fields, self.algorithm) = (true, Some(algorithm));
                }
                other => {
                    let short: String = other.chars().take(40).collect();
                    return Err(Error::invalid_input(format!(
                        "the document has a field `{short}`: takes `data` and `algorithm` (byte {at})"
                    )));
                }
            }
        }
    }

    /// Elements of the list; `None` at its end.
    fn points(&mut self) -> Result<Option<Block>> {
        let mut scan = Scan::default();
        let mut window = BLOCK;
        loop {
            self.budget.check()?;
            self.fill_to(window)?;
            let rest = self.rest();
            let seen = rest.get(..window).unwrap_or(rest);
            match scan.go(seen, POINTS) {
                Stop::Full => return Ok(Some(self.take(scan.cut - 1, 1, scan.commas as u64))),
                Stop::More if seen.len() >= BLOCK && scan.cut > 0 => {
                    return Ok(Some(self.take(scan.cut - 1, 1, scan.commas as u64)));
                }
                Stop::More if seen.len() < window => {
                    let what = "the text ends inside of the list of points";
                    return Err(self.broken(seen.len(), scan.commas, what));
                }
                Stop::More => window = self.widen(window)?,
                Stop::End(end) => {
                    let is_blank = rest.get(..end).is_some_and(|text| text.trim_ascii().is_empty());
                    self.state = match self.form {
                        Form::Document { .. } => State::Fields,
                        _ => State::Behind,
                    };
                    if is_blank && self.next == 0 {
                        self.at += end + 1;
                        return Ok(None);
                    }
                    return Ok(Some(self.take(end, 1, scan.commas as u64 + 1)));
                }
                Stop::Broken(at, what) => {
                    return Err(self.broken(at, scan.commas, what));
                }
            }
        }
    }

    /// The error of elements whose structure cannot be right after `length` bytes and so many commas, unless something before
    /// is wrong: a bracket that is missing is noticed late.
    fn broken(&self, length: usize, commas: usize, what: &'static str) -> Error {
        let start = self.base + self.at as u64;
        let mut cursor = Cursor::new(self.rest().get(..length).unwrap_or_default(), start);
        let mut index = self.next;
        loop {
            cursor.blank();
            let early = match cursor.skip(0) {
                Err(broken) => Some(broken),
                Ok(_) => {
                    cursor.blank();
                    (cursor.peek().is_some() && !cursor.takes(b','))
                        .then(|| cursor.expected("`,` or `]`"))
                }
            };
            match early {
                Some(early) if early.at < start + length as u64 => {
                    return not_json(&self.form.place(index, ""), &early);
                }
                None if cursor.peek().is_some() => index += 1,
                _ => break,
            }
        }
        let at = start + length as u64;
        let place = self.form.place(self.next + commas as u64, "");
        not_json(&place, &Broken { at, what: what.into() })
    }

    /// Lines; `None` at the end.
    fn lines(&mut self) -> Result<Option<Block>> {
        let mut window = BLOCK;
        let (mut cut, mut lines, mut read) = (0, 0, 0);
        loop {
            self.budget.check()?;
            self.fill_to(window)?;
            let rest = self.rest();
            let seen = rest.get(..window).unwrap_or(rest);
            for (index, byte) in seen.iter().enumerate().skip(read) {
                if *byte == b'\n' {
                    (cut, lines) = (index + 1, lines + 1);
                    if lines == POINTS {
                        return Ok(Some(self.take(cut, 0, lines as u64)));
                    }
                }
            }
            read = seen.len();
            if read < window {
                let more = u64::from(cut < read);
                return Ok(if read == 0 {
                    None
                } else {
                    Some(self.take(read, 0, lines as u64 + more))
                });
            }
            if cut > 0 {
                return Ok(Some(self.take(cut, 0, lines as u64)));
            }
            window = self.widen(window)?;
        }
    }

    /// Room for a point that is longer than what was seen of it.
    fn widen(&mut self, window: usize) -> Result<usize> {
        if window > self.longest {
            let place = self.form.place(self.next, "");
            return Err(Error::limit_exceeded(format!(
                "{place} is longer than {} (it begins at byte {})",
                ByteSize(self.longest as u64),
                self.base + self.at as u64
            ))
            .with_hint("if it is meant to be that long raise `max_point`"));
        }
        let wider = (window * 2).min(self.longest + 1).max(window + 1);
        self.large = None;
        self.large = Some(self.reserve_large(wider)?);
        Ok(wider)
    }

    fn reserve_large(&self, length: usize) -> Result<Reservation> {
        self.budget.reserve(FOR_LARGE * length as u64).map_err(|error| {
            let place = self.form.place(self.next, "");
            Error::out_of_memory(format!(
                "{place} is longer than {}: {error}",
                ByteSize(BLOCK as u64)
            ))
            .with_hint("give it more memory")
        })
    }

    fn take(&mut self, length: usize, skip: usize, points: u64) -> Block {
        let bytes = self.rest().get(..length).unwrap_or_default().to_vec();
        let large = self.large.take();
        let block = Block { bytes, base: self.base + self.at as u64, first: self.next, large };
        self.at += length + skip;
        self.next += points;
        block
    }

    fn rest(&self) -> &[u8] {
        self.pending.get(self.at..).unwrap_or_default()
    }

    fn cursor(&self) -> Cursor<'_> {
        Cursor::new(self.rest(), self.base + self.at as u64)
    }

    fn blank(&mut self) -> Result<()> {
        loop {
            let mut cursor = self.cursor();
            cursor.blank();
            let read = cursor.read();
            self.at += read;
            if self.ended || !self.rest().is_empty() {
                return Ok(());
            }
            self.budget.check()?;
            self.fill_to(BLOCK)?;
        }
    }

    /// Reads until `count` bytes are there, if there are so many.
    fn fill_to(&mut self, count: usize) -> Result<()> {
        let missing = count.saturating_sub(self.rest().len());
        if missing == 0 || self.ended {
            return Ok(());
        }
        self.pending.drain(..self.at);
        self.base += self.at as u64;
        self.at = 0;
        blocks::fill(&mut self.source, &mut self.spare, missing)?;
        self.ended = self.spare.len() < missing;
        self.pending.extend_from_slice(&self.spare);
        Ok(())
    }
}

fn kind_of(cursor: &mut Cursor<'_>) -> &'static str {
    // A long value may not be here in full.
    match cursor.peek() {
        Some(b'{') => "an object",
        Some(b'"') => "a string",
        Some(b'[') => "a list",
        _ => cursor.skip(1).map_or("no JSON", super::json::Kind::with_article),
    }
}

fn twice(field: &str, at: u64) -> Error {
    Error::invalid_input(format!("the document has `{field}` twice (byte {at})"))
}

fn unknown(name: &str, at: u64) -> Error {
    let short: String = name.chars().take(40).collect();
    let known: Vec<String> = Algorithm::ALL.iter().map(|known| format!("`{known}`")).collect();
    Error::invalid_input(format!(
        "`algorithm` is `{short}`, which is not known: takes one of {} (byte {at})",
        known.join(", ")
    ))
}
