//! How well what is measured on at most one vCPU predicts two: a table for docs/lab.md, not a test. On an idle machine of two cores:
//! `cargo test -p brawn-lab --test it prediction -- --ignored --nocapture --test-threads 1`

use brawn_lab::Settings;
use brawn_lab::tune::{TuneOptions, Tuning, tune};
use serde_json::{Value, json};

use crate::{settings, ways};

/// Two vCPUs.
const TWO: u32 = 3538;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes and means something only on an idle machine"]
async fn prediction() {
    let workloads = [
        ("parallel CPU", json!({"do": "work", "parallel": 300})),
        ("serial CPU", json!({"do": "work", "serial": 150})),
        ("half and half", json!({"do": "work", "serial": 100, "parallel": 100})),
        ("waiting", json!({"do": "work", "serial": 10, "wait_ms": 150})),
        ("memory", json!({"do": "work", "copied_mb": 2048})),
    ];
    for enforcement in ways() {
        println!(
            "{enforcement:?}\n{:>14} {:>10} {:>10} {:>10} {:>8}  {:>9} {:>9}",
            "", "predicted", "band", "measured", "off", "parallel", "slowdown"
        );
        for (name, event) in &workloads {
            let run = |power_values: Vec<u32>, vcpus: f64| {
                let function = Settings { enforcement, memory_mb: 1769, ..settings("serve") };
                let options = TuneOptions {
                    num: 15,
                    payload: event.clone(),
                    power_values,
                    vcpus: Some(vcpus),
                    ..TuneOptions::new(function)
                };
                tune(options, |_| {})
            };
            let below = run(vec![768, 1024, 1769], 1.0).await.expect("tuned");
            let measured = run(vec![1769, TWO], 2.0).await.expect("tuned");
            row(name, &below, &measured);
        }
    }
}

fn row(name: &str, below: &Tuning, measured: &Tuning) {
    if std::env::var_os("BRAWN_VERBOSE").is_some() {
        let points: Vec<Value> = [below, measured]
            .iter()
            .flat_map(|tuning| &tuning.stats)
            .map(|point| json!([point.value, point.warm_duration, point.spread, point.cpu_ms]))
            .collect();
        println!(
            "{}\n{}",
            json!(points),
            json!([below.threads, measured.threads, below.explanation])
        );
    }
    let point = measured.stats.iter().find(|point| point.value == TWO).expect("measured");
    // The curve is drawn in steps of 128 MB.
    let after = below.predicted.iter().position(|point| point.value >= TWO).expect("drawn");
    let (low, high) = (below.predicted[after - 1], below.predicted[after]);
    let part = f64::from(TWO - low.value) / f64::from(high.value - low.value);
    let between = |low: f64, high: f64| low + part * (high - low);
    let predicted = between(low.duration, high.duration);
    let band = (between(low.low, high.low), between(low.high, high.high));
    let threads = below.threads;
    println!(
        "{name:>14} {predicted:>10.1} {:>10} {:>10.1} {:>+6.1} %  {:>9} {:>9}",
        format!("{:.0} to {:.0}", band.0, band.1),
        point.warm_duration,
        (predicted / point.warm_duration - 1.0) * 100.0,
        threads.map(|seen| format!("{:.2}", seen.parallel)).unwrap_or_default(),
        threads.map(|seen| format!("{:.2}", seen.slowdown)).unwrap_or_default(),
    );
}
