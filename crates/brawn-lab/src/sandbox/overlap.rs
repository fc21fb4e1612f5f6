//! How much of a function's CPU time could be spent on several cores at once, seen from outside: what more cores make faster.

use std::collections::BTreeSet;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

use super::procfs;

/// How often the threads are looked at: the kernel brings their times up to date at its tick (4 ms where HZ is 250).
const EVERY: Duration = Duration::from_millis(4);

/// Looks at the threads of an environment until it is asked for the result.
#[derive(Debug)]
pub(crate) struct Watch {
    stop: Sender<()>,
    thread: JoinHandle<Overlap>,
}

impl Watch {
    /// `members` gives the processes; `cores` is how many of their threads can run at the same time.
    pub(crate) fn begin(
        members: impl Fn() -> BTreeSet<i32> + Send + 'static,
        cores: usize,
    ) -> Watch {
        let (stop, stopped) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let mut overlap = Overlap::new(cores);
            overlap.add(&Look::at(&members()));
            loop {
                let over = stopped.recv_timeout(EVERY) != Err(RecvTimeoutError::Timeout);
                overlap.add(&Look::at(&members()));
                if over {
                    return overlap;
                }
            }
        });
        Watch { stop, thread }
    }

    /// The part of the CPU time, from 0 to 1, that all cores could share; `None` where nothing ran. Waits for the watching thread,
    /// which is microseconds.
    pub(crate) fn end(self) -> Option<f64> {
        let _ = self.stop.send(());
        self.thread.join().ok()?.part()
    }
}

/// The threads at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Look {
    /// CPU time of all that live.
    cpu: Duration,
    /// How many run or want to: also those whose share is used up, which is what makes this see two threads as two where they
    /// are granted half a core. `None` where they are stopped by a signal, which hides it.
    ready: Option<usize>,
}

impl Look {
    fn at(processes: &BTreeSet<i32>) -> Look {
        let (mut cpu, mut ready, mut stopped) = (Duration::ZERO, 0, false);
        for thread in processes.iter().flat_map(|pid| procfs::threads(*pid)) {
            cpu += thread.cpu;
            match thread.state() {
                Some('R') => ready += 1,
                Some('T') => stopped = true,
                _ => {}
            }
        }
        Look { cpu, ready: (!stopped).then_some(ready) }
    }
}

/// CPU time, and the time in which so many cores would have spent it.
#[derive(Clone, Debug, PartialEq)]
struct Overlap {
    cores: f64,
    cpu: f64,
    span: f64,
    last: Option<Look>,
    /// Threads that were ready when that was seen last.
    ready: f64,
}

impl Overlap {
    fn new(cores: usize) -> Overlap {
        Overlap { cores: cores.max(1) as f64, cpu: 0.0, span: 0.0, last: None, ready: 1.0 }
    }

    /// What was used since the last look was used by as many threads as were ready then and are now.
    fn add(&mut self, look: &Look) {
        let width = |ready: usize| (ready as f64).clamp(1.0, self.cores);
        let ends = [self.last.and_then(|last| last.ready), look.ready];
        let seen: Vec<f64> = ends.into_iter().flatten().map(width).collect();
        if !seen.is_empty() {
            self.ready = seen.iter().sum::<f64>() / seen.len() as f64;
        }
        if let Some(last) = self.last {
            // Less where a thread has ended: what it used up to the last look is counted.
            let used = look.cpu.saturating_sub(last.cpu).as_secs_f64();
            self.cpu += used;
            self.span += used / self.ready;
        }
        self.last = Some(*look);
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

    fn part(cores: usize, looks: &[(u64, Option<usize>)]) -> Option<f64> {
        let mut overlap = Overlap::new(cores);
        for (ms, ready) in looks {
            overlap.add(&Look { cpu: Duration::from_millis(*ms), ready: *ready });
        }
        overlap.part()
    }

    #[test]
    fn what_is_used_while_two_threads_are_ready_could_run_at_once() {
        assert_eq!(part(2, &[]), None);
        assert_eq!(part(2, &[(100, Some(1)), (130, Some(1))]), Some(0.0));
        // 30 ms alone, then 20 ms by both; at the end one has gone.
        let both = [(100, Some(1)), (130, Some(1)), (130, Some(2)), (150, Some(2)), (140, Some(1))];
        assert!((part(2, &both).expect("used") - 20.0 / 50.0).abs() < 1e-9);
        // Three on two cores are as many as two; on four cores they are three.
        assert_eq!(part(2, &[(0, Some(3)), (8, Some(3))]), Some(1.0));
        let three = part(4, &[(0, Some(3)), (12, Some(3))]).expect("used");
        assert!((three - 8.0 / 9.0).abs() < 1e-9, "{three}");
        // While they are stopped nothing is known, and what was known before holds.
        assert_eq!(part(2, &[(0, Some(2)), (8, None), (8, None), (16, None)]), Some(1.0));
        // On one core nothing runs beside anything else.
        assert_eq!(part(1, &[(0, Some(2)), (8, Some(2))]), None);
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
