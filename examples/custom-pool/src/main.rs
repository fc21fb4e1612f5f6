//! Work on a pool of one's own, with a limit to what waits for it.

use brawn::lambda::{self, LambdaEvent};
use brawn::{Error, ErrorKind, Pool, Result, Vcpus};
use serde::{Deserialize, Serialize};

/// More computations than that, waiting, and the next caller is told to come back later.
const WAITING: usize = 32;

/// Some times what any start of 64 bits is known to take. A value that no longer fits ends here too.
const STEPS: u32 = 10_000;

#[derive(Deserialize)]
struct Request {
    starts: Vec<u64>,
}

#[derive(Debug, Serialize)]
struct Response {
    steps: Vec<u32>,
    workers: usize,
}

/// Steps of the Collatz sequence from each start down to 1.
async fn respond(pool: &Pool, starts: Vec<u64>) -> Result<Response> {
    // The budget of the invocation, on another pool than the process's own.
    let budget = brawn::budget();
    let steps = brawn::compute_on(pool, &budget, move |budget| {
        budget.par_iter(&starts).try_map(|start| collatz(*start)).collect()
    });
    Ok(Response { steps: steps.await??, workers: pool.workers() })
}

fn collatz(start: u64) -> Result<u32> {
    if start == 0 {
        return Err(Error::invalid_input("0 is in `starts`, and sequences start at 1"));
    }
    let (mut value, mut steps) = (u128::from(start), 0);
    while value != 1 {
        value = if value % 2 == 0 { value / 2 } else { value.saturating_mul(3).saturating_add(1) };
        steps += 1;
        if steps > STEPS {
            let text = format!("`{start}` does not come to 1 in {STEPS} steps");
            return Err(Error::limit_exceeded(text));
        }
    }
    Ok(steps)
}

/// One pool for all invocations, made before the first: threads cost time and are not given back.
fn pool() -> Result<Pool> {
    // The vCPUs that were granted. `num_cpus` and rayon's default would say 2 at 128 MB, where a fourteenth of one is.
    let workers = Vcpus::detect().workers;
    Ok(Pool::new(workers)?.with_queue_limit(WAITING))
}

#[tokio::main]
async fn main() -> Result<()> {
    lambda::logs();
    let pool = lambda::init(async { pool() }).await?;
    lambda::run_concurrent(move |event: LambdaEvent<Request>| {
        let pool = pool.clone();
        async move {
            respond(&pool, event.payload.starts).await.map_err(|error| match error.kind() {
                // `Brawn.Busy` is transient: Step Functions and SQS try it again.
                ErrorKind::Busy => {
                    error.with_hint("raise the function's memory or its concurrency")
                }
                _ => error,
            })
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use examples_testing::{assert_alike, event, read};
    use std::num::NonZeroUsize;
    use std::sync::mpsc;

    const HERE: &str = env!("CARGO_MANIFEST_DIR");

    fn of(workers: usize) -> Pool {
        Pool::new(NonZeroUsize::new(workers).expect("not 0")).expect("threads")
    }

    #[tokio::test]
    async fn the_event_gives_the_reply() {
        let request = event::<Request>(read(HERE, "event.json")).payload;
        let reply = respond(&of(2), request.starts).await.expect("a reply");
        let reply = examples_testing::json(&reply);
        assert_alike(&reply, &read(HERE, "reply.json"));
    }

    #[tokio::test]
    async fn any_number_of_threads_gives_the_same() {
        let starts: Vec<u64> = (1..2000).collect();
        let one = respond(&of(1), starts.clone()).await.expect("a reply");
        let three = respond(&of(3), starts).await.expect("a reply");
        assert_eq!(one.steps, three.steps);
    }

    #[tokio::test]
    async fn a_full_queue_answers_busy_at_once() {
        let pool = of(1).with_queue_limit(1);
        let (started, runs) = mpsc::channel();
        let (open, gate) = mpsc::channel::<()>();
        let first = move || {
            started.send(()).expect("received");
            gate.recv().expect("opened");
        };
        pool.spawn(first, drop).expect("it is idle");
        runs.recv().expect("it runs");
        pool.spawn(|| (), drop).expect("one may wait");
        let error = respond(&pool, vec![1]).await.expect_err("one waits already");
        assert!(error.is_busy() && error.is_transient(), "{error}");
        open.send(()).expect("it waits");
    }

    #[tokio::test]
    async fn zero_is_refused_and_the_largest_start_is_not() {
        let error = respond(&of(1), vec![3, 0]).await.expect_err("0 has no sequence");
        assert!(error.is_rejection(), "{error}");
        assert!(collatz(u64::MAX).is_ok());
    }
}
