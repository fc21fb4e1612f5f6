//! Objects in pieces: read blocks, compute on the pool, hand on in order, in constant memory.
//!
//! The thread that calls [`in_order`] or [`in_turn`] is the driver. It reads and writes, which may wait; what is computed
//! runs on the [`Pool`](crate::Pool) of its budget meanwhile. A driver that is itself a thread of a pool must not wait
//! there: it reads some blocks, computes them together with the other threads, and hands them on, one after the other.
//! Where nothing waits, since bytes are in memory or in files of this machine, [`in_order_by_workers`] needs no driver.

mod block;
mod by_workers;
mod fill;
mod in_order;
mod in_turn;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod worker_tests;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

use crate::{Error, Result};

pub use block::Block;
pub use by_workers::in_order_by_workers;
pub(crate) use fill::fault;
pub use fill::{append, fill, fill_slice};
pub use in_order::in_order;
pub use in_turn::in_turn;

/// Blocks in flight that keep `workers` busy: one that is computed and one that waits for each, one being read and one
/// being written.
pub fn ahead(workers: usize) -> usize {
    2 * workers + 2
}

/// Buffers to be used again: fresh memory costs 0.5 ns a byte in page faults (2-core VM, 2026-11-24), four times what
/// BLAKE3 takes.
#[derive(Debug, Default)]
pub struct Spare(Mutex<Vec<Vec<u8>>>);

impl Spare {
    /// One that was given back, with what it held, or a new one.
    pub fn take(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    /// Keeps `buffer` for later.
    pub fn give_back(&self, buffer: Vec<u8>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(buffer);
    }
}

fn caught<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|payload| Err(Error::panicked(payload.as_ref())))
}

/// Whether this thread may not wait.
fn on_a_pool() -> bool {
    rayon::current_thread_index().is_some()
}
