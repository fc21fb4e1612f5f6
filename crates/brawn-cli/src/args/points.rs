//! The words of `brawn points`.

use brawn_jobs::points;
use clap::{Args, ValueHint};

use super::{From, Run, Writing, destination};

/// Compute a result and a class for each data point
///
/// A point is {"values":[1.5,2],"metadata":anything}. Points come as a document, {"data":[point,..],"algorithm":"mean"}, as a
/// JSON array, or one a line; the results go to stdout unless said otherwise: a document with statistics over all, or
/// one result a line. Objects of any size are read in constant memory.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  brawn points request.json
  brawn points request.json --algorithm quantile --q 0.9 --thresholds 0.5,2 -o results.json
  brawn points s3://bucket/points/ --to s3://bucket/results/ --algorithm median
  brawn points - --on-error null < points.jsonl > results.jsonl

Exit codes:
  0 all done   1 some items failed   2 could not start   3 the deadline was reached   130 interrupted
  141 nobody reads stdout any more   143 terminated (128 and the number of the signal)")]
pub(crate) struct Points {
    #[command(flatten)]
    pub(crate) from: From,

    /// Where to write: a folder, s3://bucket/prefix/, one file for one input [default: stdout, for one input]
    #[arg(short = 'o', long, value_name = "DST", value_parser = destination(), value_hint = ValueHint::AnyPath)]
    pub(crate) to: Option<String>,

    /// Replace results that are there
    #[arg(short = 'f', long)]
    pub(crate) force: bool,

    #[command(flatten)]
    pub(crate) options: points::Options,
    #[command(flatten)]
    pub(crate) writing: Writing,
    #[command(flatten)]
    pub(crate) run: Run,
}
