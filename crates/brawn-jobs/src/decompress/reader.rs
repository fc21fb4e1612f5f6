//! What an input becomes, read piece by piece by another job.

use std::io::{self, Read};

use brawn_core::blocks::Spare;
use brawn_core::{Budget, Result};

use super::codec::{Codec, Room, Step};
use super::gzip::Gzip;
use super::limits::Account;
use super::window::Window;
use super::zstd::{self, Zstd};
use super::{Options, gzip};

/// What is decompressed at once.
const ROOM: usize = 256 << 10;

/// What is read before the format is told.
const FIRST: usize = 64 << 10;

/// The plain bytes of `source`, if it is gzip or zstd, and its bytes if it is not. What is read is decompressed where it is read,
/// and in constant memory, so only the window has a limit.
///
/// # Errors
/// As reading `source`; what is wrong with a compressed input is the error of a later read.
pub(crate) fn unpacked<'a>(
    mut source: impl Read + 'a,
    budget: &'a Budget,
) -> Result<Box<dyn Read + 'a>> {
    let mut window = Window::default();
    window.read(&mut source, FIRST, &Spare::default())?;
    let head = window.rest();
    let magic = head.first_chunk().map_or(0, |magic| u32::from_le_bytes(*magic));
    let is_gzip = head.starts_with(&gzip::MAGIC);
    if !(is_gzip || magic == zstd::MAGIC || zstd::is_skippable(magic)) {
        return Ok(Box::new(io::Cursor::new(head.to_vec()).chain(source)));
    }
    let account = Account::new(&Options { max_ratio: Some(u32::MAX), ..Options::default() });
    let room = Room::new(Vec::new(), 0, 0);
    Ok(if is_gzip {
        let codec = Gzip::new();
        Box::new(Unpacked { source, codec, window, account, room, done: 0, is_done: false, budget })
    } else {
        let codec = Zstd::new(Options::default().max_window, false, Zstd::PLAIN);
        Box::new(Unpacked { source, codec, window, account, room, done: 0, is_done: false, budget })
    })
}

struct Unpacked<'a, R, C> {
    source: R,
    codec: C,
    window: Window,
    account: Account,
    room: Room,
    /// How much of the room has been handed on.
    done: usize,
    is_done: bool,
    budget: &'a Budget,
}

impl<R: Read, C: Codec> Unpacked<'_, R, C> {
    fn refill(&mut self) -> Result<()> {
        let used = std::mem::replace(&mut self.room, Room::new(Vec::new(), 0, 0));
        self.room = Room::new(used.into_bytes(), ROOM, self.account.room());
        self.done = 0;
        while !self.room.is_full() && !self.is_done {
            self.budget.check()?;
            match self.codec.step(&mut self.window, &mut self.room, self.budget)? {
                Step::On => {}
                Step::Starved => self.window.read(&mut self.source, ROOM, &Spare::default())?,
                Step::Done => self.is_done = true,
            }
        }
        self.account.add(self.room.filled().len() as u64 + self.room.told, self.window.offset())
    }
}

impl<R: Read, C: Codec> Read for Unpacked<'_, R, C> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let mut rest = self.room.filled().get(self.done..).unwrap_or_default();
            if !rest.is_empty() {
                let read = rest.read(buffer)?;
                self.done += read;
                return Ok(read);
            }
            if self.is_done {
                return Ok(0);
            }
            self.refill().map_err(io::Error::other)?;
        }
    }
}
