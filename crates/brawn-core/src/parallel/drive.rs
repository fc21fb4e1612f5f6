//! Chunks over a pool.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rayon::prelude::*;
use tracing::Span;

use crate::{Budget, Pool, Result};

/// What would take no longer than this goes on where it is: waking the pool's sleeping threads costs microseconds too. Two
/// threads began to gain at 24 to 34 us of work (`bench/criterion`, `crossing`, three runs on two busy cores, 2026-11-27).
const INLINE_BELOW: Duration = Duration::from_micros(20);

/// From so many chunks on the first one is timed before the others are handed out. With fewer it would be a good part of
/// the work that runs alone.
const TIMED_FROM: usize = 64;

/// What `work` gives for each chunk, in order.
pub(super) fn drive<R: Send>(
    budget: &Budget,
    chunks: usize,
    work: &(impl Fn(usize) -> R + Sync),
) -> Vec<R> {
    let mut results = Vec::new();
    if chunks >= TIMED_FROM {
        results.reserve_exact(chunks);
        let started = Instant::now();
        let mut worth_it = false;
        while results.len() < chunks && !worth_it {
            results.push(work(results.len()));
            let left = (chunks - results.len()) as u32;
            worth_it = started.elapsed() / results.len() as u32 * left > INLINE_BELOW;
        }
    }
    let rest = results.len()..chunks;
    match rest.len() {
        0 => {}
        1 => results.push(work(rest.start)),
        more => {
            let _further = budget.computing_on(more.min(rayon::current_num_threads()) - 1);
            // On whichever thread a chunk runs, what it logs belongs to who asked for it.
            let span = Span::current();
            let work = |chunk| span.in_scope(|| work(chunk));
            results.par_extend(rest.into_par_iter().with_max_len(1).map(work));
        }
    }
    results
}

/// `work` on the pool whose thread this is, or else on the process's own: never on rayon's global one.
///
/// # Errors
/// A panic, when it is not for the caller's own pool to catch.
pub(super) fn on_a_pool<R: Send>(work: impl FnOnce() -> R + Send) -> Result<R> {
    if rayon::current_thread_index().is_some() {
        Ok(work())
    } else {
        let span = Span::current();
        Pool::global().run(|| span.in_scope(work))
    }
}

/// Neighbours are merged first, then their neighbours: a tree that depends on the number of parts alone.
pub(super) fn merge_in_pairs<A: Send>(
    parts: Vec<A>,
    merge: &(impl Fn(A, A) -> A + Sync),
) -> Option<A> {
    let span = Span::current();
    merge_halves(parts, &|left, right| span.in_scope(|| merge(left, right)))
}

fn merge_halves<A: Send>(mut parts: Vec<A>, merge: &(impl Fn(A, A) -> A + Sync)) -> Option<A> {
    if parts.len() < 2 {
        return parts.pop();
    }
    let right = parts.split_off(parts.len().next_power_of_two() / 2);
    let (left, right) = rayon::join(|| merge_halves(parts, merge), || merge_halves(right, merge));
    Some(merge(left?, right?))
}

/// The first chunk in which an item failed, as far as is known.
#[derive(Debug)]
pub(super) struct FirstFailure(AtomicUsize);

impl Default for FirstFailure {
    fn default() -> FirstFailure {
        FirstFailure(AtomicUsize::new(usize::MAX))
    }
}

impl FirstFailure {
    pub(super) fn set(&self, chunk: usize) {
        self.0.fetch_min(chunk, Ordering::Relaxed);
    }

    pub(super) fn is_before(&self, chunk: usize) -> bool {
        self.0.load(Ordering::Relaxed) < chunk
    }
}
