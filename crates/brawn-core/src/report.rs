//! One line per item plus a summary: the same shape in `--json`, the Lambda reply, the log and the metrics.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::{Error, ErrorKind, Usage, Vcpus, peak_resident};

/// How an item ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Done, every output delivered.
    Ok,
    /// The input is at fault: corrupt, unsupported or over a limit. Trying again gives the same answer.
    Rejected,
    /// Something else is at fault: storage, memory, a panic.
    Failed,
    /// Left alone on purpose; the reason says why.
    Skipped,
    /// Not done when the deadline came or the run was cancelled. Send exactly these again.
    Deadline,
}

impl Status {
    /// The status of an item that ended with `error`.
    pub fn of(error: &Error) -> Status {
        match error.kind() {
            ErrorKind::OutOfTime | ErrorKind::Cancelled => Status::Deadline,
            _ if error.is_rejection() => Status::Rejected,
            _ => Status::Failed,
        }
    }
}

/// What became of one object.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ItemReport {
    /// Where it came from.
    pub source: String,
    /// How it ended.
    pub status: Status,
    /// Why, when it is not `ok`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What was delivered.
    pub outputs: Vec<OutputReport>,
    /// Things to know though it went well.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// What the job found out, by name, where that is its result: `sha256`, `statistics`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub facts: BTreeMap<String, Value>,
    /// The checksum of the store that all bytes read agreed with: `crc64nvme`, `sha256`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified: Option<&'static str>,
    /// Bytes read.
    pub bytes_in: u64,
    /// Bytes delivered.
    pub bytes_out: u64,
    /// Milliseconds from its first byte asked for to its last output delivered.
    pub ms: f64,
    /// Milliseconds of that spent fetching.
    pub fetch_ms: f64,
    /// Milliseconds spent waiting for memory and for a worker.
    pub queue_ms: f64,
    /// Milliseconds spent computing.
    pub compute_ms: f64,
    /// Milliseconds spent delivering.
    pub deliver_ms: f64,
}

impl ItemReport {
    /// A report of `source` with everything else zero.
    pub fn new(source: impl Into<String>, status: Status) -> ItemReport {
        ItemReport {
            source: source.into(),
            status,
            reason: None,
            outputs: Vec::new(),
            warnings: Vec::new(),
            facts: BTreeMap::new(),
            verified: None,
            bytes_in: 0,
            bytes_out: 0,
            ms: 0.0,
            fetch_ms: 0.0,
            queue_ms: 0.0,
            compute_ms: 0.0,
            deliver_ms: 0.0,
        }
    }

    /// A report of `source` that ended with `error`.
    pub fn ended(source: impl Into<String>, error: &Error) -> ItemReport {
        ItemReport { reason: Some(error.chain()), ..ItemReport::new(source, Status::of(error)) }
    }
}

/// One delivered output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OutputReport {
    /// Where it is now.
    pub location: String,
    /// Its size; of rows, that of their values.
    pub bytes: u64,
    /// Its MIME type; a table has none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub content_type: String,
    /// The rows that were added, where it is a table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
}

/// What became of a whole run.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    /// Objects seen.
    pub items: u64,
    /// Of these, done.
    pub ok: u64,
    /// Of these, refused because of their content.
    pub rejected: u64,
    /// Of these, failed for another reason.
    pub failed: u64,
    /// Of these, left alone on purpose.
    pub skipped: u64,
    /// Of these, not done in time.
    pub deadline: u64,
    /// Besides these, met in folders and prefixes and not taken for their extensions.
    pub passed_over: u64,
    /// Besides these, hidden files and folders, and what is no file (pipes, sockets, devices), met in folders.
    pub ignored: u64,
    /// Whether the run ended before all was found: there may be more than was counted.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub incomplete: bool,
    /// Outputs delivered.
    pub outputs: u64,
    /// Bytes read.
    pub bytes_in: u64,
    /// Bytes delivered.
    pub bytes_out: u64,
    /// Wall time in milliseconds.
    pub wall_ms: f64,
    /// CPU time of the process in milliseconds.
    pub cpu_ms: f64,
    /// CPU time over wall time times the granted vCPUs: 1.0 is all that was paid for.
    pub cpu_utilisation: f64,
    /// Most memory the process held resident, MiB.
    pub peak_mb: f64,
    /// Threads that computed.
    pub workers: usize,
    /// vCPUs granted.
    pub vcpus: f64,
}

impl Summary {
    /// Counts one item.
    pub fn add(&mut self, item: &ItemReport) {
        self.items += 1;
        *match item.status {
            Status::Ok => &mut self.ok,
            Status::Rejected => &mut self.rejected,
            Status::Failed => &mut self.failed,
            Status::Skipped => &mut self.skipped,
            Status::Deadline => &mut self.deadline,
        } += 1;
        self.outputs += item.outputs.len() as u64;
        self.bytes_in += item.bytes_in;
        self.bytes_out += item.bytes_out;
    }

    /// Fills in what the run used.
    pub fn finish(&mut self, usage: Usage, workers: usize, vcpus: &Vcpus) {
        self.wall_ms = usage.wall.as_secs_f64() * 1e3;
        self.cpu_ms = usage.cpu.as_secs_f64() * 1e3;
        self.cpu_utilisation = usage.utilisation(vcpus.share);
        self.peak_mb = peak_resident().unwrap_or(0) as f64 / (1 << 20) as f64;
        self.workers = workers;
        self.vcpus = vcpus.share;
    }

    /// Whether every item is done or was left alone on purpose.
    pub fn is_clean(&self) -> bool {
        self.rejected + self.failed + self.deadline == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_of_error_decides_the_status() {
        for (error, status) in [
            (Error::invalid_input("x"), Status::Rejected),
            (Error::limit_exceeded("x"), Status::Rejected),
            (Error::out_of_time(), Status::Deadline),
            (Error::cancelled(), Status::Deadline),
            (Error::out_of_memory("x"), Status::Failed),
            (Error::new(ErrorKind::Unavailable, "x"), Status::Failed),
        ] {
            assert_eq!(Status::of(&error), status, "{error:?}");
        }
    }

    #[test]
    fn the_summary_counts_each_item_once() {
        let mut summary = Summary::default();
        summary.add(&ItemReport { bytes_in: 5, ..ItemReport::new("a", Status::Ok) });
        summary.add(&ItemReport::ended("b", &Error::invalid_input("bad")));
        assert_eq!((summary.items, summary.ok, summary.rejected, summary.bytes_in), (2, 1, 1, 5));
        assert!(!summary.is_clean());
    }

    #[test]
    fn an_item_is_one_flat_json_object() {
        let line = serde_json::to_value(ItemReport::ended("a.jpg", &Error::invalid_input("empty")))
            .expect("plain data");
        assert_eq!(line["status"], "rejected");
        assert_eq!(line["reason"], "empty");
        assert_eq!(line["outputs"], serde_json::json!([]));
    }
}
