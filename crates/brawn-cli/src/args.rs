//! The words of the command line.

mod decompress;
#[cfg(feature = "encrypt")]
pub(crate) mod encrypt;
pub(crate) mod lab;
mod place;
mod points;
pub(crate) mod sources;
mod stats;
pub(crate) mod tune;
mod value;

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use brawn_core::ByteSize;
use brawn_jobs::{compress, hash, image};
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum, ValueHint};

pub(crate) use decompress::Decompress;
pub(crate) use place::Place;
pub(crate) use points::Points;
pub(crate) use stats::Stats;

use value::{destination, numbers, parse_duration, secrets};

/// CPU-heavy work on files, folders and buckets; the same jobs run as AWS Lambda functions.
#[derive(Debug, Parser)]
#[command(name = "brawn", version, max_term_width = 100, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Cli {
    /// Reads the command line; ends the process where that cannot be done, or only help was asked for.
    pub(crate) fn read() -> Cli {
        let matches = Cli::definition().get_matches();
        Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }

    /// All verbs and their flags. What looks like a negative number is a value: `--width -5` is a wrong width, and no
    /// flag `-5`.
    pub(crate) fn definition() -> clap::Command {
        Cli::command().mut_subcommands(|verb| {
            verb.mut_args(|argument| {
                let takes_value = argument.get_action().takes_values() && !argument.is_positional();
                let argument = if takes_value {
                    numbers(argument.allow_negative_numbers(true))
                } else {
                    argument
                };
                match argument.get_id().as_str() {
                    "identity_file" | "recipients_file" | "passphrase_file" => {
                        argument.value_parser(secrets())
                    }
                    _ => argument,
                }
            })
        })
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Image(Box<Image>),
    Hash(Box<Hash>),
    Compress(Box<Compress>),
    Decompress(Box<Decompress>),
    Points(Box<Points>),
    Stats(Box<Stats>),
    #[cfg(feature = "encrypt")]
    Encrypt(Box<encrypt::Encrypt>),
    #[cfg(feature = "encrypt")]
    Decrypt(Box<encrypt::Decrypt>),
    #[cfg(feature = "encrypt")]
    Keygen(encrypt::Keygen),
    Check(Check),
    Emulate(Box<lab::Emulate>),
    Invoke(Box<lab::Invoke>),
    Tune(Box<tune::Tune>),
    Completions(Completions),
    Man(Man),
}

/// Make thumbnails, convert, filter
///
/// Each image is decoded once, however many sizes and formats are made of it. JPEG, PNG, WebP, GIF, TIFF and BMP are
/// read, and AVIF by builds with that feature; pictures are turned upright, brought to sRGB, and written without metadata unless asked otherwise.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  brawn image photos/ --to thumbs/ --width 800
  brawn image photo.jpg --to photo.webp --width 1200 --quality 75
  brawn image 'photos/**/*.png' --to out/ --width 320,800,1600 --format webp,jpeg
  brawn image s3://bucket/uploads/ --to s3://bucket-thumbs/ --width 800 --skip-existing
  brawn image - --to - --width 400 --format webp < photo.jpg > photo.webp

Exit codes:
  0 all done   1 some items failed   2 could not start   3 the deadline was reached   130 interrupted
  141 nobody reads stdout any more   143 terminated (128 and the number of the signal)")]
pub(crate) struct Image {
    #[command(flatten)]
    pub(crate) from: From,

    /// Where to write: a folder, s3://bucket/prefix/, one file for one input, - for stdout
    #[arg(short = 'o', long, value_name = "DST", value_parser = destination(), value_hint = ValueHint::AnyPath)]
    pub(crate) to: String,

    #[command(flatten)]
    pub(crate) writing: Writing,
    #[command(flatten)]
    pub(crate) run: Run,
    #[command(flatten)]
    pub(crate) options: image::Options,
}

/// Compute and check checksums
///
/// Prints the lines of sha256sum and b3sum, which they check again; with several algorithms, or a part size, the lines of
/// sha256sum --tag. A folder or a bucket gives a manifest, in the order in which its objects are found. Objects of any
/// size are read in constant memory.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  brawn hash *.iso
  brawn hash s3://bucket/2024/ -a blake3 > MANIFEST
  brawn hash -c MANIFEST -a blake3 --quiet
  brawn hash big.bin -a md5,sha256,crc64nvme --part-size 8MB
  tar c folder | brawn hash -

