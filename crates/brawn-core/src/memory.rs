//! A ledger of memory: who may hold how many bytes at once.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::{ByteSize, Error, Result};

/// A ledger of bytes with a limit, shared by everyone who holds a clone.
///
/// It counts what its users reserve, it does not watch the allocator: a job reserves its [`Plan`](crate::Plan)'s peak
/// before it allocates.
#[derive(Clone, Debug)]
pub struct Memory {
    ledger: Arc<Ledger>,
}

#[derive(Debug)]
struct Ledger {
    limit: u64,
    state: Mutex<State>,
    /// What this ledger itself was cut from, given back when the last user is gone.
    _backing: Option<Reservation>,
}

#[derive(Debug, Default)]
struct State {
    used: u64,
    peak: u64,
    queue: VecDeque<Waiter>,
    tickets: u64,
}

#[derive(Debug)]
struct Waiter {
    ticket: u64,
    waker: Waker,
}

impl Ledger {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn fits(&self, bytes: u64, limit: u64) -> bool {
        self.used.checked_add(bytes).is_some_and(|sum| sum <= limit)
    }

    fn take(&mut self, bytes: u64) {
        self.used += bytes;
        self.peak = self.peak.max(self.used);
    }

    fn first_in_line(&self) -> Option<Waker> {
        self.queue.front().map(|waiter| waiter.waker.clone())
    }
}

impl Memory {
    /// A ledger that only counts.
    pub fn unlimited() -> Memory {
        Memory::limited(u64::MAX)
    }

    /// A ledger of `bytes`.
    pub fn limited(bytes: u64) -> Memory {
        Memory::new(bytes, None)
    }

    /// A ledger as large as `reservation`, which is given back to where it came from when the last clone is dropped.
    pub fn backed_by(reservation: Reservation) -> Memory {
        Memory::new(reservation.bytes, Some(reservation))
    }

    fn new(limit: u64, backing: Option<Reservation>) -> Memory {
        let ledger = Ledger { limit, state: Mutex::default(), _backing: backing };
        Memory { ledger: Arc::new(ledger) }
    }

    /// The most that can be reserved at once; `u64::MAX` means no limit.
    pub fn limit(&self) -> u64 {
        self.ledger.limit
    }

    /// The bytes reserved now.
    pub fn used(&self) -> u64 {
        self.ledger.state().used
    }

    /// The most bytes that were reserved at the same time.
    pub fn peak(&self) -> u64 {
        self.ledger.state().peak
    }

    /// Takes `bytes` now, or says that they are not there.
    ///
    /// # Errors
    /// [`is_out_of_memory`](Error::is_out_of_memory), with what was asked and what is left.
    pub fn try_reserve(&self, bytes: u64) -> Result<Reservation> {
        let mut state = self.ledger.state();
        if !state.fits(bytes, self.ledger.limit) {
            let left = self.ledger.limit.saturating_sub(state.used);
            return Err(Error::out_of_memory(format!(
                "needs {} of memory and {} of {} is left",
                ByteSize(bytes),
                ByteSize(left),
                ByteSize(self.ledger.limit),
            )));
        }
        state.take(bytes);
        drop(state);
        Ok(Reservation { ledger: Arc::clone(&self.ledger), bytes })
    }

    /// Waits, in order of asking, until `bytes` are free. Needs no particular async runtime.
    ///
    /// First come, first served: a large request is not starved by small ones behind it.
    ///
    /// # Errors
    /// [`is_out_of_memory`](Error::is_out_of_memory) at once when `bytes` is more than the limit and can never fit.
    pub fn reserve(&self, bytes: u64) -> Result<Admission> {
        if bytes > self.ledger.limit {
            return Err(Error::out_of_memory(format!(
                "needs {} of memory and the limit is {}",
                ByteSize(bytes),
                ByteSize(self.ledger.limit),
            )));
        }
        Ok(Admission { ledger: Arc::clone(&self.ledger), bytes, ticket: None })
    }
}

/// The future of [`Memory::reserve`]. Dropping it leaves the line.
#[derive(Debug)]
#[must_use = "nothing is reserved before it is awaited"]
pub struct Admission {
    ledger: Arc<Ledger>,
    bytes: u64,
    ticket: Option<u64>,
}

