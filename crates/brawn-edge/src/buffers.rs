//! Buffers that are used again.
//!
//! A photo's 3.5 MB read into memory fresh from the system cost 1.7 ms of CPU (2-core VM, 2026-11-24), nearly all of it
//! page faults; into memory that was used before, 0.2 ms. Decoding the photo takes some 17 ms.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

/// No more than this is kept idle, and no more than a sixteenth of the memory cap.
const KEPT: u64 = 64 << 20;

/// Buffers waiting to be used again.
#[derive(Debug)]
pub(crate) struct Buffers {
    idle: Mutex<Vec<Vec<u8>>>,
    kept: u64,
}

impl Buffers {
    /// For work within `memory` bytes.
    pub(crate) fn within(memory: u64) -> Arc<Buffers> {
        Arc::new(Buffers { idle: Mutex::default(), kept: KEPT.min(memory / 16) })
    }

    /// An empty buffer that holds `capacity` bytes without growing.
    pub(crate) fn take(&self, capacity: usize) -> Vec<u8> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let fitting = idle
            .iter()
            .enumerate()
            // Not one that is far too large: a small object would hold it while a large one goes without.
            .filter(|(_, buffer)| {
                (capacity..=capacity.saturating_mul(4)).contains(&buffer.capacity())
            })
            .min_by_key(|(_, buffer)| buffer.capacity())
            .map(|(place, _)| place);
        match fitting {
            Some(place) => idle.swap_remove(place),
            None => {
                drop(idle);
                Vec::with_capacity(capacity)
            }
        }
    }

    /// `buffer` as bytes that come back here when the last of their clones is dropped.
    pub(crate) fn lend(self: &Arc<Buffers>, buffer: Vec<u8>) -> Bytes {
        Bytes::from_owner(Lent { buffer, home: Arc::clone(self) })
    }

    /// Gives the idle ones back to the system: nobody's ledger counts them.
    pub(crate) fn give_up(&self) {
        let idle = std::mem::take(&mut *self.idle.lock().unwrap_or_else(PoisonError::into_inner));
        drop(idle);
    }

    fn give_back(&self, mut buffer: Vec<u8>) {
        buffer.clear();
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push(buffer);
        let mut sum: u64 = idle.iter().map(|buffer| buffer.capacity() as u64).sum();
        while sum > self.kept && !idle.is_empty() {
            // The oldest: sizes that no longer come make room for those that do.
            sum -= idle.remove(0).capacity() as u64;
        }
    }
}

struct Lent {
    buffer: Vec<u8>,
    home: Arc<Buffers>,
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.buffer
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.home.give_back(std::mem::take(&mut self.buffer));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_comes_back_empty_when_its_last_reader_is_gone() {
        let buffers = Buffers::within(u64::MAX);
        let mut buffer = buffers.take(1000);
        buffer.extend_from_slice(b"old");
        let place = buffer.as_ptr();
        let bytes = buffers.lend(buffer);
        let clone = bytes.slice(1..);
        drop(bytes);
        let other = buffers.take(1000);
        assert_ne!(other.as_ptr(), place, "`clone` still reads it");
        assert_eq!(&clone[..], b"ld");
        drop(clone);
        let again = buffers.take(900);
        assert_eq!((again.as_ptr(), again.len()), (place, 0));
    }

    #[test]
    fn what_is_given_up_is_gone_and_what_is_lent_comes_back() {
        let buffers = Buffers::within(u64::MAX);
        let lent = buffers.lend(Vec::with_capacity(1000));
        drop(buffers.lend(Vec::with_capacity(1000)));
        let idle = || buffers.idle.lock().expect("alive").len();
        assert_eq!(idle(), 1);
        buffers.give_up();
        assert_eq!(idle(), 0);
        drop(lent);
        assert_eq!(idle(), 1);
    }

    #[test]
    fn no_more_is_kept_than_allowed() {
        let buffers = Buffers::within(16 * 2500);
        let lent: Vec<Bytes> = (0..5).map(|_| buffers.lend(Vec::with_capacity(1000))).collect();
        drop(lent);
        let idle = buffers.idle.lock().expect("alive");
        assert_eq!(idle.len(), 2);
    }
}
