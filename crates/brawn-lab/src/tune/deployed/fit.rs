//! What times alone say: AWS reports no CPU time, so CPU, its parallel part and waiting are all fitted to the times of the sizes.
//!
//! Below one vCPU all CPU time is stretched and waiting is not; above, only what is parallel gets shorter. So sizes on both
//! sides of 1769 MB tell the three apart; with sizes on one side two of them look the same, and that is said.

use brawn_core::Vcpus;
use brawn_core::price::gb_seconds;

use crate::tune::TuneOptions;
use crate::tune::explain::{Explanation, Limit, UNCERTAIN, enough, limit, noise, sentence};
use crate::tune::model::{Predicted, SIZES, Work};
use crate::tune::output::{Outcome, Point};

/// In how many steps the CPU time and its parallel part are tried.
const STEPS: (u32, u32) = (250, 50);
/// A fit that is further off than that explains nothing.
const WORST: f64 = 0.15;
/// How many of the possible fits make the band.
const BAND: usize = 200;

/// One way in which the times can have come about.
#[derive(Clone, Copy, Debug)]
struct Fit {
    cpu_ms: f64,
    parallel: f64,
    waiting: f64,
    /// Relative, the root of the mean of squares.
    error: f64,
}

impl Fit {
    fn work(&self) -> Work {
        Work {
            waiting: self.waiting,
            serial: self.cpu_ms * (1.0 - self.parallel),
            parallel: self.cpu_ms * self.parallel,
            slowdown: 0.0,
        }
    }
}

/// The parts and the curve that follows from them, or why there are none.
pub(super) fn explain(
    stats: &[Point],
    options: &TuneOptions,
) -> Result<(Explanation, Vec<Predicted>), String> {
    let good: Vec<&Point> = stats
        .iter()
        .filter(|point| point.outcome == Outcome::Ok && point.warm_duration > 0.0)
        .collect();
    if good.len() < 3 {
        return Err(
            "AWS tells no CPU time, and times alone take three sizes that work, better below and above 1769 MB"
                .to_owned(),
        );
    }
    let fits = fits(&good);
    let Some(best) = fits.iter().min_by(|a, b| a.error.total_cmp(&b.error)).copied() else {
        return Err("there are no times".to_owned());
    };
    if best.error > WORST {
        return Err(format!(
            "AWS tells no CPU time, and no mix of waiting, serial and parallel work takes these times: the nearest is {:.0} % off",
            best.error * 100.0
        ));
    }
    let noise = noise(&good);
    let possible: Vec<Fit> =
        fits.into_iter().filter(|fit| fit.error <= best.error + noise).collect();
    // A parallel part of nothing is any.
    let parts = possible.iter().filter(|fit| fit.cpu_ms > 0.02 * (fit.cpu_ms + fit.waiting));
    let between = parts.fold((best.parallel, best.parallel), |(low, high), fit| {
        (low.min(fit.parallel), high.max(fit.parallel))
    });
    let mut explanation = Explanation {
        cpu_ms: best.cpu_ms,
        parallel: best.parallel,
        parallel_between: between,
        slowdown: 0.0,
        cores: 1,
        serial_ms: best.work().serial,
        waiting_ms: best.waiting,
        error: best.error.max(noise),
        limit: Limit::Unknown,
        enough_mb: enough(&best.work()),
        sentence: String::new(),
    };
    let waits = |fit: &Fit| fit.waiting / (fit.waiting + fit.cpu_ms);
    let (least, most) = possible
        .iter()
        .map(waits)
        .fold((1.0_f64, 0.0_f64), |(low, high), part| (low.min(part), high.max(part)));
    let told = most - least <= UNCERTAIN;
    explanation.limit = if told { limit(&explanation) } else { Limit::Unknown };
    explanation.sentence = match explanation.limit {
        Limit::Unknown => unknown(&possible, &good),
        _ => format!("by its times alone, as AWS tells no CPU time: {}", sentence(&explanation)),
    };
    let curve = curve(&explanation, best, &possible, stats, options);
    Ok((explanation, curve))
}

/// Every CPU time and parallel part with the waiting that fits best beside them.
fn fits(good: &[&Point]) -> Vec<Fit> {
    // No size can have computed more than its share of its time; noise may make that a little less than it was.
    let most = good.iter().map(|point| point.warm_duration * point.share).fold(f64::MAX, f64::min);
    let step = |at: u32, of: u32| f64::from(at) / f64::from(of);
    let (times, parts) = STEPS;
    let mut fits = Vec::new();
    for cpu_ms in (0..=times).map(|at| 1.1 * most * step(at, times)) {
        for parallel in (0..=parts).map(|at| step(at, parts)) {
            let computes = Fit { cpu_ms, parallel, waiting: 0.0, error: 0.0 }.work();
            let computing: Vec<f64> = good
                .iter()
                .map(|point| computes.time(point.share, Vcpus::of_lambda(point.value).visible))
                .collect();
            // Relative to each time, so that a small size does not outweigh the others.
            let of = |value: &dyn Fn(f64, f64) -> f64| -> f64 {
                good.iter()
                    .zip(&computing)
                    .map(|(p, computing)| value(p.warm_duration, *computing))
                    .sum()
            };
            let missing = of(&|time, computing| (time - computing) / time.powi(2));
            let waiting = (missing / of(&|time, _| time.powi(-2))).max(0.0);
            let squares = of(&|time, computing| ((computing + waiting) / time - 1.0).powi(2));
            fits.push(Fit {
                cpu_ms,
                parallel,
                waiting,
                error: (squares / good.len() as f64).sqrt(),
            });
        }
    }
    fits
}

