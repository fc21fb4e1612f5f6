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

/// A queue beside it.
#[derive(Debug, Args)]
#[command(next_help_heading = "SQS source")]
pub(crate) struct Sqs {
    /// Keep a queue of this name and invoke the function with its messages; a FIFO queue ends with .fifo
    #[arg(long, value_name = "NAME")]
    pub(crate) sqs: Option<String>,

    /// Messages to an event; over 10 only with a window
    #[arg(long, value_name = "N", requires = "sqs", default_value_t = 10)]
    pub(crate) sqs_batch_size: usize,

    /// How long a batch may wait to be full
    #[arg(long, value_name = "TIME", requires = "sqs", default_value = "0", value_parser = parse_duration)]
    pub(crate) sqs_batch_window: Duration,

    /// How long a message is hidden while it is worked on [default: the function's timeout, 30 at least, and the window]
    #[arg(long, value_name = "TIME", requires = "sqs", value_parser = parse_duration)]
    pub(crate) sqs_visibility_timeout: Option<Duration>,

    /// Keep a dead-letter queue NAME-dlq for messages that were received so often
    #[arg(long, value_name = "N", requires = "sqs")]
    pub(crate) sqs_max_receive_count: Option<u32>,

    /// Ask the function's answer which messages failed (`batchItemFailures`)
    #[arg(long, requires = "sqs")]
    pub(crate) sqs_report_batch_item_failures: bool,

    /// Send each line of a file as a message; - for stdin
    #[arg(long, value_name = "FILE", requires = "sqs", value_hint = ValueHint::FilePath)]
    pub(crate) sqs_messages: Option<PathBuf>,
}
