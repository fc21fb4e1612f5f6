//! What a frame says of itself before its blocks.

use brawn_core::{Error, Result};

use super::super::fault::damaged;
use super::{FRAME, word};
use crate::compress::lz4::header_checksum;

/// The magic number, what describes the frame, and the checksum of that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// How long it is.
    pub(super) len: usize,
    /// The most plain bytes of a block.
    pub(super) block: usize,
    /// Whether blocks refer to those before them.
    pub(super) is_linked: bool,
    /// Whether checksums stand behind blocks.
    pub(super) sums_blocks: bool,
    /// Whether one stands behind the last.
    pub(super) sums_content: bool,
    /// How long the content is.
    pub(super) content: Option<u64>,
}

/// The header that `bytes` begin with, magic number and all; nothing where it goes on behind them.
pub(super) fn parse(bytes: &[u8], start: u64) -> Result<Option<Header>> {
    let Some([flags, size]) = bytes.get(4..).and_then(|rest| rest.first_chunk::<2>()) else {
        return Ok(None);
    };
    let has = |bit: u8| flags & (1 << bit) != 0;
    let descriptor = 2 + if has(3) { 8 } else { 0 } + if has(0) { 4 } else { 0 };
    let len = 4 + descriptor + 1;
    let Some((described, checksum)) =
        bytes.get(4..len).and_then(|bytes| bytes.split_last()).map(|(last, rest)| (rest, *last))
    else {
        return Ok(None);
    };
    let wrong = |why: String| Err(damaged(FRAME, start, why));
    if header_checksum(described) != checksum {
        return wrong("the checksum of its header is not the one it says".to_owned());
    }
    if flags >> 6 != 1 {
        return wrong(format!("it has version {}: 1 is known", flags >> 6));
    }
    if has(1) || size & 0b1000_1111 != 0 {
        return wrong("reserved bits of its header are set".to_owned());
    }
    let block = match size >> 4 {
        size @ 4..=7 => 1 << (8 + 2 * size),
        size => return wrong(format!("its blocks have the size {size}: 4 to 7 are known")),
    };
    let content = described.get(2..).filter(|_| has(3)).and_then(|rest| rest.first_chunk::<8>());
    if has(0) {
        let dictionary = described.get(descriptor - 4..).and_then(word).unwrap_or_default();
        return Err(Error::invalid_input(format!(
            "the lz4 frame at byte {start} needs the dictionary {dictionary}, and dictionaries are not supported"
        )));
    }
    Ok(Some(Header {
        len,
        block,
        is_linked: !has(5),
        sums_blocks: has(4),
        sums_content: has(2),
        content: content.map(|bytes| u64::from_le_bytes(*bytes)),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(described: &[u8]) -> Vec<u8> {
        let mut bytes = crate::compress::lz4::MAGIC.to_le_bytes().to_vec();
        bytes.extend_from_slice(described);
        bytes.push(header_checksum(described));
        bytes
    }

    #[test]
    fn headers_say_what_the_format_says() {
        // What `lz4 -B4 -BD --content-size` writes of 5 bytes.
        let bytes = framed(&[0x4c, 0x40, 5, 0, 0, 0, 0, 0, 0, 0]);
        let header = parse(&bytes, 0).expect("right").expect("whole");
        assert_eq!((header.len, header.block, header.content), (15, 64 << 10, Some(5)));
        assert!(header.is_linked && header.sums_content && !header.sums_blocks);
        for end in 0..bytes.len() {
            assert_eq!(parse(&bytes[..end], 0).expect("nothing wrong"), None);
        }
        let own = crate::compress::lz4::header();
        let header = parse(&own, 0).expect("right").expect("whole");
        assert_eq!((header.len, header.block, header.is_linked), (7, 1 << 20, false));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (described, why) in [
            (&[0xa4, 0x70][..], "version 2"),
            (&[0x66, 0x70], "reserved"),
            (&[0x64, 0x71], "reserved"),
            (&[0x64, 0x30], "size 3"),
            (&[0x65, 0x70, 7, 0, 0, 0], "dictionary 7"),
        ] {
            let error = parse(&framed(described), 9).expect_err("wrong").to_string();
            assert!(error.contains(why) && error.contains("at byte 9"), "{error}");
        }
        let mut bytes = framed(&[0x64, 0x70]);
        *bytes.last_mut().expect("some") ^= 1;
        assert!(parse(&bytes, 0).expect_err("wrong").to_string().contains("header"));
    }
}
