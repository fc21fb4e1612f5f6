//! Pools for invocations that run at the same time.
//!
//! A rayon pool does the work of one invocation after that of another: a job of many chunks keeps its threads' own
//! queues full, and a small one that comes from outside waits until they are empty. So each invocation that runs at
//! the same time as others gets a lane, a pool of the same size, and the operating system shares the cores among lanes
//! as it shares them among processes. An idle lane costs its threads' stacks, and a second lane is made when a second
//! invocation first comes: in classic Lambda, never.

use std::sync::{Mutex, MutexGuard, PoisonError};

use brawn_core::Pool;

/// Invocations beyond so many share lanes: 16 vCPUs, the most of a managed instance, make 128 threads of the 1,024 that
/// Lambda allows.
const MOST: usize = 8;

/// The lanes of this process.
#[derive(Debug)]
pub(super) struct Lanes {
    lanes: Mutex<Vec<Lane>>,
}

#[derive(Debug)]
struct Lane {
    pool: Pool,
    invocations: usize,
}

/// A place on a lane, given back when dropped.
#[derive(Debug)]
pub(super) struct Place<'a> {
    lanes: &'a Lanes,
    index: usize,
    pub(super) pool: Pool,
}

impl Lanes {
    /// The first lane is `pool`.
    pub(super) fn new(pool: Pool) -> Lanes {
        Lanes { lanes: Mutex::new(vec![Lane { pool, invocations: 0 }]) }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Lane>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first empty lane, or a new one, or the one with the fewest invocations.
    pub(super) fn enter(&self) -> Place<'_> {
        let mut lanes = self.lock();
        let fewest = lanes.iter().enumerate().min_by_key(|(_, lane)| lane.invocations);
        let mut index = fewest.map_or(0, |(index, _)| index);
        if lanes[index].invocations > 0 && lanes.len() < MOST {
            // Where the system refuses more threads, lanes are shared.
            if let Ok(pool) = lanes[0].pool.another() {
                lanes.push(Lane { pool, invocations: 0 });
                index = lanes.len() - 1;
            }
        }
        let lane = &mut lanes[index];
        lane.invocations += 1;
        Place { lanes: self, index, pool: lane.pool.clone() }
    }

    /// How many invocations run now.
    pub(super) fn invocations(&self) -> usize {
        self.lock().iter().map(|lane| lane.invocations).sum()
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.lanes.lock()[self.index].invocations -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZeroUsize;

    fn lanes() -> Lanes {
        Lanes::new(Pool::new(NonZeroUsize::MIN).expect("a thread"))
    }

    #[test]
    fn one_after_the_other_share_a_lane_and_no_other_is_made() {
        let lanes = lanes();
        for _ in 0..3 {
            drop(lanes.enter());
        }
        assert_eq!(lanes.lock().len(), 1);
    }

    #[test]
    fn a_short_invocation_does_not_queue_behind_a_long_one() {
        let lanes = lanes();
        let long = lanes.enter();
        let (open, gate) = std::sync::mpsc::channel::<()>();
        long.pool.spawn(move || gate.recv(), |_| ()).expect("no limit");
        let short = lanes.enter();
        assert_eq!(short.pool.run(|| 7).expect("no panic"), 7, "though the other pool is blocked");
        assert_eq!(lanes.invocations(), 2);
        open.send(()).expect("it waits");
    }

    #[test]
    fn beyond_the_most_lanes_are_shared_evenly() {
        let lanes = lanes();
        let places: Vec<_> = (0..2 * MOST).map(|_| lanes.enter()).collect();
        assert_eq!(lanes.lock().len(), MOST);
        assert!(lanes.lock().iter().all(|lane| lane.invocations == 2));
        drop(places);
        assert_eq!(lanes.invocations(), 0);
    }
}
