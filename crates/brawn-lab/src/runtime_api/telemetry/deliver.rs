//! Events to one subscriber, in batches and in constant memory.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::Notify;

use super::subscription::{Buffering, Destination};
use crate::clock::Utc;

/// How much may wait for a subscriber that does not keep up, in batches.
const BACKLOG: usize = 4;

#[derive(Debug)]
pub(super) struct Queue {
    buffering: Buffering,
    /// Whether losses are told.
    platform: bool,
    waiting: Mutex<Waiting>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    events: Vec<String>,
    bytes: usize,
    since: Option<Instant>,
    urgent: bool,
    lost: Option<Lost>,
}

#[derive(Debug)]
struct Lost {
    records: usize,
    bytes: usize,
    why: String,
}

impl Queue {
    pub(super) fn new(buffering: Buffering, platform: bool) -> Queue {
        Queue { buffering, platform, waiting: Mutex::default(), changed: Notify::new() }
    }

    pub(super) fn push(&self, event: String) {
        let mut waiting = self.lock();
        if waiting.bytes + event.len() > self.buffering.bytes * BACKLOG {
            let why = "the subscriber is slower than what it has subscribed to";
            waiting.lose(1, event.len(), why.to_owned());
            return;
        }
        waiting.bytes += event.len();
        waiting.events.push(event);
        if waiting.since.is_none() {
            waiting.since = Some(Instant::now());
            self.changed.notify_one();
        } else if self.is_full(&waiting) {
            self.changed.notify_one();
        }
    }

    pub(super) fn flush(&self) {
        self.lock().urgent = true;
        self.changed.notify_one();
    }

    fn is_full(&self, waiting: &Waiting) -> bool {
        waiting.events.len() >= self.buffering.items || waiting.bytes >= self.buffering.bytes
    }

    /// Waits for a batch: until one is full, or its first event has waited long enough.
    async fn batch(&self) -> Vec<String> {
        loop {
            let due = {
                let mut waiting = self.lock();
                let due = waiting.since.map(|since| since + self.buffering.timeout);
                let now = due.is_some_and(|due| due <= Instant::now());
                if due.is_some() && (now || waiting.urgent || self.is_full(&waiting)) {
                    return self.take(&mut waiting);
                }
                due
            };
            match due {
                None => self.changed.notified().await,
                Some(due) => {
                    let _ = tokio::time::timeout_at(due.into(), self.changed.notified()).await;
                }
            }
        }
    }

    fn take(&self, waiting: &mut Waiting) -> Vec<String> {
        let mut end = 0;
        let mut bytes = 0;
        for event in waiting.events.iter().take(self.buffering.items) {
            (end, bytes) = (end + 1, bytes + event.len());
            if bytes >= self.buffering.bytes {
                break;
            }
        }
        let rest = waiting.events.split_off(end);
        let mut batch = std::mem::replace(&mut waiting.events, rest);
        waiting.bytes -= bytes;
        waiting.since = (!waiting.events.is_empty()).then(Instant::now);
        waiting.urgent &= waiting.since.is_some();
        if let Some(lost) = waiting.lost.take().filter(|_| self.platform) {
            let record = json!({
                "reason": lost.why, "droppedRecords": lost.records, "droppedBytes": lost.bytes,
            });
            let event = json!({ "time": Utc::now().iso(), "type": "platform.logsDropped", "record": record });
            batch.push(event.to_string());
        }
        batch
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn lose(&mut self, records: usize, bytes: usize, why: String) {
        let before = self.lost.take().map_or((0, 0), |lost| (lost.records, lost.bytes));
        self.lost = Some(Lost { records: before.0 + records, bytes: before.1 + bytes, why });
    }
}

/// Sends batch after batch. What cannot be delivered is counted as lost, and that is told with the next batch.
pub(super) async fn deliver(queue: std::sync::Arc<Queue>, destination: Destination) {
    let mut socket = None;
    loop {
        let batch = queue.batch().await;
        let sent = match &destination {
            Destination::Http { port, path } => post(*port, path, &batch).await,
            Destination::Tcp { port } => write(&mut socket, *port, &batch).await,
        };
        if let Err(error) = sent {
            socket = None;
            let bytes = batch.iter().map(String::len).sum();
            queue.lock().lose(batch.len(), bytes, format!("could not send events: {error}"));
        }
    }
}

type Sent = Result<(), Box<dyn std::error::Error + Send + Sync>>;

async fn post(port: u16, path: &str, batch: &[String]) -> Sent {
    let stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let request = Request::post(path)
        .header("host", format!("sandbox.localdomain:{port}"))
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(format!("[{}]", batch.join(",")))))?;
    let asking = async {
        let response = sender.send_request(request).await?;
        let status = response.status();
        response.into_body().collect().await?;
        // So that the connection ends.
        drop(sender);
        Ok::<_, hyper::Error>(status)
    };
    let (driven, status) = tokio::join!(connection, asking);
    let status = status?;
    if status.is_client_error() || status.is_server_error() {
        return Err(format!("the subscriber answered {status}").into());
    }
    driven.map_err(Into::into)
}

/// A line for each event.
async fn write(socket: &mut Option<TcpStream>, port: u16, batch: &[String]) -> Sent {
    let mut stream = match socket.take() {
        Some(stream) => stream,
        None => TcpStream::connect(("127.0.0.1", port)).await?,
    };
    stream.write_all(format!("{}\n", batch.join("\n")).as_bytes()).await?;
    *socket = Some(stream);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_slow_subscriber_costs_no_more_memory_and_is_told_what_it_missed() {
        let buffering = Buffering { items: 1000, bytes: 262_144, timeout: Duration::from_secs(1) };
        let queue = Queue::new(buffering, true);
        let event = "x".repeat(1000);
        for _ in 0..3000 {
            queue.push(event.clone());
        }
        let mut waiting = queue.lock();
        assert!(waiting.bytes <= 262_144 * BACKLOG);
        let kept = waiting.events.len();
        let batch = queue.take(&mut waiting);
        // Up to the bytes of a batch, and a word on the rest.
        assert_eq!(batch.len(), 263 + 1);
        let told: serde_json::Value = serde_json::from_str(&batch[263]).expect("JSON");
        assert_eq!(told["type"], "platform.logsDropped");
        assert_eq!(told["record"]["droppedRecords"], 3000 - kept);
        assert!(waiting.since.is_some() && waiting.lost.is_none());
    }
}
