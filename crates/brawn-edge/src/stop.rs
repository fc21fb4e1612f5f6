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

/// How far the end has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
enum Phase {
    /// Work goes on.
    Live,
    /// Only the reserve is left: nothing new starts, what is finished is still delivered.
    Reserve,
    /// The reserve is used up too.
    Late,
    /// Nobody wants the answer.
    Cancelled,
}

/// Wakes what waits when the budget ends.
#[derive(Clone, Debug)]
pub(crate) struct Stop {
    budget: Budget,
    phase: watch::Receiver<Phase>,
    /// Delivering goes on until the deadline itself, not only until its reserve begins.
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
    let at = budget.deadline().map(|deadline| deadline.reserving(Duration::ZERO).stop_at());
    match at {
        _ if ended.is_cancelled() => Phase::Cancelled,
        Some(at) if Instant::now() < at => Phase::Reserve,
        _ => Phase::Late,
    }
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

    /// The same end for what delivers finished work: it has the reserve too.
    pub(crate) fn for_delivery(&self) -> Stop {
        Stop { delivering: true, ..self.clone() }
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
            tokio::time::sleep(GRACE).await;
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
    async fn cancelling_wakes_what_waits() {
        let budget = Budget::unlimited();
        let (stop, _watch) = Stop::watch(&budget.child());
        budget.cancel();
        let error = stop.for_delivery().guard(std::future::pending::<()>()).await;
        assert!(error.is_err_and(|error| error.is_cancelled()));
    }
}
