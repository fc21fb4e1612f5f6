//! ASCII armor: base64 in lines of 64 characters between two markers, strictly.
//!
//! <https://c2sp.org/age>, "ASCII armor".

use std::io::{self, BufRead, BufReader, Cursor, Read};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use brawn_core::{Error, Result, blocks};

const BEGIN: &[u8] = b"-----BEGIN AGE ENCRYPTED FILE-----";
const END: &[u8] = b"-----END AGE ENCRYPTED FILE-----";
/// What tells armor from anything else, so that a marker with a flaw is one and no binary header.
const MARK: &[u8] = b"-----";

/// Bytes that become a line, and its characters.
const LINE: usize = 48;
const COLUMNS: usize = LINE / 3 * 4;
/// The most space before the first marker, and the longest line: what is longer is no armor.
const LONGEST: usize = 1024;

/// An age file without its armor, if it has one. The reader is at the first byte of the header then.
///
/// # Errors
/// Of the reader. A flaw in the armor is an error of what is returned, when it is come upon.
pub(crate) fn dearmored<'a>(reader: impl Read + Send + 'a) -> Result<Box<dyn BufRead + Send + 'a>> {
    maybe_armored(reader).map(|(reader, _)| reader)
}

/// The same, and whether there is armor.
///
/// # Errors
/// As [`dearmored`].
pub(crate) fn maybe_armored<'a>(
    mut reader: impl Read + Send + 'a,
) -> Result<(Box<dyn BufRead + Send + 'a>, bool)> {
    let mut start = Vec::new();
    let mut space = 0;
    // Whitespace is allowed before the armor.
    let mut byte = Vec::with_capacity(1);
    loop {
        blocks::fill(&mut reader, &mut byte, 1)?;
        start.extend_from_slice(&byte);
        match byte.first() {
            Some(byte) if byte.is_ascii_whitespace() && space < LONGEST => space += 1,
            _ => break,
        }
    }
    let mut mark = Vec::new();
    blocks::fill(&mut reader, &mut mark, MARK.len() - 1)?;
    start.append(&mut mark);
    let is_armored = start.get(space..).is_some_and(|text| text.starts_with(MARK));
    if !is_armored {
        return Ok((Box::new(BufReader::new(Cursor::new(start).chain(reader))), false));
    }
    let reader = BufReader::new(Cursor::new(start.split_off(space)).chain(reader));
    Ok((Box::new(BufReader::new(Armored::new(reader))), true))
}

/// What armor holds.
struct Armored<R> {
    reader: R,
    state: State,
    line: Vec<u8>,
    plain: [u8; LINE],
    at: usize,
    filled: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Begin,
    Lines,
    /// A line was short: the next is the last.
    Short,
    Ended,
}

impl<R: BufRead> Armored<R> {
    fn new(reader: R) -> Armored<R> {
        let line = Vec::with_capacity(LONGEST + 1);
        Armored { reader, state: State::Begin, line, plain: [0; LINE], at: 0, filled: 0 }
    }

    /// The next line without its end, if it has one.
    fn next(&mut self) -> io::Result<()> {
        self.line.clear();
        let mut line = (&mut self.reader).take(LONGEST as u64 + 1);
        line.read_until(b'\n', &mut self.line)?;
        if self.line.len() > LONGEST {
            return Err(flaw("a line is longer than 64 characters"));
        }
        match self.line.as_slice() {
            [] => return Err(flaw("it ends early")),
            [.., b'\r', b'\n'] => self.line.truncate(self.line.len() - 2),
            [.., b'\n'] => self.line.truncate(self.line.len() - 1),
            // The last line alone may have no end.
            line if self.state == State::Begin || line != END => return Err(flaw("it ends early")),
            _ => {}
        }
        if self.line.contains(&b'\r') {
            return Err(flaw("a line has a CR inside"));
        }
        Ok(())
    }

    /// Goes on by a line.
    fn step(&mut self) -> io::Result<()> {
        self.next()?;
        if self.state == State::Begin {
            if self.line != BEGIN {
                return Err(flaw("its first line is not exact"));
            }
            self.state = State::Lines;
            return Ok(());
        }
        if self.line == END {
            self.state = State::Ended;
            return self.space();
        }
        match self.line.len() {
            COLUMNS if self.state == State::Short => {
                return Err(flaw("a line is short and not the last"));
            }
            COLUMNS => {}
            len if len % 4 != 0 => return Err(flaw("its last line has no padding")),
            1..COLUMNS if self.state == State::Lines => self.state = State::Short,
            _ => return Err(flaw("a line has not 64 characters, or its last line is missing")),
        }
        self.filled = BASE64_STANDARD
            .decode_slice(&self.line, &mut self.plain)
            .map_err(|_| flaw("a line is not canonical base64"))?;
        // Padding ends the text, also at the end of a whole line.
        if self.filled < LINE {
            self.state = State::Short;
        }
        self.at = 0;
        Ok(())
    }

    /// Behind the last line there is space at most.
    fn space(&mut self) -> io::Result<()> {
        loop {
            let rest = self.reader.fill_buf()?;
            if rest.is_empty() {
                return Ok(());
            }
            if !rest.iter().all(u8::is_ascii_whitespace) {
                return Err(flaw("text follows its last line"));
            }
            let len = rest.len();
            self.reader.consume(len);
        }
    }
}

impl<R: BufRead> Read for Armored<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.filled && self.state != State::Ended {
            self.step()?;
        }
        let mut rest = self.plain.get(self.at..self.filled).unwrap_or_default();
        let read = rest.read(buffer)?;
        self.at += read;
        Ok(read)
    }
}

fn flaw(flaw: &str) -> io::Error {
    io::Error::other(damaged(flaw))
}

fn damaged(flaw: &str) -> Error {
    Error::invalid_input(format!("the armor is damaged: {flaw}"))
}

/// Writes armor, piece by piece.
#[derive(Debug, Default)]
pub(crate) struct Armor {
    is_begun: bool,
    /// What is less than a line.
    rest: Vec<u8>,
}

impl Armor {
    /// Appends to `text` what `bytes` become.
    pub(crate) fn write(&mut self, mut bytes: &[u8], text: &mut Vec<u8>) {
        if !std::mem::replace(&mut self.is_begun, true) {
            text.extend_from_slice(BEGIN);
            text.push(b'\n');
        }
        if !self.rest.is_empty() {
            let (head, tail) = bytes.split_at(bytes.len().min(LINE - self.rest.len()));
            self.rest.extend_from_slice(head);
            bytes = tail;
            if self.rest.len() < LINE {
                return;
            }
            line(&self.rest, text);
            self.rest.clear();
        }
        let mut lines = bytes.chunks_exact(LINE);
        for whole in &mut lines {
            line(whole, text);
        }
        self.rest.extend_from_slice(lines.remainder());
    }

    /// Appends the end.
    pub(crate) fn finish(mut self, text: &mut Vec<u8>) {
        self.write(&[], text);
        if !self.rest.is_empty() {
            line(&self.rest, text);
        }
        text.extend_from_slice(END);
        text.push(b'\n');
    }
}

fn line(bytes: &[u8], text: &mut Vec<u8>) {
    let mut encoded = [0; COLUMNS];
    let length = BASE64_STANDARD.encode_slice(bytes, &mut encoded).unwrap_or_default();
    text.extend_from_slice(encoded.get(..length).unwrap_or_default());
    text.push(b'\n');
}
