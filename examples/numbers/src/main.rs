//! Each number through the same CPU-heavy function, in parallel.

use brawn::Result;
use brawn::lambda::{self, LambdaEvent};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Request {
    numbers: Vec<i64>,
}

#[derive(Debug, Serialize)]
struct Response {
    results: Vec<i64>,
}

async fn handler(event: LambdaEvent<Request>) -> Result<Response> {
    let numbers = event.payload.numbers;
    let results = brawn::compute(move |budget| {
        budget.par_iter(&numbers).map(|n| cpu_intensive_work(*n)).collect()
    });
    // Two question marks: the first for a panic, the second for what the work itself says (out of time, say).
    Ok(Response { results: results.await?? })
}

/// Pure CPU work: no I/O, nothing async.
fn cpu_intensive_work(n: i64) -> i64 {
    (0..10_000).fold(n, |value, _| value.wrapping_mul(31).wrapping_add(17))
}

#[tokio::main]
async fn main() -> Result<()> {
    lambda::logs();
    lambda::run(handler).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use brawn::{Budget, Deadline};
    use std::time::Duration;

    #[tokio::test]
    async fn the_event_gives_the_reply() {
        examples_testing::replies(env!("CARGO_MANIFEST_DIR"), handler).await;
    }

    #[tokio::test]
    async fn results_are_in_the_order_of_the_numbers() {
        let numbers: Vec<i64> = (0..1000).collect();
        let event = LambdaEvent::new(Request { numbers: numbers.clone() }, Default::default());
        let one_by_one: Vec<i64> = numbers.into_iter().map(cpu_intensive_work).collect();
        assert_eq!(handler(event).await.expect("a reply").results, one_by_one);
    }

    #[tokio::test]
    async fn no_numbers_give_no_results() {
        let event = LambdaEvent::new(Request { numbers: Vec::new() }, Default::default());
        assert!(handler(event).await.expect("a reply").results.is_empty());
    }

    #[tokio::test]
    async fn what_does_not_fit_into_its_time_says_so() {
        // 10 s of work and 20 ms for it.
        let event = LambdaEvent::new(Request { numbers: vec![7; 1_000_000] }, Default::default());
        let deadline = Deadline::after(Duration::from_millis(20)).expect("the clock holds 20 ms");
        let budget = Budget::unlimited().by(deadline);
        let error = brawn::with_budget(budget, handler(event)).await.expect_err("out of time");
        assert!(error.is_out_of_time(), "{error}");
    }
}
