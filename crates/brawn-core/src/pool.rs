//! The process's one rayon pool.

use std::cell::Cell;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use crate::queue::{self, Entry, Queue};
use crate::{Error, ErrorKind, Result, Vcpus};

/// A rayon pool sized to the vCPUs that were granted, never rayon's global pool.
///
/// Cloning gives another handle on the same threads. Rayon code (`par_iter`, `join`, `scope`) called inside
/// [`run`](Pool::run) or [`spawn`](Pool::spawn) uses this pool.
#[derive(Clone, Debug)]
pub struct Pool {
    threads: Arc<rayon::ThreadPool>,
    queue: Arc<Queue>,
    queue_limit: usize,
}

static GLOBAL: OnceLock<Pool> = OnceLock::new();

thread_local! {
    static POOL: Cell<Option<usize>> = const { Cell::new(None) };
}

/// The number of the pool whose thread this is.
pub(crate) fn of_this_thread() -> Option<usize> {
    POOL.get()
}

impl Pool {
    /// A pool of `workers` threads of its own.
    ///
    /// # Errors
    /// When the operating system refuses the threads.
    pub fn new(workers: NonZeroUsize) -> Result<Pool> {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let threads = rayon::ThreadPoolBuilder::new()
            .start_handler(move |_| POOL.set(Some(number)))
            .num_threads(workers.get())
            .thread_name(|index| format!("brawn-{index}"))
            // Without a handler rayon aborts the process when a spawned task panics. Everything brawn spawns catches
            // its panics; this is for `rayon::spawn` called by the code of others inside.
            .panic_handler(|payload| {
                tracing::error!(error = %Error::panicked(payload.as_ref()), "a detached task panicked");
            })
            .build()
            .map_err(|error| {
                Error::new(ErrorKind::Unavailable, format!("cannot start {workers} worker threads"))
                    .with_source(error)
            })?;
        Ok(Pool { threads: Arc::new(threads), queue: Arc::default(), queue_limit: usize::MAX })
    }

    /// As many threads again, with a queue of their own.
    ///
    /// # Errors
    /// When the operating system refuses the threads.
    pub fn another(&self) -> Result<Pool> {
        let workers = NonZeroUsize::new(self.workers()).unwrap_or(NonZeroUsize::MIN);
        Ok(Pool::new(workers)?.with_queue_limit(self.queue_limit))
    }

    /// A handle on the same threads that refuses to [`spawn`](Pool::spawn) when `waiting` closures wait already: a
    /// function that answers "busy" at once is retried elsewhere, one that queues without end times out.
    #[must_use]
    pub fn with_queue_limit(&self, waiting: usize) -> Pool {
        Pool { queue_limit: waiting, ..self.clone() }
    }

    /// The process's pool, made on first use with [`Vcpus::detect`]'s worker count.
    ///
    /// # Panics
    /// When the operating system refuses the threads at the first call.
    pub fn global() -> &'static Pool {
        GLOBAL.get_or_init(|| {
            Pool::new(Vcpus::detect().workers)
                .expect("a process that cannot start one thread cannot compute")
        })
    }

    /// Makes this pool the process's own, where none has been made yet. Says whether it did.
    pub fn make_global(&self) -> bool {
        GLOBAL.set(self.clone()).is_ok()
    }

    /// How many threads the process's own pool has, or would have if it was made now: what plans reckon with.
    pub fn expected_workers() -> usize {
        GLOBAL.get().map_or_else(|| Vcpus::detect().workers.get(), Pool::workers)
    }

    /// How many threads compute.
    pub fn workers(&self) -> usize {
        self.threads.current_num_threads()
    }

    /// How many closures given to [`run`](Pool::run) or [`spawn`](Pool::spawn) are running now.
    pub fn busy(&self) -> usize {
        self.queue.busy.load(Ordering::Relaxed)
    }

    /// How many closures given to [`spawn`](Pool::spawn) wait for a thread.
    pub fn queued(&self) -> usize {
        self.queue.waiting()
    }

    /// Runs `work` on the pool and waits for it. Called from one of the pool's own threads it runs right there.
    ///
    /// This blocks the calling thread: from async code use `brawn::compute`.
    ///
    /// # Errors
    /// [`is_panic`](Error::is_panic) with the panic's message. (A build with `panic = "abort"` dies instead.)
    pub fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> Result<T> {
        let busy = &self.queue.busy;
        self.threads
            .install(|| {
                let _busy = Busy::enter(busy);
                catch_unwind(AssertUnwindSafe(work))
            })
            .map_err(|payload| Error::panicked(payload.as_ref()))
    }

    /// Tasks on the pool that may borrow from the calling thread, which goes on by itself and waits for them at the end.
    /// It must not be a thread of the pool, which may not wait.
    pub(crate) fn scope<'s, T>(&self, work: impl FnOnce(&rayon::Scope<'s>) -> T) -> T {
        self.threads.in_place_scope(work)
    }

    /// Queues `work` and returns; `done` is called on the same pool thread with the result or the panic. It must not
    /// panic.
    ///
    /// As many closures run at once as there are threads, in the order they came.
    ///
    /// # Errors
    /// [`is_busy`](Error::is_busy) when the [queue limit](Pool::with_queue_limit) is reached; neither is called then.
    pub fn spawn<T, W, D>(&self, work: W, done: D) -> Result<()>
    where
        W: FnOnce() -> T + Send + 'static,
        D: FnOnce(Result<T>) + Send + 'static,
    {
        // It is given the queue rather than a handle of its own on it: such a count bounces between cores.
        let task = Box::new(move |queue: &Queue| {
            let guard = Busy::enter(&queue.busy);
            let outcome = catch_unwind(AssertUnwindSafe(work));
            drop(guard);
            done(outcome.map_err(|payload| Error::panicked(payload.as_ref())));
        });
        match self.queue.enter(task, self.workers(), self.queue_limit) {
            Entry::Run(task) => {
                let queue = Arc::clone(&self.queue);
                self.threads.spawn(move || queue::run(queue, task));
                Ok(())
            }
            Entry::Waits => Ok(()),
            Entry::Refused(waiting) => Err(Error::new(
                ErrorKind::Busy,
                format!(
                    "{waiting} computations wait already and the limit is {}",
                    self.queue_limit
                ),
            )
            .with_hint("try again later, or allow a longer queue")),
        }
    }
}

