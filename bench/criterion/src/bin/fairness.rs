//! A small invocation beside a long one, and a timer beside both: how late are they?
//!
//! Each way runs a long parallel job over and over (200 ms of 1 ms chunks) and meanwhile 200 small ones (some 2 ms each,
//! parallel) one after the other, and a timer of 5 ms. Compared with the small job alone.

use std::hint::black_box;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use brawn::Pool;
use rayon::prelude::*;
use tokio_rayon::AsyncThreadPool as _;

const SMALL_JOBS: usize = 200;

fn chunk(steps: u64) -> u64 {
    (0..steps).fold(1, |value, n| black_box((value ^ n).wrapping_mul(0x9e37_79b9_7f4a_7c15)))
}

/// Steps that take about a millisecond here.
fn calibrate() -> u64 {
    let started = Instant::now();
    black_box(chunk(20_000_000));
    (20_000_000.0 / started.elapsed().as_secs_f64() / 1e3) as u64
}

fn job(chunks: u64, steps: u64) -> u64 {
    (0..chunks as usize)
        .into_par_iter()
        .with_max_len(1)
        .map(|_| chunk(steps))
        .reduce(|| 0, u64::wrapping_add)
}

#[derive(Clone)]
enum Way {
    Brawn(Pool, Pool),
    Blocking,
    TokioRayon(Arc<rayon::ThreadPool>),
}

impl Way {
    /// `long` says which of two invocations asks.
    async fn run(&self, long: bool, chunks: u64, steps: u64) -> u64 {
        match self {
            Way::Brawn(first, second) => {
                // What `lambda::run_concurrent` does for two invocations at the same time.
                let pool = if long { first } else { second };
                let budget = brawn::budget();
                brawn::compute_on(pool, &budget, move |_| job(chunks, steps))
                    .await
                    .expect("no panic")
            }
            Way::Blocking => {
                tokio::task::spawn_blocking(move || job(chunks, steps)).await.expect("no panic")
            }
            Way::TokioRayon(pool) => pool.spawn_async(move || job(chunks, steps)).await,
        }
    }
}

fn percentile(times: &mut [Duration], part: f64) -> f64 {
    times.sort_unstable();
    let index = ((times.len() - 1) as f64 * part).round() as usize;
    times[index].as_secs_f64() * 1e3
}

async fn small_jobs(way: &Way, steps: u64) -> Vec<Duration> {
    let mut times = Vec::new();
    for _ in 0..SMALL_JOBS {
        tokio::time::sleep(Duration::from_millis(3)).await;
        let started = Instant::now();
        way.run(false, 8, steps / 2).await;
        times.push(started.elapsed());
    }
    times
}

async fn timer(stop: Arc<AtomicBool>) -> Vec<Duration> {
    let mut late = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let due = Instant::now() + Duration::from_millis(5);
        tokio::time::sleep_until(due.into()).await;
        late.push(due.elapsed());
    }
    late
}

async fn measure(name: &str, way: Way, steps: u64) {
    let mut alone = small_jobs(&way, steps).await;
    let stop = Arc::new(AtomicBool::new(false));
    let long = tokio::spawn({
        let (way, stop) = (way.clone(), Arc::clone(&stop));
        async move {
            while !stop.load(Ordering::Relaxed) {
                way.run(true, 400, steps).await;
            }
        }
    });
    let timer = tokio::spawn(timer(Arc::clone(&stop)));
    let mut beside = small_jobs(&way, steps).await;
    stop.store(true, Ordering::Relaxed);
    let mut late = timer.await.expect("no panic");
    long.await.expect("no panic");
    let (a50, a99) = (percentile(&mut alone, 0.5), percentile(&mut alone, 0.99));
    let (b50, b99) = (percentile(&mut beside, 0.5), percentile(&mut beside, 0.99));
    let (t50, t99) = (percentile(&mut late, 0.5), percentile(&mut late, 0.99));
    println!(
        "{name:34} {a50:7.2} {a99:7.2} {b50:9.2} {b99:7.2} {:7.1}x {t50:9.2} {t99:7.2}",
        b99 / a99
    );
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let steps = calibrate();
    let two = NonZeroUsize::new(2).expect("not 0");
    rayon::ThreadPoolBuilder::new().num_threads(2).build_global().expect("the first");
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("threads");
    let lane = || Pool::new(two).expect("threads");
    println!(
        "small job of 8 chunks of 0.5 ms on 2 threads, in ms      alone          beside a long job      timer late"
    );
    println!(
        "{:34} {:>7} {:>7} {:>9} {:>7} {:>8} {:>9} {:>7}",
        "", "p50", "p99", "p50", "p99", "p99/p99", "p50", "p99"
    );
    measure("brawn, a pool for each invocation", Way::Brawn(lane(), lane()), steps).await;
    let one = lane();
    measure("brawn, one pool for both", Way::Brawn(one.clone(), one), steps).await;
    measure("spawn_blocking + global rayon", Way::Blocking, steps).await;
    measure("tokio-rayon", Way::TokioRayon(Arc::new(pool)), steps).await;
}
