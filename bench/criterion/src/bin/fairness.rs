//! A small invocation beside a long one, and a timer beside both: how late are they?
//!
//!     cargo run --release --bin fairness            # a minute and a half
//!     cargo run --release --bin fairness -- 10      # seconds for each of the ten parts instead of 8
//!
//! A small job of 8 chunks of 0.5 ms comes every 3 ms, alone, and then beside a long one of 400 chunks of 1 ms that begins
//! again whenever it ends; all on 2 threads. Meanwhile a timer of 5 ms says how late it is. Ways take turns in short rounds, so
//! that what else the machine does meets all of them.
//!
//! The goal: beside the long job the small one's p99 is within twice its time alone plus one chunk of the long one, and the
//! timer's within 5 ms. "Its time alone" is read twice: as the median, and, since alone and beside have the same disturbances, as
//! the p99.

use std::hint::black_box;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use brawn::{Budget, Pool};
use rayon::prelude::*;
use tokio_rayon::AsyncThreadPool as _;

const THREADS: usize = 2;
const ROUNDS: u32 = 4;
/// Of the long job, in ms.
const CHUNK: f64 = 1.0;
const TIMER_GOAL: f64 = 5.0;

fn chunk(steps: u64) -> u64 {
    (0..steps).fold(1, |value, n| black_box((value ^ n).wrapping_mul(0x9e37_79b9_7f4a_7c15)))
}

/// Steps of a millisecond: the fastest of many tries, which nobody has interrupted.
fn calibrate() -> u64 {
    let tries = (0..200).map(|_| {
        let started = Instant::now();
        black_box(chunk(500_000));
        started.elapsed()
    });
    let fastest = tries.min().expect("there are some");
    (500_000.0 / fastest.as_secs_f64() / 1e3) as u64
}

/// As people write it.
fn bare(chunks: usize, steps: u64) -> u64 {
    (0..chunks)
        .into_par_iter()
        .with_max_len(1)
        .map(|_| chunk(steps))
        .reduce(|| 0, u64::wrapping_add)
}

/// As brawn's guide says.
fn budgeted(budget: &Budget, chunks: usize, steps: u64) -> u64 {
    let chunks = budget.par_range(0..chunks).grain(1);
    chunks.map(|_| chunk(steps)).fold(|| 0, u64::wrapping_add, u64::wrapping_add).expect("no end")
}

#[derive(Clone)]
enum Way {
    /// What `lambda::run_concurrent` does for two invocations at the same time.
    Brawn(Pool, Pool),
    /// A pool for each, and nobody steps aside.
    Lanes(Pool, Pool),
    Blocking,
    TokioRayon(Arc<rayon::ThreadPool>),
}

impl Way {
    /// `long` says which of two invocations asks.
    async fn run(&self, long: bool, chunks: usize, steps: u64) -> u64 {
        match self {
            Way::Brawn(first, second) => {
                let budget = Budget::unlimited().in_turn(THREADS);
                let pool = if long { first } else { second };
                let work = move |budget: &Budget| budgeted(budget, chunks, steps);
                brawn::compute_on(pool, &budget, work).await.expect("no panic")
            }
            Way::Lanes(first, second) => {
                let pool = if long { first } else { second };
                let work = move |budget: &Budget| budgeted(budget, chunks, steps);
                brawn::compute_on(pool, &Budget::unlimited(), work).await.expect("no panic")
            }
            Way::Blocking => {
                tokio::task::spawn_blocking(move || bare(chunks, steps)).await.expect("no panic")
            }
            Way::TokioRayon(pool) => pool.spawn_async(move || bare(chunks, steps)).await,
        }
    }
}

#[derive(Default)]
struct Times(Vec<f64>);

impl Times {
    fn add(&mut self, time: Duration) {
        self.0.push(time.as_secs_f64() * 1e3);
    }

    /// In ms.
    fn percentile(&mut self, part: f64) -> f64 {
        self.0.sort_unstable_by(f64::total_cmp);
        self.0[((self.0.len() - 1) as f64 * part).round() as usize]
    }
}

#[derive(Default)]
struct Measured {
    alone: Times,
    beside: Times,
    late: Times,
    long_jobs: f64,
    seconds: f64,
}

