//! Data-parallel work that a budget can end: in order, the same for any number of workers, on the calling thread's pool.

mod drive;
mod finished;
mod items;

use std::ops::Range;

pub use finished::Finished;
pub use items::{Chunks, Items};

use crate::{Budget, Result};
use drive::{FirstFailure, drive, merge_in_pairs, on_a_pool};

/// Chunks that work is cut into where [`grain`](ParIter::grain) does not say otherwise: enough for the six vCPUs of the
/// largest function to end together, few enough that a chunk's own cost (some 100 ns) is not seen.
const CHUNKS: usize = 256;

/// Starting points for parallel work under this budget. What they return is lazy: nothing runs before
/// [`collect`](ParIter::collect), [`fold`](ParIter::fold) or [`finished`](ParIter::finished).
impl Budget {
    /// The items of a slice, in parallel.
    ///
    /// Between any two items the budget is asked, so the work ends within one item of a deadline or a cancel. Results
    /// come in the order of the items, and the error that is returned is that of the first item that fails, whatever
    /// the number of workers.
    ///
    /// ```
    /// use brawn_core::{Budget, Error};
    ///
    /// let lines = ["3", "4", "", "5"];
    /// let squares = Budget::unlimited()
    ///     .par_iter(&lines)
    ///     .filter(|line| !line.is_empty())
    ///     .try_map(|line| line.parse::<u64>().map_err(|error| Error::invalid_input(error.to_string())))
    ///     .map(|n| n * n)
    ///     .collect()?;
    /// assert_eq!(squares, [9, 16, 25]);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// ```compile_fail,E0594
    /// // Stages run on many threads at once, so they change nothing outside of them: use `fold`.
    /// let mut count = 0;
    /// let budget = brawn_core::Budget::unlimited();
    /// let _ = budget.par_iter(&[1, 2]).map(|_| count += 1).collect();
    /// ```
    pub fn par_iter<'a, T: Sync>(
        &'a self,
        items: &'a [T],
    ) -> ParIter<'a, &'a [T], impl Fn(&'a T) -> Result<Option<&'a T>> + Sync> {
        ParIter::new(items, self)
    }

    /// The slice in pieces of `size` items (the last may be shorter), in parallel: for work on plain numbers, which wants
    /// to run over a piece without being asked in between.
    ///
    /// ```
    /// use brawn_core::Budget;
    ///
    /// let values: Vec<f64> = (0..100_000).map(f64::from).collect();
    /// let sum = Budget::unlimited()
    ///     .par_chunks(&values, 4096)
    ///     .map(|chunk| chunk.iter().sum::<f64>())
    ///     .fold(|| 0.0, |sum, part| sum + part, |left, right| left + right)?;
    /// assert_eq!(sum, 4_999_950_000.0);
    /// # Ok::<(), brawn_core::Error>(())
    /// ```
    ///
    /// # Panics
    /// When `size` is 0.
    #[expect(clippy::type_complexity, reason = "a closure has no name to be factored into")]
    pub fn par_chunks<'a, T: Sync>(
        &'a self,
        items: &'a [T],
        size: usize,
    ) -> ParIter<'a, Chunks<'a, T>, impl Fn(&'a [T]) -> Result<Option<&'a [T]>> + Sync> {
        ParIter::new(Chunks::new(items, size), self)
    }

    /// The numbers of a range, in parallel.
    pub fn par_range(
        &self,
        range: Range<usize>,
    ) -> ParIter<'_, Range<usize>, impl Fn(usize) -> Result<Option<usize>> + Sync> {
        ParIter::new(range, self)
    }
}

/// Items on their way through filters and maps, in parallel and under a [`Budget`].
///
/// Work runs on the rayon pool of the calling thread; from a thread of no pool, on [`Pool::global`](crate::Pool::global).
/// Work of many items that would take less than 20 us runs right there.
#[derive(Debug)]
#[must_use = "nothing runs before it is collected or folded"]
pub struct ParIter<'a, I, F> {
    items: I,
    budget: &'a Budget,
    grain: Option<usize>,
    stages: F,
}

impl<'a, I: Items> ParIter<'a, I, ()> {
    #[expect(clippy::type_complexity, reason = "a closure has no name to be factored into")]
    fn new(
        items: I,
        budget: &'a Budget,
    ) -> ParIter<'a, I, impl Fn(I::Item) -> Result<Option<I::Item>> + Sync> {
        ParIter { items, budget, grain: None, stages: |item| Ok(Some(item)) }
    }
}

