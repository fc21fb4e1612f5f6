//! Data points: a result and a class for each, and statistics over all results.
//!
//! A point is `{"values": [1.5, 2], "metadata": anything}`. Points come as a document,
//! `{"data": [point, ..], "algorithm": "mean"}`, as a bare JSON array, or as JSON Lines, one point a line; which it is, the first
//! bytes say. A document or an array becomes the document
//!
//! ```json
//! {"processed":[{"result":1.75,"classification":"medium","metadata":..}],"stats":{"count":1,"mean":1.75,"std_dev":0.0}}
//! ```
//!
//! JSON Lines become JSON Lines, one result a line, and `stats` stands in the report. All three are read in pieces: a point is
//! in memory, not its object.

mod algorithm;
mod classes;
mod compute;
mod form;
mod input;
mod job;
mod json;
mod options;
mod overall;
mod point;
mod scan;

pub use algorithm::Algorithm;
pub use job::PointsJob;
pub use options::{OnError, Options};

/// What folders are searched for, in lower case.
pub const EXTENSIONS: &[&str] = &["json", "jsonl", "ndjson"];
