//! The result for a terminal.

use std::fmt::Write;

use serde_json::Value;

use super::month::Month;
use super::output::{Outcome, Point, Tuning};

/// A table of what was measured, and the sentence that explains it.
pub fn table(tuning: &Tuning) -> String {
    let mut text = format!("{}\n", tuning.command);
    let _ = writeln!(text, "measured, {} invocations each; {}", tuning.num, tuning.enforced);
    let _ = writeln!(
        text,
        "{:>8} {:>6} {:>10} {:>10} {:>10} {:>10} {:>8} {:>9} {:>9} {:>12}",
        "MB", "vCPU", "ms", "p50", "p95", "p99", "CPU %", "peak MB", "init ms", "$ / million"
    );
    for point in &tuning.stats {
        let _ = writeln!(text, "{}", row(tuning, point));
    }
    let beyond = tuning.not_measured.iter().filter_map(|size| {
        tuning.predicted.iter().min_by_key(|predicted| predicted.value.abs_diff(*size))
    });
    for (count, predicted) in beyond.enumerate() {
        if count == 0 {
            let _ =
                writeln!(text, "predicted, as this machine has {:.0} vCPU", tuning.machine_vcpus);
        }
        let _ = writeln!(
            text,
            "{:>8} {:>6.2} {:>10.1}   {:.1} to {:.1} ms, $ {:.2} / million",
            predicted.value,
            f64::from(predicted.value) / 1769.0,
            predicted.duration,
            predicted.low,
            predicted.high,
            (predicted.cost + tuning.prices.request) * 1e6
        );
    }
    if let Some(explanation) = &tuning.explanation {
        let _ = writeln!(text, "{}", explanation.sentence);
    } else if let Some(why) = &tuning.not_explained {
        let _ = writeln!(text, "not explained: {why}");
    }
    if tuning.machine_load > tuning.machine_vcpus / 4.0 {
        let _ = writeln!(
            text,
            "this machine was busy (load {:.1} on {:.0} vCPU): times are longer than they should be",
            tuning.machine_load, tuning.machine_vcpus
        );
    }
    let _ = match (tuning.power, tuning.cost, tuning.duration) {
        (Some(power), Some(cost), Some(duration)) => writeln!(
            text,
            "choose {power} MB: {duration:.1} ms, $ {:.2} / million ({}, {} {} of {})",
            (cost + tuning.prices.request) * 1e6,
            strategy(tuning),
            tuning.prices.region,
            tuning.architecture.name(),
            tuning.prices.as_of,
        ),
        _ if !tuning.stats.iter().any(|point| !point.probe) => writeln!(
            text,
            "no size that was asked for could be measured: each has more than {:.0} vCPU",
            tuning.machine_vcpus
        ),
        _ => writeln!(text, "no size worked within what was asked"),
    };
    if let Some(Month { invocations, x86_64, arm64 }) = tuning.month {
        let _ = writeln!(
            text,
            "{invocations:.0} a month, less the free tier: $ {x86_64:.2} on x86_64, $ {arm64:.2} on arm64 if it takes the same time there"
        );
    }
    text
}

fn row(tuning: &Tuning, point: &Point) -> String {
    let mark = match (Some(point.value) == tuning.power, point.probe) {
        (true, _) => " <",
        (_, true) => " (probe)",
        _ => "",
    };
    let start = format!("{:>8} {:>6.2}", point.value, point.share);
    let failed = match point.outcome {
        Outcome::Ok => None,
        Outcome::OutOfMemory => Some("out of memory"),
        Outcome::Timeout => Some("timeout"),
        Outcome::Error => Some("error"),
    };
    if let Some(failed) = failed {
        let said = message(point.said.as_deref().unwrap_or_default());
        let said: String = said.chars().filter(|letter| !letter.is_control()).take(300).collect();
        return format!("{start} {failed:>10}  peak {} MB  {said}", point.peak_memory_mb);
    }
    format!(
        "{start} {:>10.1} {:>10.1} {:>10.1} {:>10.1} {:>8} {:>9} {:>9} {:>12.2}{mark}",
        point.average_duration,
        point.p50,
        point.p95,
        point.p99,
        point.cpu_utilisation.map(|used| format!("{:.0}", used * 100.0)).unwrap_or_default(),
        point.peak_memory_mb,
        point.init_duration.map(|init| format!("{init:.0}")).unwrap_or_default(),
        (point.average_price + tuning.prices.request) * 1e6,
    )
}

/// What an error object says, without the request's id; the text itself where it is none.
fn message(said: &str) -> String {
    let object: Option<Value> = serde_json::from_str(said).ok();
    let message = object.as_ref().and_then(|object| object.get("errorMessage")?.as_str());
    let message = message.unwrap_or(said);
    let rest = message.strip_prefix("RequestId: ").and_then(|rest| rest.split_once(" Error: "));
    rest.map_or(message, |(_, rest)| rest).to_owned()
}

fn strategy(tuning: &Tuning) -> String {
    match tuning.strategy {
        super::Strategy::Cost => "cheapest".to_owned(),
        super::Strategy::Speed => "fastest".to_owned(),
        super::Strategy::Balanced => format!("balanced {}", tuning.balanced_weight),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tune::choose::tests::point;

    #[test]
    fn the_chosen_size_is_marked_and_a_failure_has_its_row() {
        let mut killed = point(128, 0.0, 0.0);
        killed.outcome = Outcome::OutOfMemory;
        killed.said = Some(
            r#"{"errorType":"Runtime.ExitError","errorMessage":"RequestId: 1 Error: signal: killed"}"#
                .to_owned(),
        );
        let mut tuning = Tuning {
            machine_vcpus: 2.0,
            stats: vec![killed, point(1769, 2.0e-6, 120.0)],
            power: Some(1769),
            cost: Some(2.0e-6),
            duration: Some(120.0),
            ..Tuning::default()
        };
        let text = table(&tuning);
        assert!(text.contains("out of memory  peak 64 MB  signal: killed"), "{text}");
        // 2.0 of compute and 0.2 of requests.
        assert!(text.lines().any(|line| line.ends_with("2.20 <")), "{text}");
        assert!(text.contains(
            "choose 1769 MB: 120.0 ms, $ 2.20 / million (cheapest, us-east-1 x86_64 of 2026-08-19)"
        ));
        assert!(!text.contains("busy"));
        tuning.month = Some(Month { invocations: 3e6, x86_64: 2.734, arm64: 2.267 });
        assert!(table(&tuning).contains("3000000 a month, less the free tier: $ 2.73 on x86_64"));
        tuning.machine_load = 1.5;
        assert!(table(&tuning).contains("busy (load 1.5 on 2 vCPU)"));
    }
}
