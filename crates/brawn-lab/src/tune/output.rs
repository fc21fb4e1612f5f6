//! The result: Power Tuning's keys, and ours beside them.

use brawn_core::price::{Architecture, Prices};
use serde::{Deserialize, Serialize};

use super::choose::Strategy;
use super::explain::Explanation;
use super::model::Predicted;
use super::month::Month;
use super::threads::Threads;

/// What `brawn tune` found; as JSON it has the keys of Power Tuning's output (`power`, `cost`, `duration`, `stateMachine`,
/// `stats`) and more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tuning {
    /// The memory size that was chosen; none when every size failed or was too slow or too dear.
    pub power: Option<u32>,
    /// USD for one invocation at that size, without the request's price, as Power Tuning counts.
    pub cost: Option<f64>,
    /// Milliseconds, init included where it happened.
    pub duration: Option<f64>,
    /// What tuning itself cost, and the chart.
    pub state_machine: StateMachine,
    /// Every size that was measured.
    pub stats: Vec<Point>,
    /// By which rule it was chosen.
    pub strategy: Strategy,
    /// Between speed (0) and cost (1), for the balanced rule.
    pub balanced_weight: f64,
    /// Invocations for each size.
    pub num: usize,
    /// What was run.
    pub command: String,
    /// What is billed.
    pub architecture: Architecture,
    /// At which prices.
    pub prices: Prices,
    /// How the limits were enforced.
    pub enforced: String,
    /// The function on AWS that was measured; none for one that ran on this machine.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub deployed: Option<DeployedFunction>,
    /// vCPUs of the machine it was measured on.
    pub machine_vcpus: f64,
    /// How many processes wanted to run on it before it began, a mean over a minute: what others take makes times longer.
    #[serde(default)]
    pub machine_load: f64,
    /// Sizes that were asked for and have more vCPUs than this machine.
    pub not_measured: Vec<u32>,
    /// How the function uses cores, where that was looked at.
    #[serde(default)]
    pub threads: Option<Threads>,
    /// What limits the function.
    pub explanation: Option<Explanation>,
    /// What the chosen size costs in a month, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub month: Option<Month>,
    /// Why there is no explanation, where that is known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub not_explained: Option<String>,
    /// From 128 to 10240 MB, by the model fitted to what was measured.
    pub predicted: Vec<Predicted>,
}

impl Default for Tuning {
    fn default() -> Tuning {
        Tuning {
            power: None,
            cost: None,
            duration: None,
            state_machine: StateMachine::default(),
            stats: Vec::new(),
            strategy: Strategy::Cost,
            balanced_weight: 0.5,
            num: 0,
            command: String::new(),
            architecture: Architecture::X86_64,
            prices: Prices::us_east_1(),
            enforced: String::new(),
            deployed: None,
            machine_vcpus: 0.0,
            machine_load: 0.0,
            not_measured: Vec::new(),
            threads: None,
            explanation: None,
            month: None,
            not_explained: None,
            predicted: Vec::new(),
        }
    }
}

/// A function on AWS as it was before it was tuned, and is again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeployedFunction {
    /// Its ARN.
    pub arn: String,
    /// The memory size of `$LATEST` in MB.
    pub memory_mb: u32,
    /// Of the code that was measured.
    pub code_sha256: String,
    /// What of the tuner could not be taken away, each with the command that does it.
    pub left_behind: Vec<String>,
}

/// `stateMachine`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StateMachine {
    /// Nothing: there is no state machine.
    pub execution_cost: f64,
    /// What all invocations would have cost on Lambda.
    pub lambda_cost: f64,
    /// Power Tuning's own chart of these numbers; they are in the fragment and are sent nowhere.
    pub visualization: String,
}

/// How a size did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Every invocation succeeded.
    Ok,
    /// One was killed for its memory.
    OutOfMemory,
    /// One reached the timeout.
    Timeout,
    /// One failed.
    Error,
}

/// One memory size. Times in milliseconds, prices in USD.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Point {
    /// Memory in MB.
    pub value: u32,
    /// For one invocation, from the trimmed mean of what is billed.
    pub average_price: f64,
    /// The trimmed mean, init included where it happened.
    pub average_duration: f64,
    /// Of all invocations.
    pub total_cost: f64,
    /// Whether it worked; the numbers of a size that did not are those until it failed.
    pub outcome: Outcome,
    /// The error, where there was one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub said: Option<String>,
    /// Measured for the explanation, not asked for, and not chosen.
    pub probe: bool,
    /// How many there were.
    pub invocations: usize,
    /// The trimmed mean without init.
    pub warm_duration: f64,
    /// The median, without init but where only cold starts were measured.
    pub p50: f64,
    /// 95 of 100 were no slower.
    pub p95: f64,
    /// 99 of 100 were no slower.
    pub p99: f64,
    /// Standard deviation of the same times.
    pub spread: f64,
    /// Of the cold starts.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub init_duration: Option<f64>,
    /// CPU time of one invocation; AWS does not tell it.
    pub cpu_ms: Option<f64>,
    /// CPU time of what the share would have given.
    pub cpu_utilisation: Option<f64>,
    /// vCPUs.
    pub share: f64,
    /// The most memory held.
    pub peak_memory_mb: u64,
    /// What was left of the memory size.
    pub memory_margin_mb: u64,
}
