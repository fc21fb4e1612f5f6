//! One object of a store.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use brawn_core::{Error, ErrorKind, Result};
use bytes::Bytes;
use futures::TryStreamExt as _;
use object_store::path::Path;
use object_store::{
    Attribute, Attributes, Extensions, GetOptions, GetRange, MultipartUpload, ObjectMeta,
    ObjectStore, ObjectStoreExt as _, PutMultipartOptions, PutOptions, PutPayload,
};

use super::aborts::Aborts;
use super::checksum::Said;
use super::fault::{answers_403, answers_416, fault, is_unknown};
use super::remote::{self, Ask, Told};
use super::unaddressable;
use crate::location::{Address, Scheme};
use crate::retry::Retry;
use crate::stop::Stop;

/// The metadata that brawn leaves on what it writes (`x-amz-meta-brawn`), with the job's name: a function that is
/// triggered by its own output sees it and stops.
pub(crate) const MARKER: &str = "brawn";

/// From here on an object is uploaded in parts. One request is one chance to fail; S3 allows it up to 5 GiB and asks
/// for 5 MiB at least in a part.
const MULTIPART_FROM: usize = 16 << 20;
const PART: usize = 8 << 20;
const PARTS_AT_ONCE: usize = 4;

/// The store's form of a key, if it leaves every byte of the key as it is.
pub(super) fn path(address: &Address) -> Result<Path> {
    let path = Path::parse(&address.key).map_err(|_| {
        unaddressable(address, "its key has an empty, `.` or `..` part or a control character")
    })?;
    if path.as_ref() != address.key {
        return Err(unaddressable(address, "its key starts or ends with `/`"));
    }
    Ok(path)
}

/// Whether there is such an object is not for everyone to know.
fn hidden(address: &Address, cause: Error) -> Error {
    Error::new(cause.kind(), format!("the store does not tell whether `{address}` exists (403)"))
        .with_hint("looking for what exists needs s3:ListBucket on the bucket and s3:GetObject on its objects")
}

/// One object of a store, there or not.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    store: Arc<dyn ObjectStore>,
    pub(super) path: Path,
    pub(super) address: Address,
    pub(super) retry: Retry,
    pub(super) aborts: Aborts,
    /// Whether the store is asked for checksums.
    asks: Arc<AtomicBool>,
}

/// The beginning of an object and what came with it.
#[derive(Clone, Debug)]
pub(crate) struct First {
    pub(crate) bytes: Bytes,
    pub(crate) size: u64,
    pub(crate) etag: Option<String>,
    /// The name of the brawn job that wrote it.
    pub(crate) written_by: Option<String>,
}

impl Object {
    pub(super) fn new(
        store: Arc<dyn ObjectStore>,
        path: Path,
        address: Address,
        retry: Retry,
        aborts: Aborts,
        asks: Arc<AtomicBool>,
    ) -> Object {
        Object { store, path, address, retry, aborts, asks }
    }

    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    pub(super) fn fault(&self, error: &object_store::Error) -> Error {
        fault(error, &self.address)
    }

