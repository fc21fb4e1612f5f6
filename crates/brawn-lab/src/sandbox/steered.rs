//! Limits without privilege: CPU time is metered, and the processes are stopped when their share of a period is used up.
//!
//! What was used too much in one period is taken from the next ones, so that the share holds over time although the meter
//! is only as fine as the scheduler's tick (1 to 10 ms).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

use super::{Limits, PERIOD, procfs};

/// How often CPU time and memory are looked at.
const LOOK: Duration = Duration::from_millis(2);

/// An environment that is steered by a thread of its own.
#[derive(Debug)]
pub(crate) struct Steered {
    shared: Arc<Shared>,
    mark: String,
    groups: Vec<Pid>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    binds: bool,
}

#[derive(Debug)]
struct State {
    limits: Limits,
    /// Processes that were started and live, and all their descendants with them.
    roots: BTreeSet<i32>,
    frozen: bool,
    over: bool,
    killed: bool,
    peak: u64,
    meter: Meter,
}

/// CPU time of a changing set of processes.
#[derive(Clone, Debug, Default)]
struct Meter {
    seen: BTreeMap<i32, Duration>,
    gone: Duration,
}

impl Meter {
    /// Takes the newest reading of each process that lives; what a dead one had used stays counted.
    fn read(&mut self, now: impl Iterator<Item = (i32, Duration)>) {
        let now: BTreeMap<i32, Duration> = now.collect();
        for (pid, used) in std::mem::take(&mut self.seen) {
            match now.get(&pid) {
                Some(newer) => drop(self.seen.insert(pid, used.max(*newer))),
                None => self.gone += used,
            }
        }
        for (pid, used) in now {
            self.seen.entry(pid).or_insert(used);
        }
    }

    fn total(&self) -> Duration {
        self.gone + self.seen.values().sum::<Duration>()
    }
}

impl State {
    /// The processes that live. A number that is free again may be another's: what is gone is forgotten.
    fn tree(&mut self) -> BTreeSet<i32> {
        self.roots.retain(|root| procfs::stat(*root).is_some());
        self.roots.iter().flat_map(|root| procfs::tree(*root)).collect()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Steered {
    pub(super) fn new(limits: Limits, mark: &str, binds: bool) -> Steered {
        let state = State {
            limits,
            roots: BTreeSet::new(),
            frozen: false,
            over: false,
            killed: false,
            peak: 0,
            meter: Meter::default(),
        };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new(), binds });
        Steered { shared, mark: mark.to_owned(), groups: Vec::new() }
    }

    pub(super) fn binds(&self) -> bool {
        self.shared.binds
    }

    pub(super) fn started(&mut self, pid: Pid) {
        self.shared.lock().roots.insert(pid.as_raw_nonzero().get());
        if self.groups.is_empty() {
            let shared = Arc::clone(&self.shared);
            std::thread::spawn(move || steer(&shared));
        }
        self.groups.push(pid);
    }

    pub(super) fn share(&self, share: f64) {
        self.shared.lock().limits.share = share;
    }

    pub(super) fn freeze(&self, frozen: bool) {
        let mut state = self.shared.lock();
        state.frozen = frozen;
        let signal = if frozen { Signal::STOP } else { Signal::CONT };
        procfs::signal(&state.tree(), signal);
        self.shared.changed.notify_all();
    }

    pub(super) fn cpu(&self) -> Duration {
        let mut state = self.shared.lock();
        look(&mut state);
        state.meter.total()
    }

    /// Lists the processes from any thread.
    pub(super) fn lister(&self) -> impl Fn() -> BTreeSet<i32> + Send + 'static {
        let shared = Arc::clone(&self.shared);
        move || shared.lock().tree()
    }

    pub(super) fn peak_memory(&self) -> u64 {
        let mut state = self.shared.lock();
        look(&mut state);
        state.peak
    }

    pub(super) fn out_of_memory(&self) -> bool {
        self.shared.lock().killed
    }
}

impl Drop for Steered {
    fn drop(&mut self) {
        self.shared.lock().over = true;
        self.shared.changed.notify_all();
        if !self.groups.is_empty() {
            procfs::kill_all(&self.groups, &self.mark, BTreeSet::new);
        }
    }
}

/// Reads the processes once; gives them, and the memory they hold.
fn look(state: &mut State) -> (BTreeSet<i32>, u64) {
    let tree = state.tree();
    let stats: Vec<(i32, procfs::Stat)> =
        tree.iter().filter_map(|pid| Some((*pid, procfs::stat(*pid)?))).collect();
    let resident = stats.iter().map(|(_, stat)| stat.resident).sum();
    state.peak = state.peak.max(resident);
    state
        .meter
        .read(stats.iter().map(|(pid, stat)| (*pid, stat.cpu.max(procfs::live_threads(*pid)))));
    (tree, resident)
}

fn steer(shared: &Shared) {
    let mut period = Instant::now();
    let mut credit = 0.0_f64;
    let mut used = Duration::ZERO;
    let mut stopped = false;
    loop {
        let mut state = shared.lock();
        while state.frozen && !state.over {
            state = shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            // A thaw is a fresh start, as the kernel's share does not add up while nothing runs.
            (period, credit, stopped) = (Instant::now(), 0.0, false);
        }
        if state.over {
            return;
        }
        let (tree, resident) = look(&mut state);
        if !shared.binds {
            drop(state);
            std::thread::sleep(LOOK);
            continue;
        }
        if resident > state.limits.memory {
            state.killed = true;
            procfs::signal(&tree, Signal::KILL);
        }
        let total = state.meter.total();
        credit -= total.saturating_sub(used).as_secs_f64();
        used = total;
        let quota = PERIOD.as_secs_f64() * state.limits.share;
        let now = Instant::now();
        while period <= now {
            period += PERIOD;
            // A debt is carried on, a rest is not.
            credit = (credit + quota).min(quota);
        }
        if credit <= 0.0 && !stopped {
            procfs::signal(&tree, Signal::STOP);
            stopped = true;
        } else if credit > 0.0 && stopped {
            procfs::signal(&tree, Signal::CONT);
            stopped = false;
        }
        drop(state);
        let next = period.saturating_duration_since(Instant::now());
        // Stopped processes need no look before the period ends; running ones may use their credit on all cores.
        std::thread::sleep(if stopped { next } else { next.min(LOOK) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_dead_have_used_stays_counted() {
        let ms = Duration::from_millis;
        let mut meter = Meter::default();
        meter.read([(1, ms(10)), (2, ms(5))].into_iter());
        assert_eq!(meter.total(), ms(15));
        // 2 ended, 3 is new, and 1 is read from a coarser clock than before.
        meter.read([(1, ms(8)), (3, ms(1))].into_iter());
        assert_eq!(meter.total(), ms(16));
    }
}
