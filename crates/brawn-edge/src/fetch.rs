//! Whole objects, head first.

use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use brawn_core::{ByteSize, Error, ErrorKind, Result};
use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt as _};
use futures::{StreamExt as _, TryStreamExt as _};

use crate::attributes::Attributes;
use crate::buffers::Buffers;
use crate::location::{Address, shown};
use crate::pipe::{self, Held, Reading};
use crate::stop::Stop;
use crate::store::{Remote, Stores, Verified, When};

/// The first read of an object. Most photos' headers end within it, and a smaller object is then already whole.
pub(crate) const HEAD: u64 = 256 << 10;
/// The rest of a remote object is fetched in parts of this size, side by side.
const PART: usize = 8 << 20;
const PARTS_AT_ONCE: usize = 8;

/// An object whose beginning is here.
#[derive(Debug)]
pub(crate) struct Opened {
    /// The first bytes; all of them when the object has no more.
    pub(crate) head: Bytes,
    pub(crate) size: u64,
    /// Which file it is, however it is called.
    pub(crate) identity: Option<Identity>,
    /// The brawn job that wrote it, where its metadata says so.
    pub(crate) written_by: Option<String>,
    /// The memory of what had no size and had to be read to its end.
    pub(crate) held: Option<Held>,
    /// What a file has besides its content.
    pub(crate) attributes: Option<Attributes>,
    /// What tells its content from an earlier one, where something does: an ETag, or size and time of a file.
    pub(crate) version: Option<String>,
    /// The checksum that all of it agreed with, once all of it has come.
    pub(crate) verified: Verified,
    rest: Rest,
    buffers: Arc<Buffers>,
}

pub(crate) enum Rest {
    Nothing,
    File(Arc<File>),
    Object(Box<Remote>),
    /// Nobody knows how long it is.
    Pipe(Box<dyn Read + Send + Sync>),
}

impl std::fmt::Debug for Rest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Rest::Nothing => "Nothing",
            Rest::File(_) => "File",
            Rest::Object(_) => "Object",
            Rest::Pipe(_) => "Pipe",
        })
    }
}

/// Device and inode of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Identity {
    device: u64,
    inode: u64,
}

impl Identity {
    #[cfg(unix)]
    pub(crate) fn of(metadata: &std::fs::Metadata) -> Option<Identity> {
        use std::os::unix::fs::MetadataExt as _;
        Some(Identity { device: metadata.dev(), inode: metadata.ino() })
    }

    #[cfg(not(unix))]
    pub(crate) fn of(_: &std::fs::Metadata) -> Option<Identity> {
        None
    }
}

/// Opens a file and reads its beginning; a pipe or device as `reading` says. Blocks.
pub(crate) fn open_file(path: &Path, buffers: &Arc<Buffers>, reading: Pipes) -> Result<Opened> {
    let failed = |error: io::Error| file_fault(&error, "read", path);
    let file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if metadata.is_dir() {
        return Err(Error::invalid_options(format!("`{}` is a folder", path.display())));
    }
    let size = metadata.len();
    // Files of /proc have a content and no size.
    if !metadata.is_file() || size == 0 {
        let opened = open_pipe(file, buffers, reading, || format!("`{}`", path.display()))?;
        let identity = Identity::of(&metadata);
        let attributes = metadata.is_file().then(|| Attributes::of(&metadata));
        let version = metadata.is_file().then(|| version(&metadata)).flatten();
        return Ok(Opened { identity, attributes, version, ..opened });
    }
    let mut head = buffers.take(usize_of(size.min(HEAD))?);
    (&file).take(HEAD.min(size)).read_to_end(&mut head).map_err(failed)?;
    if (head.len() as u64) < HEAD.min(size) {
        return Err(changed(path));
    }
    let rest = if head.len() as u64 == size { Rest::Nothing } else { Rest::File(Arc::new(file)) };
    Ok(Opened {
        head: buffers.lend(head),
        size,
        identity: Identity::of(&metadata),
        written_by: None,
        held: None,
        attributes: Some(Attributes::of(&metadata)),
        version: version(&metadata),
        verified: Arc::default(),
        rest,
        buffers: Arc::clone(buffers),
    })
}

