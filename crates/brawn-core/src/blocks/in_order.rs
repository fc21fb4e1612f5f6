//! Blocks that know nothing of each other.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use rayon::prelude::*;
use tracing::Span;

use super::{caught, on_a_pool};
use crate::{Budget, Error, Pool, Result};

/// How often a driver that waits for the pool asks whether anyone still wants the answer.
const ASKED_EVERY: Duration = Duration::from_millis(10);

/// Computes blocks side by side on the budget's pool and hands the results on in the order in which the blocks were
/// read. Without a pool it computes where it is.
///
/// `read` gives one block after the other, then `None`. At most `in_flight` blocks are read and not yet written; their
/// memory is for the caller to reserve. The budget is asked between blocks and while waiting; `compute` itself asks it
/// where a block takes longer than a few milliseconds.
///
/// # Errors
/// The first in the order of the blocks, whatever finished first: of `compute` (a panic too) or `write`, then of `read`.
pub fn in_order<B: Send, T: Send>(
    budget: &Budget,
    in_flight: usize,
    read: impl FnMut() -> Result<Option<B>>,
    compute: impl Fn(B) -> Result<T> + Sync,
    write: impl FnMut(T) -> Result<()>,
) -> Result<()> {
    let in_flight = in_flight.max(1);
    match budget.pool() {
        Some(pool) if !on_a_pool() => drive(pool, budget, in_flight, read, &compute, write),
        _ => together(budget, in_flight, read, &compute, write),
    }
}

fn drive<B: Send, T: Send>(
    pool: &Pool,
    budget: &Budget,
    in_flight: usize,
    mut read: impl FnMut() -> Result<Option<B>>,
    compute: &(impl Fn(B) -> Result<T> + Sync),
    mut write: impl FnMut(T) -> Result<()>,
) -> Result<()> {
    let over = AtomicBool::new(false);
    // What a block logs belongs to who asked for it.
    let span = Span::current();
    pool.scope(|scope| {
        // What is still in line need not begin when this driver has ended.
        let _over = Over(&over);
        let (sender, receiver) = mpsc::channel();
        let mut waiting: VecDeque<Option<Result<T>>> = VecDeque::with_capacity(in_flight);
        let mut first = 0_usize;
        let mut more = true;
        let mut unread: Option<Error> = None;
        loop {
            budget.check()?;
            for (index, done) in receiver.try_iter() {
                place(&mut waiting, first, index, done);
            }
            while let Some(Some(_)) = waiting.front() {
                first += 1;
                if let Some(Some(done)) = waiting.pop_front() {
                    write(done?)?;
                    budget.check()?;
                }
            }
            if more && waiting.len() < in_flight {
                match read() {
                    Ok(Some(block)) => {
                        let (index, sender) = (first + waiting.len(), sender.clone());
                        let (over, span) = (&over, &span);
                        waiting.push_back(None);
                        scope.spawn(move |_| {
                            if !over.load(Ordering::Relaxed) {
                                let _computing = budget.computing();
                                let done = span.in_scope(|| caught(|| compute(block)));
                                // Nobody listens when the driver has ended.
                                let _ = sender.send((index, done));
                            }
                        });
                    }
                    Ok(None) => more = false,
                    // What was read before comes first, so that the same input ends with the same error.
                    Err(error) => (more, unread) = (false, Some(error)),
                }
            } else if waiting.is_empty() {
                return unread.map_or(Ok(()), Err);
            } else if let Ok((index, done)) = receiver.recv_timeout(ASKED_EVERY) {
                place(&mut waiting, first, index, done);
            }
        }
    })
}

fn place<T>(waiting: &mut VecDeque<Option<T>>, first: usize, index: usize, done: T) {
    if let Some(place) = index.checked_sub(first).and_then(|place| waiting.get_mut(place)) {
        *place = Some(done);
    }
}

struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A batch is read, then computed, then written.
fn together<B: Send, T: Send>(
    budget: &Budget,
    in_flight: usize,
    mut read: impl FnMut() -> Result<Option<B>>,
    compute: &(impl Fn(B) -> Result<T> + Sync),
    mut write: impl FnMut(T) -> Result<()>,
) -> Result<()> {
    let mut more = true;
    while more {
        let mut batch = Vec::new();
        let mut unread = None;
        while more && batch.len() < if on_a_pool() { in_flight } else { 1 } {
            budget.check()?;
            match read() {
                Ok(Some(block)) => batch.push(block),
                Ok(None) => more = false,
                Err(error) => (more, unread) = (false, Some(error)),
            }
        }
        let done: Vec<Result<T>> = if on_a_pool() {
            let span = Span::current();
            let compute = |block| span.in_scope(|| compute(block));
            batch
                .into_par_iter()
                .map(|block| budget.check().and_then(|()| compute(block)))
                .collect()
        } else {
            batch.into_iter().map(compute).collect()
        };
        for done in done {
            budget.check()?;
            write(done?)?;
        }
        if let Some(error) = unread {
            return Err(error);
        }
    }
    Ok(())
}