Exit codes:
  0 all done   1 some items failed   2 could not start   3 the deadline was reached   130 interrupted
  141 nobody reads stdout any more   143 terminated (128 and the number of the signal)")]
pub(crate) struct Hash {
    #[command(flatten)]
    pub(crate) from: From,

    /// Write each checksum to a file or object there too, NAME.sha256 for NAME: a folder or s3://bucket/prefix/
    #[arg(short = 'o', long, value_name = "DST", value_parser = destination(), value_hint = ValueHint::AnyPath, conflicts_with = "check")]
    pub(crate) to: Option<String>,

    /// Replace the files of checksums that are there
    #[arg(short = 'f', long, requires = "to")]
    pub(crate) force: bool,

    #[command(flatten)]
    pub(crate) options: hash::Options,

    /// Read checksums from the SRC files, in either form, and check them
    #[arg(short = 'c', long, help_heading = "Check", conflicts_with = "json")]
    pub(crate) check: bool,

    /// Fail silently on files that are not there
    #[arg(long, help_heading = "Check", requires = "check")]
    pub(crate) ignore_missing: bool,

    /// Print nothing, the exit code says it
    #[arg(long, help_heading = "Check", requires = "check")]
    pub(crate) status: bool,

    /// Exit 1 when a line is no checksum
    #[arg(long, help_heading = "Check", requires = "check")]
    pub(crate) strict: bool,

    /// Name each line that is no checksum
    #[arg(long, help_heading = "Check", requires = "check")]
    pub(crate) warn: bool,

    #[command(flatten)]
    pub(crate) run: Run,
}

/// Compress, in formats that every tool opens
///
/// zstd in frames with a seek table, gzip in members, BGZF or lz4; block by block on all cores, in constant memory. The output
/// lies beside its input unless said otherwise, has the input's time, and the input stays. Of a folder, a prefix or a pattern all is
/// taken but what is called as compressed files are.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  brawn compress big.tar                         big.tar.zst beside it
  brawn compress logs/ --to s3://bucket/logs/ --format gzip
  brawn compress big.tar -o big.tar.gz --level 9
  tar c folder | brawn compress - > folder.tar.zst

Exit codes:
  0 all done   1 some items failed   2 could not start   3 the deadline was reached   130 interrupted
  141 nobody reads stdout any more   143 terminated (128 and the number of the signal)")]
pub(crate) struct Compress {
    #[command(flatten)]
    pub(crate) from: From,

    #[command(flatten)]
    pub(crate) place: Place,

    /// Keep the inputs, as without it: for those who are used to gzip
    #[arg(short = 'k', long, conflicts_with = "remove")]
    pub(crate) keep: bool,

    /// Remove each local input once its output is there
    #[arg(long = "rm", conflicts_with = "stdout")]
    pub(crate) remove: bool,

    #[command(flatten)]
    pub(crate) options: compress::Options,
    #[command(flatten)]
    pub(crate) writing: Writing,
    #[command(flatten)]
    pub(crate) run: Run,
}

/// What every verb that works on objects reads.
#[derive(Debug, Args)]
pub(crate) struct From {
    /// What to read: files, folders (all below them but what begins with a dot), globs, s3://bucket/prefix/, - for stdin
    #[arg(required = true, value_name = "SRC", value_hint = ValueHint::AnyPath)]
    pub(crate) sources: Vec<OsString>,
}

/// How a verb that writes objects does so.
#[derive(Debug, Args)]
pub(crate) struct Writing {
    /// Leave objects alone whose outputs are all there already; a run that was stopped goes on where it was
    #[arg(long, help_heading = "Run")]
    pub(crate) skip_existing: bool,

    /// Say what would be made, and the memory it would take; write nothing
    #[arg(long, help_heading = "Run")]
    pub(crate) dry_run: bool,

    /// Cache-Control of what is written to s3://
    #[arg(long, value_name = "VALUE", help_heading = "Run")]
    pub(crate) cache_control: Option<String>,
}

