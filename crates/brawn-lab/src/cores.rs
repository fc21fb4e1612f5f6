//! Which of the machine's cores an environment sees: side by side they should share as few as they can.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many environments see each core.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cores(Arc<Mutex<BTreeMap<usize, usize>>>);

/// The cores of one environment, until it is dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    cores: Vec<usize>,
    of: Cores,
}

impl Cores {
    /// `count` of the cores that this thread may use, or all where there are fewer: those that the fewest environments see, of these
    /// the first.
    pub(crate) fn take(&self, count: usize) -> Seat {
        self.take_of(&allowed(), count)
    }

    fn take_of(&self, allowed: &[usize], count: usize) -> Seat {
        let mut taken = self.lock();
        let mut cores = allowed.to_vec();
        cores.sort_by_key(|core| (taken.get(core).copied().unwrap_or(0), *core));
        cores.truncate(count.max(1));
        cores.iter().for_each(|core| *taken.entry(*core).or_default() += 1);
        Seat { cores, of: self.clone() }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<usize, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    pub(crate) fn cores(&self) -> &[usize] {
        &self.cores
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.of.lock();
        for core in &self.cores {
            taken.entry(*core).and_modify(|count| *count = count.saturating_sub(1));
        }
    }
}

#[cfg(target_os = "linux")]
fn allowed() -> Vec<usize> {
    use rustix::thread::{CpuSet, sched_getaffinity};
    let Ok(allowed) = sched_getaffinity(None) else { return Vec::new() };
    (0..CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core)).collect()
}

#[cfg(not(target_os = "linux"))]
fn allowed() -> Vec<usize> {
    Vec::new()
}

/// Narrows this thread to `cores`; none are all.
#[cfg(target_os = "linux")]
pub(crate) fn see_only(cores: &[usize]) {
    use rustix::thread::{CpuSet, sched_setaffinity};
    if cores.is_empty() {
        return;
    }
    let mut narrowed = CpuSet::new();
    cores.iter().for_each(|core| narrowed.set(*core));
    // Where it is refused the function sees more cores than it should; the share binds all the same.
    let _ = sched_setaffinity(None, &narrowed);
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn see_only(_: &[usize]) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environments_side_by_side_see_other_cores_while_there_are_any() {
        let (cores, allowed) = (Cores::default(), [0, 1, 4, 5]);
        let take = |count| cores.take_of(&allowed, count);
        let one = take(2);
        assert_eq!(one.cores(), [0, 1]);
        let other = take(2);
        assert_eq!(other.cores(), [4, 5]);
        assert_eq!(take(1).cores(), [0], "all are taken once, and this one is given back");
        drop(one);
        assert_eq!(take(3).cores(), [0, 1, 4]);
        assert_eq!(take(9).cores(), [0, 1, 4, 5]);
        drop(other);
        assert_eq!(take(0).cores(), [0]);
    }
}
