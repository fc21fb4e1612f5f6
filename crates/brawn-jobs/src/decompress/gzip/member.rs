//! One whole member, by libdeflate.

use brawn_core::{Budget, Result};
use libdeflater::{DecompressionError, Decompressor, crc32};
use zlib_rs::{Inflate, InflateFlush, Status};

use super::super::codec::{Batch, Unit};
use super::super::fault::damaged;
use super::{MAGIC, TRAILER};

/// What a member ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Trailer {
    pub(super) crc: u32,
    /// Of the plain bytes, their number modulo 2^32.
    pub(super) size: u32,
}

impl Trailer {
    /// From the first bytes of `bytes`.
    pub(super) fn of(bytes: &[u8]) -> Option<Trailer> {
        let &[a, b, c, d, e, f, g, h] = bytes.first_chunk::<TRAILER>()?;
        Some(Trailer {
            crc: u32::from_le_bytes([a, b, c, d]),
            size: u32::from_le_bytes([e, f, g, h]),
        })
    }

    /// Whether `made` is what it says.
    pub(super) fn verify(self, made: Trailer, start: u64) -> Result<()> {
        if self.size != made.size {
            let (said, size) = (self.size, made.size);
            let why = format!("it says that it becomes {said} bytes and becomes {size}");
            return Err(damaged("gzip member", start, why));
        }
        if self.crc != made.crc {
            return Err(damaged(
                "gzip member",
                start,
                "the CRC of what it becomes is not the one it says",
            ));
        }
        Ok(())
    }
}

/// What becomes of all members, in the first bytes of `out`.
pub(super) fn members(
    decompressor: &mut Decompressor,
    batch: &Batch,
    out: &mut Vec<u8>,
    budget: &Budget,
) -> Result<usize> {
    // Every byte is written over, or it is an error.
    if out.len() < batch.plain {
        out.resize(batch.plain, 0);
    }
    let mut rest = out.get_mut(..batch.plain).unwrap_or_default();
    for (unit, start, bytes) in batch.each() {
        budget.check()?;
        let (plain, after) =
            std::mem::take(&mut rest).split_at_mut_checked(unit.plain).unwrap_or_default();
        rest = after;
        member(decompressor, unit, start, bytes, plain)?;
    }
    Ok(batch.plain)
}

fn member(
    decompressor: &mut Decompressor,
    unit: &Unit,
    start: u64,
    bytes: &[u8],
    plain: &mut [u8],
) -> Result<()> {
    let wrong = |why: &str| damaged("gzip member", start, why);
    let end = unit.len - TRAILER;
    let deflated = bytes.get(unit.header..end).unwrap_or_default();
    // libdeflate does not say where it ended. Where another member may begin before the end, the length may be wrong, and
    // two members with the same content would pass for one.
    if memchr::memmem::find(deflated, &METHOD).is_some() {
        inflate(deflated, plain).map_err(wrong)?;
    } else {
        match decompressor.deflate_decompress(deflated, plain) {
            Ok(size) if size == plain.len() => {}
            Ok(_) => return Err(wrong("it becomes fewer bytes than it says")),
            Err(DecompressionError::InsufficientSpace) => {
                return Err(wrong("it becomes more bytes than it says"));
            }
            Err(DecompressionError::BadData) => return Err(wrong("it is no deflate stream")),
        }
    }
    let made = Trailer { crc: crc32(plain), size: u32::try_from(plain.len()).unwrap_or(u32::MAX) };
    let trailer = bytes.get(end..).and_then(Trailer::of);
    trailer.map_or(Ok(()), |trailer| trailer.verify(made, start))
}

const METHOD: [u8; 3] = [MAGIC[0], MAGIC[1], 8];

/// The same, by a decoder that says where it ended.
fn inflate(deflated: &[u8], plain: &mut [u8]) -> Result<(), &'static str> {
    let mut inflate = Inflate::new(false, 15);
    let status = inflate.decompress(deflated, plain, InflateFlush::Finish);
    match status {
        Ok(Status::StreamEnd) if inflate.total_out() < plain.len() as u64 => {
            Err("it becomes fewer bytes than it says")
        }
        Ok(Status::StreamEnd) if inflate.total_in() < deflated.len() as u64 => {
            Err("it is shorter than it says")
        }
        Ok(Status::StreamEnd) => Ok(()),
        Ok(_) => Err("it is longer than it says"),
        Err(_) => Err(inflate.error_message().unwrap_or("it is no deflate stream")),
    }
}
