//! What a function spends its time on, and what limits it.

use brawn_core::Vcpus;
use serde::{Deserialize, Serialize};

use super::model::Work;
use super::output::{Outcome, Point};
use super::threads::Threads;

/// In how many steps the parallel part is tried.
const STEPS: u32 = 200;
/// A parallel part that is known no better than this is not known.
pub(super) const UNCERTAIN: f64 = 0.5;

/// What limits the function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    /// It waits for others.
    Waiting,
    /// One thread does what is left to do.
    Serial,
    /// It takes every vCPU that there is.
    Cpu,
    /// Nothing here has more than one vCPU, so that serial and parallel work look the same.
    Unknown,
}

/// The parts of an invocation, fitted to what was measured. Times in milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// CPU time, as measured; for a function on AWS as its times let it be inferred.
    pub cpu_ms: f64,
    /// The part of it that more cores make faster, from 0 to 1.
    pub parallel: f64,
    /// The smallest and the largest part that the measurements do not contradict.
    pub parallel_between: (f64, f64),
    /// By how much each core more makes the parallel part of the CPU time longer, from 0 to 1.
    #[serde(default)]
    pub slowdown: f64,
    /// The cores on which `cpu_ms` was measured.
    #[serde(default)]
    pub cores: usize,
    /// CPU time that one core has to do.
    pub serial_ms: f64,
    /// Time in which nothing is computed.
    pub waiting_ms: f64,
    /// The typical distance between fit and measurement, relative.
    pub error: f64,
    /// What limits it.
    pub limit: Limit,
    /// Above this size more memory makes it less than 5 % faster.
    pub enough_mb: u32,
    /// All of that in a sentence.
    pub sentence: String,
}

impl Explanation {
    /// How long an invocation takes with `share` vCPUs on `cores`, in ms: by the fit that agrees best, and the least and the most
    /// by those that the measurements do not contradict.
    pub fn time(&self, share: f64, cores: usize) -> (f64, (f64, f64)) {
        let best = self.work().time(share, cores);
        let (low, high) = self
            .between()
            .map(|work| work.time(share, cores))
            .fold((best, best), |(low, high), time| (low.min(time), high.max(time)));
        (best, (low * (1.0 - self.error), high * (1.0 + self.error)))
    }

    pub(super) fn work(&self) -> Work {
        self.with(self.parallel)
    }

    /// The fits at either end of what is possible.
    pub(super) fn between(&self) -> impl Iterator<Item = Work> {
        [self.parallel_between.0, self.parallel_between.1].into_iter().map(|part| self.with(part))
    }

    fn with(&self, parallel: f64) -> Work {
        let Explanation { cpu_ms, cores, slowdown, waiting_ms, .. } = *self;
        Cpu { cpu_ms, cores, slowdown }.split(parallel, waiting_ms)
    }
}

/// CPU time as it was measured, on so many cores that slow each other down.
#[derive(Clone, Copy, Debug)]
struct Cpu {
    cpu_ms: f64,
    cores: usize,
    slowdown: f64,
}

impl Cpu {
    fn split(&self, parallel: f64, waiting: f64) -> Work {
        let longer = 1.0 + self.slowdown * (self.cores.max(1) as f64 - 1.0);
        Work {
            waiting,
            serial: self.cpu_ms * (1.0 - parallel),
            parallel: self.cpu_ms * parallel / longer,
            slowdown: self.slowdown,
        }
    }
}

/// What one size says about the work.
#[derive(Clone, Copy, Debug)]
struct Seen {
    share: f64,
    cores: usize,
    time: f64,
    cpu_ms: f64,
}

