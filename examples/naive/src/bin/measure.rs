//! Prints what differs between the three: how late timers are while they compute, what they get done, and what becomes
//! of work that its caller gave up.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use naive::work::{Request, crunch};
use naive::{naive as wrong, right};

/// Invocations on their way at once, as a managed instance sends them.
const AT_ONCE: usize = 4;
const ROUNDS: usize = 8;
const ROWS: u64 = 64;
/// What one invocation takes on one core.
const WORK: Duration = Duration::from_millis(100);
const TICK: Duration = Duration::from_millis(5);

#[derive(Clone, Copy)]
enum Way {
    InTheHandler,
    SpawnBlocking,
    Brawn,
}

impl Way {
    fn name(self) -> &'static str {
        match self {
            Way::InTheHandler => "par_iter in the handler",
            Way::SpawnBlocking => "spawn_blocking + par_iter",
            Way::Brawn => "brawn::compute",
        }
    }

    async fn run(self, request: Request) {
        match self {
            Way::InTheHandler => drop(wrong::in_the_handler(request).await),
            Way::SpawnBlocking => drop(wrong::in_spawn_blocking(request).await.expect("no panic")),
            Way::Brawn => drop(right::handler(request).await.expect("a reply")),
        }
    }
}

/// Steps for each row, so that an invocation takes about [`WORK`] on one core of this machine.
fn calibrate() -> u64 {
    let steps = 2_000_000;
    let started = Instant::now();
    std::hint::black_box(crunch(1, steps));
    let a_second = steps as f64 / started.elapsed().as_secs_f64();
    (a_second * WORK.as_secs_f64() / ROWS as f64) as u64
}

async fn ticks(stop: Arc<AtomicBool>) -> Vec<Duration> {
    let mut late = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let due = Instant::now() + TICK;
        tokio::time::sleep_until(due.into()).await;
        late.push(due.elapsed());
    }
    late.sort_unstable();
    late
}

async fn measure(way: Way, steps: u64) {
    let request = move || Request { rows: (0..ROWS).collect(), steps };
    let stop = Arc::new(AtomicBool::new(false));
    let ticks = tokio::spawn(ticks(Arc::clone(&stop)));
    let started = Instant::now();
    let invocations: Vec<_> = (0..AT_ONCE)
        .map(|_| {
            tokio::spawn(async move {
                for _ in 0..ROUNDS {
                    way.run(request()).await;
                }
            })
        })
        .collect();
    for invocation in invocations {
        invocation.await.expect("no panic");
    }
    let seconds = started.elapsed().as_secs_f64();
    stop.store(true, Ordering::Relaxed);
    let late = ticks.await.expect("no panic");
    let ms = |part: f64| late[((late.len() - 1) as f64 * part) as usize].as_secs_f64() * 1e3;
    let (ended, more) = give_up(way.run(request())).await;
    println!(
        "{:26} {:10.1} {:8.1} {:8.1} {:14.1} {:12.0} {:14.0}",
        way.name(),
        ms(0.5),
        ms(0.99),
        ms(1.0),
        (AT_ONCE * ROUNDS) as f64 / seconds,
        ended.as_secs_f64() * 1e3,
        more.as_secs_f64() * 1e3,
    );
}

/// Gives `work` 10 ms: when that ended, and the CPU time that went into it afterwards.
async fn give_up(work: impl Future<Output = ()>) -> (Duration, Duration) {
    let started = Instant::now();
    let _ = tokio::time::timeout(Duration::from_millis(10), work).await;
    let (ended, before) = (started.elapsed(), cpu_time());
    tokio::time::sleep(4 * WORK).await;
    (ended, cpu_time().saturating_sub(before))
}

/// Of this process; zero where there is no `/proc`.
fn cpu_time() -> Duration {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // After the name, which may hold anything: utime and stime are the 12th and 13th, in hundredths of a second.
    let after = text.rsplit_once(')').map_or("", |(_, after)| after);
    let ticks: u64 = after.split_whitespace().skip(11).take(2).flat_map(str::parse::<u64>).sum();
    Duration::from_millis(ticks * 10)
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let steps = calibrate();
    println!(
        "{AT_ONCE} invocations at a time, {} ms of CPU each, on {} threads; a timer of {} ms beside them",
        WORK.as_millis(),
        brawn::pool().workers(),
        TICK.as_millis(),
    );
    println!("{:26} {:>28} {:>14} {:>27}", "", "timer late, ms", "", "given up after 10 ms, in ms");
    println!(
        "{:26} {:>10} {:>8} {:>8} {:>14} {:>12} {:>14}",
        "", "median", "p99", "most", "invocations/s", "it ended", "CPU after that"
    );
    for way in [Way::InTheHandler, Way::SpawnBlocking, Way::Brawn] {
        measure(way, steps).await;
    }
}
