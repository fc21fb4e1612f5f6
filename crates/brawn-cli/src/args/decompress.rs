//! The words of `brawn decompress`.

use brawn_jobs::decompress;
use clap::Args;

use super::{From, Place, Run, Writing};

/// Decompress what gzip, zstd, lz4, bgzip and their kin write
///
/// The format is told by the content; the suffix is taken off the name. Checksums are verified, and an input that is damaged
/// or cut off leaves nothing behind. The output lies beside its input unless said otherwise, has the input's time, and the
/// input stays. What brawn or bgzip wrote is decompressed on all cores. Folders and prefixes are searched for .gz, .zst, .zstd, .bgz, .lz4,
/// .tgz and .tzst, and it is told how many others there are.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  brawn decompress big.tar.zst                   big.tar beside it
  brawn decompress s3://bucket/logs/ --to logs/
  brawn decompress -c log.gz | grep error
  brawn decompress -t backups/                   a line for each: OK or FAILED
  brawn decompress -l *.gz

Exit codes:
  0 all done   1 some items failed   2 could not start   3 the deadline was reached   130 interrupted
  141 nobody reads stdout any more   143 terminated (128 and the number of the signal)")]
pub(crate) struct Decompress {
    #[command(flatten)]
    pub(crate) from: From,

    #[command(flatten)]
    pub(crate) place: Place,

    /// Keep the inputs, as without it: for those who are used to gzip
    #[arg(short = 'k', long, conflicts_with = "remove")]
    pub(crate) keep: bool,

    /// Remove each local input once its output is there
    #[arg(long = "rm", conflicts_with_all = ["stdout", "test", "list"])]
    pub(crate) remove: bool,

    #[command(flatten)]
    pub(crate) options: decompress::Options,
    #[command(flatten)]
    pub(crate) writing: Writing,
    #[command(flatten)]
    pub(crate) run: Run,
}
