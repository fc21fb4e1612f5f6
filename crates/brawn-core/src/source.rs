//! What a job reads from.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Read};

use crate::blocks::{self, Block, Spare};
use crate::{ByteSize, Error, Result};

/// What a job reads from, seen from the sync side.
pub struct Source<'a> {
    name: &'a str,
    content: Content<'a>,
}

enum Content<'a> {
    Bytes(&'a [u8]),
    Reader(&'a mut (dyn Read + Send)),
    Places { from: &'a dyn ReadAt, next: u64, end: u64 },
}

/// What many threads read at once, each where it wants to: a file on this machine.
pub trait ReadAt: Send + Sync {
    /// Fills `buffer` with what stands from `offset` on.
    ///
    /// # Errors
    /// [`Storage`](crate::ErrorKind::Storage) when reading fails, or when there is less.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<()>;
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

    /// An object of `size` bytes that can be read at any place.
    pub fn places(name: &'a str, from: &'a dyn ReadAt, size: u64) -> Source<'a> {
        Source { name, content: Content::Places { from, next: 0, end: size } }
    }

    /// The next `size` bytes, fewer at the end, then nothing. What can be read at any place is left to who computes the
    /// block; what comes piece by piece is read here, into a buffer of `spare`.
    ///
    /// # Errors
    /// As [`blocks::fill`].
    pub fn block(&mut self, size: usize, spare: &Spare) -> Result<Option<Block<'a>>> {
        let block = match &mut self.content {
            Content::Bytes(bytes) => {
                let (block, rest) = bytes.split_at(size.min(bytes.len()));
                *bytes = rest;
                Block::here(block)
            }
            Content::Reader(reader) => {
                let mut block = spare.take();
                blocks::fill(*reader, &mut block, size)?;
                Block::from(block)
            }
            Content::Places { from, next, end } => {
                let len = usize::try_from(*end - *next).unwrap_or(usize::MAX).min(size);
                let block = Block::at(*from, *next, len);
                *next += len as u64;
                block
            }
        };
        Ok(Some(block).filter(|block| !block.is_empty()))
    }

    /// How many bytes are left, where they are in memory or can be read at any place: reading them then waits for nobody.
    pub fn left(&self) -> Option<u64> {
        match &self.content {
            Content::Bytes(bytes) => Some(bytes.len() as u64),
            Content::Reader(_) => None,
            Content::Places { next, end, .. } => Some(end - next),
        }
    }

    /// The same bytes from `skipped` further on, where [`left`](Source::left) says how many there are; at most to their end.
    pub fn again(&self, skipped: u64) -> Option<Source<'a>> {
        let skipped = skipped.min(self.left()?);
        let content = match &self.content {
            Content::Bytes(bytes) => {
                Content::Bytes(bytes.get(usize::try_from(skipped).ok()?..).unwrap_or_default())
            }
            Content::Reader(_) => return None,
            Content::Places { from, next, end } => {
                Content::Places { from: *from, next: next + skipped, end: *end }
            }
        };
        Some(Source { name: self.name, content })
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
            Content::Places { next, end, .. } if end - next > limit => Err(too_long()),
            Content::Reader(_) | Content::Places { .. } => {
                let mut bytes = Vec::new();
                let most = limit.saturating_add(1);
                self.take(most).read_to_end(&mut bytes).map_err(blocks::fault)?;
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
            Content::Places { from, next, end } => {
                let left = usize::try_from(*end - *next).unwrap_or(usize::MAX);
                let most = left.min(buffer.len());
                from.read_at(buffer.get_mut(..most).unwrap_or_default(), *next)
                    .map_err(io::Error::other)?;
                *next += most as u64;
                Ok(most)
            }
        }
    }

    fn read_to_end(&mut self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        match &mut self.content {
            Content::Bytes(bytes) => bytes.read_to_end(buffer),
            Content::Reader(reader) => reader.read_to_end(buffer),
            Content::Places { next, end, .. } => {
                let left = *end - *next;
                self.take(left).read_to_end(buffer)
            }
        }
    }
}

impl fmt::Debug for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.content {
            Content::Bytes(_) => "bytes",
            Content::Reader(_) => "reader",
            Content::Places { .. } => "places",
        };
        f.debug_struct("Source").field("name", &self.name).field("content", &kind).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    impl ReadAt for [u8; 100] {
        fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<()> {
            let start = usize::try_from(offset).expect("small");
            buffer.copy_from_slice(&self[start..start + buffer.len()]);
            Ok(())
        }
    }

    #[test]
    fn blocks_are_the_same_wherever_they_are_read() {
        let content: [u8; 100] = std::array::from_fn(|index| index as u8);
        let mut reader = content.as_slice();
        for source in [
            Source::bytes("a", &content),
            Source::reader("a", &mut reader),
            Source::places("a", &content, 100),
        ] {
            let (mut source, spare) = (source, Spare::default());
            let mut first = [0; 10];
            source.read_exact(&mut first).expect("10 of 100");
            let mut all = first.to_vec();
            let mut lens = Vec::new();
            while let Some(block) = source.block(40, &spare).expect("it is there") {
                lens.push(block.len());
                block
                    .with(&spare, |bytes| {
                        all.extend_from_slice(bytes);
                        Ok(())
                    })
                    .expect("it is there");
            }
            assert_eq!((all.as_slice(), lens.as_slice()), (&content[..], &[40, 40, 10][..]));
        }
    }

    #[test]
    fn pieces_are_the_bytes_in_their_order_and_again_is_the_same_from_there_on() {
        let content: [u8; 100] = std::array::from_fn(|index| index as u8);
        let mut reader = content.as_slice();
        assert!(Source::reader("a", &mut reader).again(0).is_none());
        for mut source in [Source::bytes("a", &content), Source::places("a", &content, 100)] {
            let spare = Spare::default();
            source.read_exact(&mut [0; 10]).expect("10 of 100");
            assert_eq!(source.left(), Some(90));
            let again = source.again(20).expect("it can be read twice");
            assert_eq!(again.into_bytes(100).expect("it is there"), &content[30..]);
            assert_eq!(source.again(91).and_then(|again| again.left()), Some(0));
            let mut all = Vec::new();
            let block = source.block(70, &spare).expect("it is there").expect("90 are left");
            block
                .pieces(32, &spare, |piece| {
                    assert!(piece.len() <= 32);
                    all.extend_from_slice(piece);
                    Ok(())
                })
                .expect("it is there");
            assert_eq!(all, &content[10..80]);
            assert_eq!(source.left(), Some(20));
        }
    }

    #[test]
    fn all_forms_give_the_same_bytes_and_keep_the_limit() {
        let content = [7_u8; 100];
        let mut reader = content.as_slice();
        let read = Source::reader("a", &mut reader).into_bytes(100).expect("100 of 100");
        assert_eq!(read, Source::bytes("a", &content).into_bytes(100).expect("100 of 100"));
        assert_eq!(read, Source::places("a", &content, 100).into_bytes(100).expect("100 of 100"));
        let mut reader = content.as_slice();
        let error = Source::reader("a", &mut reader).into_bytes(99).expect_err("100 of 99");
        assert_eq!(error.kind(), ErrorKind::LimitExceeded);
        assert!(Source::bytes("a", &content).into_bytes(99).is_err());
        assert!(Source::places("a", &content, 100).into_bytes(99).is_err());
    }
}
