//! Where the outputs go of a verb that makes one of each input.

use clap::{Args, ValueHint};

use super::destination;

/// Beside the input, unless one of these says otherwise.
#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct Place {
    /// The output of one input: a file, s3://bucket/key, - for stdout [default: beside the input]
    #[arg(short = 'o', long, value_name = "OUT", value_parser = destination(), value_hint = ValueHint::AnyPath)]
    pub(crate) output: Option<String>,

    /// A folder or s3://bucket/prefix/, whatever it is called, for the outputs of all inputs, below it as they are below theirs
    #[arg(long, value_name = "DIR", value_parser = destination(), value_hint = ValueHint::AnyPath, conflicts_with = "output")]
    pub(crate) to: Option<String>,

    /// Write to stdout, of several inputs one after the other
    #[arg(short = 'c', long, conflicts_with_all = ["output", "to", "json"])]
    pub(crate) stdout: bool,

    /// Replace outputs that are there
    #[arg(short = 'f', long)]
    pub(crate) force: bool,
}
