//! Trying again: throttling, 5xx and broken connections pass.

use std::future::Future;
use std::time::Duration;

use brawn_core::{Error, Result};
use rand::Rng as _;

use crate::stop::Stop;

/// How often a request is tried and how long is waited in between.
///
/// The wait is a random part of a bound that doubles each time ("full jitter", AWS Architecture Blog, 2015): a
/// thousand functions that were throttled together do not come back together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// How often a request is sent at most, the first time included.
    pub attempts: u32,
    /// Bound of the first wait.
    pub base: Duration,
    /// Bound of any wait.
    pub cap: Duration,
}

impl Default for Retry {
    /// Six attempts, waiting up to 0.1, 0.2, 0.4, 0.8 and 1.6 s.
    fn default() -> Retry {
        Retry { attempts: 6, base: Duration::from_millis(100), cap: Duration::from_secs(5) }
    }
}

impl Retry {
    /// Every request once.
    pub const NEVER: Retry = Retry { attempts: 1, base: Duration::ZERO, cap: Duration::ZERO };

    /// The longest wait after `failed` attempts.
    fn bound(&self, failed: u32) -> Duration {
        let doubled = 1_u32.checked_shl(failed.saturating_sub(1)).unwrap_or(u32::MAX);
        self.base.saturating_mul(doubled).min(self.cap)
    }

    fn wait(&self, failed: u32) -> Duration {
        self.bound(failed).mul_f64(rand::rng().random_range(0.0..=1.0))
    }

    /// Calls `request` until it succeeds, fails for good, or has been tried often enough. Ends at once when the
    /// budget behind `stop` does.
    pub(crate) async fn run<T, F>(&self, stop: &Stop, mut request: impl FnMut() -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        let mut tries = self.tries();
        loop {
            match stop.guard(request()).await? {
                Ok(value) => return Ok(value),
                Err(error) => tries.after(error, stop).await?,
            }
        }
    }

    /// [`run`](Retry::run) for a loop that keeps something between its attempts.
    pub(crate) fn tries(&self) -> Tries {
        Tries { retry: *self, failed: 0 }
    }
}

/// The attempts at one request so far.
#[derive(Debug)]
pub(crate) struct Tries {
    retry: Retry,
    failed: u32,
}

impl Tries {
    /// Waits until the request may be sent again after it ended with `error`.
    ///
    /// # Errors
    /// With `error` where trying again does not help or has been done often enough.
    pub(crate) async fn after(&mut self, error: Error, stop: &Stop) -> Result<()> {
        self.failed = self.failed.saturating_add(1);
        if !error.is_transient() || self.retry.attempts <= 1 {
            return Err(error);
        }
        if self.failed >= self.retry.attempts {
            return Err(Error::new(error.kind(), format!("{error}, tried {} times", self.failed)));
        }
        let wait = self.retry.wait(self.failed);
        tracing::debug!(%error, failed = self.failed, ?wait, "trying again");
        stop.guard(tokio::time::sleep(wait)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use brawn_core::{Budget, ErrorKind};

    fn unavailable() -> Error {
        Error::new(ErrorKind::Unavailable, "503 SlowDown")
    }

    #[test]
    fn the_wait_doubles_up_to_its_cap() {
        let retry = Retry::default();
        let bounds: Vec<u128> = (1..9).map(|failed| retry.bound(failed).as_millis()).collect();
        assert_eq!(bounds, [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
        assert_eq!(retry.bound(u32::MAX), retry.cap);
        assert!((1..50).all(|_| retry.wait(3) <= retry.bound(3)));
    }

    #[tokio::test(start_paused = true)]
    async fn what_passes_is_tried_again_until_it_does() {
        let (stop, _watch) = Stop::watch(&Budget::unlimited());
        let mut calls = 0;
        let answer = Retry::default()
            .run(&stop, || {
                calls += 1;
                std::future::ready(if calls < 4 { Err(unavailable()) } else { Ok(calls) })
            })
            .await;
        assert_eq!(answer.expect("the fourth succeeds"), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn at_the_end_the_error_says_how_often_it_was_tried() {
        let (stop, _watch) = Stop::watch(&Budget::unlimited());
        let error = Retry::default()
            .run(&stop, || std::future::ready(Err::<(), _>(unavailable())))
            .await
            .expect_err("it never succeeds");
        assert!(error.is_transient());
        assert_eq!(error.to_string(), "503 SlowDown, tried 6 times");
    }

    #[tokio::test(start_paused = true)]
    async fn what_does_not_pass_is_tried_once() {
        let (stop, _watch) = Stop::watch(&Budget::unlimited());
        let mut calls = 0;
        let error = Retry::default()
            .run(&stop, || {
                calls += 1;
                std::future::ready(Err::<(), _>(Error::new(ErrorKind::NotFound, "no such key")))
            })
            .await
            .expect_err("never found");
        assert_eq!((error.kind(), calls), (ErrorKind::NotFound, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn cancelling_ends_the_waiting() {
        let budget = Budget::unlimited();
        let (stop, _watch) = Stop::watch(&budget);
        let endless = Retry { attempts: u32::MAX, ..Retry::default() };
        let mut calls = 0;
        let error = endless
            .run(&stop, || {
                calls += 1;
                if calls == 3 {
                    budget.cancel();
                }
                std::future::ready(Err::<(), _>(unavailable()))
            })
            .await
            .expect_err("cancelled");
        assert!(error.is_cancelled(), "{error:?}");
    }
}
