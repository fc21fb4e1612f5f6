//! What running work may spend and must ask about.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::timekeeper::{self, Expire};
use crate::turns::{Ask, Place};
use crate::{Deadline, Error, Memory, Pool, Reservation, Result};

const LIVE: u8 = 0;
const CANCELLED: u8 = 1;
const OUT_OF_TIME: u8 = 2;
/// Live, and asked to let somebody go first.
const ASKED: u8 = 3;

/// How often a budget of this process was ended or asked. While it stands, nothing that a [`check`](Budget::check) found before
/// has changed, so that a budget many steps deep is no slower to check than one without a parent.
static CHANGES: Changes = Changes(AtomicU64::new(0));

/// Alone in its cache line: every thread reads it all the time.
#[repr(align(64))]
struct Changes(AtomicU64);

impl Changes {
    /// After the change itself, so that who sees the count sees that too.
    fn count(&self) {
        self.0.fetch_add(1, Ordering::Release);
    }
}

/// What running work may spend: time, memory, workers, and whether anyone still wants the answer.
///
/// Cloning gives a second handle on the same budget; [`child`](Budget::child) gives a narrower one that ends with its
/// parent but can be cancelled alone.
#[derive(Clone, Debug)]
pub struct Budget {
    node: Arc<Node>,
    memory: Memory,
    deadline: Option<Deadline>,
    pool: Option<Pool>,
}

#[derive(Debug)]
struct Node {
    state: AtomicU8,
    /// The count of [`CHANGES`] up to which this one and its parents are known to be live; none at first.
    live_at: AtomicU64,
    progress: AtomicU64,
    parent: Option<Arc<Node>>,
    place: Option<Place>,
}

impl Node {
    fn new(parent: Option<Arc<Node>>) -> Arc<Node> {
        Node::at(None, parent)
    }

    fn at(place: Option<Place>, parent: Option<Arc<Node>>) -> Arc<Node> {
        let (state, live_at) = (AtomicU8::new(LIVE), AtomicU64::new(u64::MAX));
        Arc::new(Node { state, live_at, progress: AtomicU64::new(0), parent, place })
    }

    fn ends_at(self: &Arc<Node>, deadline: Deadline) {
        let node: Arc<dyn Expire> = Arc::clone(self) as _;
        timekeeper::set_alarm(deadline.stop_at(), Arc::downgrade(&node));
    }

    fn end(&self, state: u8) {
        // The first reason stays: a cancelled budget does not turn into a late one.
        let live = |now| matches!(now, LIVE | ASKED).then_some(state);
        let _ = self.state.fetch_update(Ordering::Release, Ordering::Relaxed, live);
        CHANGES.count();
    }

    /// Asks this one and its parents.
    #[cold]
    fn look_up(&self) -> Result<()> {
        let changes = CHANGES.0.load(Ordering::Acquire);
        let (mut node, mut live) = (Some(self), true);
        while let Some(this) = node {
            if this.state.load(Ordering::Relaxed) != LIVE {
                this.look()?;
                live = false;
            }
            node = this.parent.as_deref();
        }
        if live {
            self.live_at.store(changes, Ordering::Relaxed);
        }
        Ok(())
    }

    /// What there is to do when the state is not just `LIVE`.
    fn look(&self) -> Result<()> {
        if self.state.load(Ordering::Acquire) == ASKED
            && let Some(place) = &self.place
            // A thread that must not wait is not made to.
            && rayon::current_thread_index().is_some()
        {
            place.step_aside();
        }
        match self.state.load(Ordering::Acquire) {
            CANCELLED => Err(Error::cancelled()),
            OUT_OF_TIME => Err(Error::out_of_time()),
            _ => Ok(()),
        }
    }
}

impl Ask for Node {
    fn ask(&self) {
        let _ = self.state.compare_exchange(LIVE, ASKED, Ordering::Relaxed, Ordering::Relaxed);
        CHANGES.count();
    }

    fn release(&self) {
        let _ = self.state.compare_exchange(ASKED, LIVE, Ordering::Relaxed, Ordering::Relaxed);
    }
}

impl Expire for Node {
    fn expire(&self) {
        self.end(OUT_OF_TIME);
    }
}

impl Budget {
    /// No deadline, no memory limit, cancelled by nobody but its holder.
    pub fn unlimited() -> Budget {
        Budget { node: Node::new(None), memory: Memory::unlimited(), deadline: None, pool: None }
    }

