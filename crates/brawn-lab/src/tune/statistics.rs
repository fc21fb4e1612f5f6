//! From the reports of one size to its numbers.

use super::TuneOptions;
use super::measure::Measured;
use super::output::Point;
use crate::environment::Report;

/// The mean without the `discard` smallest and largest parts (whole values, rounded down), as Power Tuning takes it.
pub(super) fn trimmed_mean(values: &[f64], discard: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let out = (sorted.len() as f64 * discard) as usize;
    let kept = sorted.get(out..sorted.len().saturating_sub(out)).unwrap_or_default();
    if kept.is_empty() { 0.0 } else { kept.iter().sum::<f64>() / kept.len() as f64 }
}

/// The smallest value that a part `p` of all values does not exceed (nearest rank).
pub(super) fn percentile(values: &[f64], p: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (sorted.len() as f64 * p).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied().unwrap_or(0.0)
}

fn deviation(values: &[f64]) -> f64 {
    if values.len() < 2 {
        return 0.0;
    }
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (squares / (values.len() - 1) as f64).sqrt()
}

pub(super) fn point(
    options: &TuneOptions,
    memory_mb: u32,
    probe: bool,
    measured: &Measured,
) -> Point {
    let reports = &measured.reports;
    // With only cold starts every invocation counts.
    let discard =
        if options.only_cold_starts { 0.0 } else { options.discard_top_bottom.clamp(0.0, 0.4) };
    let ms = |time: std::time::Duration| time.as_secs_f64() * 1e3;
    let of = |value: &dyn Fn(&Report) -> f64| reports.iter().map(value).collect::<Vec<f64>>();
    let with_init = of(&|report| ms(report.duration + report.init.unwrap_or_default()));
    let billed = of(&|report| report.billed_ms as f64);
    let durations = of(&|report| ms(report.duration));
    // With only cold starts the wait is what is asked about.
    let waited = if options.only_cold_starts { &with_init } else { &durations };
    let cpu = of(&|report| ms(report.cpu));
    let price = |billed_ms: f64| options.price(billed_ms, memory_mb);
    let peak_mb = reports.iter().map(Report::max_memory_mb).max().unwrap_or(0);
    let inits: Vec<f64> = reports.iter().filter_map(|report| report.init.map(ms)).collect();
    Point {
        value: memory_mb,
        average_price: price(trimmed_mean(&billed, discard)),
        average_duration: trimmed_mean(&with_init, discard),
        total_cost: billed.iter().map(|billed_ms| price(*billed_ms)).sum(),
        outcome: measured.outcome,
        said: measured.said.clone(),
        probe,
        invocations: reports.len(),
        warm_duration: trimmed_mean(&durations, discard),
        p50: percentile(waited, 0.50),
        p95: percentile(waited, 0.95),
        p99: percentile(waited, 0.99),
        spread: deviation(waited),
        init_duration: (!inits.is_empty()).then(|| trimmed_mean(&inits, 0.0)),
        cpu_ms: Some(trimmed_mean(&cpu, discard)),
        cpu_utilisation: Some(trimmed_mean(&of(&Report::cpu_utilisation), discard)),
        share: reports.first().map_or(0.0, |report| report.share),
        peak_memory_mb: peak_mb,
        memory_margin_mb: u64::from(memory_mb).saturating_sub(peak_mb),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_is_taken_without_the_ends() {
        // 20 % of 10 are 2 at either end.
        let values = [100.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 0.0];
        assert_eq!(trimmed_mean(&values, 0.2), (2.0 + 3.0 + 4.0 + 5.0 + 6.0 + 7.0) / 6.0);
        // 20 % of 4 is none.
        assert_eq!(trimmed_mean(&[1.0, 2.0, 3.0, 10.0], 0.2), 4.0);
        assert_eq!(trimmed_mean(&[], 0.2), 0.0);
    }

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let values: Vec<f64> = (1..=20).map(f64::from).collect();
        assert_eq!(percentile(&values, 0.50), 10.0);
        assert_eq!(percentile(&values, 0.95), 19.0);
        assert_eq!(percentile(&values, 0.99), 20.0);
        assert_eq!(percentile(&[], 0.5), 0.0);
        assert_eq!(deviation(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]), (32.0_f64 / 7.0).sqrt());
    }
}
