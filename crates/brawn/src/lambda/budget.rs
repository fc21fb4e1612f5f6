//! The budget of one invocation, from the deadline that Lambda told.

use std::time::{Duration, Instant, SystemTime};

use brawn_core::{Budget, Deadline, Memory};
use lambda_runtime::Context;

/// The invocation's budget, in turn with others on `cores`. A deadline that lies before `started`, the start of this process, counts as none.
pub(super) fn of(context: &Context, started: SystemTime, memory: &Memory, cores: usize) -> Budget {
    let deadline = Deadline::from_epoch_millis(context.deadline, started)
        .map(|deadline| deadline.reserving(reserve(deadline.remaining_at(Instant::now()))));
    Budget::of_invocation(memory.clone(), deadline, cores)
}

/// What is kept back of the time `left`: `BRAWN_DEADLINE_MARGIN_MS` where it is set, else a twentieth, at least 100 ms
/// and at most 2 s.
///
/// 100 ms is the safety gap that Datadog's Lambda extension settled on (DataDog/datadog-lambda-extension#1236); longer
/// invocations have more to deliver.
pub fn reserve(left: Duration) -> Duration {
    reserve_from(left, std::env::var("BRAWN_DEADLINE_MARGIN_MS").ok().as_deref())
}

fn reserve_from(left: Duration, margin: Option<&str>) -> Duration {
    let usual = (left / 20).clamp(Duration::from_millis(100), Duration::from_secs(2));
    margin.and_then(|text| text.trim().parse().ok()).map_or(usual, Duration::from_millis)
}

/// When Lambda ends the process.
pub(super) fn wall(budget: &Budget) -> Option<Instant> {
    budget.deadline().map(|deadline| deadline.reserving(Duration::ZERO).stop_at())
}

/// When the handler must have answered, whatever it does: a quarter of the reserve before Lambda ends the process. By
/// then the reply is sent, so that the caller learns what happened.
pub(super) fn last_moment(budget: &Budget) -> Option<Instant> {
    let (deadline, wall) = (budget.deadline()?, wall(budget)?);
    Some(wall - wall.saturating_duration_since(deadline.stop_at()) / 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reserve_follows_the_time_left() {
        let seconds = Duration::from_secs;
        assert_eq!(reserve_from(seconds(1), None), Duration::from_millis(100));
        assert_eq!(reserve_from(seconds(20), None), seconds(1));
        assert_eq!(reserve_from(seconds(900), None), seconds(2));
        assert_eq!(reserve_from(seconds(900), Some("750")), Duration::from_millis(750));
        assert_eq!(reserve_from(seconds(900), Some("soon")), seconds(2));
    }

    #[test]
    fn a_stale_deadline_counts_as_none() {
        let mut context = Context::default();
        context.deadline = 600_000; // what `cargo lambda watch` sends
        let budget = of(&context, SystemTime::now(), &Memory::unlimited(), 1);
        assert!(budget.deadline().is_none() && budget.check().is_ok());
        assert_eq!(last_moment(&budget), None);
    }

    #[test]
    fn a_real_deadline_leaves_the_reserve_and_a_quarter_of_it_for_the_reply() {
        let started = SystemTime::now();
        let in_20_s = started.duration_since(SystemTime::UNIX_EPOCH).expect("after 1970")
            + Duration::from_secs(20);
        let mut context = Context::default();
        context.deadline = u64::try_from(in_20_s.as_millis()).expect("this century");
        let budget = of(&context, started, &Memory::unlimited(), 1);
        let left = budget.remaining().expect("a deadline");
        assert!(left > Duration::from_secs(10) && left <= Duration::from_secs(19), "{left:?}");
        let deadline = budget.deadline().expect("a deadline");
        let late = last_moment(&budget).expect("a deadline") - deadline.stop_at();
        assert!(
            late > Duration::from_millis(740) && late <= Duration::from_millis(750),
            "{late:?}"
        );
    }
}
