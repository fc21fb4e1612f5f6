//! A queue as SQS keeps it, and the event source mapping that invokes a function with its messages.
//!
//! Messages come by [`serve`](crate::serve), which speaks SQS's JSON protocol for [`Queues`], or line by line. Sources: Amazon
//! SQS developer guide and API reference; AWS Lambda developer guide, "Using Lambda with Amazon SQS" and its chapter on
//! errors.

mod mapping;
mod message;
mod queue;
mod received;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use brawn_core::{Error, Result};
use tokio::sync::Notify;

pub use self::mapping::poll;
pub(crate) use self::message::{Attribute, Draft, md5_of, md5_of_attributes};
pub(crate) use self::queue::{Queue, sequence_number};
pub(crate) use self::received::Received;
use crate::clock::since_epoch;

/// What a message may have, with its attributes.
pub(crate) const MESSAGE_LIMIT: usize = 1 << 20;
/// Messages that may wait before lines are read on.
const BACKLOG: usize = 10_000;

/// The configuration of a queue and of its event source mapping, in the words of AWS.
#[derive(Clone, Debug)]
pub struct Mapping {
    /// The queue's name; one that ends with `.fifo` is a FIFO queue.
    pub queue: String,
    /// `BatchSize`: messages to an event, 10 at most without a window and for a FIFO queue, else 10,000.
    pub batch_size: usize,
    /// `MaximumBatchingWindowInSeconds`: how long a batch may wait to be full, up to 300 s.
    pub batch_window: Duration,
    /// How long a message that was received is hidden; it comes back then, if it was not deleted.
    pub visibility_timeout: Duration,
    /// `maxReceiveCount`: a message that was received so often goes to the dead-letter queue; `None` is without one.
    pub max_receive_count: Option<u32>,
    /// `ReportBatchItemFailures`: whether the function's answer is asked which messages failed.
    pub report_batch_item_failures: bool,
}

impl Mapping {
    /// A queue with the defaults of AWS: batches of 10 at once, hidden for 30 s, no dead-letter queue.
    pub fn new(queue: impl Into<String>) -> Mapping {
        Mapping {
            queue: queue.into(),
            batch_size: 10,
            batch_window: Duration::ZERO,
            visibility_timeout: Duration::from_secs(30),
            max_receive_count: None,
            report_batch_item_failures: false,
        }
    }

    /// How long a message must be hidden at least, so that it does not come back while its batch waits to be full or is worked on
    /// by a function of this `timeout`; 30 s, SQS's default, and the window are the least.
    pub fn least_visibility(&self, timeout: Duration) -> Duration {
        self.batch_window + timeout.max(Duration::from_secs(30))
    }

    fn is_fifo(&self) -> bool {
        self.queue.ends_with(".fifo")
    }

    /// The name of the dead-letter queue, whether there is one or not.
    pub fn dead_letters(&self) -> String {
        match self.queue.strip_suffix(".fifo") {
            Some(name) => format!("{name}-dlq.fifo"),
            None => format!("{}-dlq", self.queue),
        }
    }

    /// Refuses what AWS would refuse.
    fn check(&self) -> Result<()> {
        let name = self.queue.strip_suffix(".fifo").unwrap_or(&self.queue);
        let good = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
        if name.is_empty() || self.dead_letters().len() > 80 || !name.chars().all(good) {
            return Err(Error::invalid_options(format!(
                "`{}` cannot name a queue: letters, digits, - and _, with `-dlq` 80 at most, .fifo at the end of a FIFO queue",
                self.queue
            )));
        }
        let most = if self.is_fifo() { 10 } else { 10_000 };
        if !(1..=most).contains(&self.batch_size) {
            return Err(Error::invalid_options(format!(
                "a batch size of {} is not one of Lambda's: 1 to {most} for this queue",
                self.batch_size
            )));
        }
        if self.batch_size > 10 && self.batch_window < Duration::from_secs(1) {
            return Err(Error::invalid_options(
                "a batch size over 10 needs a batching window of at least 1 s, in Lambda too",
            )
            .with_hint("add `--sqs-batch-window 1`"));
        }
        if self.batch_window > Duration::from_secs(300) {
            return Err(Error::invalid_options("a batching window is 300 s at most"));
        }
        if self.is_fifo() && !self.batch_window.is_zero() {
            return Err(Error::invalid_options("a FIFO queue has no batching window"));
        }
        if self.visibility_timeout > Duration::from_secs(43_200) {
            return Err(Error::invalid_options("a visibility timeout is 12 hours at most"));
        }
        if self.max_receive_count.is_some_and(|count| !(1..=1000).contains(&count)) {
            return Err(Error::invalid_options(
                "a message is received 1 to 1000 times before it is a dead letter",
            ));
        }
        Ok(())
    }
}

