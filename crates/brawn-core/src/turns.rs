//! Turns: invocations that compute at the same time in one process let those go first that have computed for a moment only.
//!
//! The operating system shares the cores fairly among the threads of all, which makes a short computation beside a long one
//! twice as long, and longer by the slices that it waits for: 3 ms each on Linux. So where a party begins that has computed
//! for less than [`YOUTH`], the threads of older ones step aside at their next [`Budget::check`](crate::Budget::check), as many
//! as the young one has use for, until it is done or no longer young. An older party is held up for two thirds of its time at most,
//! whatever comes (a stream of short ones may want half of the cores, and waits for chunks too), and among parties that are not
//! young nothing changes. Threads are those that brawn knows of: closures, and the helpers' (`par_iter` and its siblings); what
//! bare Rayon code occupies beyond its own thread is not counted.
//!
//! Measured (`bench/criterion`, `fairness`, two cores with other work, 2026-11-27): 2.4 ms alone became 7.3 beside a long job
//! when only the system shared, and 4.3 in turn; p99 14 and 12.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// Who has computed for longer than this is not let through any more. Long enough for what answers a waiting person, short
/// enough for who waits.
pub(crate) const YOUTH: Duration = Duration::from_millis(10);

/// Who has looked and need not step aside does not look again before this is over: inner loops check millions of times a
/// second, and would keep the table from those who begin and end.
const LOOK_AGAIN_US: u64 = 50;

/// Microseconds since this was asked first.
fn now_us() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    u64::try_from(START.get_or_init(Instant::now).elapsed().as_micros()).unwrap_or(u64::MAX)
}

/// Something whose threads can be asked to step aside at their next check.
pub(crate) trait Ask: Send + Sync {
    /// They are to look at [`step_aside`].
    fn ask(&self);
    /// They need not any more.
    fn release(&self);
}

/// Those that compute now.
static TABLE: Table = Table { parties: Mutex::new(Vec::new()), changed: Condvar::new() };

struct Table {
    parties: Mutex<Vec<Party>>,
    changed: Condvar,
}

struct Party {
    number: u64,
    who: Arc<dyn Ask>,
    /// The pool whose threads it began on; `None` where that was no pool.
    pool: Option<usize>,
    /// Cores that all parties share.
    cores: usize,
    /// Closures that compute, and further threads that helpers have work for.
    threads: usize,
    /// When the first of them began, and for how long it was so before.
    since: Instant,
    before: Duration,
    /// Threads that stand aside, since when the first does, and for how long it was so before.
    aside: usize,
    aside_since: Instant,
    aside_before: Duration,
}

impl Party {
    fn computed(&self, now: Instant) -> Duration {
        self.before + now.saturating_duration_since(self.since)
    }

    fn is_young(&self, now: Instant) -> bool {
        self.computed(now) < YOUTH
    }

    fn stood_aside(&self, now: Instant) -> Duration {
        let this_time = if self.aside > 0 {
            now.saturating_duration_since(self.aside_since)
        } else {
            Duration::ZERO
        };
        self.aside_before + this_time
    }

    /// Whether it may be held up: so far that was for less than two thirds of its time.
    fn has_time(&self, now: Instant) -> bool {
        self.stood_aside(now) * 3 < self.computed(now) * 2
    }
}

/// What a party has computed and stood aside before, kept by its budget while it does not compute.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Past {
    computed: Duration,
    aside: Duration,
}

/// A party's place at the table, whether it computes or not.
pub(crate) struct Place {
    number: u64,
    cores: usize,
    past: Mutex<Past>,
    /// When its threads may look at the table next, as [`now_us`] counts.
    look_again: AtomicU64,
}

impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Place").field("number", &self.number).finish_non_exhaustive()
    }
}

impl Place {
    /// The next free one, where `cores` are shared.
    pub(crate) fn new(cores: usize) -> Place {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Place { number, cores, past: Mutex::default(), look_again: AtomicU64::new(0) }
    }

    /// `threads` more of it compute.
    pub(crate) fn enter(&self, who: Arc<dyn Ask>, threads: usize) {
        let mut parties = TABLE.lock();
        if let Some(own) = parties.iter_mut().find(|party| party.number == self.number) {
            own.threads += threads;
        } else {
            let now = Instant::now();
            let past = *self.past.lock().unwrap_or_else(PoisonError::into_inner);
            parties.push(Party {
                number: self.number,
                who,
                pool: crate::pool::of_this_thread(),
                cores: self.cores,
                threads,
                since: now,
                before: past.computed,
                aside: 0,
                aside_since: now,
                aside_before: past.aside,
            });
            if parties.len() > 1 {
                ask_the_old(&parties, now);
            }
        }
    }

