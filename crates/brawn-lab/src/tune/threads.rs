//! How the function uses cores, looked at from outside: on one core, and on all of this machine with its threads watched.

use std::num::NonZeroUsize;

use brawn_core::Result;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::TuneOptions;
use super::measure::{Measured, measure};
use super::output::Outcome;
use super::statistics::trimmed_mean;
use crate::settings::Settings;

/// An invocation with less CPU time is over before its threads have been looked at twice.
const LEAST_CPU_MS: f64 = 16.0;
/// A slowdown that is no larger is noise.
const NOISE: f64 = 0.03;
/// With less than this in parallel there is nothing to be slowed down.
const LEAST_PARALLEL: f64 = 0.1;

/// What was seen of the threads. Times in milliseconds of CPU, of one invocation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Threads {
    /// Cores that the function saw.
    pub cores: usize,
    /// The part of the CPU time that all of them could share, from 0 to 1: spent while as many threads ran or wanted to.
    pub parallel: f64,
    /// On all of them.
    pub cpu_ms: f64,
    /// When it saw one core only.
    pub cpu_ms_on_one_core: f64,
    /// By how much one core more makes the parallel part of the CPU time longer, from 0 to 1: memory bandwidth, locks, or cores
    /// that are two threads of one. At 1 another core gains nothing.
    pub slowdown: f64,
}

/// Runs the payloads once more with `memory_mb`, at `share` vCPUs, on one core and on `cores`. Nothing where it fails then, or is
/// too short to be seen.
pub(super) async fn look(
    options: &TuneOptions,
    memory_mb: u32,
    share: f64,
    cores: usize,
    payloads: &[Bytes],
) -> Result<Option<Threads>> {
    let settings = |cores: usize| Settings {
        memory_mb,
        share: Some(share.min(cores as f64)),
        visible: NonZeroUsize::new(cores),
        watch_threads: cores > 1,
        ..options.function.clone()
    };
    let all = measure(options, settings(cores), payloads).await?;
    let one = measure(options, settings(1), payloads).await?;
    Ok(seen(options, cores, &all, &one))
}

fn seen(options: &TuneOptions, cores: usize, all: &Measured, one: &Measured) -> Option<Threads> {
    if all.outcome != Outcome::Ok || one.outcome != Outcome::Ok {
        return None;
    }
    let cpu = |measured: &Measured| {
        let times = measured.reports.iter().map(|report| report.cpu.as_secs_f64() * 1e3);
        trimmed_mean(&times.collect::<Vec<f64>>(), options.discard_top_bottom)
    };
    let (cpu_ms, cpu_ms_on_one_core) = (cpu(all), cpu(one));
    if cpu_ms < LEAST_CPU_MS {
        return None;
    }
    let parts: Vec<f64> = all.reports.iter().filter_map(|report| report.overlap).collect();
    if parts.is_empty() {
        return None;
    }
    let parallel = trimmed_mean(&parts, options.discard_top_bottom);
    let slowdown = slowdown(cores, parallel, cpu_ms, cpu_ms_on_one_core);
    Some(Threads { cores, parallel, cpu_ms, cpu_ms_on_one_core, slowdown })
}

/// The serial part takes the same on one core; what is longer is the parallel one.
fn slowdown(cores: usize, parallel: f64, cpu_ms: f64, on_one_core: f64) -> f64 {
    let together = parallel * cpu_ms;
    let alone = on_one_core - (cpu_ms - together);
    if parallel < LEAST_PARALLEL || alone <= 0.0 || cores < 2 {
        return 0.0;
    }
    let slowdown = (together / alone - 1.0) / (cores as f64 - 1.0);
    if slowdown < NOISE { 0.0 } else { slowdown.min(1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slowdown_is_of_the_parallel_part_and_of_each_core_more() {
        // 100 ms serial and 300 ms parallel on one core.
        assert_eq!(slowdown(2, 0.75, 400.0, 400.0), 0.0);
        // On two cores those 300 ms take 390: 30 % more.
        assert!((slowdown(2, 390.0 / 490.0, 490.0, 400.0) - 0.3).abs() < 1e-9);
        // On three 480: the same for each.
        assert!((slowdown(3, 480.0 / 580.0, 580.0, 400.0) - 0.3).abs() < 1e-9);
        // Two cores that do no more than one.
        assert_eq!(slowdown(2, 1.0, 800.0, 300.0), 1.0);
        assert_eq!(slowdown(2, 0.05, 500.0, 400.0), 0.0);
        // Less on two cores than on one is noise.
        assert_eq!(slowdown(2, 0.9, 400.0, 420.0), 0.0);
    }
}