/// A queue, and its dead-letter queue if it has one.
#[derive(Clone, Debug)]
pub struct Queues(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    mapping: Mapping,
    region: String,
    queues: Mutex<Vec<Queue>>,
    generation: AtomicU64,
    changed: Notify,
}

/// When a queue was looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    generation: u64,
    at: Instant,
}

impl Queues {
    /// Empty queues in `region`, for `mapping`.
    pub fn new(mapping: Mapping, region: &str) -> Result<Queues> {
        mapping.check()?;
        let hidden = mapping.visibility_timeout;
        let mut queues = vec![Queue::new(&mapping.queue, hidden, mapping.max_receive_count)];
        if mapping.max_receive_count.is_some() {
            queues.push(Queue::new(&mapping.dead_letters(), hidden, None));
        }
        Ok(Queues(Arc::new(Shared {
            mapping,
            region: region.to_owned(),
            queues: Mutex::new(queues),
            generation: AtomicU64::new(0),
            changed: Notify::new(),
        })))
    }

    /// The configuration.
    pub fn mapping(&self) -> &Mapping {
        &self.0.mapping
    }

    /// Sends each of `lines` that is not empty as a message, in its order, and waits where 10,000 are waiting already. In a FIFO
    /// queue they are one group. Gives how many were sent. Blocks: for a thread of its own.
    pub fn send_lines(
        &self,
        lines: impl IntoIterator<Item = std::io::Result<String>>,
    ) -> Result<u64> {
        let mut sent = 0;
        for line in lines {
            let line = line.map_err(|error| {
                Error::new(brawn_core::ErrorKind::InvalidInput, "the messages cannot be read")
                    .with_source(error)
            })?;
            if line.trim().is_empty() {
                continue;
            }
            while self.lock().first().is_some_and(|queue| queue.len() >= BACKLOG) {
                std::thread::sleep(Duration::from_millis(20));
            }
            let mut draft = Draft { body: line, ..Draft::default() };
            if self.mapping().is_fifo() {
                draft.group = Some("lines".to_owned());
                draft.deduplication = Some(crate::clock::uuid());
            }
            let refused = |text: String| {
                Error::invalid_options(format!("message {} cannot be sent: {text}", sent + 1))
            };
            draft.check(self.mapping().is_fifo()).map_err(refused)?;
            self.with(&self.mapping().queue.clone(), |queue| queue.send(draft, Instant::now()));
            sent += 1;
        }
        Ok(sent)
    }

    /// The URL of a queue that is served at `base`, such as `http://127.0.0.1:9000`.
    pub fn url(&self, base: &str, queue: &str) -> String {
        format!("{base}/{}/{queue}", crate::settings::ACCOUNT)
    }

    /// The names of the queues.
    pub(crate) fn names(&self) -> Vec<String> {
        self.lock().iter().map(|queue| queue.name().to_owned()).collect()
    }

    /// Does something with a queue, and wakes who waits for one; `None` where there is no such queue.
    pub(crate) fn with<T>(&self, name: &str, act: impl FnOnce(&mut Queue) -> T) -> Option<T> {
        let done = self.lock().iter_mut().find(|queue| queue.name() == name).map(act);
        self.touched();
        done
    }