    /// The budget of an invocation, [in turn](Budget::in_turn) with others on `cores`: within `memory`, until `deadline`.
    ///
    /// It is the same as asking for these one after the other, but one budget instead of four.
    pub fn of_invocation(memory: Memory, deadline: Option<Deadline>, cores: usize) -> Budget {
        let node = Node::at(Some(Place::new(cores.max(1))), None);
        if let Some(deadline) = deadline {
            node.ends_at(deadline);
        }
        Budget { node, memory, deadline, pool: None }
    }

    /// A budget within this one: it ends when this one ends, and can be cancelled alone.
    #[must_use]
    pub fn child(&self) -> Budget {
        Budget {
            node: Node::new(Some(Arc::clone(&self.node))),
            memory: self.memory.clone(),
            deadline: self.deadline,
            pool: self.pool.clone(),
        }
    }

    /// A child that must stop by `deadline` (or by this budget's own, whichever comes first).
    #[must_use]
    pub fn by(&self, deadline: Deadline) -> Budget {
        let mut child = self.child();
        if child.deadline.is_none_or(|own| deadline.stop_at() < own.stop_at()) {
            child.deadline = Some(deadline);
        }
        child.node.ends_at(deadline);
        child
    }

    /// A child that draws on `memory` instead of this budget's.
    #[must_use]
    pub fn within(&self, memory: Memory) -> Budget {
        Budget { memory, ..self.child() }
    }

    /// A child whose drivers compute on `pool`: see [`blocks`](crate::blocks).
    #[must_use]
    pub fn on(&self, pool: &Pool) -> Budget {
        Budget { pool: Some(pool.clone()), ..self.child() }
    }

    /// A child for one of several parties that compute in this process at the same time and share `cores`: those that have
    /// computed for a moment only go first.
    ///
    /// When such a party begins, the threads of those that have computed for more than 10 ms step aside at their next
    /// [`check`](Budget::check), as many as the young one has use for: until it is done or has computed for 10 ms, and never
    /// for more than two thirds of their time. Who computes is told by [`computing`](Budget::computing). `lambda::run_concurrent`
    /// does this for invocations.
    #[must_use]
    pub fn in_turn(&self, cores: usize) -> Budget {
        let place = Some(Place::new(cores.max(1)));
        Budget { node: Node::at(place, Some(Arc::clone(&self.node))), ..self.clone() }
    }

    /// Says that this thread computes under this budget until the guard is dropped. It does nothing unless the budget is
    /// that of a [party](Budget::in_turn), or within one.
    #[must_use = "it says so until it is dropped"]
    pub fn computing(&self) -> Computing {
        self.computing_on(1)
    }

    /// As [`computing`](Budget::computing), on so many threads.
    pub(crate) fn computing_on(&self, threads: usize) -> Computing {
        let mut node = Some(&self.node);
        while let Some(this) = node.filter(|this| this.place.is_none()) {
            node = this.parent.as_ref();
        }
        if let Some((node, place)) = node.and_then(|node| Some((node, node.place.as_ref()?))) {
            place.enter(Arc::clone(node) as _, threads);
        }
        Computing { node: node.cloned(), threads }
    }

    /// `Ok` while the work should go on.
    ///
    /// Two relaxed loads, however many parents this budget has: cheap enough for inner loops.
    ///
    /// # Errors
    /// [`is_cancelled`](Error::is_cancelled) or [`is_out_of_time`](Error::is_out_of_time).
    #[inline]
    pub fn check(&self) -> Result<()> {
        if self.node.live_at.load(Ordering::Relaxed) == CHANGES.0.load(Ordering::Relaxed) {
            return Ok(());
        }
        self.node.look_up()
    }

    /// Tells the work under this budget, and under its children, to stop.
    pub fn cancel(&self) {
        self.node.end(CANCELLED);
    }

    /// A guard that cancels this budget when it is dropped, unless [defused](CancelOnDrop::defuse).
    #[must_use = "the budget is cancelled when the guard is dropped"]
    pub fn cancel_on_drop(&self) -> CancelOnDrop {
        CancelOnDrop { node: Some(Arc::clone(&self.node)) }
    }

    /// Takes `bytes` from this budget's memory until the reservation is dropped.
    ///
    /// # Errors
    /// [`is_out_of_memory`](Error::is_out_of_memory) when they are not left now; it does not wait.
    pub fn reserve(&self, bytes: u64) -> Result<Reservation> {
        self.memory.try_reserve(bytes)
    }

    /// The memory this budget draws on.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// When the work must stop, if ever.
    pub fn deadline(&self) -> Option<Deadline> {
        self.deadline
    }

    /// The time left, less the reserve; `None` without a deadline.
    pub fn remaining(&self) -> Option<Duration> {
        self.deadline.map(|deadline| deadline.remaining_at(Instant::now()))
    }

