//! An object of which the beginning is here, and holding all of it to the checksum that its store keeps.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use brawn_core::{Error, ErrorKind, Result};
use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::HeaderMap;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::checksum::{Check, Mismatch, Parts, Said, Stored};
use super::object::Object;
use crate::fetch::blocking;
use crate::stop::Stop;

/// The question is asked besides: nobody waits longer for its answer, and nobody asks it often.
const PATIENCE: Duration = Duration::from_secs(5);
pub(super) const ATTEMPTS: u32 = 3;

/// Parts that are asked for at once.
const AT_ONCE: usize = 8;

/// Between two looks at whether anybody still waits.
const STEP: usize = 1 << 20;

/// A request that is to be answered with a checksum carries it in its extensions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ask {
    /// Of this part, from 1 on, of which the answer tells the size.
    #[cfg_attr(not(feature = "s3"), expect(dead_code, reason = "only S3 is asked"))]
    pub(super) part: Option<u64>,
}

/// The headers of the answer, in its extensions.
#[derive(Clone, Debug)]
pub(super) struct Told(pub(super) HeaderMap);

/// The name of a checksum that all bytes agreed with, told to whoever holds a clone.
pub(crate) type Verified = Arc<OnceLock<&'static str>>;

/// When a store is asked for a checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// Beside the first read: it may be all that there is to read.
    Now,
    /// When the rest is read.
    Later,
    /// Not all of it will be read.
    Never,
}

/// One version of an object.
#[derive(Clone, Debug)]
pub(crate) struct Remote {
    pub(crate) object: Object,
    pub(crate) etag: Option<String>,
    asked: Asked,
    verified: Verified,
}

#[derive(Clone, Debug)]
enum Asked {
    Answered(Option<Stored>),
    NotYet,
}

/// A checksum, and the ETag of the object it belongs to.
#[derive(Debug)]
pub(crate) struct Kept {
    stored: Stored,
    etag: Option<String>,
}

impl Remote {
    /// The version with `etag`; `kept` is what was answered, where it was asked.
    pub(crate) fn new(
        object: Object,
        etag: Option<String>,
        when: When,
        kept: Option<Kept>,
        verified: Verified,
    ) -> Remote {
        let asked = match when {
            When::Later => Asked::NotYet,
            When::Now | When::Never => Asked::Answered(of_version(kept, etag.as_deref())),
        };
        Remote { object, etag, asked, verified }
    }

    /// Its checksum, where one is known.
    pub(crate) async fn stored(&self, stop: &Stop) -> Option<Stored> {
        match &self.asked {
            Asked::Answered(stored) => stored.clone(),
            Asked::NotYet => of_version(self.object.kept(stop).await, self.etag.as_deref()),
        }
    }

    /// Holds `bytes`, all of it, to `stored`.
    ///
    /// # Errors
    /// When they are others, and that of the budget.
    pub(crate) async fn verify(&self, stored: Stored, bytes: Bytes, stop: &Stop) -> Result<()> {
        let end = stop.clone();
        let work = move || {
            let mut check = stored.check();
            for step in bytes.chunks(STEP) {
                end.reason().map_or(Ok(()), Err)?;
                check.update(step);
            }
            Ok(check.finish())
        };
        self.judge(stop.guard(blocking(work)).await??, stop).await
    }

    async fn judge(&self, checked: Result<&'static str, Mismatch>, stop: &Stop) -> Result<()> {
        let mismatch = match checked {
            Ok(name) => {
                // It may have been read before, for its plan.
                let _the_same = self.verified.set(name);
                return Ok(());
            }
            Err(mismatch) => mismatch,
        };
        if let Some(parts) = mismatch.parts
            && !self.has_equal_parts(parts, stop).await?
        {
            let object = self.object.address();
            tracing::warn!(%object, "not verified: its checksum is of parts of several sizes");
            return Ok(());
        }
        let Mismatch { algorithm, came, kept, .. } = mismatch;
        let named = self.object.address();
        Err(Error::new(
            ErrorKind::Storage,
            format!("`{named}` did not arrive as it is stored: its {algorithm} is {came}, the store keeps {kept}"),
        )
        .with_hint("try again; if it stays, what the store holds is damaged or a proxy changes it (AWS_RESPONSE_CHECKSUM_VALIDATION=when_required reads it all the same)"))
    }

