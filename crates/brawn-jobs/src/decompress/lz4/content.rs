//! What comes of the blocks of a frame, in their order.

use std::hash::Hasher as _;

use brawn_core::Result;
use lz4_flex::block::decompress_into_with_dict;
use twox_hash::XxHash32;

use super::super::fault::damaged;
use super::super::limits::Account;
use super::header::Header;
use super::{BLOCK, FRAME};

/// How far back a block may refer.
pub(super) const REACH: usize = 64 << 10;

/// Checks and hands on.
pub(super) struct Content<'a, W> {
    account: &'a mut Account,
    write: W,
    sum: XxHash32,
    len: u64,
    /// The last bytes of the blocks before, where blocks refer to them.
    before: Vec<u8>,
    room: Vec<u8>,
}

impl<'a, W: FnMut(&[u8]) -> Result<()>> Content<'a, W> {
    pub(super) fn new(account: &'a mut Account, write: W) -> Content<'a, W> {
        let sum = XxHash32::with_seed(0);
        Content { account, write, sum, len: 0, before: Vec::new(), room: Vec::new() }
    }

    /// The next bytes, which came of what ends at `end`.
    pub(super) fn add(&mut self, plain: &[u8], end: u64) -> Result<()> {
        self.account.add(plain.len() as u64, end)?;
        self.sum.write(plain);
        self.len += plain.len() as u64;
        (self.write)(plain)
    }

    /// The same, of a frame whose blocks refer to those before them.
    pub(super) fn add_linked(&mut self, plain: &[u8], end: u64) -> Result<()> {
        self.add(plain, end)?;
        let keep = REACH.saturating_sub(plain.len()).min(self.before.len());
        self.before.drain(..self.before.len() - keep);
        let from = plain.len().saturating_sub(REACH);
        self.before.extend_from_slice(plain.get(from..).unwrap_or_default());
        Ok(())
    }

    /// A block that refers to those before it.
    pub(super) fn linked(
        &mut self,
        block: &[u8],
        header: &Header,
        start: u64,
        end: u64,
    ) -> Result<()> {
        let mut room = std::mem::take(&mut self.room);
        if room.len() < header.block {
            room.resize(header.block, 0);
        }
        let place = room.get_mut(..header.block).unwrap_or_default();
        let made = decompress_into_with_dict(block, place, &self.before)
            .map_err(|error| damaged(BLOCK, start, error))?;
        self.add_linked(room.get(..made).unwrap_or_default(), end)?;
        self.room = room;
        Ok(())
    }

    /// Whether the frame that has ended was what it says.
    pub(super) fn end(&mut self, header: &Header, checksum: Option<u32>, start: u64) -> Result<()> {
        let len = std::mem::take(&mut self.len);
        let sum = std::mem::replace(&mut self.sum, XxHash32::with_seed(0));
        self.before.clear();
        if let Some(said) = header.content.filter(|said| *said != len) {
            let why = format!("it says that it becomes {said} bytes and becomes {len}");
            return Err(damaged(FRAME, start, why));
        }
        if checksum.is_some_and(|said| said != sum.finish_32()) {
            let why = "the checksum of what it becomes is not the one it says";
            return Err(damaged(FRAME, start, why));
        }
        Ok(())
    }
}
