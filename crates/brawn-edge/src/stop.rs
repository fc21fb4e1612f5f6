//! The end of a budget, for code that waits instead of asking.

use std::future::Future;
use std::time::{Duration, Instant};

use brawn_core::{Budget, Error, Result};
use tokio::sync::watch;

/// How often a budget is asked whether it was cancelled: it can only be asked, not awaited. 10 ms is short for a
/// person and costs a running flow below 0.01 % of one core.
const ASKED_EVERY: Duration = Duration::from_millis(10);

/// Twice what a job may take to stop (`brawn_core::conformance`).
const GRACE: Duration = Duration::from_millis(100);

/// Of the reserve, half is kept for the report and what carries it, or this: writing and sending even a reply of 5 MB
/// takes less. A delivery that hangs must not take the reply with it.
const FOR_THE_REPORT: Duration = Duration::from_millis(500);

/// How far the end has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
enum Phase {
    /// Work goes on.
    Live,
    /// Only the reserve is left: nothing new starts, what is finished is still delivered.
    Reserve,
    /// What is left of the reserve is kept for the report.
    Late,
    /// Nobody wants the answer.
    Cancelled,
}

/// Wakes what waits when the budget ends.
#[derive(Clone, Debug)]
pub(crate) struct Stop {
    budget: Budget,
    phase: watch::Receiver<Phase>,
    /// Delivering goes on into the deadline's reserve.
    delivering: bool,
}

/// Ends the watching when dropped.
#[derive(Debug)]
pub(crate) struct Watch(tokio::task::JoinHandle<()>);

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn phase(budget: &Budget) -> Phase {
    let Err(ended) = budget.check() else { return Phase::Live };
    match last_moment(budget) {
        _ if ended.is_cancelled() => Phase::Cancelled,
        Some(at) if Instant::now() < at => Phase::Reserve,
        _ => Phase::Late,
    }
}

/// When everything must have ended for the report to get out before the deadline; `None` where nothing is reserved for
/// it.
fn last_moment(budget: &Budget) -> Option<Instant> {
    let deadline = budget.deadline()?;
    let at = deadline.reserving(Duration::ZERO).stop_at();
    let reserve = at.saturating_duration_since(deadline.stop_at());
    at.checked_sub((reserve / 2).min(FOR_THE_REPORT)).filter(|_| reserve > Duration::ZERO)
}

impl Stop {
    /// Watches `budget` until the second value is dropped.
    pub(crate) fn watch(budget: &Budget) -> (Stop, Watch) {
        let (sender, receiver) = watch::channel(phase(budget));
        let stop = Stop { budget: budget.clone(), phase: receiver, delivering: false };
        let budget = budget.clone();
        let task = tokio::spawn(async move {
            loop {
                let now = phase(&budget);
                sender.send_if_modified(|known| std::mem::replace(known, now) != now);
                if now > Phase::Reserve {
                    return;
                }
                tokio::time::sleep(ASKED_EVERY).await;
            }
        });
        (stop, Watch(task))
    }

    /// The same end for what delivers finished work: it has the reserve too, but for what the report needs.
    pub(crate) fn for_delivery(&self) -> Stop {
        Stop { delivering: true, ..self.clone() }
    }

    /// `patience`, or less where the report must go out before.
    pub(crate) fn at_most(&self, patience: Duration) -> Duration {
        match last_moment(&self.budget) {
            Some(at) => patience.min(at.saturating_duration_since(Instant::now())),
            None => patience,
        }
    }

    /// `patience`, or half of what is left to the deadline: for what must be done when everything else has ended, while
    /// the report waits.
    pub(crate) fn at_the_end(&self, patience: Duration) -> Duration {
        match self.budget.deadline() {
            Some(deadline) => {
                let at = deadline.reserving(Duration::ZERO).stop_at();
                patience.min(at.saturating_duration_since(Instant::now()) / 2)
            }
            None => patience,
        }
    }

    /// Why nothing may go on, if so.
    pub(crate) fn reason(&self) -> Option<Error> {
        reason(phase(&self.budget), self.delivering)
    }

    /// Waits for the end.
    pub(crate) async fn reached(&self) -> Error {
        // Not only when the watcher has seen it: code that is always ready never lets it run.
        if let Some(reason) = self.reason() {
            return reason;
        }
        let mut phase = self.phase.clone();
        let delivering = self.delivering;
        let ended = phase.wait_for(|phase| reason(*phase, delivering).is_some()).await;
        let phase = ended.map_or(Phase::Cancelled, |phase| *phase);
        reason(phase, delivering).unwrap_or_else(Error::cancelled)
    }

    /// `work`'s value, unless the end comes first; then `work` is dropped.
    pub(crate) async fn guard<T>(&self, work: impl Future<Output = T>) -> Result<T> {
        tokio::select! {
            biased;
            error = self.reached() => Err(error),
            value = work => Ok(value),
        }
    }

    /// [`guard`](Stop::guard) for work that ends by itself soon after its budget: it is given the time to, so that
    /// nothing runs on when the run has ended.
    pub(crate) async fn await_end<T>(&self, work: impl Future<Output = T>) -> Result<T> {
        let late = async {
            let reason = self.reached().await;
            tokio::time::sleep(self.at_most(GRACE)).await;
            reason
        };
        tokio::select! {
            biased;
            value = work => Ok(value),
            error = late => Err(error),
        }
    }
}

fn reason(phase: Phase, delivering: bool) -> Option<Error> {
    match phase {
        Phase::Live => None,
        Phase::Reserve if delivering => None,
        Phase::Reserve | Phase::Late => Some(Error::out_of_time()),
        Phase::Cancelled => Some(Error::cancelled()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use brawn_core::Deadline;

    #[tokio::test]
    async fn delivering_has_the_reserve_and_everything_else_has_not() {
        let now = Instant::now();
        let reserve = Duration::from_secs(3600);
        let deadline = Deadline::at(now + reserve).reserving(reserve);
        let (stop, _watch) = Stop::watch(&Budget::unlimited().by(deadline));
        assert!(stop.reached().await.is_out_of_time());
        assert!(stop.for_delivery().reason().is_none());
        assert_eq!(stop.for_delivery().guard(async { 7 }).await.expect("the reserve is left"), 7);
    }

    #[tokio::test]
    async fn a_delivery_that_hangs_leaves_time_for_the_report() {
        let now = Instant::now();
        for (left, reserve, kept) in
            [(300, 200, Some(100)), (2_000, 1_900, Some(500)), (100, 0, None)]
        {
            let at = now + Duration::from_millis(left);
            let deadline = Deadline::at(at).reserving(Duration::from_millis(reserve));
            let budget = Budget::unlimited().by(deadline);
            let last = kept.map(|kept| at - Duration::from_millis(kept));
            assert_eq!(last_moment(&budget), last);
        }
        let deadline = Deadline::at(now + Duration::from_secs(4)).reserving(Duration::from_secs(4));
        let (stop, _watch) = Stop::watch(&Budget::unlimited().by(deadline));
        assert!(stop.at_most(Duration::from_secs(60)) <= Duration::from_millis(3_500));
        assert_eq!(stop.at_most(Duration::from_millis(5)), Duration::from_millis(5));
    }

    #[tokio::test]
    async fn cancelling_wakes_what_waits() {
        let budget = Budget::unlimited();
        let (stop, _watch) = Stop::watch(&budget.child());
        budget.cancel();
        let error = stop.for_delivery().guard(std::future::pending::<()>()).await;
        assert!(error.is_err_and(|error| error.is_cancelled()));
    }
}
