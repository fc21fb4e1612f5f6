//! The words of `brawn stats`.

use std::path::PathBuf;

use brawn_core::Error;
use brawn_edge::Mode;
use brawn_jobs::stats;
use clap::{Args, ValueHint};

use super::{From, Run, Writing, destination};

/// Compute statistics of tables
///
/// CSV, TSV and JSON Lines, plain or as .gz and .zst, of any size in constant memory. Says of each column how many values it has,
/// how they are distributed and which lie far out; or computes mean, median, deviation and outliers of each row. What is
/// not said about how a table is written is sniffed.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  brawn stats data.csv
  brawn stats data.csv --group-by species --json
  brawn stats data.csv --report report.html
  brawn stats measurements.csv --per row --key id --to sqlite:stats.db
  brawn stats s3://bucket/2026/ --per row --to s3://bucket-stats/ --max-rejects 1%
  zcat data.csv.gz | brawn stats - --delimiter ';' --decimal-separator ,

Exit codes:
  0 all done   1 some items failed   2 could not start   3 the deadline was reached   130 interrupted
  141 nobody reads stdout any more   143 terminated (128 and the number of the signal)")]
pub(crate) struct Stats {
    #[command(flatten)]
    pub(crate) from: From,

    /// Where results go: sqlite:FILE, postgres://user@host/db, a folder, s3://bucket/prefix/, one .csv, .jsonl, .json or .parquet file
    #[arg(short = 'o', long, value_name = "DST", value_parser = destination(), value_hint = ValueHint::AnyPath)]
    pub(crate) to: Option<String>,

    /// Write a page with plots to this file: of the columns, or of the statistics of the rows
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) report: Option<PathBuf>,

    /// Replace outputs that are there
    #[arg(short = 'f', long)]
    pub(crate) force: bool,

    /// How a column is read, `zip=text,price=float`: integer, float, text, boolean, date or timestamp
    #[arg(long, value_name = "NAME=TYPE", value_delimiter = ',', value_parser = crate::stats::of_word, help_heading = "Reading")]
    pub(crate) types: Vec<(String, stats::Type)>,

    /// Types of columns in a file: {"zip":"text"}, or what `--json` printed
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Reading")]
    pub(crate) schema: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) options: stats::Options,
    #[command(flatten)]
    pub(crate) rows: IntoTables,
    #[command(flatten)]
    pub(crate) writing: Writing,
    #[command(flatten)]
    pub(crate) run: Run,
}

/// How rows go into a database.
#[derive(Debug, Args)]
pub(crate) struct IntoTables {
    /// The table [default: stats_rows or stats_columns]
    #[arg(long, value_name = "NAME", help_heading = "Database")]
    pub(crate) table: Option<String>,

    /// What becomes of rows that are there: fail, append (each version of a file once), replace (those of the same file),
    /// upsert (those with the same key)
    #[arg(long, value_name = "MODE", default_value = "append", value_parser = parse_mode, help_heading = "Database")]
    pub(crate) mode: Mode,

    /// With `--mode upsert`: the key alone tells rows apart, whatever file they came from
    #[arg(long, help_heading = "Database")]
    pub(crate) key_alone: bool,
}

fn parse_mode(text: &str) -> Result<Mode, Error> {
    serde_json::from_value(text.into()).map_err(|_| {
        Error::invalid_options(format!(
            "`{text}` is no mode: takes fail, append, replace or upsert"
        ))
    })
}
