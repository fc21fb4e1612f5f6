//! Statistics of tables: CSV, TSV and JSON Lines, of any size in constant memory.
//!
//! A table is cut into blocks of whole records at places that depend on its bytes alone. Blocks are parsed and summed up side
//! by side and merged in their order, so the same table gives the same bits for any number of workers.

mod column;
mod columns;
mod infer;
mod job;
mod open;
mod options;
mod page;
#[cfg(feature = "parquet")]
mod parquet;
mod read;
mod rejects;
mod row;
mod tile;
mod to;
mod write;

/// More of the most frequent values than are counted are never named.
const MOST_TOP: usize = 10_000;

pub use infer::Type;
pub use job::StatsJob;
pub use options::{Format, Input, Options, Per, Rejects};
pub use page::page;
pub use read::Encoding;

/// Extensions of tables.
pub const EXTENSIONS: &[&str] = &["csv", "tsv", "jsonl", "ndjson", "gz", "zst"];
