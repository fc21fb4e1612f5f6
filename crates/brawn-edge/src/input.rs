//! An object as the source of a job, for a driver on a thread that may wait.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use brawn_core::{Error, ErrorKind, Result, Source};
use bytes::{Buf as _, Bytes};
use futures::StreamExt as _;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use crate::fetch::{Opened, Rest};
use crate::local_file::LocalFile;
use crate::stop::Stop;
use crate::store::{Object, Verifier};

/// A remote object is fetched in parts of this size, so many of them side by side.
const PART: u64 = 4 << 20;
const PARTS_AT_ONCE: usize = 4;

/// The memory a remote input holds: those on their way, one that waits, one that is read.
pub(crate) const HELD: u64 = (PARTS_AT_ONCE as u64 + 2) * PART;

/// A pipe is read in pieces of this size, and this many ahead.
const PIECE: usize = 256 << 10;
const PIECES_AHEAD: usize = 4;

/// An object from its beginning to its end; ends with the budget's error when nobody wants it any more.
pub(crate) enum Input {
    /// All of it is here.
    Whole(Bytes),
    /// Threads read it where they want to.
    File(LocalFile),
    Stream(Box<Stream>),
}

/// What comes piece by piece.
pub(crate) struct Stream {
    here: Bytes,
    rest: Coming,
    /// What a store still has to send.
    missing: u64,
    verifier: Option<Verifier>,
    stop: Stop,
    count: Arc<AtomicU64>,
    runtime: Handle,
}

enum Coming {
    Nothing,
    /// Pieces, from a task or a thread that fetches them.
    Pieces(mpsc::Receiver<Result<Bytes>>),
}

impl Input {
    /// Begins to fetch what is not here yet. `count` is told the bytes that were read.
    pub(crate) fn start(opened: Opened, stop: Stop, count: Arc<AtomicU64>) -> Result<Input> {
        let size = opened.size;
        let runtime = Handle::current();
        let (here, rest) = opened.into_parts();
        let read = here.len() as u64;
        count.store(0, Ordering::Relaxed);
        let (mut missing, mut verifier) = (0, None);
        let rest = match rest {
            Rest::Nothing => {
                count.store(read, Ordering::Relaxed);
                return Ok(Input::Whole(here));
            }
            // Its beginning is read once more: it is still in the system's cache.
            Rest::File(file) => return Ok(Input::File(LocalFile { file, size, stop, count })),
            Rest::Object(remote) => {
                let (object, etag) = (remote.object.clone(), remote.etag.clone());
                missing = size - read;
                verifier = Some(remote.verifier(here.clone(), stop.clone()));
                let (sender, receiver) = mpsc::channel(1);
                runtime.spawn(fetch(object, etag, read, size, stop.clone(), sender));
                Coming::Pieces(receiver)
            }
            Rest::Pipe(pipe) => {
                let (sender, receiver) = mpsc::channel(PIECES_AHEAD);
                // By itself: a read that waits for a pipe cannot be interrupted, and the driver must end in time.
                runtime.spawn_blocking(move || drain(pipe, &sender));
                Coming::Pieces(receiver)
            }
        };
        Ok(Input::Stream(Box::new(Stream { here, rest, missing, verifier, stop, count, runtime })))
    }

    /// It as the source of a job. `name` as in [`Source::name`].
    pub(crate) fn source<'a>(&'a mut self, name: &'a str) -> Source<'a> {
        match self {
            Input::Whole(bytes) => Source::bytes(name, bytes),
            Input::File(file) => Source::places(name, file, file.size),
            Input::Stream(stream) => Source::reader(name, stream),
        }
    }
}

impl Stream {
    fn next(&mut self, buffer: &mut [u8]) -> Result<usize> {
        if let Some(ended) = self.stop.reason() {
            return Err(ended);
        }
        loop {
            if !self.here.is_empty() {
                let read = buffer.len().min(self.here.len());
                if let Some(buffer) = buffer.get_mut(..read) {
                    self.here.copy_to_slice(buffer);
                }
                return Ok(read);
            }
            match &mut self.rest {
                Coming::Nothing => return Ok(0),
                Coming::Pieces(pieces) => {
                    match self.runtime.block_on(self.stop.guard(pieces.recv()))? {
                        Some(piece) => self.take(piece?)?,
                        // Whoever fetched it is no more.
                        None if self.missing > 0 => {
                            return Err(Error::new(
                                ErrorKind::Storage,
                                "what fetched it has stopped",
                            ));
                        }
                        None => self.rest = Coming::Nothing,
                    }
                }
            }
        }
    }

    /// The last piece is handed out only when all agree: nobody publishes what came from others.
    fn take(&mut self, piece: Bytes) -> Result<()> {
        let missing = self.missing.saturating_sub(piece.len() as u64);
        if let Some(verifier) = &mut self.verifier {
            verifier.update(&piece)?;
            if missing == 0 {
                verifier.finish()?;
            }
        }
        // Where it failed something is missing for ever: who asks again meets no end of it.
        self.missing = missing;
        self.here = piece;
        Ok(())
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read =
            if buffer.is_empty() { 0 } else { self.next(buffer).map_err(io::Error::other)? };
        self.count.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

async fn fetch(
    object: Object,
    etag: Option<String>,
    from: u64,
    size: u64,
    stop: Stop,
    sender: mpsc::Sender<Result<Bytes>>,
) {
    let part = |offset: u64| {
        let (object, etag, stop) = (object.clone(), etag.clone(), stop.clone());
        async move {
            let length = usize::try_from(PART.min(size - offset)).unwrap_or_default();
            let mut bytes = vec![0; length];
            object.read(offset, &mut bytes, etag.as_deref(), &stop).await?;
            Ok(Bytes::from(bytes))
        }
    };
    let offsets = (from..size).step_by(PART as usize);
    let mut parts = futures::stream::iter(offsets.map(part)).buffered(PARTS_AT_ONCE);
    while let Some(part) = parts.next().await {
        let failed = part.is_err();
        // Nobody listens any more when the driver has ended.
        if sender.send(part).await.is_err() || failed {
            return;
        }
    }
}

fn drain(mut pipe: Box<dyn Read + Send + Sync>, sender: &mpsc::Sender<Result<Bytes>>) {
    loop {
        let mut piece = vec![0; PIECE];
        let read = match pipe.read(&mut piece) {
            Ok(0) => return,
            Ok(read) => {
                piece.truncate(read);
                Ok(Bytes::from(piece))
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                Err(Error::new(ErrorKind::Storage, "cannot read the pipe").with_source(error))
            }
        };
        let failed = read.is_err();
        if sender.blocking_send(read).is_err() || failed {
            return;
        }
    }
}
