//! What the end of an invocation's log says about it: Lambda's REPORT, as text or as JSON.
//!
//! Source: Lambda developer guide, "Working with Lambda function logs"; Telemetry API, `platform.report`.

use std::time::Duration;

use brawn_core::Vcpus;
use serde_json::Value;

use crate::environment::{Report, Status};

/// The report in the last 4 KB of a log; none where Lambda wrote none.
pub(super) fn report(log: &str) -> Option<Report> {
    // The last one: a function may print such lines itself, and Lambda's comes after them.
    log.lines().rev().find_map(|line| text(line).or_else(|| json(line)))
}

fn text(line: &str) -> Option<Report> {
    let line = line.get(line.find("REPORT RequestId: ")?..)?;
    let fields: Vec<(&str, &str)> =
        line.split('\t').filter_map(|field| field.trim().split_once(": ")).collect();
    let of =
        |name: &str| fields.iter().find(|(known, _)| *known == name).map(|(_, value)| value.trim());
    let number =
        |name: &str| of(name).and_then(|value| value.split(' ').next()?.parse::<f64>().ok());
    Numbers {
        request_id: of("REPORT RequestId")?.to_owned(),
        duration_ms: number("Duration")?,
        billed_ms: number("Billed Duration")?,
        billed_restore_ms: number("Billed Restore Duration"),
        memory_mb: number("Memory Size")?,
        peak_mb: number("Max Memory Used"),
        init_ms: number("Init Duration").or(number("Restore Duration")),
        status: of("Status").unwrap_or("success").to_owned(),
        error: of("Error Type").unwrap_or_default().to_owned(),
    }
    .report()
}

fn json(line: &str) -> Option<Report> {
    let line = line.trim();
    if !line.starts_with('{') || !line.contains("platform.report") {
        return None;
    }
    let value: Value = serde_json::from_str(line).ok()?;
    if value["type"] != "platform.report" {
        return None;
    }
    let record = &value["record"];
    let number = |name: &str| record["metrics"][name].as_f64();
    let word = |name: &str| record[name].as_str().unwrap_or_default().to_owned();
    Numbers {
        request_id: word("requestId"),
        duration_ms: number("durationMs")?,
        billed_ms: number("billedDurationMs")?,
        billed_restore_ms: number("billedRestoreDurationMs"),
        memory_mb: number("memorySizeMB")?,
        peak_mb: number("maxMemoryUsedMB"),
        init_ms: number("initDurationMs").or(number("restoreDurationMs")),
        status: word("status"),
        error: word("errorType"),
    }
    .report()
}

struct Numbers {
    request_id: String,
    duration_ms: f64,
    billed_ms: f64,
    billed_restore_ms: Option<f64>,
    memory_mb: f64,
    peak_mb: Option<f64>,
    /// Init, or what a snapshot takes in its place.
    init_ms: Option<f64>,
    status: String,
    error: String,
}

impl Numbers {
    /// None where a number is no time.
    fn report(self) -> Option<Report> {
        let time = |ms: f64| Duration::try_from_secs_f64(ms / 1e3).ok();
        let memory_mb = self.memory_mb as u32;
        Some(Report {
            request_id: self.request_id,
            status: match self.status.as_str() {
                "timeout" => Status::Timeout,
                "error" | "failure" => Status::Error(self.error),
                _ => Status::Success,
            },
            duration: time(self.duration_ms)?,
            billed_ms: (self.billed_ms + self.billed_restore_ms.unwrap_or(0.0)) as u64,
            init: match self.init_ms {
                Some(ms) => Some(time(ms)?),
                None => None,
            },
            memory_mb,
            max_memory: (self.peak_mb.unwrap_or(0.0) as u64) << 20,
            // Not told; who makes a point of it says so.
            cpu: Duration::ZERO,
            overlap: None,
            share: Vcpus::of_lambda(memory_mb).share,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(time: Duration) -> f64 {
        (time.as_secs_f64() * 1e6).round() / 1e3
    }

    #[test]
    fn the_report_is_read_from_the_log_of_the_developer_guide() {
        // Lambda developer guide, "Viewing logs", with and without a cold start, and X-Ray's line after it.
        let log = "START RequestId: 8f507cfc-1234 Version: $LATEST\nhello\nEND RequestId: 8f507cfc-1234\n\
                   REPORT RequestId: 8f507cfc-1234\tDuration: 79.67 ms\tBilled Duration: 250 ms\tMemory Size: 128 MB\tMax Memory Used: 73 MB\tInit Duration: 169.55 ms\t\n\
                   XRAY TraceId: 1-5e34a614-10bdxmplf1fb44f07bc535a1\tSegmentId: 07f5xmpl2d1f6f85\tSampled: true\t\n";
        let found = report(log).expect("a report");
        assert_eq!(found.request_id, "8f507cfc-1234");
        assert_eq!((ms(found.duration), found.billed_ms), (79.67, 250));
        assert_eq!(found.init.map(ms), Some(169.55));
        assert_eq!((found.memory_mb, found.max_memory_mb()), (128, 73));
        assert_eq!(found.status, Status::Success);
        let warm = log.replace("\tInit Duration: 169.55 ms", "");
        assert_eq!(report(&warm).expect("a report").init, None);
    }

    #[test]
    fn the_report_is_read_from_json_logs() {
        let log = r#"{"time":"2026-11-27T10:00:00.000Z","level":"INFO","message":"platform.report is only a word here"}
{"time":"2026-11-27T10:00:00.100Z","type":"platform.report","record":{"requestId":"a","metrics":{"durationMs":101.5,"billedDurationMs":102,"memorySizeMB":256,"maxMemoryUsedMB":60},"status":"timeout"}}
"#;
        let found = report(log).expect("a report");
        assert_eq!((ms(found.duration), found.billed_ms, found.memory_mb), (101.5, 102, 256));
        assert_eq!(found.status, Status::Timeout);
    }

    #[test]
    fn a_snapshot_is_restored_in_the_place_of_init_and_billed() {
        let line = "REPORT RequestId: b\tDuration: 10.00 ms\tBilled Duration: 10 ms\tMemory Size: 512 MB\tMax Memory Used: 90 MB\tRestore Duration: 300.50 ms\tBilled Restore Duration: 101 ms\t";
        let found = report(line).expect("a report");
        assert_eq!((found.init.map(ms), found.billed_ms), (Some(300.5), 111));
    }

    #[test]
    fn what_was_killed_says_so_and_a_log_without_a_report_has_none() {
        let killed = "REPORT RequestId: c\tDuration: 812.01 ms\tBilled Duration: 813 ms\tMemory Size: 128 MB\tMax Memory Used: 128 MB\tStatus: error\tError Type: Runtime.OutOfMemory";
        let found = report(killed).expect("a report");
        assert_eq!(found.status, Status::Error("Runtime.OutOfMemory".to_owned()));
        assert_eq!(found.max_memory_mb(), 128);
        for log in ["", "hello", "REPORT RequestId: d", "{\"type\": \"platform.report\"}", "{"] {
            assert!(report(log).is_none(), "{log}");
        }
    }
}
