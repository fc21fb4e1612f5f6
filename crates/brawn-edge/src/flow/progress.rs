//! How far a flow is.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use brawn_core::ItemReport;

use crate::select::Listed;

/// How far a flow is; read it as often as a progress bar is drawn.
#[derive(Debug, Default)]
pub struct Progress {
    done: AtomicU64,
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
    listed: Mutex<Option<Arc<Listed>>>,
}

impl Progress {
    /// Objects that have ended, well or not.
    pub fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    /// Objects found so far. Finding runs ahead of the work.
    pub fn found(&self) -> u64 {
        self.listed().map_or(0, |listed| listed.found.load(Ordering::Relaxed))
    }

    /// How many objects there are, once everything has been found.
    pub fn total(&self) -> Option<u64> {
        let listed = self.listed()?;
        listed.complete.load(Ordering::Acquire).then(|| listed.found.load(Ordering::Relaxed))
    }

    /// Bytes read.
    pub fn bytes_in(&self) -> u64 {
        self.bytes_in.load(Ordering::Relaxed)
    }

    /// Bytes delivered.
    pub fn bytes_out(&self) -> u64 {
        self.bytes_out.load(Ordering::Relaxed)
    }

    fn listed(&self) -> Option<Arc<Listed>> {
        self.listed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn listing(&self, listed: Arc<Listed>) {
        *self.listed.lock().unwrap_or_else(PoisonError::into_inner) = Some(listed);
    }

    pub(super) fn count(&self, report: &ItemReport) {
        self.done.fetch_add(1, Ordering::Relaxed);
        self.bytes_in.fetch_add(report.bytes_in, Ordering::Relaxed);
        self.bytes_out.fetch_add(report.bytes_out, Ordering::Relaxed);
    }
}