    /// `threads` of it do not compute any more.
    pub(crate) fn leave(&self, threads: usize) {
        let mut parties = TABLE.lock();
        let Some(index) = parties.iter().position(|party| party.number == self.number) else {
            return;
        };
        parties[index].threads = parties[index].threads.saturating_sub(threads);
        if parties[index].threads > 0 {
            return;
        }
        let (party, now) = (parties.swap_remove(index), Instant::now());
        *self.past.lock().unwrap_or_else(PoisonError::into_inner) =
            Past { computed: party.computed(now), aside: party.stood_aside(now) };
        party.who.release();
        if parties.iter().any(|other| other.aside > 0) {
            TABLE.changed.notify_all();
        }
    }

    /// Waits while younger parties have use for this thread's core, [`YOUTH`] at most. It must be a thread of a pool; for those that
    /// compute on that pool it does not wait, for they need its threads.
    pub(crate) fn step_aside(&self) {
        if now_us() < self.look_again.load(Ordering::Relaxed) {
            return;
        }
        let until = Instant::now() + YOUTH;
        let pool = crate::pool::of_this_thread();
        let mut parties = TABLE.lock();
        loop {
            let now = Instant::now();
            let left = parties
                .iter()
                .filter(|party| party.is_young(now) && (pool.is_none() || party.pool != pool))
                .map(|party| YOUTH - party.computed(now))
                .min();
            let wanted = wanted(&parties, pool, now);
            let standing: usize = parties.iter().map(|party| party.aside).sum();
            let Some(own) = parties.iter_mut().find(|party| party.number == self.number) else {
                return;
            };
            match left {
                // Whoever asks is told of a cancel or the deadline in between.
                Some(left)
                    if now < until
                        && standing < wanted
                        && !own.is_young(now)
                        && own.has_time(now) =>
                {
                    if own.aside == 0 {
                        own.aside_since = now;
                    }
                    own.aside += 1;
                    parties = TABLE
                        .changed
                        .wait_timeout(parties, left.min(until - now))
                        .unwrap_or_else(PoisonError::into_inner)
                        .0;
                    if let Some(own) = parties.iter_mut().find(|party| party.number == self.number)
                    {
                        let now = Instant::now();
                        if own.aside == 1 {
                            own.aside_before = own.stood_aside(now);
                        }
                        // The party may have left and come back meanwhile.
                        own.aside = own.aside.saturating_sub(1);
                    }
                }
                _ => {
                    // Others of this party may have to look: they will be asked when the next young one comes.
                    if left.is_none() || !own.has_time(now) {
                        own.who.release();
                    }
                    self.look_again.store(now_us() + LOOK_AGAIN_US, Ordering::Relaxed);
                    return;
                }
            }
        }
    }
}