async fn small_jobs(way: &Way, steps: u64, until: Instant, times: &mut Times) {
    // One at least, however long it takes.
    loop {
        tokio::time::sleep(Duration::from_millis(3)).await;
        let started = Instant::now();
        way.run(false, 8, steps / 2).await;
        times.add(started.elapsed());
        if Instant::now() >= until {
            return;
        }
    }
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

async fn round(way: &Way, steps: u64, time: Duration, measured: &mut Measured) {
    small_jobs(way, steps, Instant::now() + time, &mut measured.alone).await;
    let stop = Arc::new(AtomicBool::new(false));
    let began = Instant::now();
    let long = tokio::spawn({
        let (way, stop) = (way.clone(), Arc::clone(&stop));
        async move {
            let mut jobs = 0;
            while !stop.load(Ordering::Relaxed) {
                way.run(true, 400, (steps as f64 * CHUNK) as u64).await;
                jobs += 1;
            }
            jobs
        }
    });
    let timer = tokio::spawn(timer(Arc::clone(&stop)));
    // The long job's first moments are not those of a long job.
    tokio::time::sleep(Duration::from_millis(20)).await;
    small_jobs(way, steps, Instant::now() + time, &mut measured.beside).await;
    stop.store(true, Ordering::Relaxed);
    for late in timer.await.expect("no panic") {
        measured.late.add(late);
    }
    measured.long_jobs += f64::from(long.await.expect("no panic"));
    measured.seconds += began.elapsed().as_secs_f64();
}

fn print(name: &str, measured: &mut Measured) {
    let Measured { alone, beside, late, long_jobs, seconds } = measured;
    let (a50, a99, b50, b99) = (
        alone.percentile(0.5),
        alone.percentile(0.99),
        beside.percentile(0.5),
        beside.percentile(0.99),
    );
    let (strict, alike) = (2.0 * a50 + CHUNK, 2.0 * a99 + CHUNK);
    let met = |yes| if yes { "met" } else { "missed" };
    println!(
        "| {name} | {a50:.2} / {a99:.2} ({}) | {b50:.2} / {b99:.2} ({}) | {strict:.1} {}, {alike:.1} {} | {:.2} / {:.2} {} | {:.2} |",
        alone.0.len(),
        beside.0.len(),
        met(b99 <= strict),
        met(b99 <= alike),
        late.percentile(0.5),
        late.percentile(0.99),
        met(late.percentile(0.99) <= TIMER_GOAL),
        *long_jobs / *seconds,
    );
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let seconds: f64 = std::env::args()
        .nth(1)
        .map_or(8.0, |text| text.parse().expect("how many seconds for each of the ten parts"));
    let time = Duration::from_secs_f64(seconds) / ROUNDS;
    let steps = calibrate();
    rayon::ThreadPoolBuilder::new().num_threads(THREADS).build_global().expect("the first");
    let pool = rayon::ThreadPoolBuilder::new().num_threads(THREADS).build().expect("threads");
    let lane = || Pool::new(NonZeroUsize::new(THREADS).expect("not 0")).expect("threads");
    let one = lane();
    let mut ways = [
        ("brawn: a pool for each, in turn", Way::Brawn(lane(), lane())),
        ("a pool for each, not in turn", Way::Lanes(lane(), lane())),
        ("one pool for both", Way::Lanes(one.clone(), one)),
        ("spawn_blocking + global Rayon", Way::Blocking),
        ("tokio-rayon", Way::TokioRayon(Arc::new(pool))),
    ]
    .map(|(name, way)| (name, way, Measured::default()));
    for _ in 0..ROUNDS {
        for (_, way, measured) in &mut ways {
            round(way, steps, time, measured).await;
        }
    }
    println!(
        "A small job of 8 chunks of 0.5 ms on {THREADS} threads; the long one has chunks of {CHUNK} ms. Times in ms, p50 / p99 (of so many).\n"
    );
    println!(
        "| way | alone | beside a long job | goal for that p99: 2 x alone p50 + chunk, 2 x alone p99 + chunk | timer late, p99 goal {TIMER_GOAL} | long jobs a second |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: |");
    for (name, _, measured) in &mut ways {
        print(name, measured);
    }
}
