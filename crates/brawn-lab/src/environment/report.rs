//! How an invocation ended, and what it took.

use std::time::Duration;

use serde_json::{Value, json};

/// How an invocation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// With an answer, be it the function's own error.
    Success,
    /// With the end of the process; Lambda's error type, such as `Runtime.ExitError` or `Runtime.OutOfMemory`.
    Error(String),
    /// At its timeout.
    Timeout,
}

impl Status {
    /// `status` and `errorType` in the words of the Telemetry API.
    pub(super) fn into_record(self, mut record: Value) -> Value {
        let (status, kind) = match self {
            Status::Success => ("success", None),
            Status::Error(kind) => ("error", Some(kind)),
            Status::Timeout => ("timeout", None),
        };
        record["status"] = json!(status);
        if let Some(kind) = kind {
            record["errorType"] = json!(kind);
        }
        record
    }
}

/// What an invocation took: the REPORT line as data.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The request id.
    pub request_id: String,
    /// How it ended.
    pub status: Status,
    /// From the event to the next request for one.
    pub duration: Duration,
    /// Milliseconds billed, init included.
    pub billed_ms: u64,
    /// How long init took, if this was the environment's first invocation.
    pub init: Option<Duration>,
    /// Memory size in MB.
    pub memory_mb: u32,
    /// The most memory that the environment has held so far, in bytes.
    pub max_memory: u64,
    /// CPU time that it used, of all its processes.
    pub cpu: Duration,
    /// vCPUs granted.
    pub share: f64,
    /// The part of the CPU time, from 0 to 1, that all visible cores could share; where that was watched.
    pub overlap: Option<f64>,
}

impl Report {
    /// Started megabytes, but no more than there are.
    pub fn max_memory_mb(&self) -> u64 {
        self.max_memory.div_ceil(1 << 20).min(u64::from(self.memory_mb))
    }

    /// CPU time of what was granted: 1.0 when the share was used all the time.
    pub fn cpu_utilisation(&self) -> f64 {
        let granted = self.duration.as_secs_f64() * self.share;
        if granted > 0.0 { self.cpu.as_secs_f64() / granted } else { 0.0 }
    }

    /// The record of `platform.report`.
    pub(super) fn record(&self) -> Value {
        let mut metrics = json!({
            "durationMs": ms(self.duration),
            "billedDurationMs": self.billed_ms,
            "memorySizeMB": self.memory_mb,
            "maxMemoryUsedMB": self.max_memory_mb(),
        });
        if let Some(init) = self.init {
            metrics["initDurationMs"] = json!(ms(init));
        }
        self.status.clone().into_record(json!({ "requestId": self.request_id, "metrics": metrics }))
    }
}

/// Milliseconds to the microsecond.
pub(super) fn ms(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

/// Started milliseconds.
pub(super) fn billed_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros().div_ceil(1000)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_started_millisecond_is_billed() {
        assert_eq!(billed_ms(Duration::from_micros(200_001)), 201);
        assert_eq!(billed_ms(Duration::from_millis(200)), 200);
        assert_eq!(billed_ms(Duration::ZERO), 0);
    }
}
