//! Which memory size: AWS Lambda Power Tuning's inputs, rules and output, on this machine, with the reasons.
//!
//! Source of names and rules: github.com/alexcasalboni/aws-lambda-power-tuning (4.4), `executor.js` and `analyzer.js`.

mod choose;
mod compare;
#[cfg(feature = "aws")]
mod deployed;
mod explain;
mod html;
mod measure;
mod model;
mod month;
mod output;
mod payloads;
mod statistics;
mod table;
mod threads;

use std::sync::Arc;
use std::time::Duration;

use brawn_core::price::{Architecture, Prices, gb_seconds};
use brawn_core::{Error, Result, Vcpus};
use serde_json::Value;

pub use self::choose::Strategy;
pub use self::compare::compare;
#[cfg(feature = "aws")]
pub use self::deployed::{Deployed, Target};
pub use self::explain::{Explanation, Limit};
pub use self::html::html;
pub use self::model::Predicted;
pub use self::month::Month;
pub use self::output::{DeployedFunction, Outcome, Point, StateMachine, Tuning};
pub use self::table::table;
pub use self::threads::Threads;

use crate::settings::Settings;

/// What is to be tuned, in Power Tuning's words.
#[derive(Clone, Debug)]
pub struct TuneOptions {
    /// The function; memory and concurrency are set by the tuner.
    pub function: Settings,
    /// `powerValues`: the memory sizes to try, in MB.
    pub power_values: Vec<u32>,
    /// `num`: invocations for each, 5 at least.
    pub num: usize,
    /// `payload`, or several with weights: `[{"payload": .., "weight": ..}]`.
    pub payload: Value,
    /// Whether `payload` is such a list.
    pub weighted: bool,
    /// `strategy`.
    pub strategy: Strategy,
    /// `balancedWeight`: from 0 (speed) to 1 (cost).
    pub balanced_weight: f64,
    /// `discardTopBottom`: what is left out at either end before the mean is taken, 0.4 at most.
    pub discard_top_bottom: f64,
    /// `onlyColdStarts`: a new environment for each invocation; nothing is discarded then.
    pub only_cold_starts: bool,
    /// `parallelInvocation`: all at once, on the cores of this machine.
    pub parallel_invocation: bool,
    /// What is billed.
    pub architecture: Architecture,
    /// At which prices.
    pub prices: Prices,
    /// `/tmp` in MB, which costs from 512 on. It is paid for, not limited.
    pub ephemeral_mb: u32,
    /// Invocations a month, for what a month costs beyond the free tier.
    pub monthly: Option<f64>,
    /// Slower sizes are not chosen.
    pub max_duration: Option<Duration>,
    /// Dearer sizes are not chosen; USD for one invocation, its request included.
    pub max_cost: Option<f64>,
    /// vCPUs that measuring may use, of those that this machine has; what takes more is predicted.
    pub vcpus: Option<f64>,
}

impl TuneOptions {
    /// What one invocation of `wall_ms`, as billed, costs in USD, without the request.
    fn price(&self, wall_ms: f64, memory_mb: u32) -> f64 {
        self.prices.compute(gb_seconds(wall_ms, memory_mb), self.architecture)
            + self.prices.ephemeral(wall_ms, self.ephemeral_mb)
    }

    /// Power Tuning's defaults for `function`.
    pub fn new(function: Settings) -> TuneOptions {
        TuneOptions {
            function,
            power_values: vec![512, 1024, 1769, 3008, 5308, 10_240],
            num: 20,
            payload: serde_json::json!({}),
            weighted: false,
            strategy: Strategy::Cost,
            balanced_weight: 0.5,
            discard_top_bottom: 0.2,
            only_cold_starts: false,
            parallel_invocation: false,
            architecture: Architecture::X86_64,
            prices: Prices::us_east_1(),
            ephemeral_mb: 512,
            monthly: None,
            max_duration: None,
            max_cost: None,
            vcpus: None,
        }
    }

    /// A tuning that has measured nothing: what was asked.
    fn nothing_yet(&self) -> Tuning {
        Tuning {
            strategy: self.strategy,
            balanced_weight: self.balanced_weight,
            num: self.num,
            architecture: self.architecture,
            prices: self.prices.clone(),
            ..Tuning::default()
        }
    }

