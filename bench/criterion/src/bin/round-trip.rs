//! The way to the pool and back with next to no work, one at a time: the median and the p99 of single round trips.
//!
//!     cargo run --release --bin round-trip [COUNT]     # 20,000 of each way by default
//!
//! Ways take turns in blocks of 500, so that what else the machine does meets all of them, and in ten rounds with new pools and a
//! new runtime: where the system puts a pool's threads, beside the asking thread or on its core, makes 4 us of 8 and stays so for
//! as long as they live. Criterion's `bridge` has the means.

use std::time::{Duration, Instant};

use brawn::{Budget, Pool};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio_rayon::AsyncThreadPool as _;

const BLOCK: usize = 500;
const ROUNDS: usize = 10;
const GOAL_US: f64 = 15.0;
const GOAL_TIMES: f64 = 1.1;

#[derive(Clone, Copy, PartialEq)]
enum Way {
    Bare,
    Brawn,
    Inline,
    TokioRayon,
    Blocking,
    BlockingInstall,
}

const WAYS: [(Way, &str); 6] = [
    (Way::Bare, "bare pool spawn + oneshot"),
    (Way::Brawn, "brawn::compute"),
    (Way::Inline, "brawn::compute_sized, inline"),
    (Way::TokioRayon, "tokio-rayon"),
    (Way::Blocking, "spawn_blocking"),
    (Way::BlockingInstall, "spawn_blocking + install"),
];

/// What is new in each round.
struct Pools {
    bare: rayon::ThreadPool,
    own: Pool,
    budget: Budget,
}

async fn once(way: Way, pools: &Pools) -> u64 {
    match way {
        Way::Bare => {
            let (send, receive) = oneshot::channel();
            pools.bare.spawn(move || send.send(1).expect("it waits"));
            receive.await.expect("an answer")
        }
        Way::Brawn => brawn::compute_on(&pools.own, &pools.budget, |_| 1).await.expect("no panic"),
        Way::Inline => brawn::compute_sized(Duration::ZERO, |_| 1).await.expect("no panic"),
        Way::TokioRayon => pools.bare.spawn_async(|| 1).await,
        Way::Blocking => tokio::task::spawn_blocking(|| 1).await.expect("no panic"),
        Way::BlockingInstall => {
            let work = || rayon::join(|| 1, || 2).0;
            tokio::task::spawn_blocking(work).await.expect("no panic")
        }
    }
}

fn measure(runtime: impl Fn() -> Runtime, count: usize) -> Vec<Vec<f64>> {
    let mut times = vec![Vec::with_capacity(count); WAYS.len()];
    for _ in 0..ROUNDS {
        let two = std::num::NonZeroUsize::new(2).expect("not 0");
        let bare = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("threads");
        let pools =
            Pools { bare, own: Pool::new(two).expect("threads"), budget: Budget::unlimited() };
        let runtime = runtime();
        for block in 0..=count.div_ceil(BLOCK * ROUNDS) {
            for (index, (way, _)) in WAYS.into_iter().enumerate() {
                let block_times = runtime.block_on(async {
                    let mut times = Vec::with_capacity(BLOCK);
                    for _ in 0..BLOCK {
                        let started = Instant::now();
                        std::hint::black_box(once(way, &pools).await);
                        times.push(started.elapsed().as_secs_f64() * 1e6);
                    }
                    times
                });
                // The first block warms up.
                if block > 0 {
                    times[index].extend(block_times);
                }
            }
        }
    }
    times
}

fn percentile(times: &mut [f64], part: f64) -> f64 {
    times.sort_unstable_by(f64::total_cmp);
    times[((times.len() - 1) as f64 * part).round() as usize]
}

fn main() {
    let count = std::env::args().nth(1).map_or(20_000, |text| text.parse().expect("a count"));
    rayon::ThreadPoolBuilder::new().num_threads(2).build_global().expect("the first");
    let multi =
        || Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let current = || Builder::new_current_thread().enable_all().build().expect("a runtime");
    let runtimes: [(&str, &dyn Fn() -> Runtime); 2] =
        [("multi_thread, 2", &multi), ("current_thread", &current)];
    println!("| runtime | way | p50, us | p99, us | of bare | goal |");
    println!("| --- | --- | ---: | ---: | ---: | --- |");
    for (runtime_name, runtime) in runtimes {
        let mut times = measure(runtime, count);
        let bare_p50 = percentile(&mut times[0], 0.5);
        for ((way, name), times) in WAYS.into_iter().zip(&mut times) {
            let (p50, p99) = (percentile(times, 0.5), percentile(times, 0.99));
            let goal = if way == Way::Brawn {
                let met = |yes| if yes { "met" } else { "missed" };
                format!(
                    "{GOAL_US} us {}, {GOAL_TIMES} of bare {}",
                    met(p50 <= GOAL_US),
                    met(p50 <= bare_p50 * GOAL_TIMES)
                )
            } else {
                String::new()
            };
            println!(
                "| {runtime_name} | {name} | {p50:.1} | {p99:.1} | {:.2} | {goal} |",
                p50 / bare_p50
            );
        }
    }
}