/// What every verb that works on objects takes.
#[derive(Debug, Args)]
pub(crate) struct Run {
    /// Print the event that makes the Lambda function do exactly this, and stop
    #[arg(long, help_heading = "Run")]
    pub(crate) print_event: bool,

    /// One JSON line for each object on stdout, then {"summary": ...}
    #[arg(long, help_heading = "Run")]
    pub(crate) json: bool,

    /// No progress, no summary; errors only
    #[arg(long, help_heading = "Run")]
    pub(crate) quiet: bool,

    /// Threads that compute [default: the cores, within any cgroup quota; or BRAWN_THREADS]
    #[arg(short = 'j', long, value_name = "N", help_heading = "Run")]
    pub(crate) threads: Option<NonZeroUsize>,

    /// Most memory that jobs may hold at once, such as 512MB [default: half of the machine's]
    #[arg(long, value_name = "SIZE", help_heading = "Run")]
    pub(crate) memory_limit: Option<ByteSize>,

    /// Stop after this long, such as 90s or 5m, and name what is not done
    #[arg(long, value_name = "TIME", value_parser = parse_duration, help_heading = "Run")]
    pub(crate) timeout: Option<Duration>,
}

/// Find CPU work that holds up the async runtime
///
/// Reads the sources, manifests and deployment files of a Rust project and says what costs it time, money or data on
/// Lambda, and what to write instead. Nothing is compiled or run.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  brawn check .
  brawn check functions/thumbnails --select BR1,BR2
  brawn check . --format sarif > brawn.sarif
  brawn check . --diff
  brawn check --explain BR102

Exit codes:
  0 nothing found   1 findings   2 could not run")]
pub(crate) struct Check {
    /// Workspaces, crates, folders of sources without a manifest, files
    #[arg(required_unless_present = "explain", value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) paths: Vec<PathBuf>,

    /// How the report is written
    #[arg(long, value_enum, default_value_t = CheckFormat::Text)]
    pub(crate) format: CheckFormat,

    /// Only these rules: codes, beginnings of codes, names, error, warning, advice, all [default: error,warning]
    #[arg(long, value_name = "CODES", value_delimiter = ',')]
    pub(crate) select: Vec<String>,

    /// Not these rules
    #[arg(long, value_name = "CODES", value_delimiter = ',')]
    pub(crate) ignore: Vec<String>,

    /// Leave out what this file names as known
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) baseline: Option<PathBuf>,

    /// Write all findings to this file, as known from now on, and exit 0
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "baseline")]
    pub(crate) write_baseline: Option<PathBuf>,

    /// Print the manual page of a rule, and stop
    #[arg(long, value_name = "CODE")]
    pub(crate) explain: Option<String>,

    /// Make the rewrites that are safe to make mechanically, in files without uncommitted changes
    #[arg(long, conflicts_with_all = ["baseline", "write_baseline", "format"])]
    pub(crate) fix: bool,

    /// Show what `--fix` would write, as a unified diff, and write nothing
    #[arg(long, conflicts_with_all = ["write_baseline", "format"])]
    pub(crate) diff: bool,

    /// With `--fix`: also files that have uncommitted changes, or that Git does not know
    #[arg(long, requires = "fix", conflicts_with = "diff")]
    pub(crate) allow_dirty: bool,

    /// The performance checklist, line by line, with what was found for each
    #[arg(long, conflicts_with_all = ["fix", "diff", "baseline", "write_baseline", "format"])]
    pub(crate) checklist: bool,

    /// Threads that read [default: the cores]
    #[arg(short = 'j', long, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,
}

/// How `brawn check` writes.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum CheckFormat {
    /// The line, a caret, the chain, what to write instead
    Text,
    /// One JSON object
    Json,
    /// SARIF 2.1.0, for code hosts
    Sarif,
    /// Annotations of GitHub Actions
    Github,
    /// One line for each finding
    Short,
}

/// Print the completions of a shell
///
/// For example: brawn completions bash > ~/.local/share/bash-completion/completions/brawn
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}

/// Write the man pages
#[derive(Debug, Args)]
pub(crate) struct Man {
    /// The folder for brawn.1, brawn-image.1 ...
    #[arg(value_hint = ValueHint::DirPath)]
    pub(crate) folder: PathBuf,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definitions_hold_together() {
        Cli::definition().debug_assert();
    }
}
