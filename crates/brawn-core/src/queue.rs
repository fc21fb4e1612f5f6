//! Closures that wait for a pool: no more of them run at once than the pool has threads.
//!
//! A rayon thread that waits for its own subtasks takes any other work it finds, a whole job of somebody else too, and
//! the first job then lies under the second until that has ended. Were every job handed to rayon at once, six would be
//! open on four threads (40 photos to four outputs each, 2026-11-24). So jobs wait here, in order, and rayon finds
//! little but subtasks.

use std::cell::Cell;
use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::Error;

/// A closure and what happens with its result.
pub(crate) type Task = Box<dyn FnOnce(&Queue) + Send>;

#[derive(Default)]
pub(crate) struct Queue {
    state: Mutex<State>,
    /// Closures that run now, those that do not come from the queue too.
    pub(crate) busy: AtomicUsize,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Task>,
    running: usize,
}

/// What became of a task that came to the queue.
pub(crate) enum Entry {
    /// There is a thread for it.
    Run(Task),
    /// It waits.
    Waits,
    /// So many wait already, and it is dropped.
    Refused(usize),
}

impl Queue {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many wait.
    pub(crate) fn waiting(&self) -> usize {
        self.state().waiting.len()
    }

    pub(crate) fn enter(&self, task: Task, threads: usize, limit: usize) -> Entry {
        let mut state = self.state();
        let waiting = state.waiting.len();
        if state.running < threads {
            state.running += 1;
            Entry::Run(task)
        } else if waiting < limit {
            state.waiting.push_back(task);
            Entry::Waits
        } else {
            Entry::Refused(waiting)
        }
    }

    /// The task that takes the place of one that has ended.
    fn next(&self) -> Option<Task> {
        let mut state = self.state();
        let next = state.waiting.pop_front();
        if next.is_none() {
            state.running -= 1;
        }
        next
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("Queue")
            .field("waiting", &state.waiting.len())
            .field("running", &state.running)
            .finish()
    }
}

thread_local! {
    /// Tasks that are open on this thread: more than one when a waiting one lies under another.
    static OPEN: Cell<usize> = const { Cell::new(0) };
}

/// Runs `task`, and those that wait after it, on this thread of a rayon pool.
pub(crate) fn run(queue: Arc<Queue>, mut task: Task) {
    let outermost = OPEN.replace(OPEN.get() + 1) == 0;
    loop {
        // What a task gives back may panic when it is dropped; the place in the queue must not be lost with it.
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| task(&queue))) {
            let error = Error::panicked(payload.as_ref());
            tracing::error!(%error, "a computation's result could not be handed over");
        }
        match queue.next() {
            Some(next) if outermost => task = next,
            // Another task lies under this one: it may be done by now, and goes first.
            Some(next) => {
                #[expect(
                    clippy::disallowed_methods,
                    reason = "on a thread of the pool, whose tasks catch panics"
                )]
                rayon::spawn(move || run(queue, next));
                break;
            }
            None => break,
        }
    }
    OPEN.set(OPEN.get() - 1);
}