impl Table {
    fn lock(&self) -> MutexGuard<'_, Vec<Party>> {
        self.parties.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Asks those that are not young, where somebody is.
fn ask_the_old(parties: &[Party], now: Instant) {
    if parties.iter().any(|party| party.is_young(now)) {
        parties.iter().filter(|party| !party.is_young(now)).for_each(|party| party.who.ask());
    }
}

/// How many threads are to stand aside: as many as there are more than cores, and no more than the young have use for that do not
/// compute on `pool`.
fn wanted(parties: &[Party], pool: Option<usize>, now: Instant) -> usize {
    let threads = |young| {
        let of = parties.iter().filter(move |party| {
            party.is_young(now) == young && !(young && party.pool == pool && pool.is_some())
        });
        of.map(|party| party.threads.min(party.cores)).sum::<usize>()
    };
    let cores = parties.iter().map(|party| party.cores).max().unwrap_or(1);
    threads(false).saturating_sub(cores.saturating_sub(threads(true)))
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;
    use std::sync::atomic::AtomicBool;
    use std::sync::mpsc;

    use super::*;
    use crate::{Budget, Pool};

    fn pool() -> Pool {
        Pool::new(NonZeroUsize::MIN).expect("a thread")
    }

    /// A party that computes on one thread until it is told to stop; gives how often it checked.
    fn spin(pool: &Pool, budget: &Budget, stop: &Arc<AtomicBool>, checks: &Arc<AtomicU64>) {
        let (budget, stop, checks) = (budget.clone(), Arc::clone(stop), Arc::clone(checks));
        let (begun, begins) = mpsc::channel();
        let work = move || {
            let _computing = budget.computing();
            begun.send(()).expect("received");
            while !stop.load(Ordering::Relaxed) {
                budget.check().expect("nobody cancels");
                checks.fetch_add(1, Ordering::Relaxed);
            }
        };
        pool.spawn(work, |done| done.expect("no panic")).expect("no limit");
        begins.recv().expect("it begins");
    }

    /// Threads that stand aside now, of this test's parties: those of no other test share two cores.
    fn aside(cores: usize) -> usize {
        TABLE.lock().iter().filter(|party| party.cores == cores).map(|party| party.aside).sum()
    }

    #[test]
    fn the_old_stand_aside_while_the_young_compute_and_go_on_after() {
        // Of two cores the young have use for both.
        let old = Budget::unlimited().in_turn(2);
        let (pool, stop, checks) = (pool(), Arc::default(), Arc::default());
        spin(&pool, &old, &stop, &checks);
        let began = Instant::now();
        // A young one may be old before the other has had a turn on this machine, and the next is tried then.
        let young = loop {
            std::thread::sleep(YOUTH * 2);
            let young = Budget::unlimited().in_turn(2);
            let computing = young.computing_on(2);
            while TABLE.lock().iter().any(|party| party.is_young(Instant::now())) && aside(2) == 0 {
                std::thread::yield_now();
            }
            if aside(2) == 1 {
                break computing;
            }
            assert!(began.elapsed() < Duration::from_secs(60), "it never steps aside");
        };
        drop(young);
        let before = checks.load(Ordering::Relaxed);
        while checks.load(Ordering::Relaxed) == before {
            std::thread::yield_now();
        }
        stop.store(true, Ordering::Relaxed);
    }

    #[test]
    fn nobody_stands_aside_for_ever_nor_where_there_are_cores_for_all() {
        let (old, young) = (Budget::unlimited().in_turn(1), Budget::unlimited().in_turn(1));
        let (pool, stop, checks) = (pool(), Arc::default(), Arc::<AtomicU64>::default());
        spin(&pool, &old, &stop, &checks);
        std::thread::sleep(YOUTH * 2);
        let computing = young.computing();
        // It is not young any more at some time.
        let before = checks.load(Ordering::Relaxed);
        let began = Instant::now();
        while checks.load(Ordering::Relaxed) < before + 1_000_000 {
            std::thread::yield_now();
            assert!(began.elapsed() < Duration::from_secs(60), "it stands for ever");
        }
        drop(computing);
        stop.store(true, Ordering::Relaxed);

        let now = Instant::now();
        let party = |number, cores, threads, before| Party {
            number,
            who: Arc::new(Nobody),
            pool: Some(number as usize),
            cores,
            threads,
            since: now,
            before,
            aside: 0,
            aside_since: now,
            aside_before: Duration::ZERO,
        };
        let table = |cores, young| {
            let old = party(0, cores, 2, YOUTH);
            wanted(&[old, party(1, cores, young, Duration::ZERO)], Some(0), now)
        };
        assert_eq!([table(4, 2), table(3, 2), table(2, 2), table(2, 1)], [0, 1, 2, 1]);
        assert_eq!(table(2, 9), 2, "more threads than cores are of no use");
        let same_pool = [party(0, 2, 2, YOUTH), party(1, 2, 2, Duration::ZERO)];
        assert_eq!(wanted(&same_pool, Some(1), now), 0, "it needs these very threads");
    }

    #[test]
    fn an_old_party_is_held_up_for_two_thirds_of_its_time_at_most() {
        let now = Instant::now();
        let mut party = Party {
            number: 0,
            who: Arc::new(Nobody),
            pool: None,
            cores: 2,
            threads: 2,
            since: now,
            before: Duration::from_millis(100),
            aside: 0,
            aside_since: now,
            aside_before: Duration::from_millis(65),
        };
        assert!(party.has_time(now));
        party.aside = 1;
        assert!(!party.has_time(now + Duration::from_millis(6)), "71 of 106 ms");
    }

    struct Nobody;

    impl Ask for Nobody {
        fn ask(&self) {}
        fn release(&self) {}
    }
}