/// Fits the parts to `stats` on a machine of `machine` cores, and to what was seen of the threads; `None` where too little was
/// measured to say anything.
pub(super) fn explain(
    stats: &[Point],
    machine: usize,
    threads: Option<&Threads>,
) -> Option<Explanation> {
    let good: Vec<&Point> = stats
        .iter()
        .filter(|point| point.outcome == Outcome::Ok && point.warm_duration > 0.0)
        .collect();
    if good.len() < 2 {
        return None;
    }
    let visible = |point: &Point| Vcpus::of_lambda(point.value).visible.min(machine);
    // The median, as the smallest sizes count ticks and switches with it.
    let mut by_cpu: Vec<(f64, usize)> =
        good.iter().filter_map(|point| Some((point.cpu_ms?, visible(point)))).collect();
    by_cpu.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (cpu_ms, cores) = by_cpu.get(by_cpu.len() / 2).copied()?;
    let slowdown = threads.map_or(0.0, |threads| threads.slowdown);
    let cpu = Cpu { cpu_ms, cores, slowdown };
    let seen: Vec<Seen> = good
        .iter()
        .map(|point| Seen {
            share: point.share,
            cores: visible(point),
            time: point.warm_duration,
            cpu_ms: point.cpu_ms.unwrap_or(cpu_ms),
        })
        .collect();
    let fits: Vec<(f64, f64, f64)> = (0..=STEPS)
        .map(|step| {
            let parallel = f64::from(step) / f64::from(STEPS);
            let (waiting, error) = fit(&seen, cpu, parallel, threads);
            (parallel, waiting, error)
        })
        .collect();
    let (parallel, waiting_ms, error) = fits.iter().copied().min_by(|a, b| a.2.total_cmp(&b.2))?;
    let noise = noise(&good);
    let possible: Vec<f64> =
        fits.iter().filter(|fit| fit.2 <= error + noise).map(|fit| fit.0).collect();
    let between = (
        possible.iter().copied().fold(parallel, f64::min),
        possible.iter().copied().fold(parallel, f64::max),
    );
    let mut explanation = Explanation {
        cpu_ms,
        parallel,
        parallel_between: between,
        slowdown,
        cores: cpu.cores,
        serial_ms: cpu_ms * (1.0 - parallel),
        waiting_ms,
        error: error.max(noise),
        limit: Limit::Unknown,
        enough_mb: 0,
        sentence: String::new(),
    };
    explanation.enough_mb = enough(&explanation.work());
    explanation.limit = limit(&explanation);
    explanation.sentence = sentence(&explanation);
    Some(explanation)
}

/// The waiting that fits best beside a parallel part, and how far off that is: relative to each time, so that a small
/// size does not outweigh the others. What was seen of the threads counts as one more measurement: of the time on all cores
/// of which nothing is taken away. Each size is held against its own CPU time: where a machine is now faster and now slower, both
/// change together.
fn fit(seen: &[Seen], cpu: Cpu, parallel: f64, threads: Option<&Threads>) -> (f64, f64) {
    let computing = |seen: &Seen| {
        let cpu = Cpu { cpu_ms: seen.cpu_ms, cores: seen.cores, ..cpu };
        cpu.split(parallel, 0.0).time(seen.share, seen.cores)
    };
    let weight = |seen: &Seen| seen.time.powi(-2);
    let total: f64 = seen.iter().map(weight).sum();
    let missing: f64 = seen.iter().map(|one| weight(one) * (one.time - computing(one))).sum();
    let waiting = (missing / total).max(0.0);
    let mut squares: Vec<f64> =
        seen.iter().map(|one| ((computing(one) + waiting) / one.time - 1.0).powi(2)).collect();
    if let Some(threads) = threads {
        let unhindered = |part| cpu.split(part, waiting).time(threads.cores as f64, threads.cores);
        squares.push((unhindered(parallel) / unhindered(threads.parallel) - 1.0).powi(2));
    }
    (waiting, (squares.iter().sum::<f64>() / squares.len() as f64).sqrt())
}

/// How well the means themselves are known, relative; 1 % at least, as no machine repeats itself better.
pub(super) fn noise(points: &[&Point]) -> f64 {
    let of = |point: &&Point| {
        let kept = (point.invocations.max(1) as f64).sqrt();
        point.spread / kept / point.warm_duration
    };
    (points.iter().map(of).sum::<f64>() / points.len() as f64).max(0.01)
}

/// The smallest size that is within 5 % of the largest.
pub(super) fn enough(work: &Work) -> u32 {
    let time = |memory_mb: u32| {
        let vcpus = Vcpus::of_lambda(memory_mb);
        work.time(vcpus.share, vcpus.visible)
    };
    let best = time(10_240);
    // In steps that a user would choose; 1769 is one of them.
    let mut sizes: Vec<u32> =
        (128..=10_240).step_by(64).chain([1769, 3538, 5307, 7076, 8845]).collect();
    sizes.sort_unstable();
    sizes.into_iter().find(|size| time(*size) <= best * 1.05).unwrap_or(10_240)
}

