//! The header of a member: RFC 1952, section 2.3.

use brawn_core::{Error, Result};
use libdeflater::crc32;

use super::super::codec::Mark;
use super::super::fault::damaged;
use crate::compress::gzip::{LENGTH, NUMBER};

/// No header is longer: an extra field has 64 KB at most, name and comment are a line.
const LONGEST: usize = 1 << 20;

const HAS_CRC: u8 = 2;
const HAS_EXTRA: u8 = 4;
const HAS_NAME: u8 = 8;
const HAS_COMMENT: u8 = 16;
const RESERVED: u8 = 0xe0;

#[derive(Clone, Debug)]
pub(super) struct Header {
    /// How long it is.
    pub(super) len: usize,
    /// How long the member is, where it says so.
    pub(super) member: Option<usize>,
    pub(super) mark: Mark,
}

/// The header at the beginning of `bytes`, which is at byte `start` of the input; nothing where more of it is needed.
pub(super) fn parse(bytes: &[u8], start: u64) -> Result<Option<Header>> {
    let header = read(bytes, start)?;
    if header.is_none() && bytes.len() > LONGEST {
        return Err(wrong(start, "its header has no end within 1 MB"));
    }
    Ok(header)
}

fn wrong(start: u64, why: impl std::fmt::Display) -> Error {
    damaged("gzip member", start, why)
}

fn read(bytes: &[u8], start: u64) -> Result<Option<Header>> {
    let Some(&[_, _, method, flags, ..]) = bytes.first_chunk::<10>() else { return Ok(None) };
    if method != 8 {
        return Err(wrong(start, format!("its method is {method}, and gzip has only 8, deflate")));
    }
    if flags & RESERVED != 0 {
        return Err(wrong(start, format!("the reserved flags {:#04x} are set", flags & RESERVED)));
    }
    let mut header = Header { len: 10, member: None, mark: Mark::None };
    if flags & HAS_EXTRA != 0 {
        let Some(size) = bytes.get(header.len..).and_then(<[u8]>::first_chunk) else {
            return Ok(None);
        };
        let begin = header.len + 2;
        header.len = begin + usize::from(u16::from_le_bytes(*size));
        let Some(extra) = bytes.get(begin..header.len) else { return Ok(None) };
        subfields(extra, &mut header);
    }
    for flag in [HAS_NAME, HAS_COMMENT] {
        if flags & flag != 0 {
            let text = bytes.get(header.len..).unwrap_or_default();
            let Some(end) = memchr::memchr(0, text) else { return Ok(None) };
            header.len += end + 1;
        }
    }
    if flags & HAS_CRC != 0 {
        let (Some(before), Some(sum)) =
            (bytes.get(..header.len), bytes.get(header.len..).and_then(<[u8]>::first_chunk))
        else {
            return Ok(None);
        };
        if crc32(before) & 0xffff != u32::from(u16::from_le_bytes(*sum)) {
            return Err(wrong(start, "its header does not have the CRC that it says"));
        }
        header.len += 2;
    }
    Ok((bytes.len() >= header.len).then_some(header))
}

/// What of the extra field is known: lengths of BGZF and mgzip, numbers of brawn.
fn subfields(mut extra: &[u8], header: &mut Header) {
    while let Some((&[one, two, low, high], rest)) = extra.split_first_chunk() {
        let size = usize::from(u16::from_le_bytes([low, high]));
        let Some((content, rest)) = rest.split_at_checked(size) else { return };
        match (&[one, two], content) {
            (b"BC", &[low, high]) => {
                header.member = Some(usize::from(u16::from_le_bytes([low, high])) + 1);
                header.mark = Mark::Bgzf;
            }
            (id, &[a, b, c, d]) if *id == LENGTH => {
                header.member = usize::try_from(u32::from_le_bytes([a, b, c, d])).ok();
            }
            (id, content) if *id == NUMBER => {
                if let Ok(number) = content.try_into() {
                    header.mark = Mark::Number(u64::from_le_bytes(number));
                }
            }
            _ => {}
        }
        extra = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_passed_over_and_the_crc_is_checked() {
        let mut bytes = vec![0x1f, 0x8b, 8, 0x1e, 1, 2, 3, 4, 0, 3];
        bytes.extend_from_slice(&[10, 0, b'x', b'x', 0, 0, b'B', b'C', 2, 0, 0x1b, 0]);
        bytes.extend_from_slice(b"name\0comment\0");
        let sum = crc32(&bytes) as u16;
        bytes.extend_from_slice(&sum.to_le_bytes());
        let header = parse(&bytes, 0).expect("right").expect("whole");
        assert_eq!((header.len, header.member, header.mark), (bytes.len(), Some(28), Mark::Bgzf));
        for len in 0..bytes.len() {
            assert!(parse(&bytes[..len], 0).expect("nothing wrong").is_none(), "{len} bytes");
        }
        *bytes.last_mut().expect("a byte") ^= 1;
        assert!(parse(&bytes, 7).expect_err("a wrong CRC").to_string().contains("at byte 7 is"));
    }
}