/// Fetches the beginning of an object.
pub(crate) async fn open_object(
    stores: &Stores,
    address: &Address,
    buffers: &Arc<Buffers>,
    when: When,
    stop: &Stop,
) -> Result<Opened> {
    let object = stores.object(address)?;
    // Side by side: who asks for the checksum waits no longer for the object.
    let asked = async { Ok(if when == When::Now { object.kept(stop).await } else { None }) };
    let (first, kept) = futures::try_join!(object.first(HEAD, stop), asked)?;
    let (version, verified) = (first.etag.clone(), Verified::default());
    let remote = Remote::new(object, first.etag, when, kept, Arc::clone(&verified));
    let rest = if first.bytes.len() as u64 == first.size {
        if let Some(stored) = remote.stored(stop).await {
            remote.verify(stored, first.bytes.clone(), stop).await?;
        }
        Rest::Nothing
    } else {
        Rest::Object(Box::new(remote))
    };
    Ok(Opened {
        head: first.bytes,
        size: first.size,
        identity: None,
        written_by: first.written_by,
        held: None,
        attributes: None,
        version,
        verified,
        rest,
        buffers: Arc::clone(buffers),
    })
}

/// How much of a pipe is read when it is opened.
pub(crate) enum Pipes {
    /// All of it: it has no size to plan with.
    Whole(Reading),
    /// Its beginning, for a job that streams.
    Head(Stop),
}

/// Reads standard input as `reading` says. Blocks.
pub(crate) fn read_stdin(buffers: &Arc<Buffers>, reading: Pipes) -> Result<Opened> {
    open_pipe(io::stdin(), buffers, reading, || "standard input".to_owned())
}

fn open_pipe(
    mut pipe: impl Read + Send + Sync + 'static,
    buffers: &Arc<Buffers>,
    reading: Pipes,
    named: impl Fn() -> String,
) -> Result<Opened> {
    match reading {
        Pipes::Whole(reading) => Ok(whole(pipe::read_to_end(&mut pipe, reading, named)?, buffers)),
        Pipes::Head(stop) => {
            let head = pipe::read_head(&mut pipe, HEAD, &stop, named)?;
            let rest =
                if (head.len() as u64) < HEAD { Rest::Nothing } else { Rest::Pipe(Box::new(pipe)) };
            Ok(Opened {
                size: head.len() as u64,
                head: head.into(),
                identity: None,
                written_by: None,
                held: None,
                attributes: None,
                version: None,
                verified: Arc::default(),
                rest,
                buffers: Arc::clone(buffers),
            })
        }
    }
}

fn whole((bytes, held): (Vec<u8>, Held), buffers: &Arc<Buffers>) -> Opened {
    Opened {
        size: bytes.len() as u64,
        head: bytes.into(),
        identity: None,
        written_by: None,
        held: Some(held),
        attributes: None,
        version: None,
        verified: Arc::default(),
        rest: Rest::Nothing,
        buffers: Arc::clone(buffers),
    }
}

impl Opened {
    /// What was given whole.
    pub(crate) fn given(content: Bytes, buffers: &Arc<Buffers>) -> Opened {
        Opened {
            size: content.len() as u64,
            head: content,
            identity: None,
            written_by: None,
            held: None,
            attributes: None,
            version: None,
            verified: Arc::default(),
            rest: Rest::Nothing,
            buffers: Arc::clone(buffers),
        }
    }

    /// Its size, where it is known before it has been read to the end.
    pub(crate) fn known_size(&self) -> Option<u64> {
        (!matches!(self.rest, Rest::Pipe(_))).then_some(self.size)
    }

    /// Its beginning, and what is still to be read.
    pub(crate) fn into_parts(self) -> (Bytes, Rest) {
        (self.head, self.rest)
    }

    /// Whether it is still to be fetched over a network.
    pub(crate) fn is_remote(&self) -> bool {
        matches!(self.rest, Rest::Object(_))
    }

    /// Whether every byte is here.
    pub(crate) fn is_whole(&self) -> bool {
        matches!(self.rest, Rest::Nothing)
    }