    /// Its size, or `None` where there is no such object.
    ///
    /// # Errors
    /// With the permission that is missing where S3 does not tell: who may not list a bucket is answered 403 for what
    /// is not there, as for what may not be read.
    pub(crate) async fn size(&self, stop: &Stop) -> Result<Option<u64>> {
        let head = self
            .retry
            .run(stop, || async {
                self.store.head(&self.path).await.map_err(|error| match self.fault(&error) {
                    fault if answers_403(&error) => hidden(&self.address, fault),
                    fault => fault,
                })
            })
            .await;
        match head {
            Ok(meta) => Ok(Some(meta.size)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Its first `count` bytes, or all where it has fewer.
    pub(crate) async fn first(&self, count: u64, stop: &Stop) -> Result<First> {
        self.retry.run(stop, || self.first_once(count)).await
    }

    async fn first_once(&self, count: u64) -> Result<First> {
        let range = Some(GetRange::Bounded(0..count));
        let options = GetOptions { range, ..GetOptions::default() };
        let answer = match self.store.get_opts(&self.path, options).await {
            Ok(answer) => answer,
            Err(error) if self.may_be_empty(&error) => {
                return self.empty().await.ok_or_else(|| self.fault(&error));
            }
            Err(error) => return Err(self.fault(&error)),
        };
        let (size, etag) = (answer.meta.size, answer.meta.e_tag.clone());
        let written_by = answer
            .attributes
            .get(&Attribute::Metadata(MARKER.into()))
            .map(|value| value.to_string());
        let bytes = answer.bytes().await.map_err(|error| self.fault(&error))?;
        Ok(First { bytes, size, etag, written_by })
    }

    /// Asks for a checksum, without a range: to one that is all of the object S3 answers with a composite checksum that does not say
    /// it is one (<https://github.com/boto/botocore/issues/3346>), and to any other with none. Of a part, the size is the part's.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] where the store does not know the question.
    pub(super) async fn ask(
        &self,
        ask: Ask,
        if_match: Option<String>,
        stop: &Stop,
    ) -> Result<(ObjectMeta, Said)> {
        let retry = Retry { attempts: self.retry.attempts.min(remote::ATTEMPTS), ..self.retry };
        let once = || async {
            let mut extensions = Extensions::new();
            extensions.insert(ask);
            let if_match = if_match.clone();
            let options = GetOptions { head: true, if_match, extensions, ..GetOptions::default() };
            let answer = self.store.get_opts(&self.path, options).await;
            let answer = answer.map_err(|error| match is_unknown(&error) {
                true => Error::unsupported(self.fault(&error).to_string()),
                false => self.fault(&error),
            })?;
            let told = answer.extensions.get::<Told>();
            let said = told.map_or(Said::Nothing, |told| Said::of(&told.0));
            Ok((answer.meta, said))
        };
        retry.run(stop, once).await
    }

    /// Whether the store is to be asked for checksums.
    pub(super) fn asks(&self) -> bool {
        self.asks.load(Ordering::Relaxed)
    }

    /// For all objects of its bucket.
    pub(super) fn asks_no_more(&self) {
        self.asks.store(false, Ordering::Relaxed);
    }

    fn may_be_empty(&self, error: &object_store::Error) -> bool {
        self.address.scheme == Scheme::Memory || answers_416(error)
    }

    /// No range lies within an empty object: stores answer with an error (416) that does not say so.
    async fn empty(&self) -> Option<First> {
        let meta = self.store.head(&self.path).await.ok().filter(|meta| meta.size == 0)?;
        Some(First { bytes: Bytes::new(), size: 0, etag: meta.e_tag, written_by: None })
    }

    /// Fills `buffer` with the bytes from `offset` on. An object that is no longer the one with `etag` is an error
    /// and not a mix of two. After a broken connection it goes on where it was.
    pub(crate) async fn read(
        &self,
        offset: u64,
        buffer: &mut [u8],
        etag: Option<&str>,
        stop: &Stop,
    ) -> Result<()> {
        let mut filled = 0;
        let mut tries = self.retry.tries();
        while let Err(error) = stop.guard(self.read_once(offset, buffer, &mut filled, etag)).await?
        {
            tries.after(error, stop).await?;
        }
        Ok(())
    }

    async fn read_once(
        &self,
        offset: u64,
        buffer: &mut [u8],
        filled: &mut usize,
        etag: Option<&str>,
    ) -> Result<()> {
        let range = offset + *filled as u64..offset + buffer.len() as u64;
        let options = GetOptions {
            range: Some(GetRange::Bounded(range)),
            if_match: etag.map(str::to_owned),
            ..GetOptions::default()
        };
        let answer = self.store.get_opts(&self.path, options).await;
        let mut stream = answer.map_err(|error| self.fault(&error))?.into_stream();
        while let Some(chunk) = stream.try_next().await.map_err(|error| self.fault(&error))? {
            let Some(place) = buffer.get_mut(*filled..*filled + chunk.len()) else {
                return Err(self.broken("more bytes came than were asked for"));
            };
            place.copy_from_slice(&chunk);
            *filled += chunk.len();
        }
        if *filled == buffer.len() { Ok(()) } else { Err(self.broken("the answer ended early")) }
    }

    fn broken(&self, what: &str) -> Error {
        Error::new(ErrorKind::Unavailable, format!("`{}`: {what}", self.address))
    }

    /// Stores `bytes` whole or not at all, marked with the name of the job they come from.
    pub(crate) async fn put(
        &self,
        bytes: Bytes,
        content_type: &'static str,
        cache_control: Option<&str>,
        job: Option<&'static str>,
        stop: &Stop,
    ) -> Result<()> {
        let attributes = attributes(content_type, cache_control, job);
        self.retry
            .run(stop, || async {
                let done = if bytes.len() >= MULTIPART_FROM && self.address.scheme == Scheme::S3 {
                    self.put_parts(&bytes, attributes.clone()).await
                } else {
                    let options = PutOptions::from(attributes.clone());
                    let payload = PutPayload::from(bytes.clone());
                    self.store.put_opts(&self.path, payload, options).await.map(drop)
                };
                done.map_err(|error| self.fault(&error))
            })
            .await
    }

    /// One multipart upload, aborted unless it is completed. A part that fails ends this attempt: the client numbers
    /// parts as they are handed over and cannot send one again.
    async fn put_parts(&self, bytes: &Bytes, attributes: Attributes) -> object_store::Result<()> {
        use futures::StreamExt as _;
        let options = PutMultipartOptions::from(attributes);
        let mut upload = AbortOnDrop {
            upload: Some(self.store.put_multipart_opts(&self.path, options).await?),
            object: self,
        };
        let Some(open) = upload.upload.as_mut() else { return Ok(()) };
        let parts = (0..bytes.len())
            .step_by(PART)
            .map(|start| bytes.slice(start..(start + PART).min(bytes.len())))
            .map(|part| open.put_part(part.into()))
            .collect::<Vec<_>>();
        futures::stream::iter(parts)
            .buffer_unordered(PARTS_AT_ONCE)
            .try_for_each(|()| async { Ok(()) })
            .await?;
        open.complete().await?;
        upload.upload = None;
        Ok(())
    }
}

/// What is stored with an object.
pub(super) fn attributes(
    content_type: &'static str,
    cache_control: Option<&str>,
    job: Option<&'static str>,
) -> Attributes {
    let mut attributes = Attributes::new();
    attributes.insert(Attribute::ContentType, content_type.into());
    if let Some(job) = job {
        attributes.insert(Attribute::Metadata(MARKER.into()), job.into());
    }
    if let Some(cache_control) = cache_control {
        attributes.insert(Attribute::CacheControl, cache_control.to_owned().into());
    }
    attributes
}

/// Parts of an upload that is not completed are stored, and paid for, until somebody aborts it.
struct AbortOnDrop<'a> {
    upload: Option<Box<dyn MultipartUpload>>,
    object: &'a Object,
}

impl Drop for AbortOnDrop<'_> {
    fn drop(&mut self) {
        if let Some(upload) = self.upload.take() {
            self.object.aborts.start(upload, self.object.retry, self.object.address.clone());
        }
    }
}