pub(super) fn limit(explanation: &Explanation) -> Limit {
    let one_core = explanation.waiting_ms + explanation.cpu_ms;
    let (low, high) = explanation.parallel_between;
    if explanation.waiting_ms > one_core * 0.5 {
        Limit::Waiting
    } else if high - low > UNCERTAIN {
        Limit::Unknown
    } else if explanation.serial_ms > explanation.cpu_ms * 0.15 {
        Limit::Serial
    } else {
        Limit::Cpu
    }
}

pub(super) fn sentence(explanation: &Explanation) -> String {
    let Explanation { cpu_ms, parallel, serial_ms, waiting_ms, enough_mb, .. } = explanation;
    let (low, high) = explanation.parallel_between;
    let above = if high - low > UNCERTAIN {
        "what more cores would do cannot be told from these measurements".to_owned()
    } else if *enough_mb >= 9_500 {
        "time falls with every vCPU up to 10240 MB".to_owned()
    } else {
        format!("above {enough_mb} MB you pay for nothing")
    };
    let slowed = if explanation.slowdown >= 0.1 {
        format!(
            ", each core more slows the others down by {:.0} % (memory bandwidth, a lock, or cores that share one)",
            explanation.slowdown * 100.0
        )
    } else {
        String::new()
    };
    let waits = if *waiting_ms > 0.1 * (waiting_ms + cpu_ms) {
        format!(" and waits {waiting_ms:.0} ms")
    } else {
        String::new()
    };
    // With cores that hinder each other every one of them is paid for in full.
    let at = if slowed.is_empty() { " at nearly the same cost" } else { "" };
    match explanation.limit {
        Limit::Waiting => format!(
            "it waits {waiting_ms:.0} ms and computes {cpu_ms:.0} ms: make the waits shorter or overlap them; {above}"
        ),
        Limit::Serial if *parallel < 0.1 => format!(
            "one thread computes {cpu_ms:.0} ms{waits}, no second core helps: split the work, or make it faster; {above}"
        ),
        Limit::Serial => format!(
            "{:.0} % of {cpu_ms:.0} ms CPU runs in parallel, limited by {serial_ms:.0} ms on one thread{waits}{slowed}: shorten or split that part; {above}",
            parallel * 100.0
        ),
        Limit::Cpu => format!(
            "{:.0} % of {cpu_ms:.0} ms CPU runs in parallel{waits}{slowed}: more memory is faster{at}; {above}",
            parallel * 100.0
        ),
        Limit::Unknown => format!(
            "it computes {cpu_ms:.0} ms{waits}; how much of that runs in parallel cannot be told from these measurements: measure on a machine with more cores, or with more invocations"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tune::choose::tests::point;

    /// What a function of these parts would show on a machine of 2 cores.
    fn measured(work: Work) -> Vec<Point> {
        [512, 1024, 1769, 3008, 3538]
            .into_iter()
            .map(|value| {
                let vcpus = Vcpus::of_lambda(value);
                let time = work.time(vcpus.share, vcpus.visible.min(2));
                let mut point = point(value, 1.0, time);
                point.cpu_ms = Some(work.serial + work.parallel);
                point
            })
            .collect()
    }

    #[test]
    fn the_parts_that_made_the_numbers_are_found_again() {
        for (waiting, serial, parallel, limit) in [
            (0.0, 127.0, 310.0, Limit::Serial),
            (5.0, 400.0, 0.0, Limit::Serial),
            (2.0, 10.0, 500.0, Limit::Cpu),
            (300.0, 20.0, 20.0, Limit::Waiting),
        ] {
            let work = Work { waiting, serial, parallel, slowdown: 0.0 };
            let found = explain(&measured(work), 2, None).expect("enough points");
            let part = parallel / (serial + parallel);
            let (low, high) = found.parallel_between;
            assert!(low <= part && part <= high, "{part} is not within {low} to {high}");
            assert!((found.waiting_ms - waiting).abs() < 5.0, "{found:?}");
            assert_eq!(found.limit, limit, "{found:?}");
            // And what they predict at 6 cores is what they are.
            let vcpus = Vcpus::of_lambda(10_240);
            let (told, is) = (found.work(), work);
            let (told, is) =
                (told.time(vcpus.share, vcpus.visible), is.time(vcpus.share, vcpus.visible));
            assert!((told / is - 1.0).abs() < 0.05, "{told} {is}");
        }
    }

    #[test]
    fn a_sentence_says_what_limits_and_where_more_is_wasted() {
        let serial = Work { waiting: 0.0, serial: 400.0, parallel: 0.0, slowdown: 0.0 };
        let found = explain(&measured(serial), 2, None).expect("enough points");
        // 5 % before a whole vCPU.
        assert!((1664..=1769).contains(&found.enough_mb), "{}", found.enough_mb);
        assert!(found.sentence.starts_with("one thread computes 400 ms"), "{}", found.sentence);
        let half = Work { waiting: 0.0, serial: 127.0, parallel: 310.0, slowdown: 0.0 };
        let found = explain(&measured(half), 2, None).expect("enough points");
        assert!(
            found.sentence.starts_with("71 % of 437 ms CPU runs in parallel, limited by 127 ms"),
            "{}",
            found.sentence
        );
        let parallel = Work { waiting: 0.0, serial: 0.0, parallel: 437.0, slowdown: 0.0 };
        let found = explain(&measured(parallel), 2, None).expect("enough points");
        assert!(found.sentence.ends_with("up to 10240 MB"), "{}", found.sentence);
    }

    #[test]
    fn below_one_vcpu_serial_and_parallel_look_the_same() {
        let work = Work { waiting: 0.0, serial: 200.0, parallel: 200.0, slowdown: 0.0 };
        let small: Vec<Point> = measured(work).into_iter().take(3).collect();
        let found = explain(&small, 1, None).expect("enough points");
        assert_eq!(found.limit, Limit::Unknown, "{found:?}");
        assert!(!found.sentence.contains("pay for nothing"), "{}", found.sentence);
        let waits = Work { waiting: 900.0, serial: 20.0, parallel: 0.0, slowdown: 0.0 };
        let small: Vec<Point> = measured(waits).into_iter().take(3).collect();
        let found = explain(&small, 1, None).expect("enough points");
        assert_eq!(found.limit, Limit::Waiting, "{found:?}");
        assert!(found.sentence.starts_with("it waits 9"), "{}", found.sentence);
        assert!(explain(&small[..1], 1, None).is_none());
    }

    #[test]
    fn below_one_vcpu_the_threads_tell_serial_from_parallel() {
        for part in [0.0, 0.5, 1.0] {
            let (serial, parallel) = (400.0 * (1.0 - part), 400.0 * part);
            let work = Work { waiting: 0.0, serial, parallel, slowdown: 0.0 };
            let small: Vec<Point> = measured(work).into_iter().take(3).collect();
            let threads = Threads {
                cores: 2,
                parallel: part,
                cpu_ms: 400.0,
                cpu_ms_on_one_core: 400.0,
                slowdown: 0.0,
            };
            let found = explain(&small, 2, Some(&threads)).expect("enough points");
            assert_ne!(found.limit, Limit::Unknown, "{found:?}");
            let (told, is) = (found.work().time(2.0, 2), work.time(2.0, 2));
            assert!((told / is - 1.0).abs() < 0.05, "{told} {is}");
        }
    }

    #[test]
    fn cores_that_hinder_each_other_are_named_and_counted_on() {
        let work = Work { waiting: 0.0, serial: 0.0, parallel: 400.0, slowdown: 0.5 };
        let mut points = measured(work);
        // What the meter shows where two cores run: half as much again.
        points.iter_mut().for_each(|point| point.cpu_ms = Some(600.0));
        let threads = Threads {
            cores: 2,
            parallel: 1.0,
            cpu_ms: 600.0,
            cpu_ms_on_one_core: 400.0,
            slowdown: 0.5,
        };
        let found = explain(&points, 2, Some(&threads)).expect("enough points");
        let (told, is) = (found.work().time(6.0, 6), work.time(6.0, 6));
        assert!((told / is - 1.0).abs() < 0.05, "{told} {is}");
        assert!(found.sentence.contains("slows the others down by 50 %"), "{}", found.sentence);
    }
}
