//! Time as a function of memory: waiting, serial and parallel CPU time under a share that is given in 20 ms periods.

use brawn_core::Vcpus;
use serde::{Deserialize, Serialize};

use super::TuneOptions;
use super::explain::Explanation;
use super::output::{Outcome, Point};

const PERIOD_MS: f64 = 20.0;
/// From where to where Lambda's memory goes, in MB, and the step of the curve.
pub(super) const SIZES: (u32, u32, usize) = (128, 10_240, 128);

/// What one invocation is made of, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Work {
    pub(super) waiting: f64,
    pub(super) serial: f64,
    /// On one core.
    pub(super) parallel: f64,
    /// By how much each core more makes the parallel part of the CPU time longer.
    pub(super) slowdown: f64,
}

impl Work {
    /// How long it takes with `share` vCPUs on `visible` cores.
    pub(super) fn time(&self, share: f64, visible: usize) -> f64 {
        let cores = visible.max(1) as f64;
        let parallel = self.parallel * (1.0 + self.slowdown * (cores - 1.0));
        self.waiting
            + throttled(self.serial, share.min(1.0))
            + throttled(parallel / cores, (share / cores).min(1.0))
    }
}

/// How long `cpu_ms` take on a core of which a part `share` of each period is granted.
///
/// Work that begins anywhere in a period may use the whole quota of it, and ends at the last millisecond that it runs,
/// not at the end of that period: so it takes less than `cpu_ms / share`, and short work is not slowed down at all. The
/// mean over where it begins.
fn throttled(cpu_ms: f64, share: f64) -> f64 {
    if share >= 1.0 || cpu_ms <= 0.0 {
        return cpu_ms.max(0.0);
    }
    const PHASES: u32 = 32;
    let quota = PERIOD_MS * share;
    let from = |left_in_period: f64| {
        let first = quota.min(left_in_period);
        if cpu_ms <= first {
            return cpu_ms;
        }
        let rest = cpu_ms - first;
        let full = (rest / quota).ceil() - 1.0;
        left_in_period + full * PERIOD_MS + (rest - full * quota)
    };
    let begins = |phase| PERIOD_MS * (f64::from(phase) + 0.5) / f64::from(PHASES);
    (0..PHASES).map(|phase| from(begins(phase))).sum::<f64>() / f64::from(PHASES)
}

/// A point of the curve. Times in milliseconds, prices in USD.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Predicted {
    /// Memory in MB.
    pub value: u32,
    /// By the fit that agrees best with what was measured.
    pub duration: f64,
    /// The fastest and the slowest of the fits that the measurements do not contradict.
    pub low: f64,
    /// See `low`.
    pub high: f64,
    /// For one invocation.
    pub cost: f64,
    /// Whether it takes more vCPUs than the machine of the measurements has.
    pub beyond: bool,
    /// Whether the function fits into that memory, by what it held at the smallest size that worked.
    pub fits: bool,
}

/// From 128 to 10240 MB.
pub(super) fn curve(
    explanation: &Explanation,
    stats: &[Point],
    cores: f64,
    options: &TuneOptions,
) -> Vec<Predicted> {
    // A function may hold more where there is more, so the smallest size that worked says what it needs.
    let works = stats.iter().find(|point| point.outcome == Outcome::Ok);
    let needs = works.map_or(0, |point| point.peak_memory_mb);
    let killed = stats.iter().filter(|point| point.outcome == Outcome::OutOfMemory);
    let too_small = killed.map(|point| point.value).max().unwrap_or(0);
    let (first, last, step) = SIZES;
    (first..=last)
        .step_by(step)
        .map(|value| {
            let vcpus = Vcpus::of_lambda(value);
            let (duration, (low, high)) = explanation.time(vcpus.share, vcpus.visible);
            Predicted {
                value,
                duration,
                low,
                high,
                cost: options.price(duration, value),
                beyond: vcpus.share > cores + 0.01,
                fits: value > too_small && u64::from(value) > needs,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_stretches_long_work_by_its_inverse_and_short_work_not_at_all() {
        assert_eq!(throttled(500.0, 1.0), 500.0);
        // 1 s at half a core: 2 s, less what the last period does not wait for.
        let long = throttled(1000.0, 0.5);
        assert!((1985.0..=2000.0).contains(&long), "{long}");
        // 1 ms of a quota of 10: slowed down only where it begins at the very end of a period.
        assert!(throttled(1.0, 0.5) < 1.1);
        assert_eq!(throttled(0.0, 0.5), 0.0);
    }

    #[test]
    fn more_share_is_never_slower() {
        let work = Work { waiting: 30.0, serial: 120.0, parallel: 400.0, slowdown: 0.0 };
        let times: Vec<f64> = [128, 512, 1769, 3008, 5307, 8845, 10_240]
            .map(Vcpus::of_lambda)
            .map(|v| work.time(v.share, v.visible))
            .to_vec();
        assert!(times.is_sorted_by(|a, b| a > b), "{times:?}");
        // At 1769 MB one vCPU does everything, but for the last period, whose quota two threads use up in half of it.
        let one = work.time(1.0, 2);
        assert!((530.0..=550.0).contains(&one), "{one}");
        assert_eq!(work.time(2.0, 2), 30.0 + 120.0 + 200.0);
        // Two cores that slow each other down by a half do in 1.5 times 200 ms what one does in 400.
        let slowed = Work { slowdown: 0.5, ..work };
        assert_eq!(slowed.time(2.0, 2), 30.0 + 120.0 + 300.0);
        assert_eq!(slowed.time(1.0, 1), 30.0 + 120.0 + 400.0);
    }
}