/// What the times leave open, what would tell, and what they say all the same.
fn unknown(possible: &[Fit], good: &[&Point]) -> String {
    let enoughs: Vec<u32> = band(possible).map(|fit| enough(&fit.work())).collect();
    let (least, most) = (enoughs.iter().min(), enoughs.iter().max());
    let above = match (least, most) {
        (Some(least), Some(most))
            if f64::from(*most) <= 1.3 * f64::from(*least) && *most < 9_500 =>
        {
            format!("; above {most} MB you pay for nothing")
        }
        _ => String::new(),
    };
    let one_core = |point: &&&Point| point.share >= 0.99;
    let missing = match (good.iter().any(|p| one_core(&p)), good.iter().all(|p| one_core(&p))) {
        (false, _) => "sizes above 1769 MB would tell",
        (_, true) => "sizes below 1769 MB would tell",
        _ => "more sizes or more invocations would tell",
    };
    format!(
        "by its times alone, as AWS tells no CPU time, waiting, serial and parallel work cannot be told apart: {missing}{above}"
    )
}

fn band(possible: &[Fit]) -> impl Iterator<Item = &Fit> {
    possible.iter().step_by(possible.len().div_ceil(BAND).max(1))
}

fn curve(
    explanation: &Explanation,
    best: Fit,
    possible: &[Fit],
    stats: &[Point],
    options: &TuneOptions,
) -> Vec<Predicted> {
    let peak = stats.iter().map(|point| point.peak_memory_mb).max().unwrap_or(0);
    let (first, last, step) = SIZES;
    let at = |value: u32| {
        let vcpus = Vcpus::of_lambda(value);
        let of = |fit: &Fit| fit.work().time(vcpus.share, vcpus.visible);
        let duration = of(&best);
        let (low, high) = band(possible)
            .map(of)
            .fold((duration, duration), |(low, high), time| (low.min(time), high.max(time)));
        Predicted {
            value,
            duration,
            low: low * (1.0 - explanation.error),
            high: high * (1.0 + explanation.error),
            cost: options.prices.compute(gb_seconds(duration, value), options.architecture),
            beyond: false,
            fits: u64::from(value) > peak,
        }
    };
    (first..=last).step_by(step).map(at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Settings;
    use crate::tune::choose::tests::point;

    fn times(work: Work, sizes: &[u32]) -> Vec<Point> {
        let of = |value: &u32| {
            let vcpus = Vcpus::of_lambda(*value);
            let mut point = point(*value, 1.0, work.time(vcpus.share, vcpus.visible));
            (point.cpu_ms, point.cpu_utilisation) = (None, None);
            point
        };
        sizes.iter().map(of).collect()
    }

    fn explained(stats: &[Point]) -> Result<(Explanation, Vec<Predicted>), String> {
        explain(stats, &TuneOptions::new(Settings::new(["lambda:x"])))
    }

    #[test]
    fn sizes_below_and_above_one_vcpu_tell_the_parts_from_times_alone() {
        for (waiting, serial, parallel, expected) in [
            (0.0, 400.0, 0.0, Limit::Serial),
            (20.0, 130.0, 310.0, Limit::Serial),
            (0.0, 10.0, 500.0, Limit::Cpu),
            (300.0, 40.0, 0.0, Limit::Waiting),
        ] {
            let work = Work { waiting, serial, parallel, slowdown: 0.0 };
            let stats = times(work, &[512, 1024, 1769, 3008, 5308]);
            let (found, curve) = explained(&stats).expect("explained");
            assert_eq!(found.limit, expected, "{found:?}");
            let cpu = serial + parallel;
            assert!((found.cpu_ms / cpu - 1.0).abs() < 0.1, "{cpu}: {found:?}");
            // And a size that was not measured is as the parts make it.
            let vcpus = Vcpus::of_lambda(10_240);
            let is = work.time(vcpus.share, vcpus.visible);
            let told = curve.iter().find(|point| point.value == 10_240).expect("the last");
            assert!((told.duration / is - 1.0).abs() < 0.1, "{told:?} {is}");
            assert!(told.low <= is && is <= told.high, "{told:?} {is}");
            assert!(found.sentence.starts_with("by its times alone"), "{}", found.sentence);
        }
    }

    #[test]
    fn sizes_on_one_side_leave_two_parts_open_and_the_sentence_says_which_would_tell() {
        let half = Work { waiting: 50.0, serial: 150.0, parallel: 300.0, slowdown: 0.0 };
        let (small, _) = explained(&times(half, &[256, 512, 1024])).expect("explained");
        assert_eq!(small.limit, Limit::Unknown);
        assert!(small.sentence.contains("sizes above 1769 MB would tell"), "{}", small.sentence);
        let flat = Work { waiting: 200.0, serial: 200.0, parallel: 0.0, slowdown: 0.0 };
        let (large, _) = explained(&times(flat, &[1769, 3008, 5308])).expect("explained");
        assert_eq!(large.limit, Limit::Unknown, "{large:?}");
        assert!(large.sentence.contains("sizes below 1769 MB would tell"), "{}", large.sentence);
    }

    #[test]
    fn too_few_sizes_and_times_that_follow_no_work_are_not_explained() {
        let work = Work { waiting: 0.0, serial: 100.0, parallel: 0.0, slowdown: 0.0 };
        let why = explained(&times(work, &[512, 1769])).expect_err("too few");
        assert!(why.contains("three sizes"), "{why}");
        let mut stats = times(work, &[512, 1024, 1769, 3008]);
        for (point, time) in stats.iter_mut().zip([100.0, 900.0, 50.0, 700.0]) {
            point.warm_duration = time;
        }
        let why = explained(&stats).expect_err("no mix takes these");
        assert!(why.contains("% off"), "{why}");
    }
}