    fn touched(&self) {
        self.0.generation.fetch_add(1, Ordering::AcqRel);
        self.0.changed.notify_waiters();
    }

    /// From here on [`change`](Queues::change) misses nothing.
    pub(crate) fn moment(&self) -> Moment {
        Moment { generation: self.0.generation.load(Ordering::Acquire), at: Instant::now() }
    }

    /// Takes the messages that are visible at a moment; those that have been received too often go to the dead-letter queue
    /// instead, and come back as ids.
    pub(crate) fn receive(
        &self,
        name: &str,
        moment: Moment,
        visibility: Option<Duration>,
        wanted: impl FnMut(&Received) -> bool,
    ) -> (Vec<Received>, Vec<String>) {
        let mut queues = self.lock();
        let Some(queue) = queues.iter_mut().find(|queue| queue.name() == name) else {
            return (Vec::new(), Vec::new());
        };
        let arn = self.arn(name);
        let now = since_epoch().as_millis();
        let (taken, dead) = queue.receive(moment.at, now, visibility, wanted);
        let ids: Vec<String> = dead.iter().map(|held| held.id().to_owned()).collect();
        if let Some(letters) = queues.get_mut(1) {
            dead.into_iter().for_each(|held| letters.bury(held, &arn));
        }
        drop(queues);
        if !ids.is_empty() {
            self.touched();
        }
        (taken, ids)
    }

    /// Waits, until `until` at most, for a reason to receive again: something was done with a queue since `moment`, or a message
    /// has become visible.
    pub(crate) async fn change(&self, name: &str, moment: Moment, until: Instant) {
        let changed = self.0.changed.notified();
        tokio::pin!(changed);
        changed.as_mut().enable();
        if self.0.generation.load(Ordering::Acquire) != moment.generation {
            return;
        }
        // What is visible already was passed over: a message of the same group is being worked on.
        let next = {
            let queues = self.lock();
            queues.iter().find(|queue| queue.name() == name).and_then(|queue| queue.next(moment.at))
        };
        let until = next.map_or(until, |next| next.min(until));
        tokio::select! {
            () = changed => {}
            () = tokio::time::sleep_until(until.into()) => {}
        }
    }

    /// `arn:aws:sqs:REGION:ACCOUNT:NAME`.
    pub(crate) fn arn(&self, name: &str) -> String {
        format!("arn:aws:sqs:{}:{}:{name}", self.0.region, crate::settings::ACCOUNT)
    }

    pub(crate) fn region(&self) -> &str {
        &self.0.region
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Queue>> {
        self.0.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_aws_refuses_is_refused() {
        let told = |change: fn(&mut Mapping)| {
            let mut mapping = Mapping::new("jobs");
            change(&mut mapping);
            mapping.check().map_err(|error| error.to_string()).expect_err("refused")
        };
        assert!(Mapping::new("jobs").check().is_ok() && Mapping::new("jobs.fifo").check().is_ok());
        assert!(told(|mapping| mapping.queue = "a b".to_owned()).contains("`a b`"));
        assert!(told(|mapping| mapping.batch_size = 0).contains("1 to 10000"));
        assert!(told(|mapping| mapping.batch_size = 11).contains("at least 1 s"));
        let fifo = |mapping: &mut Mapping| {
            mapping.queue = "jobs.fifo".to_owned();
            mapping.batch_window = Duration::from_secs(1);
        };
        assert!(told(fifo).contains("no batching window"));
        assert!(told(|mapping| mapping.max_receive_count = Some(0)).contains("1 to 1000"));
        let window = Mapping { batch_window: Duration::from_secs(60), ..Mapping::new("jobs") };
        let least = |timeout| window.least_visibility(Duration::from_secs(timeout)).as_secs();
        assert_eq!([least(3), least(100)], [90, 160]);
        assert_eq!(Mapping::new("jobs.fifo").dead_letters(), "jobs-dlq.fifo");
    }
}
