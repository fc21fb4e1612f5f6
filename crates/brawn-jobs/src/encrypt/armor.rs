//! ASCII armor: base64 in lines of 64 characters between two markers, strictly.
//!
//! <https://c2sp.org/age>, "ASCII armor". It is read by the `age` crate.

use std::io::{self, BufRead, BufReader, Cursor, Read};

use age::armor::{ArmoredReadError, ArmoredReader};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use brawn_core::{Error, Result, blocks};

const BEGIN: &[u8] = b"-----BEGIN AGE ENCRYPTED FILE-----";
const END: &[u8] = b"-----END AGE ENCRYPTED FILE-----";
/// What tells armor from anything else, so that a marker with a flaw is one and no binary header.
const MARK: &[u8] = b"-----BEGIN";

/// Bytes that become a line of 64 characters.
const LINE: usize = 48;
/// The most space before the first marker, and the longest line: what is longer is no armor.
const LONGEST: usize = 1024;

/// An age file without its armor, if it has one. The reader is at the first byte of the header then.
///
/// # Errors
/// Of the reader. A flaw in the armor is an error of what is returned, when it is come upon.
pub(crate) fn dearmored<'a>(mut reader: impl Read + 'a) -> Result<Box<dyn BufRead + 'a>> {
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
        return Ok(Box::new(BufReader::new(Cursor::new(start).chain(reader))));
    }
    let lines = Lines { reader: Cursor::new(start.split_off(space)).chain(reader), length: 0 };
    Ok(Box::new(BufReader::new(Armored(ArmoredReader::new(lines)))))
}

/// Ends where a line is too long to be one, before it fills the memory.
struct Lines<R> {
    reader: R,
    length: usize,
}

impl<R: Read> Read for Lines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        for line in buffer.get(..read).unwrap_or_default().split_inclusive(|byte| *byte == b'\n') {
            self.length += line.len();
            if self.length > LONGEST {
                return Err(io::Error::other(damaged("a line is longer than 64 characters")));
            }
            if line.ends_with(b"\n") {
                self.length = 0;
            }
        }
        Ok(read)
    }
}

/// Names what the `age` crate finds.
struct Armored<R: BufRead>(ArmoredReader<R>);

impl<R: BufRead> Read for Armored<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(|error| {
            let flaw = match error.kind() {
                io::ErrorKind::UnexpectedEof => "it ends early",
                io::ErrorKind::InvalidData => {
                    let inner = error.get_ref();
                    match inner.and_then(|inner| inner.downcast_ref::<ArmoredReadError>()) {
                        Some(ArmoredReadError::Base64(_)) => "a line is not canonical base64",
                        Some(ArmoredReadError::InvalidBeginMarker) => "its first line is not exact",
                        Some(ArmoredReadError::LineContainsCr) => "a line has a CR inside",
                        Some(ArmoredReadError::MissingPadding) => "its last line has no padding",
                        Some(ArmoredReadError::NotWrappedAt64Chars) => {
                            "a line has not 64 characters, or its last line is missing"
                        }
                        Some(ArmoredReadError::ShortLineInMiddle) => {
                            "a line is short and not the last"
                        }
                        Some(ArmoredReadError::TrailingGarbage) => "text follows its last line",
                        _ => "it holds bytes that are no text",
                    }
                }
                // Of the source.
                _ => return error,
            };
            io::Error::other(damaged(flaw))
        })
    }
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
    let mut encoded = [0; LINE / 3 * 4];
    let length = BASE64_STANDARD.encode_slice(bytes, &mut encoded).unwrap_or_default();
    text.extend_from_slice(encoded.get(..length).unwrap_or_default());
    text.push(b'\n');
}
