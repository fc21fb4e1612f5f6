//! When work must stop.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A point in time and the part before it that is kept for delivering what is finished.
///
/// Work stops at `at - reserve`; the reserve is for uploading results and answering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    at: Instant,
    reserve: Duration,
}

impl Deadline {
    /// A deadline at `at`, nothing reserved.
    pub fn at(at: Instant) -> Deadline {
        Deadline { at, reserve: Duration::ZERO }
    }

    /// A deadline `duration` from now, nothing reserved. `None` where the clock cannot hold it (no deadline at all).
    pub fn after(duration: Duration) -> Option<Deadline> {
        Instant::now().checked_add(duration).map(Deadline::at)
    }

    /// The deadline of Lambda's `Lambda-Runtime-Deadline-Ms` header: milliseconds since the Unix epoch.
    ///
    /// `None` for an implausible value: one that lies before `started`, the start of this process. `cargo lambda
    /// watch` sends the constant 600000, a time in 1970, which would otherwise read as "expired for decades".
    pub fn from_epoch_millis(millis: u64, started: SystemTime) -> Option<Deadline> {
        Deadline::from_epoch_at(millis, started, SystemTime::now(), Instant::now())
    }

    fn from_epoch_at(
        millis: u64,
        started: SystemTime,
        wall: SystemTime,
        now: Instant,
    ) -> Option<Deadline> {
        let at = UNIX_EPOCH.checked_add(Duration::from_millis(millis))?;
        if at <= started {
            return None;
        }
        match at.duration_since(wall) {
            Ok(left) => now.checked_add(left).map(Deadline::at),
            // After this process started but before now: a real deadline that has passed.
            Err(past) => Some(Deadline::at(now.checked_sub(past.duration()).unwrap_or(now))),
        }
    }

    /// The same deadline with `reserve` kept back from the work.
    #[must_use]
    pub fn reserving(self, reserve: Duration) -> Deadline {
        Deadline { reserve, ..self }
    }

    /// When work must stop: the deadline less its reserve.
    pub fn stop_at(&self) -> Instant {
        self.at.checked_sub(self.reserve).unwrap_or(self.at)
    }

    /// The time work has left at `now`; zero once [`stop_at`](Deadline::stop_at) has passed.
    pub fn remaining_at(&self, now: Instant) -> Duration {
        self.stop_at().saturating_duration_since(now)
    }

    /// Whether only the reserve is left at `now`.
    pub fn passed_at(&self, now: Instant) -> bool {
        now >= self.stop_at()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    #[test]
    fn passes_when_only_the_reserve_is_left() {
        let start = Instant::now();
        let deadline = Deadline::at(start + millis(3_000)).reserving(millis(200));
        assert!(!deadline.passed_at(start + millis(2_799)));
        assert!(deadline.passed_at(start + millis(2_800)));
        assert_eq!(deadline.remaining_at(start + millis(800)), millis(2_000));
    }

    #[test]
    fn a_deadline_before_the_process_started_counts_as_none() {
        let started = SystemTime::now();
        assert_eq!(Deadline::from_epoch_millis(600_000, started), None);
        assert_eq!(Deadline::from_epoch_millis(0, started), None);
    }

    #[test]
    fn a_deadline_since_the_start_that_has_passed_is_passed() {
        let started = UNIX_EPOCH + millis(1_000_000);
        let wall = started + millis(10_000);
        let now = Instant::now() + millis(60_000);
        let past = Deadline::from_epoch_at(1_005_000, started, wall, now);
        assert!(past.is_some_and(|deadline| deadline.passed_at(now)));
        let ahead = Deadline::from_epoch_at(1_012_500, started, wall, now);
        assert_eq!(ahead.map(|deadline| deadline.remaining_at(now)), Some(millis(2_500)));
    }
}
