//! The words of `tune`: AWS Lambda Power Tuning's, as flags.

use std::path::PathBuf;
use std::time::Duration;

use brawn_core::price::Architecture;
use brawn_lab::tune::Strategy;
use clap::{Args, ValueHint};

use super::lab::Function;
use super::parse_duration;

/// Find the memory size, and what limits the function
///
/// Runs the function under the limits of several memory sizes on this machine, chooses one by AWS Lambda Power Tuning's
/// rules, and says what more memory would change. Sizes with more vCPUs than this machine are predicted and marked so. A
/// size that runs out of memory or time is a row of the table, not the end.
///
/// lambda:NAME, lambda:NAME:QUALIFIER or an ARN measures a function on AWS instead (a build with the feature `aws`): a
/// version and an alias for each size are published, invoked and deleted again; $LATEST gets its memory size back before
/// anything is invoked. Region and credentials come from where every AWS tool takes them.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  brawn tune ./bootstrap --payload-file event.json
  brawn tune --power-values 512,1769,3008 --num 50 --strategy balanced -- python3 handler.py
  brawn tune ./bootstrap --event s3 --json > after.json --html report.html
  brawn tune --compare before.json after.json
  brawn tune lambda:thumbs --payload-file event.json --num 50 --region eu-west-1

Exit codes:
  0 a size was chosen   1 no size worked within what was asked   2 could not start")]
pub(crate) struct Tune {
    #[command(flatten)]
    pub(crate) function: Function,

    /// The event of each invocation, from a file; - for stdin [default: {}]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, group = "event_data")]
    pub(crate) payload_file: Option<PathBuf>,

    /// Several events with weights: [{"payload": {..}, "weight": 3}, ..]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, group = "event_data")]
    pub(crate) weighted_payloads: Option<PathBuf>,

    /// An event that ships with brawn: s3, s3-batch, sqs, sns, eventbridge, function-url
    #[arg(long, value_name = "NAME", group = "event_data")]
    pub(crate) event: Option<String>,

    /// Memory sizes to try, in MB
    #[arg(
        long,
        value_name = "MB",
        value_delimiter = ',',
        default_value = "512,1024,1769,3008,5308,10240"
    )]
    pub(crate) power_values: Vec<u32>,

    /// Invocations for each size, 5 at least
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) num: usize,

    /// cost, speed or balanced
    #[arg(long, value_name = "RULE", default_value = "cost")]
    pub(crate) strategy: Strategy,

    /// For balanced: from 0 (speed) to 1 (cost)
    #[arg(long, value_name = "W", default_value_t = 0.5)]
    pub(crate) balanced_weight: f64,

    /// What part of the times is left out at either end, up to 0.4
    #[arg(long, value_name = "PART", default_value_t = 0.2)]
    pub(crate) discard_top_bottom: f64,

    /// A new environment for each invocation
    #[arg(long)]
    pub(crate) only_cold_starts: bool,

    /// All invocations of a size at once; they share the cores of this machine
    #[arg(long)]
    pub(crate) parallel_invocation: bool,

    /// What is billed: x86_64 or arm64 [default: this program's; on AWS the function's]
    #[arg(long, value_name = "ARCH")]
    pub(crate) architecture: Option<Architecture>,

    /// A price list, as in the result's "prices" [default: us-east-1 of 2026-08-19]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) prices: Option<PathBuf>,

    /// Invocations a month: what the chosen size then costs, less the free tier
    #[arg(long, value_name = "N")]
    pub(crate) monthly: Option<f64>,

    /// MB of /tmp, which cost above 512; paid for, not limited
    #[arg(long, value_name = "MB", default_value_t = 512)]
    pub(crate) ephemeral_storage: u32,

    /// Do not choose a size that is slower
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub(crate) max_duration: Option<Duration>,

    /// Do not choose a size whose invocation costs more, its request included, in USD
    #[arg(long, value_name = "USD")]
    pub(crate) max_cost: Option<f64>,

    /// vCPUs that measuring may use; what takes more is predicted [default: all of this machine]
    #[arg(long, value_name = "N")]
    pub(crate) vcpus: Option<f64>,

    /// For a function on AWS: where Lambda's API is [default: AWS_ENDPOINT_URL, or AWS]
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
    pub(crate) endpoint_url: Option<String>,

    /// Print the result as JSON, with Power Tuning's keys
    #[arg(long)]
    pub(crate) json: bool,

    /// Write the chart as one HTML file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) html: Option<PathBuf>,

    /// Compare two results of --json instead: BEFORE AFTER
    #[arg(long, num_args = 2, value_names = ["BEFORE", "AFTER"], value_hint = ValueHint::FilePath, conflicts_with_all = ["command", "json"])]
    pub(crate) compare: Option<Vec<PathBuf>>,
}
