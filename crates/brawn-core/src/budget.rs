//! What running work may spend and must ask about.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::timekeeper::{self, Expire};
use crate::{Deadline, Error, Memory, Pool, Reservation, Result};

const LIVE: u8 = 0;
const CANCELLED: u8 = 1;
const OUT_OF_TIME: u8 = 2;

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
    progress: AtomicU64,
    parent: Option<Arc<Node>>,
}

impl Node {
    fn new(parent: Option<Arc<Node>>) -> Arc<Node> {
        Arc::new(Node { state: AtomicU8::new(LIVE), progress: AtomicU64::new(0), parent })
    }

    fn end(&self, state: u8) {
        // The first reason stays: a cancelled budget does not turn into a late one.
        let _ = self.state.compare_exchange(LIVE, state, Ordering::Release, Ordering::Relaxed);
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
        let node: Arc<dyn Expire> = Arc::clone(&child.node) as _;
        timekeeper::set_alarm(deadline.stop_at(), Arc::downgrade(&node));
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

    /// `Ok` while the work should go on.
    ///
    /// One relaxed load for this budget and one for each of its parents: cheap enough for inner loops.
    ///
    /// # Errors
    /// [`is_cancelled`](Error::is_cancelled) or [`is_out_of_time`](Error::is_out_of_time).
    #[inline]
    pub fn check(&self) -> Result<()> {
        let mut node = Some(&self.node);
        while let Some(this) = node {
            if this.state.load(Ordering::Relaxed) != LIVE {
                return Err(ended(this.state.load(Ordering::Acquire)));
            }
            node = this.parent.as_ref();
        }
        Ok(())
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

#[cold]
fn ended(state: u8) -> Error {
    if state == OUT_OF_TIME { Error::out_of_time() } else { Error::cancelled() }
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
