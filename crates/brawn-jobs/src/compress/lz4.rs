//! The LZ4 frame format: blocks that know nothing of each other, and the checksum of everything at the end.
//!
//! `doc/lz4_Frame_format.md`, version 1.6.4, in the repository of lz4.

use std::hash::Hasher as _;

use brawn_core::{Error, ErrorKind, Result};
use twox_hash::XxHash32;

/// What every frame begins with.
pub(crate) const MAGIC: u32 = 0x184D_2204;

/// The bit of a block's size that says that it is not compressed.
pub(crate) const PLAIN: u32 = 1 << 31;

/// Version 1, independent blocks, a checksum of the content; blocks of 1 MB.
const DESCRIPTOR: [u8; 2] = [0b0110_0100, 0b0110_0000];

/// The second byte of the XXH32 of what describes a frame.
pub(crate) fn header_checksum(descriptor: &[u8]) -> u8 {
    XxHash32::oneshot(0, descriptor).to_le_bytes()[1]
}

/// What stands before the first block.
pub(crate) fn header() -> Vec<u8> {
    let mut header = MAGIC.to_le_bytes().to_vec();
    header.extend_from_slice(&DESCRIPTOR);
    header.push(header_checksum(&DESCRIPTOR));
    header
}

/// Appends one block; as it is where it would become longer.
pub(super) fn block(plain: &[u8], out: &mut Vec<u8>) -> Result<()> {
    let too_long = || Error::new(ErrorKind::Storage, "an lz4 block did not fit");
    let start = out.len();
    let bound = lz4_flex::block::get_maximum_output_size(plain.len());
    out.resize(start + 4 + bound, 0);
    let place = out.get_mut(start + 4..).unwrap_or_default();
    let len = lz4_flex::block::compress_into(plain, place).map_err(|_| too_long())?;
    let size = if len < plain.len() {
        out.truncate(start + 4 + len);
        u32::try_from(len).map_err(|_| too_long())?
    } else {
        out.truncate(start + 4);
        out.extend_from_slice(plain);
        u32::try_from(plain.len()).map_err(|_| too_long())? | PLAIN
    };
    if let Some(place) = out.get_mut(start..start + 4) {
        place.copy_from_slice(&size.to_le_bytes());
    }
    Ok(())
}

/// The checksum of all that was compressed.
pub(super) struct Content(XxHash32);

impl Content {
    pub(super) fn new() -> Content {
        Content(XxHash32::with_seed(0))
    }

    pub(super) fn add(&mut self, plain: &[u8]) {
        self.0.write(plain);
    }

    /// What stands behind the last block.
    pub(super) fn end(&self) -> Vec<u8> {
        let mut end = vec![0; 4];
        end.extend_from_slice(&self.0.finish_32().to_le_bytes());
        end
    }
}
