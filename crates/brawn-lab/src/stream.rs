//! A streamed response on its way from the function to its caller, and how it ended.

use std::sync::{Arc, OnceLock};

use bytes::{Bytes, BytesMut};
use tokio::sync::mpsc;

use crate::runtime_api::Fault;

/// How many chunks wait for a caller that reads more slowly than the function writes.
const WAITING: usize = 4;

/// A streamed response as it comes. The function waits for who reads it, as behind any full pipe; where this is dropped it
/// says the rest to nobody.
#[derive(Debug)]
pub struct Chunks {
    /// Read already, and put back.
    first: Option<Bytes>,
    chunks: mpsc::Receiver<Bytes>,
    ended: Ended,
}

/// Why a streamed response is not complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Lambda's error type, such as `Runtime.TruncatedResponse`, or the function's own.
    pub kind: String,
    /// The error object.
    pub body: Bytes,
}

/// The side that the function writes to. Dropped without [`Sender::end`] it leaves a response that broke off.
#[derive(Debug)]
pub(crate) struct Sender {
    chunks: mpsc::Sender<Bytes>,
    ended: Ended,
}

/// Beside the channel, so that an end waits for nobody.
type Ended = Arc<OnceLock<Result<(), Broken>>>;

pub(crate) fn channel() -> (Sender, Chunks) {
    let (sender, receiver) = mpsc::channel(WAITING);
    let ended = Ended::default();
    let sender = Sender { chunks: sender, ended: Arc::clone(&ended) };
    (sender, Chunks { first: None, chunks: receiver, ended })
}

impl Sender {
    /// Waits until there is room, or nobody who reads.
    pub(crate) async fn send(&self, chunk: Bytes) {
        // The caller may have gone; the function may say all it has to say.
        let _ = self.chunks.send(chunk).await;
    }

    pub(crate) fn end(self, ended: Result<(), Broken>) {
        // Who takes no more has set an end already.
        let _ = self.ended.set(ended);
    }
}

impl Chunks {
    /// The next chunk; `None` after the last of a complete response. An error where the response broke off: the function timed
    /// out, ended, said too much, or reported an error behind what it had written.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Broken> {
        if let Some(first) = self.first.take() {
            return Ok(Some(first));
        }
        if let Some(chunk) = self.chunks.recv().await {
            return Ok(Some(chunk));
        }
        self.ended.get().cloned().unwrap_or_else(|| Err(broken_off())).map(|()| None)
    }

    /// What was read too far comes again first.
    pub(crate) fn put_back(&mut self, chunk: Bytes) {
        self.first = Some(chunk);
    }

    /// Takes no more: what the function says from now on is lost, and it need not wait to say it.
    pub(crate) fn close(&mut self) {
        // Whole already: then all of it is here.
        let _ = self.ended.set(Err(broken_off()));
        self.chunks.close();
    }

    /// Reads to the end and keeps the first `most` bytes.
    pub(crate) async fn collect(mut self, most: usize) -> Result<Bytes, Broken> {
        let mut kept = BytesMut::new();
        while let Some(mut chunk) = self.next().await? {
            chunk.truncate(most.saturating_sub(kept.len()));
            kept.extend_from_slice(&chunk);
        }
        Ok(kept.freeze())
    }
}

fn broken_off() -> Broken {
    Fault::new("Runtime.TruncatedResponse", "the response broke off").into()
}

impl From<Fault> for Broken {
    fn from(fault: Fault) -> Broken {
        Broken { kind: fault.kind, body: fault.body }
    }
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the streamed response ended with {}", self.kind)
    }
}

impl std::error::Error for Broken {}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_end_is_told_from_a_break() {
        let (sender, mut whole) = channel();
        sender.send("ab".into()).await;
        sender.end(Ok(()));
        assert_eq!(whole.next().await, Ok(Some("ab".into())));
        whole.put_back("b".into());
        assert_eq!(whole.collect(9).await, Ok("b".into()));

        let (sender, mut broken) = channel();
        sender.send("ab".into()).await;
        drop(sender);
        assert_eq!(broken.next().await, Ok(Some("ab".into())));
        for _ in 0..2 {
            let told = broken.next().await.expect_err("it broke off").kind;
            assert_eq!(told, "Runtime.TruncatedResponse");
        }

        let (sender, failed) = channel();
        sender.end(Err(Fault::new("Function.Oops", "rain").into()));
        assert_eq!(failed.collect(9).await.expect_err("it failed").kind, "Function.Oops");
    }

    #[tokio::test]
    async fn the_end_waits_for_nobody_and_no_more_is_kept_than_was_asked_for() {
        let (sender, chunks) = channel();
        for _ in 0..WAITING {
            sender.send("abc".into()).await;
        }
        sender.end(Ok(()));
        assert_eq!(chunks.collect(7).await, Ok("abcabca".into()));
    }
}