    /// The pool that a driver under this budget computes on.
    pub fn pool(&self) -> Option<&Pool> {
        self.pool.as_ref()
    }

    /// How many pool threads work under this budget can use: those of the pool it runs on, those of its own
    /// [`pool`](Budget::pool) where it drives one, and one without any pool.
    pub fn workers(&self) -> usize {
        match &self.pool {
            // Outside of a pool Rayon would start its global one to answer.
            _ if rayon::current_thread_index().is_some() => rayon::current_num_threads(),
            Some(pool) => pool.workers(),
            None => 1,
        }
    }

    /// Says that `units` more are done (bytes, rows, lines: the job's own unit). Parents count them too.
    pub fn advance(&self, units: u64) {
        let mut node = Some(&self.node);
        while let Some(this) = node {
            this.progress.fetch_add(units, Ordering::Relaxed);
            node = this.parent.as_ref();
        }
    }

    /// The units done so far, those of children included.
    pub fn progress(&self) -> u64 {
        self.node.progress.load(Ordering::Relaxed)
    }
}

/// Says that a thread computes, as long as it is there: see [`Budget::computing`].
#[derive(Debug)]
pub struct Computing {
    node: Option<Arc<Node>>,
    threads: usize,
}

impl Drop for Computing {
    fn drop(&mut self) {
        if let Some(place) = self.node.as_ref().and_then(|node| node.place.as_ref()) {
            place.leave(self.threads);
        }
    }
}

/// Cancels a [`Budget`] when dropped.
#[derive(Debug)]
pub struct CancelOnDrop {
    node: Option<Arc<Node>>,
}

impl CancelOnDrop {
    /// Lets the budget live on.
    pub fn defuse(mut self) {
        self.node = None;
    }
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        if let Some(node) = &self.node {
            node.end(CANCELLED);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_ends_with_its_parent_but_not_the_other_way_round() {
        let parent = Budget::unlimited();
        let (one, two) = (parent.child(), parent.child());
        one.cancel();
        assert!(one.check().is_err_and(|error| error.is_cancelled()));
        assert!(two.check().is_ok() && parent.check().is_ok());
        parent.cancel();
        assert!(two.check().is_err_and(|error| error.is_cancelled()));
    }

    #[test]
    fn an_invocations_budget_has_its_end_and_its_memory() {
        let late = Some(Deadline::at(Instant::now()));
        let budget = Budget::of_invocation(Memory::limited(10), late, 2);
        assert!(budget.child().check().is_err_and(|error| error.is_out_of_time()));
        assert!(budget.reserve(11).is_err_and(|error| error.is_out_of_memory()));
        assert_eq!(budget.deadline(), late);
        assert!(Budget::of_invocation(Memory::unlimited(), None, 1).check().is_ok());
    }

    #[test]
    fn time_that_has_passed_is_seen_at_once() {
        let late = Budget::unlimited().by(Deadline::at(Instant::now()));
        assert!(late.check().is_err_and(|error| error.is_out_of_time()));
        assert_eq!(late.remaining(), Some(Duration::ZERO));
    }

    #[test]
    fn the_timekeeper_ends_a_budget_while_work_spins_on_check() {
        let budget = Budget::unlimited()
            .by(Deadline::after(Duration::from_millis(5)).expect("the clock holds 5 ms"))
            .child();
        let error = loop {
            if let Err(error) = budget.check() {
                break error;
            }
        };
        assert!(error.is_out_of_time());
    }

    #[test]
    fn the_earlier_of_two_deadlines_is_the_one_that_counts() {
        let now = Instant::now();
        let outer = Budget::unlimited().by(Deadline::at(now + Duration::from_secs(10)));
        let inner = outer.by(Deadline::at(now + Duration::from_secs(99)));
        assert_eq!(inner.deadline(), Some(Deadline::at(now + Duration::from_secs(10))));
    }

    #[test]
    fn the_guard_cancels_unless_defused() {
        let budget = Budget::unlimited();
        budget.cancel_on_drop().defuse();
        assert!(budget.check().is_ok());
        drop(budget.cancel_on_drop());
        assert!(budget.check().is_err());
    }

    #[test]
    fn outside_of_a_pool_there_is_one_worker() {
        let budget = Budget::unlimited();
        assert_eq!(budget.workers(), 1);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().expect("threads");
        assert_eq!(pool.install(|| budget.workers()), 3);
    }

    #[test]
    fn progress_reaches_the_parent() {
        let parent = Budget::unlimited();
        parent.child().advance(3);
        parent.child().advance(4);
        assert_eq!(parent.progress(), 7);
    }
}
