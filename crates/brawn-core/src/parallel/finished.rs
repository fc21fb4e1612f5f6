//! A result in part.

use crate::Error;

/// What came of work that may have ended early: each item is in one of the three lists, or was filtered out.
#[derive(Debug)]
#[non_exhaustive]
pub struct Finished<U> {
    /// Results with the numbers of their items, in order.
    pub done: Vec<(usize, U)>,
    /// Errors with the numbers of their items, in order.
    pub failed: Vec<(usize, Error)>,
    /// The numbers of the items that were not done when the budget ended, in order. Send exactly these again.
    pub unfinished: Vec<usize>,
    /// What ended the budget, when something is unfinished.
    pub ended: Option<Error>,
}

impl<U> Finished<U> {
    /// Whether every item was done, and well.
    pub fn is_complete(&self) -> bool {
        self.failed.is_empty() && self.unfinished.is_empty()
    }

    pub(super) fn not_done(&mut self, index: usize, ended: Error) {
        self.unfinished.push(index);
        self.ended = self.ended.take().or(Some(ended));
    }

    /// Adds a part that comes after all of this.
    pub(super) fn append(&mut self, mut part: Finished<U>) {
        self.done.append(&mut part.done);
        self.failed.append(&mut part.failed);
        self.unfinished.append(&mut part.unfinished);
        self.ended = self.ended.take().or(part.ended);
    }
}

impl<U> Default for Finished<U> {
    fn default() -> Finished<U> {
        Finished { done: Vec::new(), failed: Vec::new(), unfinished: Vec::new(), ended: None }
    }
}