impl Future for Admission {
    type Output = Reservation;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Reservation> {
        let ledger = Arc::clone(&self.ledger);
        let mut state = ledger.state();
        let my_turn = match self.ticket {
            None => state.queue.is_empty(),
            Some(ticket) => state.queue.front().is_some_and(|first| first.ticket == ticket),
        };
        if my_turn && state.fits(self.bytes, ledger.limit) {
            state.take(self.bytes);
            if self.ticket.take().is_some() {
                state.queue.pop_front();
            }
            let next = state.first_in_line();
            drop(state);
            if let Some(next) = next {
                next.wake();
            }
            return Poll::Ready(Reservation { ledger, bytes: self.bytes });
        }
        let waker = context.waker().clone();
        match self.ticket {
            Some(ticket) => {
                if let Some(mine) = state.queue.iter_mut().find(|waiter| waiter.ticket == ticket) {
                    mine.waker = waker;
                }
            }
            None => {
                let ticket = state.tickets;
                state.tickets += 1;
                state.queue.push_back(Waiter { ticket, waker });
                self.ticket = Some(ticket);
            }
        }
        Poll::Pending
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            let mut state = self.ledger.state();
            state.queue.retain(|waiter| waiter.ticket != ticket);
            let next = state.first_in_line();
            drop(state);
            if let Some(next) = next {
                next.wake();
            }
        }
    }
}

/// Bytes taken from a [`Memory`]; given back when dropped.
#[derive(Debug)]
#[must_use = "the bytes are given back when the reservation is dropped"]
pub struct Reservation {
    ledger: Arc<Ledger>,
    bytes: u64,
}

impl Reservation {
    /// How many bytes are held.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Gives back all but `bytes`; does nothing when less is held.
    pub fn shrink_to(&mut self, bytes: u64) {
        let surplus = self.bytes.saturating_sub(bytes);
        self.bytes -= surplus;
        give_back(&self.ledger, surplus);
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        give_back(&self.ledger, self.bytes);
    }
}

fn give_back(ledger: &Ledger, bytes: u64) {
    let mut state = ledger.state();
    state.used -= bytes;
    let next = state.first_in_line();
    drop(state);
    if let Some(next) = next {
        next.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn poll(admission: &mut Admission) -> Poll<Reservation> {
        Pin::new(admission).poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn what_is_reserved_is_not_left_for_others() {
        let memory = Memory::limited(100);
        let held = memory.try_reserve(70).expect("70 of 100");
        let error = memory.try_reserve(31).expect_err("31 of 30");
        assert!(error.is_out_of_memory());
        assert_eq!(error.to_string(), "needs 31 B of memory and 30 B of 100 B is left");
        drop(held);
        assert_eq!((memory.used(), memory.peak()), (0, 70));
    }

    #[test]
    fn what_can_never_fit_is_refused_at_once() {
        let error = Memory::limited(100).reserve(101).expect_err("101 of 100");
        assert_eq!(error.to_string(), "needs 101 B of memory and the limit is 100 B");
    }

    #[test]
    fn waiting_is_first_come_first_served() {
        let memory = Memory::limited(100);
        let held = memory.try_reserve(60).expect("60 of 100");
        let mut large = memory.reserve(80).expect("80 fits in 100");
        let mut small = memory.reserve(10).expect("10 fits in 100");
        assert!(poll(&mut large).is_pending());
        assert!(poll(&mut small).is_pending(), "the small one waits behind the large one");
        drop(held);
        let Poll::Ready(first) = poll(&mut large) else { panic!("80 of 100 are free") };
        assert!(matches!(poll(&mut small), Poll::Ready(second) if second.bytes() == 10));
        drop(first);
        assert_eq!(memory.used(), 0);
    }

    #[test]
    fn leaving_the_line_lets_the_next_one_through() {
        let memory = Memory::limited(100);
        let _held = memory.try_reserve(60).expect("60 of 100");
        let mut large = memory.reserve(80).expect("80 fits in 100");
        let mut small = memory.reserve(10).expect("10 fits in 100");
        assert!(poll(&mut large).is_pending() && poll(&mut small).is_pending());
        drop(large);
        assert!(poll(&mut small).is_ready());
    }

    #[test]
    fn a_backed_ledger_gives_its_bytes_back_at_the_end() {
        let memory = Memory::limited(100);
        let part = Memory::backed_by(memory.try_reserve(40).expect("40 of 100"));
        assert!(part.try_reserve(41).is_err());
        let inner = part.try_reserve(40).expect("40 of 40");
        drop(part);
        assert_eq!(memory.used(), 40, "the inner reservation still holds the part");
        drop(inner);
        assert_eq!(memory.used(), 0);
    }
}
