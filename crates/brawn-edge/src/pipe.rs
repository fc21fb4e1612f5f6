//! What has no size beforehand: standard input, pipes, devices.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use brawn_core::{ByteSize, Error, ErrorKind, Memory, Reservation, Result};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::stop::Stop;

/// Read in pieces of what a pipe holds, between which is asked whether anyone still wants it.
const PIECE: usize = 64 << 10;
/// The first buffer, and the first that its job is asked about.
const FIRST: usize = 256 << 10;
/// How often memory that is not free is asked for again.
const ASKED_EVERY: Duration = Duration::from_millis(5);

/// Whether so many bytes, with more to come, are too many already.
type Refuse = Box<dyn Fn(&[u8]) -> Result<()> + Send>;

/// How a pipe is read.
pub(crate) struct Reading {
    pub(crate) memory: Memory,
    /// One permit: of those that come short of memory, one may wait for it.
    pub(crate) turn: Arc<Semaphore>,
    pub(crate) stop: Stop,
    pub(crate) refuse: Refuse,
    /// The bytes read so far.
    pub(crate) count: Arc<AtomicU64>,
}

/// The memory that a pipe's bytes hold.
///
/// It grows as they come, so that several pipes share the ledger. Two that hold a part each and wait for more would wait
/// for each other, so only one may wait: it takes what comes free before those in line, who hold nothing yet.
#[derive(Debug)]
pub(crate) struct Held {
    memory: Memory,
    turn: Arc<Semaphore>,
    stop: Stop,
    parts: Vec<Reservation>,
}

impl Held {
    fn bytes(&self) -> u64 {
        self.parts.iter().map(Reservation::bytes).sum()
    }

    /// Holds `total` bytes, or the whole ledger where it is less. Blocks until they are free.
    fn grow_to(&mut self, total: u64) -> Result<()> {
        let more = total.min(self.memory.limit()).saturating_sub(self.bytes());
        let part = self.part(more)?;
        self.parts.push(part);
        Ok(())
    }

    /// `bytes` more. Blocks until they are free.
    fn part(&self, bytes: u64) -> Result<Reservation> {
        let mut waiting: Option<OwnedSemaphorePermit> = None;
        loop {
            if let Ok(part) = self.memory.try_reserve(bytes) {
                return Ok(part);
            }
            if let Some(ended) = self.stop.reason() {
                return Err(ended);
            }
            if waiting.is_none() {
                let turn = Arc::clone(&self.turn).try_acquire_owned();
                waiting = Some(turn.map_err(|_| {
                    Error::out_of_memory(format!(
                        "needs {} of memory more, and another pipe waits for some already",
                        ByteSize(bytes)
                    ))
                    .with_hint("read fewer pipes at once, or give them more memory")
                })?);
            }
            std::thread::sleep(ASKED_EVERY);
        }
    }

    /// What it holds, and as much more as there are `total` bytes. Blocks until they are free.
    pub(crate) fn into_parts(self, total: u64) -> Result<(Vec<Reservation>, Reservation)> {
        let rest = self.part(total.saturating_sub(self.bytes()))?;
        Ok((self.parts, rest))
    }

    fn shrink_to(&mut self, bytes: u64) {
        while let Some(mut last) = self.parts.pop() {
            let others = self.bytes();
            if others < bytes {
                last.shrink_to(bytes - others);
                self.parts.push(last);
                return;
            }
        }
    }
}

/// Reads the first `count` bytes, fewer where there are no more.
pub(crate) fn read_head(
    from: &mut dyn Read,
    count: u64,
    stop: &Stop,
    named: impl Fn() -> String,
) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut piece = vec![0; PIECE];
    while (bytes.len() as u64) < count {
        if let Some(ended) = stop.reason() {
            return Err(ended);
        }
        match from.read(&mut piece) {
            Ok(0) => break,
            Ok(read) => bytes.extend_from_slice(piece.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                let message = format!("cannot read {}", named());
                return Err(Error::new(ErrorKind::Storage, message).with_source(error));
            }
        }
    }
    Ok(bytes)
}

/// Reads to the end. There may be none (`/dev/zero`, a pipe that somebody goes on filling): it ends where the job or the
/// memory refuse more, and when nobody wants it any more.
pub(crate) fn read_to_end(
    from: &mut dyn Read,
    reading: Reading,
    named: impl Fn() -> String,
) -> Result<(Vec<u8>, Held)> {
    let Reading { memory, turn, stop, refuse, count } = reading;
    let limit = memory.limit();
    let mut held = Held { memory, turn, stop: stop.clone(), parts: Vec::new() };
    let mut bytes = Vec::new();
    loop {
        if let Some(ended) = stop.reason() {
            return Err(ended);
        }
        let before = bytes.len();
        if bytes.capacity() == before {
            if before > 0 {
                refuse(&bytes)?;
            }
            // Twice as much, but never past the limit.
            let capacity = limit.saturating_add(1).min((before * 2).max(FIRST) as u64);
            held.grow_to(capacity)?;
            bytes.reserve_exact(usize::try_from(capacity).unwrap_or(usize::MAX) - before);
        }
        let room = (bytes.capacity() - before).min(PIECE);
        bytes.resize(before + room, 0);
        let read = match bytes.get_mut(before..).map(|piece| from.read(piece)) {
            Some(Err(error)) if error.kind() == io::ErrorKind::Interrupted => 0,
            Some(Err(error)) => {
                let message = format!("cannot read {}", named());
                return Err(Error::new(ErrorKind::Storage, message).with_source(error));
            }
            Some(Ok(0)) | None => {
                bytes.truncate(before);
                bytes.shrink_to_fit();
                held.shrink_to(before as u64);
                return Ok((bytes, held));
            }
            Some(Ok(read)) => read,
        };
        bytes.truncate(before + read);
        count.store(bytes.len() as u64, Ordering::Relaxed);
        if bytes.len() as u64 > limit {
            return Err(Error::out_of_memory(format!(
                "{} is longer than the {} of memory there are",
                named(),
                ByteSize(limit)
            )));
        }
    }
}
