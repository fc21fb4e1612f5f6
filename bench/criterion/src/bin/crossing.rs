//! From which amount of work on the pool is worth the way to it: the two thresholds of 20 us.
//!
//!     cargo run --release --bin crossing
//!
//! - `compute_sized`: work that is handed over takes its own time and the way there and back. Where both are the same it takes twice
//!   as long as inline. The table has the medians; the crossing is where the work is as long as the way.
//! - `par_iter`: the same work in 8 chunks on 2 threads, against one after the other on the thread that asks, which is one of the
//!   pool. The crossing is where the parallel one begins to be faster. Its other thread sleeps before, as between invocations.
//!
//! Both are said in the time that the work itself was measured to take.

use std::hint::black_box;
use std::time::{Duration, Instant};

use brawn::{Budget, Pool};

const WORK_US: [f64; 9] = [1.0, 2.0, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0];
const TIMES: usize = 400;

fn work(steps: u64) -> u64 {
    (0..steps).fold(1, |value, n| black_box((value ^ n).wrapping_mul(0x9e37_79b9_7f4a_7c15)))
}

/// Steps of a microsecond, undisturbed.
fn calibrate() -> f64 {
    let tries = (0..500).map(|_| {
        let started = Instant::now();
        black_box(work(50_000));
        started.elapsed()
    });
    50_000.0 / (tries.min().expect("there are some").as_secs_f64() * 1e6)
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1e6
}

/// Long enough for threads to go to sleep.
fn pause() {
    std::thread::sleep(Duration::from_micros(300));
}

/// Where `gain` goes from below 0 to above for good, by a line between the two points around it.
fn crossing(points: &[(f64, f64)]) -> String {
    let last_loss = points.iter().rposition(|(_, gain)| *gain < 0.0);
    match last_loss {
        None => format!("below {:.0} us", points[0].0),
        Some(index) if index + 1 == points.len() => format!("above {:.0} us", points[index].0),
        Some(index) => {
            let ((a, loss), (b, gain)) = (points[index], points[index + 1]);
            format!("{:.0} us", a + (b - a) * -loss / (gain - loss))
        }
    }
}

fn main() {
    let per_us = calibrate();
    let two = std::num::NonZeroUsize::new(2).expect("not 0");
    let pool = Pool::new(two).expect("threads");
    pool.make_global();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");

    println!(
        "| work, us | inline | on the pool | one after the other | in 8 chunks on 2 threads |"
    );
    println!("| ---: | ---: | ---: | ---: | ---: |");
    let (mut hand_over, mut share_out) = (Vec::new(), Vec::new());
    for us in WORK_US {
        let steps = (us * per_us) as u64;
        let mut times: [Vec<Duration>; 4] = Default::default();
        for _ in 0..TIMES {
            let (inline, handed) = runtime.block_on(async {
                tokio::time::sleep(Duration::from_micros(300)).await;
                let started = Instant::now();
                let small = brawn::compute_sized(Duration::ZERO, move |_| work(steps)).await;
                let inline = started.elapsed();
                black_box(small.expect("no panic"));
                tokio::time::sleep(Duration::from_micros(300)).await;
                let started = Instant::now();
                black_box(brawn::compute(move |_| work(steps)).await.expect("no panic"));
                (inline, started.elapsed())
            });
            let (sequential, parallel) = pool
                .run(|| {
                    let budget = Budget::unlimited();
                    pause();
                    let started = Instant::now();
                    for _ in 0..8 {
                        black_box(work(steps / 8));
                    }
                    let sequential = started.elapsed();
                    pause();
                    let started = Instant::now();
                    let chunks = budget.par_range(0..8).grain(1).map(|_| work(steps / 8));
                    black_box(chunks.fold(|| 0, u64::wrapping_add, u64::wrapping_add))
                        .expect("no end");
                    (sequential, started.elapsed())
                })
                .expect("no panic");
            for (times, time) in times.iter_mut().zip([inline, handed, sequential, parallel]) {
                times.push(time);
            }
        }
        let [inline, handed, sequential, parallel] = times.map(median);
        println!("| {us} | {inline:.1} | {handed:.1} | {sequential:.1} | {parallel:.1} |");
        hand_over.push((inline, inline - (handed - inline)));
        share_out.push((sequential, sequential - parallel));
    }
    println!(
        "\nThe way to the pool and back takes as long as the work at {}.",
        crossing(&hand_over)
    );
    println!("Two threads begin to gain at {}.", crossing(&share_out));
}