    /// The first `count` bytes of the object (or all), those that are here already included.
    pub(crate) async fn bytes(&self, count: u64, stop: &Stop) -> Result<Bytes> {
        let count = usize_of(count.min(self.size))?;
        if count <= self.head.len() {
            return Ok(self.head.slice(..count));
        }
        match &self.rest {
            Rest::Nothing | Rest::Pipe(_) => Ok(self.head.clone()),
            Rest::File(file) => {
                let (file, head) = (Arc::clone(file), self.head.clone());
                let buffers = Arc::clone(&self.buffers);
                let read = move || {
                    let bytes = read_file(&file, &head, buffers.take(count), count)?;
                    Ok(buffers.lend(bytes))
                };
                stop.guard(blocking(read)).await?
            }
            Rest::Object(remote) => {
                let Remote { object, etag, .. } = &**remote;
                let is_all = count as u64 == self.size;
                let stored = async { if is_all { remote.stored(stop).await } else { None } };
                let mut bytes = self.buffers.take(count);
                bytes.resize(count, 0);
                let (start, rest) = bytes.split_at_mut(self.head.len());
                start.copy_from_slice(&self.head);
                let offsets = (self.head.len() as u64..).step_by(PART);
                let parts: Vec<BoxFuture<'_, Result<()>>> = rest
                    .chunks_mut(PART)
                    .zip(offsets)
                    .map(|(part, offset)| object.read(offset, part, etag.as_deref(), stop).boxed())
                    .collect();
                let fetched = futures::stream::iter(parts)
                    .buffer_unordered(PARTS_AT_ONCE)
                    .try_for_each(|()| async { Ok(()) });
                let ((), stored) = futures::try_join!(fetched, stored.map(Ok))?;
                let bytes = self.buffers.lend(bytes);
                if let Some(stored) = stored {
                    remote.verify(stored, bytes.clone(), stop).await?;
                }
                Ok(bytes)
            }
        }
    }
}

fn read_file(mut file: &File, head: &[u8], mut bytes: Vec<u8>, count: usize) -> Result<Vec<u8>> {
    let failed = |error: io::Error| {
        Error::new(ErrorKind::Storage, "reading the file failed").with_source(error)
    };
    bytes.extend_from_slice(head);
    file.seek(SeekFrom::Start(head.len() as u64)).map_err(failed)?;
    file.take((count - head.len()) as u64).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() < count {
        return Err(Error::new(ErrorKind::Storage, "the file became shorter while it was read"));
    }
    Ok(bytes)
}

/// A file's size, and when it was last changed, in nanoseconds: its content may be another one when they are.
fn version(metadata: &std::fs::Metadata) -> Option<String> {
    let since = metadata.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(format!("{}-{}.{:09}", metadata.len(), since.as_secs(), since.subsec_nanos()))
}

fn changed(path: &Path) -> Error {
    Error::new(ErrorKind::Storage, format!("`{}` became shorter while it was read", path.display()))
}

fn usize_of(count: u64) -> Result<usize> {
    usize::try_from(count).map_err(|_| {
        Error::out_of_memory(format!("{} do not fit this machine's memory", ByteSize(count)))
    })
}

/// brawn's error for one of the file system.
pub(crate) fn file_fault(error: &io::Error, doing: &str, path: &Path) -> Error {
    let path = shown(path);
    match error.kind() {
        io::ErrorKind::NotFound => {
            Error::new(ErrorKind::NotFound, format!("`{path}` does not exist"))
        }
        io::ErrorKind::PermissionDenied => {
            Error::new(ErrorKind::Storage, format!("no permission to {doing} `{path}`"))
        }
        _ => Error::new(ErrorKind::Storage, format!("cannot {doing} `{path}`: {error}")),
    }
}

/// Runs `work`, which waits for disks, on a thread that may wait.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let span = tracing::Span::current();
    match tokio::task::spawn_blocking(move || span.in_scope(work)).await {
        Ok(outcome) => outcome,
        Err(error) => match error.try_into_panic() {
            Ok(payload) => Err(Error::panicked(payload.as_ref())),
            Err(_) => Err(Error::cancelled()),
        },
    }
}
