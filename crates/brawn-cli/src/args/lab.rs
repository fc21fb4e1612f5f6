//! The words of `emulate` and `invoke`.

use std::ffi::OsString;
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use brawn_lab::Enforcement;
use clap::{Args, ValueHint};

use super::parse_duration;
use super::sources::{S3, Sqs};

/// Run a function as Lambda would, with its limits
///
/// Any program that polls the Lambda Runtime API, in any language. The CPU share of the memory size, the memory, the
/// timeout and the payload sizes bind; between invocations the function is frozen. START, END and REPORT lines and the
/// function's own output go to stdout.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  brawn emulate ./bootstrap --memory 1769 --timeout 30
  brawn emulate --memory 512 --env TABLE=thumbs -- python3 handler.py
  brawn invoke --data-ascii '{\"a\": 1}'           # from another terminal
  cargo lambda invoke bootstrap --data-file event.json
  curl http://127.0.0.1:9000/any/path            # as a function URL
  brawn emulate ./bootstrap --s3 uploads/ --s3-suffix .jpg
  brawn emulate ./bootstrap --sqs jobs --sqs-max-receive-count 3 --sqs-messages jobs.jsonl
  aws sqs send-message --endpoint-url http://127.0.0.1:9000 --queue-url jobs --message-body '{}'

Runs until Ctrl-C. Exit codes: 2 could not start   130 interrupted")]
pub(crate) struct Emulate {
    #[command(flatten)]
    pub(crate) function: Function,

    /// Memory in MB, 128 to 10240; one vCPU for each 1769
    #[arg(long, value_name = "MB", default_value_t = 1769)]
    pub(crate) memory: u32,

    /// Invocations that may run at the same time, each in an environment of its own; more wait
    #[arg(long, value_name = "N", default_value = "1")]
    pub(crate) concurrency: NonZeroUsize,

    /// One process with up to N invocations at a time, as in a Managed Instance
    #[arg(long, value_name = "N", conflicts_with = "concurrency")]
    pub(crate) max_concurrency: Option<NonZeroUsize>,

    /// The address to listen on
    #[arg(long, value_name = "IP", default_value = "127.0.0.1")]
    pub(crate) invoke_address: IpAddr,

    /// The port to listen on
    #[arg(short = 'p', long, value_name = "PORT", default_value_t = 9000)]
    pub(crate) invoke_port: u16,

    /// How long until the first retry of an asynchronous invocation that failed; the second waits twice as long
    #[arg(long, value_name = "TIME", default_value = "60", value_parser = parse_duration)]
    pub(crate) retry_delay: Duration,

    #[command(flatten)]
    pub(crate) s3: S3,

    #[command(flatten)]
    pub(crate) sqs: Sqs,
}

/// What `emulate` and `tune` take.
#[derive(Debug, Args)]
pub(crate) struct Function {
    /// The program and its arguments: a bootstrap, or any command; after -- where an argument begins with a hyphen
    #[arg(value_name = "COMMAND", value_hint = ValueHint::FilePath)]
    pub(crate) command: Vec<OsString>,

    /// How long an invocation may take, up to 900 s
    #[arg(long, value_name = "TIME", default_value = "30", value_parser = parse_duration)]
    pub(crate) timeout: Duration,

    /// A variable of the function, K=V; may be given more than once
    #[arg(long, value_name = "K=V", value_parser = parse_variable)]
    pub(crate) env: Vec<(String, String)>,

    /// The function's name [default: the program's]
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,

    /// _HANDLER
    #[arg(long, value_name = "NAME", default_value = "bootstrap")]
    pub(crate) handler: String,

    /// AWS_REGION [default: us-east-1]
    #[arg(long, value_name = "NAME")]
    pub(crate) region: Option<String>,

    /// A folder like /opt/extensions: each file in it is started as an extension
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub(crate) extensions: Option<PathBuf>,

    /// How the limits are enforced: auto, cgroup, approximate (without privilege), off
    #[arg(long, value_name = "HOW", default_value = "auto")]
    pub(crate) enforce: Enforcement,
}

/// Send an event to a function that is served on this machine
///
/// Prints the answer. Without data the event is {}.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  brawn invoke --event s3
  brawn invoke --data-file event.json
  brawn invoke thumbs --data-ascii '{\"width\": 320}' --invocation-type Event

Exit codes:
  0 answered   1 the function failed   2 could not invoke it")]
pub(crate) struct Invoke {
    /// The function's name
    #[arg(default_value = "function", value_name = "NAME")]
    pub(crate) name: String,

    /// The event, from a file; - for stdin
    #[arg(short = 'F', long, value_name = "FILE", value_hint = ValueHint::FilePath, group = "data")]
    pub(crate) data_file: Option<PathBuf>,

    /// The event, as it stands here
    #[arg(short = 'A', long, value_name = "JSON", group = "data")]
    pub(crate) data_ascii: Option<String>,

    /// An event that ships with brawn: s3, s3-batch, sqs, sns, eventbridge, function-url
    #[arg(short = 'E', long, value_name = "NAME", group = "data")]
    pub(crate) event: Option<String>,

    /// RequestResponse waits for the answer, Event does not
    #[arg(long, value_name = "TYPE", default_value = "RequestResponse", value_parser = ["RequestResponse", "Event"])]
    pub(crate) invocation_type: String,

    /// Print the event instead of sending it
    #[arg(long)]
    pub(crate) print: bool,

    /// Where the function is served
    #[arg(short = 'a', long, value_name = "IP", default_value = "127.0.0.1")]
    pub(crate) invoke_address: IpAddr,

    /// Its port
    #[arg(short = 'p', long, value_name = "PORT", default_value_t = 9000)]
    pub(crate) invoke_port: u16,
}

fn parse_variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(format!("`{text}` is not of the form K=V")),
    }
}
