//! Where a function's output and the platform's lines go, and how the lines read.

use std::io::Write;
use std::time::Duration;

use crate::clock::Utc;
use crate::environment::{Report, Status};
use crate::runtime_api::Standing;

/// Takes the log of a function: what it writes, and START, END and REPORT. Called with whole lines, or with 64 KB of one
/// that is longer.
pub trait Log: Send + Sync {
    /// Takes `bytes`. May block; the function then waits as it would for any full pipe.
    fn write(&self, bytes: &[u8]);
}

/// The log goes to stdout.
#[derive(Clone, Copy, Debug)]
pub struct Stdout;

impl Log for Stdout {
    fn write(&self, bytes: &[u8]) {
        let mut stdout = std::io::stdout().lock();
        // Nobody reads the log: that is no reason to end the function.
        let _ = stdout.write_all(bytes).and_then(|()| stdout.flush());
    }
}

/// The log goes nowhere.
#[derive(Clone, Copy, Debug)]
pub struct Discard;

impl Log for Discard {
    fn write(&self, _: &[u8]) {}
}

pub(crate) fn start(request_id: &str) -> String {
    format!("START RequestId: {request_id} Version: $LATEST\n")
}

pub(crate) fn end(request_id: &str) -> String {
    format!("END RequestId: {request_id}\n")
}

/// `2026-11-24T22:01:02.345Z ID Task timed out after 3.00 seconds`, with the empty line that CloudWatch shows.
pub(crate) fn timed_out(request_id: &str, timeout: Duration) -> String {
    format!(
        "{} {request_id} Task timed out after {:.2} seconds\n\n",
        Utc::now().iso(),
        timeout.as_secs_f64()
    )
}

/// `INIT_REPORT Init Duration: 10003.21 ms\tPhase: init\tStatus: timeout`.
pub(crate) fn init_report(took: Duration, status: &Status) -> String {
    format!("INIT_REPORT Init Duration: {:.2} ms\tPhase: init\t{}\n", ms(took), words(status))
}

/// `EXTENSION\tName: lumigo\tState: Ready\tEvents: [INVOKE,SHUTDOWN]`.
pub(crate) fn extension(standing: &Standing) -> String {
    let mut line = format!(
        "EXTENSION\tName: {}\tState: {}\tEvents: [{}]",
        standing.name,
        standing.state,
        standing.events.join(",")
    );
    if let Some(fault) = standing.fault {
        line.push_str(&format!("\tError Type: {fault}"));
    }
    line.push('\n');
    line
}

/// Lambda's REPORT line with its tabs, and then a line of our own that says what CPU was used.
pub(crate) fn report(report: &Report) -> String {
    let mut line = format!(
        "REPORT RequestId: {}\tDuration: {:.2} ms\tBilled Duration: {} ms\tMemory Size: {} MB\tMax Memory Used: {} MB\t",
        report.request_id,
        ms(report.duration),
        report.billed_ms,
        report.memory_mb,
        report.max_memory_mb(),
    );
    if let Some(init) = report.init {
        line.push_str(&format!("Init Duration: {:.2} ms\t", ms(init)));
    }
    line.push_str(&words(&report.status));
    format!(
        "{line}\nCPU RequestId: {}\tUsed: {:.2} ms\tOf Share: {:.0} %\tShare: {:.2} vCPU\t\n",
        report.request_id,
        ms(report.cpu),
        report.cpu_utilisation() * 100.0,
        report.share,
    )
}

fn words(status: &Status) -> String {
    match status {
        Status::Success => String::new(),
        Status::Error(kind) => format!("Status: error\tError Type: {kind}"),
        Status::Timeout => "Status: timeout".to_owned(),
    }
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Report {
        Report {
            request_id: "8f507cfc-xmpl-4697-b07a-ac58fc914c95".to_owned(),
            status: Status::Success,
            duration: Duration::from_micros(200_450),
            billed_ms: 226,
            init: Some(Duration::from_micros(25_120)),
            memory_mb: 128,
            max_memory: (63 << 20) + 1,
            cpu: Duration::from_millis(14),
            share: 0.0724,
            overlap: None,
        }
    }

    #[test]
    fn the_lines_read_as_in_the_logs_of_lambda() {
        // Shapes from AWS's developer guide, "Viewing logs"; the numbers are ours.
        let id = "8f507cfc-xmpl-4697-b07a-ac58fc914c95";
        assert_eq!(start(id), format!("START RequestId: {id} Version: $LATEST\n"));
        assert_eq!(end(id), format!("END RequestId: {id}\n"));
        let text = report(&sample());
        let (first, second) = text.split_once('\n').expect("two lines");
        assert_eq!(
            first,
            format!(
                "REPORT RequestId: {id}\tDuration: 200.45 ms\tBilled Duration: 226 ms\tMemory Size: 128 MB\t\
                 Max Memory Used: 64 MB\tInit Duration: 25.12 ms\t"
            )
        );
        assert!(second.contains("Used: 14.00 ms\tOf Share: 96 %\tShare: 0.07 vCPU"), "{second}");
    }

    #[test]
    fn what_went_wrong_stands_at_the_end() {
        let killed = Status::Error("Runtime.OutOfMemory".to_owned());
        let line = report(&Report { status: killed, init: None, ..sample() });
        assert!(
            line.contains("Used: 64 MB\tStatus: error\tError Type: Runtime.OutOfMemory\n"),
            "{line}"
        );
        assert!(
            timed_out("id", Duration::from_secs(3))
                .ends_with(" id Task timed out after 3.00 seconds\n\n")
        );
        let limit = init_report(Duration::from_millis(10_003), &Status::Timeout);
        assert_eq!(limit, "INIT_REPORT Init Duration: 10003.00 ms\tPhase: init\tStatus: timeout\n");
    }
}
