//! How well what is measured on at most one vCPU predicts two: a table for docs/lab.md, not a test. On an idle machine of two cores:
//! `cargo test -p brawn-lab --test it prediction -- --ignored --nocapture --test-threads 1`

use brawn_lab::Settings;
use brawn_lab::tune::{TuneOptions, Tuning, tune};
use serde_json::json;

use crate::{settings, ways};

/// Two vCPUs.
const TWO: u32 = 3538;
/// A machine is now faster and now slower: the median of these says how well the model does, the worst how well one tuning does.
const ROUNDS: usize = 5;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes and means something only on an idle machine"]
async fn prediction() {
    let workloads = [
        ("parallel CPU", json!({"do": "work", "parallel": 120})),
        ("serial CPU", json!({"do": "work", "serial": 100})),
        ("half and half", json!({"do": "work", "serial": 60, "parallel": 60})),
        ("waiting", json!({"do": "work", "serial": 20, "wait_ms": 100})),
        ("memory", json!({"do": "work", "copied_mb": 2048})),
    ];
    // By cgroup where that is to be had.
    let enforcement = ways().pop().expect("there is a way");
    println!(
        "{enforcement:?}\n{:>14} {:>12} {:>10} {:>8} {:>8} {:>10} {:>9}",
        "median of", "predicted ms", "measured", "off", "worst", "parallel", "slowdown"
    );
    for (name, event) in &workloads {
        let run = |power_values: Vec<u32>, vcpus: f64| {
            let function = Settings { enforcement, memory_mb: 1769, ..settings("serve") };
            let options = TuneOptions {
                num: 5,
                payload: event.clone(),
                power_values,
                vcpus: Some(vcpus),
                ..TuneOptions::new(function)
            };
            tune(options, |_| {})
        };
        let mut rounds = Vec::new();
        for _ in 0..ROUNDS {
            let below = run(vec![768, 1024, 1769], 1.0).await.expect("tuned");
            let measured = run(vec![1769, TWO], 2.0).await.expect("tuned");
            rounds.push(Round::new(&below, &measured));
        }
        let median = |of: fn(&Round) -> f64| {
            let mut values: Vec<f64> = rounds.iter().map(of).collect();
            values.sort_by(f64::total_cmp);
            values[ROUNDS / 2]
        };
        let worst = rounds.iter().map(|round| round.off.abs()).fold(0.0, f64::max);
        println!(
            "{name:>14} {:>12.1} {:>10.1} {:>+6.1} % {worst:>6.1} % {:>10.2} {:>9.2}",
            median(|round| round.predicted),
            median(|round| round.measured),
            median(|round| round.off),
            median(|round| round.parallel),
            median(|round| round.slowdown),
        );
    }
}

/// What was predicted from one vCPU, and what was measured on two.
struct Round {
    predicted: f64,
    measured: f64,
    /// Percent.
    off: f64,
    parallel: f64,
    slowdown: f64,
}

impl Round {
    fn new(below: &Tuning, measured: &Tuning) -> Round {
        let point = measured.stats.iter().find(|point| point.value == TWO).expect("measured");
        // On two cores, as it was measured; Lambda shows three at that size.
        let explanation = below.explanation.as_ref().expect("explained");
        let (predicted, _) = explanation.time(2.0, 2);
        Round {
            predicted,
            measured: point.warm_duration,
            off: (predicted / point.warm_duration - 1.0) * 100.0,
            parallel: below.threads.map_or(f64::NAN, |seen| seen.parallel),
            slowdown: below.threads.map_or(f64::NAN, |seen| seen.slowdown),
        }
    }
}