impl<'a, I, U, F> ParIter<'a, I, F>
where
    I: Items,
    F: Fn(I::Item) -> Result<Option<U>> + Sync,
{
    /// Cuts the work into chunks of `items` items instead of some 256 equal ones: one for few expensive items of very
    /// different cost. It also decides the shape of [`fold`](ParIter::fold)'s tree, and so the last bits of a sum.
    pub fn grain(self, items: usize) -> Self {
        ParIter { grain: Some(items.max(1)), ..self }
    }

    /// Each item as `map` gives it.
    pub fn map<V>(
        self,
        map: impl Fn(U) -> V + Sync,
    ) -> ParIter<'a, I, impl Fn(I::Item) -> Result<Option<V>> + Sync> {
        self.then(move |item| Ok(Some(map(item))))
    }

    /// Each item as `map` gives it, if it does: the error of the first item that fails ends the work.
    pub fn try_map<V>(
        self,
        map: impl Fn(U) -> Result<V> + Sync,
    ) -> ParIter<'a, I, impl Fn(I::Item) -> Result<Option<V>> + Sync> {
        self.then(move |item| map(item).map(Some))
    }

    /// The items that `keep` says yes to.
    pub fn filter(
        self,
        keep: impl Fn(&U) -> bool + Sync,
    ) -> ParIter<'a, I, impl Fn(I::Item) -> Result<Option<U>> + Sync> {
        self.then(move |item| Ok(keep(&item).then_some(item)))
    }

    /// What `map` gives for each item, where it gives something.
    pub fn filter_map<V>(
        self,
        map: impl Fn(U) -> Option<V> + Sync,
    ) -> ParIter<'a, I, impl Fn(I::Item) -> Result<Option<V>> + Sync> {
        self.then(move |item| Ok(map(item)))
    }

    fn then<V>(
        self,
        next: impl Fn(U) -> Result<Option<V>> + Sync,
    ) -> ParIter<'a, I, impl Fn(I::Item) -> Result<Option<V>> + Sync> {
        let ParIter { items, budget, grain, stages } = self;
        let stages = move |item| match stages(item)? {
            Some(item) => next(item),
            None => Ok(None),
        };
        ParIter { items, budget, grain, stages }
    }

    /// All results, in the order of the items.
    ///
    /// # Errors
    /// The error of the first item that fails; [`is_out_of_time`](crate::Error::is_out_of_time) or
    /// [`is_cancelled`](crate::Error::is_cancelled) when the budget ends before the work does.
    pub fn collect(self) -> Result<Vec<U>>
    where
        U: Send,
    {
        let failure = FirstFailure::default();
        let parts = on_a_pool(|| {
            drive(self.budget, self.chunks(), &|chunk| {
                let mut part = Vec::new();
                self.each_of(chunk, &failure, |item| part.push(item)).map(|()| part)
            })
        })?;
        let mut parts = parts.into_iter().collect::<Result<Vec<Vec<U>>>>()?;
        match parts.as_mut_slice() {
            [only] => Ok(std::mem::take(only)),
            _ => Ok(parts.into_iter().flatten().collect()),
        }
    }

    /// Folds the items into one value: chunk by chunk from `identity`, and the chunks' values pairwise by `merge`.
    ///
    /// Chunks and pairs depend on the number of items (and on [`grain`](ParIter::grain)) alone, so a floating-point
    /// sum has the same bits for any number of workers. `merge` may be called in parallel.
    ///
    /// # Errors
    /// As [`collect`](ParIter::collect).
    pub fn fold<A: Send>(
        self,
        identity: impl Fn() -> A + Sync,
        fold: impl Fn(A, U) -> A + Sync,
        merge: impl Fn(A, A) -> A + Sync,
    ) -> Result<A> {
        let failure = FirstFailure::default();
        on_a_pool(|| {
            let parts = drive(self.budget, self.chunks(), &|chunk| {
                let mut value = Some(identity());
                self.each_of(chunk, &failure, |item| {
                    value = value.take().map(|before| fold(before, item));
                })
                .map(|()| value)
            });
            let parts = parts.into_iter().collect::<Result<Vec<Option<A>>>>()?;
            let parts = parts.into_iter().flatten().collect();
            Ok(merge_in_pairs(parts, &merge).unwrap_or_else(&identity))
        })?
    }

    /// What is finished when all is done or the budget ends, what failed, and the items that were not done: for answers
    /// that are useful in part, and for sending the rest again.
    ///
    /// # Errors
    /// [`is_panic`](crate::Error::is_panic) when called from a thread of no pool and an item panics.
    pub fn finished(self) -> Result<Finished<U>>
    where
        U: Send,
    {
        let parts = on_a_pool(|| {
            drive(self.budget, self.chunks(), &|chunk| {
                let mut part = Finished::default();
                for index in self.range(chunk) {
                    if let Err(ended) = self.budget.check() {
                        part.not_done(index, ended);
                        continue;
                    }
                    match (self.stages)(self.items.at(index)) {
                        Ok(value) => part.done.extend(value.map(|value| (index, value))),
                        // The closure asked the budget itself.
                        Err(_) if self.budget.check().is_err() => {
                            part.unfinished.push(index);
                            part.ended = self.budget.check().err();
                        }
                        Err(error) => part.failed.push((index, error)),
                    }
                }
                part
            })
        })?;
        let mut all = Finished::default();
        parts.into_iter().for_each(|part| all.append(part));
        Ok(all)
    }

    fn grain_or_default(&self) -> usize {
        self.grain.unwrap_or_else(|| self.items.len().div_ceil(CHUNKS)).max(1)
    }

    fn chunks(&self) -> usize {
        self.items.len().div_ceil(self.grain_or_default())
    }

    fn range(&self, chunk: usize) -> Range<usize> {
        let start = chunk * self.grain_or_default();
        start..start.saturating_add(self.grain_or_default()).min(self.items.len())
    }

    /// Runs the items of one chunk one after the other.
    fn each_of(&self, chunk: usize, failure: &FirstFailure, mut each: impl FnMut(U)) -> Result<()> {
        for index in self.range(chunk) {
            if failure.is_before(chunk) {
                // Whatever comes of this chunk, an earlier one decides.
                return Ok(());
            }
            let value = self.budget.check().and_then(|()| (self.stages)(self.items.at(index)));
            match value {
                Ok(value) => value.into_iter().for_each(&mut each),
                Err(error) => {
                    failure.set(chunk);
                    return Err(error);
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
