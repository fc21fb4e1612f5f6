//! How much of a function's CPU time is spent on several cores at once, seen from outside: what more cores can make faster.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

use super::procfs;

/// How often the threads are looked at. The kernel brings their times up to date at its tick (4 ms where HZ is 250), so a
/// shorter look sees threads that run side by side as if they took turns, and a longer one the reverse.
const EVERY: Duration = Duration::from_millis(8);

/// Looks at the threads of an environment until it is asked for the result.
#[derive(Debug)]
pub(crate) struct Watch {
    stop: Sender<()>,
    thread: JoinHandle<Overlap>,
}

impl Watch {
    /// `members` gives the processes; `cores` is how many of them can run at the same time.
    pub(crate) fn begin(
        members: impl Fn() -> BTreeSet<i32> + Send + 'static,
        cores: usize,
    ) -> Watch {
        let (stop, stopped) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let read = || -> BTreeMap<i32, Duration> {
                members().into_iter().flat_map(procfs::threads).collect()
            };
            let mut overlap = Overlap::new(cores);
            let mut before = read();
            loop {
                let over = stopped.recv_timeout(EVERY) != Err(RecvTimeoutError::Timeout);
                let now = read();
                overlap.add(&before, &now);
                before = now;
                if over {
                    return overlap;
                }
            }
        });
        Watch { stop, thread }
    }

    /// The part of the CPU time, from 0 to 1, that ran on all cores at once; `None` where nothing ran. Waits for the watching
    /// thread, which is microseconds.
    pub(crate) fn end(self) -> Option<f64> {
        let _ = self.stop.send(());
        self.thread.join().ok()?.part()
    }
}

/// CPU time, and the least time in which so many cores can have spent it.
#[derive(Clone, Debug, PartialEq)]
struct Overlap {
    cores: f64,
    cpu: f64,
    span: f64,
}

impl Overlap {
    fn new(cores: usize) -> Overlap {
        Overlap { cores: cores.max(1) as f64, cpu: 0.0, span: 0.0 }
    }

    /// What the threads have used from one look to the next. In that time none ran beside itself, and no more of them
    /// than there are cores.
    fn add(&mut self, before: &BTreeMap<i32, Duration>, now: &BTreeMap<i32, Duration>) {
        let used = now.iter().map(|(thread, used)| {
            used.saturating_sub(before.get(thread).copied().unwrap_or_default()).as_secs_f64()
        });
        let (all, longest) =
            used.fold((0.0, 0.0_f64), |(all, longest), one| (all + one, longest.max(one)));
        self.cpu += all;
        self.span += longest.max(all / self.cores);
    }

    /// With `serial + parallel = cpu` and `serial + parallel / cores = span`.
    fn part(&self) -> Option<f64> {
        if self.cpu <= 0.0 || self.cores < 2.0 {
            return None;
        }
        let parallel = (self.cpu - self.span) * self.cores / (self.cores - 1.0);
        Some((parallel / self.cpu).clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(threads: &[(i32, u64)]) -> BTreeMap<i32, Duration> {
        threads.iter().map(|(thread, ms)| (*thread, Duration::from_millis(*ms))).collect()
    }

    #[test]
    fn what_two_threads_use_between_two_looks_ran_at_once() {
        let mut overlap = Overlap::new(2);
        assert_eq!(overlap.part(), None);
        // One thread alone, 30 ms; then both, 10 ms each.
        overlap.add(&used(&[(1, 100)]), &used(&[(1, 130), (2, 0)]));
        assert_eq!(overlap.part(), Some(0.0));
        overlap.add(&used(&[(1, 130), (2, 0)]), &used(&[(1, 140), (2, 10)]));
        assert!((overlap.part().expect("used") - 20.0 / 50.0).abs() < 1e-9);
        // A thread that is new counts from its beginning; three on two cores take one and a half of their times.
        let mut overlap = Overlap::new(2);
        overlap.add(&used(&[]), &used(&[(1, 8), (2, 8), (3, 8)]));
        assert!((overlap.part().expect("used") - 1.0).abs() < 1e-9);
        // On one core nothing runs beside anything else.
        assert_eq!(Overlap::new(1).part(), None);
    }

    #[test]
    fn this_programs_own_threads_are_watched() {
        let own = rustix::process::getpid().as_raw_nonzero().get();
        let watch = Watch::begin(move || BTreeSet::from([own]), 2);
        let until = std::time::Instant::now() + Duration::from_millis(100);
        while std::time::Instant::now() < until {
            std::hint::black_box((0..500).sum::<u64>());
        }
        let part = watch.end().expect("this thread has run");
        assert!((0.0..=1.0).contains(&part), "{part}");
    }
}
