//! What the computations of one invocation took.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::metrics::Unit;

/// Counters of one invocation, and who still computes for it.
#[derive(Debug, Default)]
pub(crate) struct Meters {
    computations: AtomicU64,
    queue_ns: AtomicU64,
    compute_ns: AtomicU64,
    running: AtomicUsize,
    idle: Notify,
    added: Mutex<BTreeMap<&'static str, (f64, Unit)>>,
}

/// A computation that was handed to the pool and has not ended.
#[derive(Debug)]
pub(crate) struct Running(Arc<Meters>);

impl Meters {
    /// One more computation is on its way.
    pub(crate) fn begin(self: &Arc<Meters>) -> Running {
        self.running.fetch_add(1, Ordering::AcqRel);
        Running(Arc::clone(self))
    }

    pub(crate) fn computed(&self, queued: Duration, computed: Duration) {
        let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.computations.fetch_add(1, Ordering::Relaxed);
        self.queue_ns.fetch_add(nanos(queued), Ordering::Relaxed);
        self.compute_ns.fetch_add(nanos(computed), Ordering::Relaxed);
    }

    /// Adds to a metric of the function's own; the unit is the one it began with.
    pub(crate) fn add(&self, name: &'static str, value: f64, unit: Unit) {
        let mut added = self.added.lock().unwrap_or_else(PoisonError::into_inner);
        added.entry(name).or_insert((0.0, unit)).0 += value;
    }
}

/// What a record is made of.
#[cfg(feature = "lambda")]
impl Meters {
    pub(crate) fn added(&self) -> BTreeMap<&'static str, (f64, Unit)> {
        self.added.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn computations(&self) -> u64 {
        self.computations.load(Ordering::Relaxed)
    }

    /// Time that computations waited for a thread, all together.
    pub(crate) fn queued(&self) -> Duration {
        Duration::from_nanos(self.queue_ns.load(Ordering::Relaxed))
    }

    /// Time from the first to the last line of computations, all together.
    pub(crate) fn computed_for(&self) -> Duration {
        Duration::from_nanos(self.compute_ns.load(Ordering::Relaxed))
    }

    pub(crate) fn running(&self) -> usize {
        self.running.load(Ordering::Acquire)
    }

    /// Waits until nothing computes any more.
    pub(crate) async fn idle(&self) {
        loop {
            let notified = self.idle.notified();
            if self.running() == 0 {
                return;
            }
            notified.await;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.0.running.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.idle.notify_waiters();
        }
    }
}