struct Busy<'a>(&'a AtomicUsize);

impl<'a> Busy<'a> {
    fn enter(busy: &'a AtomicUsize) -> Busy<'a> {
        busy.fetch_add(1, Ordering::Relaxed);
        Busy(busy)
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rayon::prelude::*;

    fn pool(workers: usize) -> Pool {
        Pool::new(NonZeroUsize::new(workers).expect("not zero")).expect("threads")
    }

    #[test]
    fn a_panic_in_a_parallel_iterator_is_an_error_and_the_pool_lives_on() {
        let pool = pool(2);
        let error = pool
            .run(|| (0..100).into_par_iter().for_each(|n| assert!(n != 42, "no {n} here")))
            .expect_err("42 is in the range");
        assert!(error.is_panic());
        assert_eq!(error.to_string(), "panicked: no 42 here");
        assert_eq!(pool.run(|| 7).expect("the pool lives on"), 7);
        assert_eq!(pool.busy(), 0);
    }

    #[test]
    fn a_spawned_panic_reaches_its_caller() {
        let (send, receive) = std::sync::mpsc::channel();
        pool(1)
            .spawn(|| -> () { panic!("gone") }, move |done| send.send(done).expect("received"))
            .expect("no limit");
        let error = receive.recv().expect("an answer").expect_err("it panicked");
        assert_eq!(error.to_string(), "panicked: gone");
    }

    #[test]
    fn nested_and_foreign_pools_do_not_deadlock() {
        let (mine, foreign) = (pool(1), pool(1));
        let answer = foreign.run(|| mine.run(|| mine.run(|| foreign.run(|| 5))));
        assert!(matches!(answer, Ok(Ok(Ok(Ok(5))))));
    }

    #[test]
    fn what_is_over_the_queue_limit_is_refused_at_once() {
        let pool = pool(1);
        let limited = pool.with_queue_limit(1);
        let (open, gate) = std::sync::mpsc::channel::<()>();
        let (send, receive) = std::sync::mpsc::channel();
        let started = send.clone();
        let first = move || {
            started.send("started").expect("received");
            gate.recv().expect("opened");
        };
        limited.spawn(first, |_| ()).expect("nothing waits");
        assert_eq!(receive.recv().expect("it runs"), "started");
        let second = send.clone();
        limited
            .spawn(|| (), move |_| second.send("second").expect("received"))
            .expect("none waits");
        let error = limited.spawn(|| (), |_| ()).expect_err("one waits");
        assert!(error.is_busy() && error.is_transient(), "{error}");
        pool.spawn(|| (), |_| ()).expect("the other handle has no limit");
        open.send(()).expect("it waits");
        assert_eq!(receive.recv().expect("it runs"), "second");
    }

    #[test]
    fn no_more_closures_are_open_than_there_are_threads() {
        let pool = pool(2);
        let open = Arc::new(AtomicUsize::new(0));
        let most = Arc::new(AtomicUsize::new(0));
        let (send, receive) = std::sync::mpsc::channel();
        for n in 0..50 {
            let (open, most, send) = (Arc::clone(&open), Arc::clone(&most), send.clone());
            let work = move || {
                most.fetch_max(open.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                // Waits for subtasks in the middle, where rayon looks for other work.
                let sum: u64 = (0..200_u64).into_par_iter().map(std::hint::black_box).sum();
                open.fetch_sub(1, Ordering::SeqCst);
                sum
            };
            pool.spawn(work, move |done| send.send((n, done)).expect("received"))
                .expect("no limit");
        }
        drop(send);
        let mut done: Vec<u64> = receive
            .iter()
            .map(|(n, done)| {
                assert_eq!(done.expect("no panic"), 199 * 200 / 2);
                n
            })
            .collect();
        done.sort_unstable();
        assert!(done.into_iter().eq(0..50), "each is done once");
        assert!(most.load(Ordering::SeqCst) <= 2, "{most:?} were open");
        assert_eq!((pool.queued(), pool.busy()), (0, 0));
    }
}