    /// Whether the parts between the first and the last are as large as the first. Asked only when they do not agree: most uploaders
    /// make them so, and those that flush a buffer when it is full enough do not.
    async fn has_equal_parts(&self, parts: Parts, stop: &Stop) -> Result<bool> {
        let sizes =
            (2..parts.count).map(|part| self.object.part_size(part, self.etag.clone(), stop));
        futures::stream::iter(sizes)
            .buffer_unordered(AT_ONCE)
            .try_all(async |size| size == parts.size)
            .await
    }

    /// Holds what will come, after `head`, to the checksum. To be called inside of the async runtime.
    pub(crate) fn verifier(self, head: Bytes, stop: Stop) -> Verifier {
        let (remote, end) = (self.clone(), stop.clone());
        let asking = tokio::spawn(async move { remote.stored(&end).await });
        let state = State::Asking(asking, head);
        Verifier { remote: self, state, stop, runtime: Handle::current() }
    }
}

fn of_version(kept: Option<Kept>, etag: Option<&str>) -> Option<Stored> {
    let kept = kept?;
    if etag.is_none() || kept.etag.as_deref() != etag {
        tracing::debug!(?etag, of = ?kept.etag, "not verified: the checksum is of another version");
        return None;
    }
    Some(kept.stored)
}

/// Looks at an object as it comes, on a thread that may wait.
pub(crate) struct Verifier {
    remote: Remote,
    state: State,
    stop: Stop,
    runtime: Handle,
}

enum State {
    Asking(JoinHandle<Option<Stored>>, Bytes),
    Checking(Check),
    NotKnown,
}

impl Verifier {
    /// The next bytes.
    pub(crate) fn update(&mut self, piece: &[u8]) -> Result<()> {
        if let State::Asking(asking, head) = &mut self.state {
            let stored = self.runtime.block_on(self.stop.guard(asking))?.unwrap_or_default();
            self.state = match stored {
                Some(stored) => {
                    let mut check = stored.check();
                    check.update(head);
                    State::Checking(check)
                }
                None => State::NotKnown,
            };
        }
        if let State::Checking(check) = &mut self.state {
            check.update(piece);
        }
        Ok(())
    }

    /// All have come.
    ///
    /// # Errors
    /// When they are others than the store keeps.
    pub(crate) fn finish(&mut self) -> Result<()> {
        match std::mem::replace(&mut self.state, State::NotKnown) {
            State::Checking(check) => {
                self.runtime.block_on(self.remote.judge(check.finish(), &self.stop))
            }
            _ => Ok(()),
        }
    }
}

impl Object {
    /// The checksum that the store keeps with the object as it is now; `None` where it keeps none that brawn can compute, does
    /// not say, or is not to be asked.
    pub(crate) async fn kept(&self, stop: &Stop) -> Option<Kept> {
        if !self.asks() {
            return None;
        }
        let object = self.address();
        match tokio::time::timeout(PATIENCE, self.question(stop)).await {
            Ok(Ok(kept)) => kept,
            Ok(Err(error)) if error.kind() == ErrorKind::Unsupported => {
                self.asks_no_more();
                tracing::warn!(bucket = %object.bucket, %error, "what is read is not verified: the store tells no checksums");
                None
            }
            // Reading it says so.
            Ok(Err(error)) if error.kind() == ErrorKind::NotFound || error.is_cancelled() => None,
            Ok(Err(error)) => {
                tracing::warn!(%object, %error, "not verified: its checksum is not known");
                None
            }
            Err(_) => {
                tracing::warn!(%object, "not verified: the store did not tell its checksum in time");
                None
            }
        }
    }

    async fn question(&self, stop: &Stop) -> Result<Option<Kept>> {
        let (meta, said) = self.ask(Ask { part: None }, None, stop).await?;
        let stored = match said {
            Said::Whole(stored) => Some(stored),
            Said::Composite(stored, count) => {
                let part = self.part_size(1, meta.e_tag.clone(), stop).await?;
                stored.in_parts(count, part, meta.size)
            }
            Said::Nothing => None,
        };
        if stored.is_none() {
            let object = self.address();
            tracing::debug!(%object, "not verified: the store keeps no checksum that brawn computes");
        }
        Ok(stored.map(|stored| Kept { stored, etag: meta.e_tag }))
    }

    async fn part_size(&self, part: u64, etag: Option<String>, stop: &Stop) -> Result<u64> {
        let (meta, _) = self.ask(Ask { part: Some(part) }, etag, stop).await?;
        Ok(meta.size)
    }
}
