//! An object that is written in pieces, in constant memory, from a thread that may wait.

use std::sync::Arc;

use brawn_core::Result;
use bytes::Bytes;
use object_store::{MultipartUpload, ObjectStore, PutMultipartOptions};
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use super::object::{Object, attributes};
use crate::stop::Stop;

/// S3 takes 10,000 parts of an upload: 8 MiB each are 20 GB in the first quarter of them, and the rest grows.
const PART: usize = 8 << 20;
const PARTS_AT_ONCE: usize = 3;

/// The memory an upload holds as long as its parts are of the first size.
pub(crate) const HELD: u64 = ((PARTS_AT_ONCE + 1) * PART) as u64;

/// An upload that is completed when all of it has come, and aborted when it is dropped before. What fits in one part
/// is sent in one request.
pub(crate) struct Upload {
    object: Object,
    store: Arc<dyn ObjectStore>,
    content_type: &'static str,
    cache_control: Option<String>,
    job: &'static str,
    stop: Stop,
    runtime: Handle,
    buffer: Vec<u8>,
    open: Option<Box<dyn MultipartUpload>>,
    parts: JoinSet<object_store::Result<()>>,
    sent: usize,
}

impl Upload {
    pub(super) fn new(
        object: Object,
        store: Arc<dyn ObjectStore>,
        content_type: &'static str,
        cache_control: Option<&str>,
        job: &'static str,
        stop: Stop,
    ) -> Upload {
        Upload {
            object,
            store,
            content_type,
            cache_control: cache_control.map(str::to_owned),
            job,
            stop,
            runtime: Handle::current(),
            buffer: Vec::new(),
            open: None,
            parts: JoinSet::new(),
            sent: 0,
        }
    }

    fn part_size(&self) -> usize {
        match self.sent {
            0..2500 => PART,
            2500..5000 => 4 * PART,
            _ => 16 * PART,
        }
    }

    /// Appends. Waits while too many parts are on their way.
    pub(crate) fn write(&mut self, mut piece: &[u8]) -> Result<()> {
        while !piece.is_empty() {
            let size = self.part_size();
            let room = size.saturating_sub(self.buffer.len()).min(piece.len());
            let (now, rest) = piece.split_at(room);
            self.buffer.extend_from_slice(now);
            piece = rest;
            if self.buffer.len() >= size {
                self.send()?;
            }
        }
        Ok(())
    }

    /// Sends what was gathered as the next part.
    fn send(&mut self) -> Result<()> {
        let runtime = self.runtime.clone();
        runtime.block_on(async {
            if self.open.is_none() {
                let attributes =
                    attributes(self.content_type, self.cache_control.as_deref(), Some(self.job));
                let options = PutMultipartOptions::from(attributes);
                let begin = self.store.put_multipart_opts(&self.object.path, options);
                let begun = self.stop.guard(begin).await?;
                self.open = Some(begun.map_err(|error| self.object.fault(&error))?);
            }
            self.wait_for(PARTS_AT_ONCE - 1).await?;
            let part = Bytes::from(std::mem::take(&mut self.buffer));
            if let Some(open) = &mut self.open {
                self.parts.spawn(open.put_part(part.into()));
                self.sent += 1;
            }
            Ok(())
        })
    }

    /// Waits until no more than `left` parts are on their way.
    async fn wait_for(&mut self, left: usize) -> Result<()> {
        while self.parts.len() > left {
            match self.stop.guard(self.parts.join_next()).await? {
                Some(Ok(sent)) => sent.map_err(|error| self.object.fault(&error))?,
                Some(Err(_)) => return Err(brawn_core::Error::cancelled()),
                None => {}
            }
        }
        Ok(())
    }

    /// Makes the object appear.
    pub(crate) fn finish(mut self) -> Result<()> {
        if self.open.is_none() {
            let bytes = Bytes::from(std::mem::take(&mut self.buffer));
            let cache_control = self.cache_control.clone();
            let put = self.object.put(
                bytes,
                self.content_type,
                cache_control.as_deref(),
                Some(self.job),
                &self.stop,
            );
            return self.runtime.block_on(put);
        }
        if !self.buffer.is_empty() {
            self.send()?;
        }
        let runtime = self.runtime.clone();
        runtime.block_on(async {
            self.wait_for(0).await?;
            if let Some(open) = &mut self.open {
                let complete = self.stop.guard(open.complete()).await?;
                complete.map_err(|error| self.object.fault(&error))?;
            }
            self.open = None;
            Ok(())
        })
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if let Some(upload) = self.open.take() {
            let _runtime = self.runtime.enter();
            // Parts that arrive after the abort would stay.
            self.parts.abort_all();
            self.object.aborts.start(upload, self.object.retry, self.object.address.clone());
        }
    }
}
