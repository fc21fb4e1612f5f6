//! The words of `emulate` that say what sends events.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueHint};

use super::parse_duration;

/// Where events come from beside `brawn invoke`.
#[derive(Debug, Args)]
#[command(next_help_heading = "S3 source")]
pub(crate) struct S3 {
    /// Watch a folder as an S3 bucket: each file that is new or written again is an ObjectCreated event
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub(crate) s3: Option<PathBuf>,

    /// The bucket's name [default: the folder's]
    #[arg(long, value_name = "NAME", requires = "s3")]
    pub(crate) s3_bucket: Option<String>,

    /// Only keys that begin so
    #[arg(
        long,
        value_name = "TEXT",
        requires = "s3",
        default_value = "",
        hide_default_value = true
    )]
    pub(crate) s3_prefix: String,

    /// Only keys that end so
    #[arg(
        long,
        value_name = "TEXT",
        requires = "s3",
        default_value = "",
        hide_default_value = true
    )]
    pub(crate) s3_suffix: String,

    /// Send what is there already, too
    #[arg(long, requires = "s3")]
    pub(crate) s3_existing: bool,

    /// How long a file must have been left alone [default: 500ms]
    #[arg(long, value_name = "TIME", requires = "s3", value_parser = parse_duration)]
    pub(crate) s3_settle: Option<Duration>,
}
