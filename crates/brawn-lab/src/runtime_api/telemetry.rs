//! The Telemetry API: who has subscribed to what, and the events on their way there.
//!
//! Sources: AWS Lambda developer guide, "Lambda Telemetry API reference" and "Event schema"; limits and errors as in AWS's
//! runtime interface emulator.

mod deliver;
mod subscription;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use self::deliver::Queue;
pub(super) use self::subscription::Subscription;
use crate::clock::Utc;
use crate::log::Log;

/// What is kept of the time before anyone has subscribed.
const EARLY: usize = 1 << 20;

/// What events are about, in the words of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Platform,
    Function,
    Extension,
}

impl Kind {
    pub(super) const ALL: [Kind; 3] = [Kind::Platform, Kind::Function, Kind::Extension];

    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Platform => "platform",
            Kind::Function => "function",
            Kind::Extension => "extension",
        }
    }
}

/// The events of one environment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Telemetry(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    subscribers: Vec<Subscriber>,
    early: Vec<(Kind, String)>,
    early_bytes: usize,
    closed: bool,
    tasks: JoinSet<()>,
}

#[derive(Debug)]
struct Subscriber {
    name: String,
    kinds: Vec<Kind>,
    queue: Arc<Queue>,
}

impl Telemetry {
    /// Delivers to the extension `name` from now on, and first what has happened already. `false` where it is too late.
    pub(super) fn subscribe(&self, name: &str, subscription: Subscription) -> bool {
        let kinds = subscription.kinds.clone();
        {
            let mut state = self.lock();
            if state.closed {
                return false;
            }
            let queue =
                Arc::new(Queue::new(subscription.buffering, kinds.contains(&Kind::Platform)));
            let early = state.early.iter().filter(|(kind, _)| kinds.contains(kind));
            early.for_each(|(_, event)| queue.push(event.clone()));
            // A second subscription of the same extension takes the place of its first.
            state.subscribers.retain(|one| one.name != name);
            let subscriber = Subscriber {
                name: name.to_owned(),
                kinds: kinds.clone(),
                queue: Arc::clone(&queue),
            };
            state.subscribers.push(subscriber);
            state.tasks.spawn(deliver::deliver(queue, subscription.destination));
        }
        let types: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
        let record = json!({ "name": name, "state": "Subscribed", "types": types });
        self.platform("platform.telemetrySubscription", record);
        true
    }

    /// Nobody may subscribe from now on.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.early = Vec::new();
    }

    /// Something that the platform has to say.
    pub(crate) fn platform(&self, name: &str, record: Value) {
        self.lock().tell(Kind::Platform, name, &record);
    }

    /// Lines that were written to stdout or stderr.
    fn lines(&self, kind: Kind, bytes: &[u8]) {
        let mut state = self.lock();
        if state.is_deaf_to(kind) {
            return;
        }
        let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        for line in bytes.split(|byte| *byte == b'\n') {
            state.tell(kind, kind.name(), &json!(String::from_utf8_lossy(line)));
        }
    }

    /// Sends what waits, without waiting for more.
    pub(crate) fn flush(&self) {
        self.lock().subscribers.iter().for_each(|one| one.queue.flush());
    }

    /// Nothing is delivered any more.
    pub(super) fn stop(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.subscribers.clear();
        state.tasks.abort_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_deaf_to(&self, kind: Kind) -> bool {
        self.closed && !self.subscribers.iter().any(|one| one.kinds.contains(&kind))
    }

    fn tell(&mut self, kind: Kind, name: &str, record: &Value) {
        if self.is_deaf_to(kind) {
            return;
        }
        let event = json!({ "time": Utc::now().iso(), "type": name, "record": record }).to_string();
        for subscriber in self.subscribers.iter().filter(|one| one.kinds.contains(&kind)) {
            subscriber.queue.push(event.clone());
        }
        if !self.closed && self.early_bytes + event.len() <= EARLY {
            self.early_bytes += event.len();
            self.early.push((kind, event));
        }
    }
}

/// A log whose lines are telemetry too.
pub(crate) struct Tapped {
    pub(crate) log: Arc<dyn Log>,
    pub(crate) telemetry: Telemetry,
    pub(crate) kind: Kind,
}

impl Log for Tapped {
    fn write(&self, bytes: &[u8]) {
        self.log.write(bytes);
        self.telemetry.lines(self.kind, bytes);
    }
}
