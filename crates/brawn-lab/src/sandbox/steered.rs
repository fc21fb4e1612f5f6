//! Limits without privilege: CPU time is metered, and the processes are stopped when their share of a period is used up.
//!
//! What was used too much in one period is taken from the next ones, so that the share holds over time although the meter
//! is only as fine as the scheduler's tick (1 to 10 ms).

use std::collections::BTreeSet;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

use super::meter::{Meter, Used};
use super::orphans::Orphans;
use super::{IsDone, Limits, PERIOD, procfs};

/// How often CPU time and memory are looked at.
const LOOK: Duration = Duration::from_millis(2);

/// An environment that is steered by a thread of its own.
#[derive(Debug)]
pub(crate) struct Steered {
    shared: Arc<Shared>,
    mark: String,
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
    /// Processes that were started, each the first of its group.
    groups: Vec<Pid>,
    /// Those of them that live; all their descendants belong here.
    roots: BTreeSet<i32>,
    orphans: Orphans,
    frozen: bool,
    /// Since the steering thread has looked.
    thawed: bool,
    over: bool,
    killed: bool,
    peak: u64,
    meter: Meter,
}

impl State {
    /// The processes that live, those too whose parent has ended.
    fn tree(&mut self) -> BTreeSet<i32> {
        // A number that is free again may be another's: what is gone is forgotten.
        self.roots.retain(|root| procfs::stat(*root).is_some());
        let orphans = self.orphans.look(&self.groups);
        self.roots.iter().chain(&orphans).flat_map(|root| procfs::tree(*root)).collect()
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
            groups: Vec::new(),
            roots: BTreeSet::new(),
            orphans: Orphans::new(mark),
            frozen: false,
            thawed: false,
            over: false,
            killed: false,
            peak: 0,
            meter: Meter::default(),
        };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new(), binds });
        Steered { shared, mark: mark.to_owned() }
    }

    pub(super) fn binds(&self) -> bool {
        self.shared.binds
    }

    pub(super) fn started(&mut self, pid: Pid) {
        let mut state = self.shared.lock();
        if state.groups.is_empty() {
            let shared = Arc::clone(&self.shared);
            std::thread::spawn(move || steer(&shared));
        }
        state.roots.insert(pid.as_raw_nonzero().get());
        state.groups.push(pid);
    }

    pub(super) fn share(&self, share: f64) {
        self.shared.lock().limits.share = share;
    }

    /// Begins it; gives who tells whether it is done.
    pub(super) fn freeze(&self, frozen: bool) -> IsDone {
        if !self.shared.binds {
            return Box::new(|| true);
        }
        let mut state = self.shared.lock();
        state.frozen = frozen;
        state.thawed |= !frozen;
        let signal = if frozen { Signal::STOP } else { Signal::CONT };
        let tree = state.tree();
        procfs::signal(&tree, signal);
        drop(state);
        self.shared.changed.notify_all();
        // A process stops when one of its threads has taken the signal, which on a busy machine is a turn later.
        let runs =
            |pid: &i32| procfs::threads(*pid).iter().any(|thread| thread.state() == Some('R'));
        Box::new(move || !frozen || !tree.iter().any(runs))
    }

    pub(super) fn kill(&self) {
        let mut state = self.shared.lock();
        procfs::kill_groups(&state.groups);
        procfs::signal(&state.tree(), Signal::KILL);
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
        let groups = {
            let mut state = self.shared.lock();
            state.over = true;
            state.groups.clone()
        };
        self.shared.changed.notify_all();
        if !groups.is_empty() {
            procfs::kill_all(&groups, &self.mark, BTreeSet::new);
            self.shared.lock().orphans.look(&groups);
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
    state.meter.read(stats.iter().map(|(pid, stat)| {
        let own = stat.cpu.max(procfs::live_threads(*pid));
        (*pid, Used { own, waited: stat.waited })
    }));
    (tree, resident)
}

/// The memory that the processes hold, where what they share counts once.
fn shared_once(tree: &BTreeSet<i32>) -> u64 {
    let held = |pid: &i32| {
        procfs::proportional(*pid).or_else(|| procfs::stat(*pid).map(|stat| stat.resident))
    };
    tree.iter().filter_map(held).sum()
}

fn steer(shared: &Shared) {
    let mut period = Instant::now();
    let mut credit = 0.0_f64;
    let mut used = Duration::ZERO;
    let mut stopped = false;
    let mut looked: Option<Instant> = None;
    loop {
        let mut state = shared.lock();
        while state.frozen && !state.over {
            state = shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if std::mem::take(&mut state.thawed) {
            // A fresh start, as the kernel's share does not add up while nothing runs; also where the freeze was over before this
            // thread saw it. What it had stopped runs again.
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
        // Forks share pages, which count for each of them in what is resident.
        let memory = state.limits.memory;
        let over = resident > memory
            && match looked {
                _ if tree.len() < 2 => true,
                Some(at) if at.elapsed() < PERIOD => false,
                _ => {
                    looked = Some(Instant::now());
                    shared_once(&tree) > memory
                }
            };
        if over {
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
