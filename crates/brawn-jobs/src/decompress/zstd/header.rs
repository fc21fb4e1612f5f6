//! The header of a frame and those of its blocks: RFC 8878, section 3.1.1.

use brawn_core::{ByteSize, Error, Result};

use super::super::fault::damaged;
use super::FRAME;

/// No block becomes longer.
pub(super) const BLOCK: usize = 128 << 10;

const SINGLE_SEGMENT: u8 = 0x20;
const RESERVED: u8 = 8;
const HAS_CHECKSUM: u8 = 4;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// How long it is.
    pub(super) len: usize,
    /// Bytes that a block may refer back to, all of which a decoder holds.
    pub(super) window: u64,
    /// What the frame becomes, where it says so.
    pub(super) plain: Option<u64>,
    pub(super) has_checksum: bool,
}

/// The header at the beginning of `bytes`, which is at byte `start` of the input and begins with the magic number; nothing
/// where more of it is needed.
pub(super) fn parse(bytes: &[u8], start: u64) -> Result<Option<Header>> {
    let Some(&descriptor) = bytes.get(4) else { return Ok(None) };
    if descriptor & RESERVED != 0 {
        return Err(damaged(FRAME, start, "a reserved bit of its header is set"));
    }
    let is_single = descriptor & SINGLE_SEGMENT != 0;
    let mut len = 5;
    let mut field = |size: usize| {
        let bytes = bytes.get(len..len + size)?;
        len += size;
        let mut value = [0; 8];
        value.get_mut(..size)?.copy_from_slice(bytes);
        Some(u64::from_le_bytes(value))
    };
    let Some(window) = field(usize::from(!is_single)) else { return Ok(None) };
    let Some(dictionary) =
        field([0, 1, 2, 4].get(usize::from(descriptor & 3)).copied().unwrap_or(0))
    else {
        return Ok(None);
    };
    let size = match descriptor >> 6 {
        0 => usize::from(is_single),
        flag => 1 << flag,
    };
    let Some(plain) = field(size) else { return Ok(None) };
    if dictionary != 0 {
        return Err(Error::unsupported(format!(
            "the zstd frame that begins at byte {start} needs the dictionary {dictionary}, and dictionaries are not read"
        ))
        .with_hint("`zstd -d -D DICTIONARY` decompresses it"));
    }
    // Two bytes count from 256 on.
    let plain = (size > 0).then_some(if size == 2 { plain + 256 } else { plain });
    let window = match plain {
        Some(plain) if is_single => plain,
        _ => {
            let base = 1 << (10 + (window >> 3));
            base + base / 8 * (window & 7)
        }
    };
    Ok(Some(Header { len, window, plain, has_checksum: descriptor & HAS_CHECKSUM != 0 }))
}

/// Refuses a window of more than `most` bytes.
pub(super) fn allow(header: &Header, most: ByteSize, start: u64) -> Result<()> {
    if header.window <= most.0 {
        return Ok(());
    }
    Err(Error::limit_exceeded(format!(
        "the zstd frame that begins at byte {start} needs a window of {}, the limit is {most}",
        ByteSize(header.window)
    ))
    .with_hint("raise `max_window`"))
}

/// A block, by its header.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block {
    pub(super) is_last: bool,
    /// Bytes behind its header.
    pub(super) len: usize,
}

impl Block {
    pub(super) const HEADER: usize = 3;

    /// The one at the beginning of `bytes`; nothing where there is none.
    pub(super) fn of(bytes: &[u8]) -> Option<Block> {
        let &[a, b, c] = bytes.first_chunk()?;
        let word = u32::from_le_bytes([a, b, c, 0]);
        let size = usize::try_from(word >> 3).ok()?;
        let len = match (word >> 1) & 3 {
            // One byte that is repeated.
            1 => 1,
            0 | 2 => size,
            _ => return None,
        };
        Some(Block { is_last: word & 1 == 1, len })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Headers as `zstd` 1.5 writes them: of a file, of a pipe, with `--long=27`, of 300 bytes.
    #[test]
    fn headers_of_the_tool_are_read() {
        let header = |len, window, plain, has_checksum| Header { len, window, plain, has_checksum };
        for (rest, wanted) in [
            (&[0x24, 5][..], header(6, 5, Some(5), true)),
            (&[0x04, 0x58], header(6, 2 << 20, None, true)),
            (&[0x04, 0x88], header(6, 128 << 20, None, true)),
            (&[0x64, 44, 0], header(7, 300, Some(300), true)),
            (&[0xa0, 0, 0, 0x40, 0], header(9, 4 << 20, Some(4 << 20), false)),
        ] {
            let bytes = [&[0x28, 0xb5, 0x2f, 0xfd], rest].concat();
            assert_eq!(parse(&bytes, 0).expect("right"), Some(wanted));
            assert_eq!(parse(&bytes[..bytes.len() - 1], 0).expect("nothing wrong"), None);
        }
        let error = parse(&[0x28, 0xb5, 0x2f, 0xfd, 0x25, 77, 5], 9).expect_err("a dictionary");
        assert!(error.to_string().contains("at byte 9 needs the dictionary 77"), "{error}");
    }
}