    fn check(&self) -> Result<()> {
        self.check_sweep()?;
        for memory_mb in &self.power_values {
            Settings { memory_mb: *memory_mb, ..self.function.clone() }.check()?;
        }
        Ok(())
    }

    /// What does not depend on the function.
    fn check_sweep(&self) -> Result<()> {
        if self.num < 5 {
            return Err(Error::invalid_options(format!(
                "{} invocations are too few: 5 at least",
                self.num
            )));
        }
        if !(512..=10_240).contains(&self.ephemeral_mb) {
            return Err(Error::invalid_options(format!(
                "{} MB is no size of /tmp: 512 to 10240",
                self.ephemeral_mb
            )));
        }
        if self.vcpus.is_some_and(|vcpus| vcpus.is_nan() || vcpus <= 0.0) {
            return Err(Error::invalid_options("measuring takes more than 0 vCPUs"));
        }
        if self.power_values.is_empty() {
            return Err(Error::invalid_options("there is no memory size to try"));
        }
        Ok(())
    }
}

/// Measures every size that this machine can, chooses among them, and explains. `progress` is told of each size as it is
/// begun.
pub async fn tune(options: TuneOptions, progress: impl Fn(&str)) -> Result<Tuning> {
    options.check()?;
    let payloads = payloads::list(&options.payload, options.weighted, options.num)?;
    let machine = Vcpus::detect();
    let cores = options.vcpus.unwrap_or(f64::INFINITY).min(machine.share);
    let machine_load = load();
    let reachable = |memory_mb: u32| Vcpus::of_lambda(memory_mb).share <= cores + 0.01;
    let mut wanted = options.power_values.clone();
    wanted.sort_unstable();
    wanted.dedup();
    let mut sizes: Vec<u32> = wanted.iter().copied().filter(|size| reachable(*size)).collect();
    // One vCPU, and all that this machine has: what tells serial from parallel work.
    for probe in [1769, (cores.floor() * 1769.0).min(10_240.0) as u32] {
        if reachable(probe) && probe >= 1769 && !options.only_cold_starts {
            sizes.push(probe);
        }
    }
    sizes.sort_unstable();
    sizes.dedup();
    let mut stats = Vec::new();
    let mut enforced = String::new();
    for memory_mb in sizes {
        progress(&format!("{memory_mb} MB"));
        let function = Settings { memory_mb, ..options.function.clone() };
        let measured = measure::measure(&options, function, &payloads).await?;
        enforced = measured.enforced.clone();
        let probe = !wanted.contains(&memory_mb);
        stats.push(statistics::point(&options, memory_mb, probe, &measured));
    }
    // Every tier of Lambda sees two cores at least, and six at most.
    let visible = machine.visible.clamp(1, Vcpus::of_lambda(10_240).visible);
    let works = stats.iter().rev().find(|point| point.outcome == Outcome::Ok);
    let mut threads = None;
    if let Some(largest) = works.filter(|_| visible > 1 && !options.only_cold_starts) {
        progress("how it uses cores");
        threads = threads::look(&options, largest.value, cores, visible, &payloads).await?;
    }
    let explanation = explain::explain(&stats, visible, threads.as_ref());
    let predicted = explanation
        .as_ref()
        .map(|explanation| model::curve(explanation, &stats, cores, &options))
        .unwrap_or_default();
    let mut tuning = Tuning {
        command: options
            .function
            .command
            .iter()
            .map(|word| word.to_string_lossy())
            .collect::<Vec<_>>()
            .join(" "),
        enforced,
        machine_vcpus: cores,
        machine_load,
        not_measured: wanted.into_iter().filter(|size| !reachable(*size)).collect(),
        threads,
        explanation,
        predicted,
        stats,
        ..options.nothing_yet()
    };
    choose::choose(&mut tuning, &options);
    Ok(tuning)
}

/// The log of a function that is tuned goes nowhere; what it said last is in the point that failed.
fn silent() -> Arc<dyn crate::log::Log> {
    Arc::new(crate::log::Discard)
}

/// The load of the last minute; 0 where nobody says.
fn load() -> f64 {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or(0.0)
}
