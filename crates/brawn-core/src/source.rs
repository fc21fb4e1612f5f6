//! What a job reads from.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Read};

use crate::{ByteSize, Error, Result, blocks};

/// What a job reads from, seen from the sync side.
pub struct Source<'a> {
    name: &'a str,
    content: Content<'a>,
}

enum Content<'a> {
    Bytes(&'a [u8]),
    Reader(&'a mut (dyn Read + Send)),
}

impl<'a> Source<'a> {
    /// A whole object in memory. `name` as in [`Head::name`](crate::Head::name).
    pub fn bytes(name: &'a str, bytes: &'a [u8]) -> Source<'a> {
        Source { name, content: Content::Bytes(bytes) }
    }

    /// An object that arrives piece by piece.
    pub fn reader(name: &'a str, reader: &'a mut (dyn Read + Send)) -> Source<'a> {
        Source { name, content: Content::Reader(reader) }
    }

    /// The object's name relative to where it was found.
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// The whole object; read to its end if it is not in memory yet.
    ///
    /// # Errors
    /// [`LimitExceeded`](crate::ErrorKind::LimitExceeded) when it is longer than `limit` bytes,
    /// [`Storage`](crate::ErrorKind::Storage) when reading fails.
    pub fn into_bytes(self, limit: u64) -> Result<Cow<'a, [u8]>> {
        let too_long = || {
            Error::limit_exceeded(format!(
                "the input is longer than the limit of {}",
                ByteSize(limit)
            ))
        };
        match self.content {
            Content::Bytes(bytes) if bytes.len() as u64 > limit => Err(too_long()),
            Content::Bytes(bytes) => Ok(Cow::Borrowed(bytes)),
            Content::Reader(reader) => {
                let mut bytes = Vec::new();
                let most = limit.saturating_add(1);
                reader.take(most).read_to_end(&mut bytes).map_err(blocks::fault)?;
                if bytes.len() as u64 > limit { Err(too_long()) } else { Ok(Cow::Owned(bytes)) }
            }
        }
    }
}

/// A job that streams reads it piece by piece: see [`blocks::fill`].
impl Read for Source<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.content {
            Content::Bytes(bytes) => bytes.read(buffer),
            Content::Reader(reader) => reader.read(buffer),
        }
    }

    fn read_to_end(&mut self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        match &mut self.content {
            Content::Bytes(bytes) => bytes.read_to_end(buffer),
            Content::Reader(reader) => reader.read_to_end(buffer),
        }
    }
}

impl fmt::Debug for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.content {
            Content::Bytes(_) => "bytes",
            Content::Reader(_) => "reader",
        };
        f.debug_struct("Source").field("name", &self.name).field("content", &kind).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn both_forms_give_the_same_bytes_and_keep_the_limit() {
        let content = [7_u8; 100];
        let mut reader = content.as_slice();
        let read = Source::reader("a", &mut reader).into_bytes(100).expect("100 of 100");
        assert_eq!(read, Source::bytes("a", &content).into_bytes(100).expect("100 of 100"));
        let mut reader = content.as_slice();
        let error = Source::reader("a", &mut reader).into_bytes(99).expect_err("100 of 99");
        assert_eq!(error.kind(), ErrorKind::LimitExceeded);
        assert!(Source::bytes("a", &content).into_bytes(99).is_err());
    }
}
