//! One thread that tells budgets when their time is up, so that asking costs a load and not a clock read.
//!
//! `Instant::now()` took 22 ns on a 2-core EPYC VM (2026-11-23), an inner loop can ask every few microseconds on every
//! core; a relaxed load is below 1 ns.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Condvar, Mutex, OnceLock, PoisonError, Weak};
use std::time::Instant;

/// Something that wants to know when a moment has come.
pub(crate) trait Expire: Send + Sync {
    /// Called once, on the timekeeper's thread, at or shortly after the moment. Must not block.
    fn expire(&self);
}

struct Alarm {
    at: Instant,
    number: u64,
    who: Weak<dyn Expire>,
}

impl PartialEq for Alarm {
    fn eq(&self, other: &Alarm) -> bool {
        (self.at, self.number) == (other.at, other.number)
    }
}
impl Eq for Alarm {}
impl PartialOrd for Alarm {
    fn partial_cmp(&self, other: &Alarm) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Alarm {
    fn cmp(&self, other: &Alarm) -> std::cmp::Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}

#[derive(Default)]
struct Clock {
    alarms: Mutex<Alarms>,
    changed: Condvar,
}

#[derive(Default)]
struct Alarms {
    heap: BinaryHeap<Reverse<Alarm>>,
    count: u64,
}

/// Calls `who.expire()` at `at`, if `who` still lives then. At once, on this thread, when `at` has passed or when the
/// timekeeper's thread cannot be started.
pub(crate) fn set_alarm(at: Instant, who: Weak<dyn Expire>) {
    static CLOCK: OnceLock<Option<&'static Clock>> = OnceLock::new();
    let clock = CLOCK.get_or_init(|| {
        let clock: &'static Clock = Box::leak(Box::default());
        std::thread::Builder::new()
            .name("brawn-timekeeper".to_owned())
            .spawn(move || keep_time(clock))
            .ok()
            .map(|_| clock)
    });
    let (Some(clock), true) = (clock, at > Instant::now()) else {
        if let Some(who) = who.upgrade() {
            who.expire();
        }
        return;
    };
    let mut alarms = clock.alarms.lock().unwrap_or_else(PoisonError::into_inner);
    let number = alarms.count;
    alarms.count += 1;
    // Budgets that ended before their deadline leave dead alarms behind: 100 000 short items under a 15 minute
    // deadline must not pile up.
    if number % 1024 == 1023 {
        alarms.heap.retain(|Reverse(alarm)| alarm.who.strong_count() > 0);
    }
    let first = alarms.heap.peek().is_none_or(|Reverse(next)| at < next.at);
    alarms.heap.push(Reverse(Alarm { at, number, who }));
    // It sleeps until the next alarm, and waking it for a later one is a good part of what a short invocation takes.
    if first {
        clock.changed.notify_one();
    }
}

fn keep_time(clock: &Clock) {
    let mut alarms = clock.alarms.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        let now = Instant::now();
        while alarms.heap.peek().is_some_and(|Reverse(alarm)| alarm.at <= now) {
            if let Some(Reverse(alarm)) = alarms.heap.pop()
                && let Some(who) = alarm.who.upgrade()
            {
                who.expire();
            }
        }
        alarms = match alarms.heap.peek().map(|Reverse(alarm)| alarm.at) {
            Some(at) => {
                let wait = at.saturating_duration_since(now);
                clock.changed.wait_timeout(alarms, wait).unwrap_or_else(PoisonError::into_inner).0
            }
            None => clock.changed.wait(alarms).unwrap_or_else(PoisonError::into_inner),
        };
    }
}
