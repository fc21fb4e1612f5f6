//! The invocations of one size, and what Lambda reports of them.

use std::time::{Duration, Instant};

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::LogType;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use brawn_core::{Error, ErrorKind, Result};
use bytes::Bytes;
use serde_json::Value;
use tokio::task::JoinSet;

use super::changes::Version;
use super::client::{Failure, one_invocation};
use super::publish::Pauses;
use super::tail;
use super::{Deployed, Stop};
use crate::environment::{Report, Status};
use crate::tune::TuneOptions;
use crate::tune::measure::Measured;
use crate::tune::output::Outcome;

/// What a start may take beside the function's own timeout: a large image, a snapshot, a network interface.
const START: Duration = Duration::from_secs(120);
/// How long a size may be throttled.
const PATIENCE: Duration = Duration::from_secs(300);

/// One answer.
struct Answer {
    report: Option<Report>,
    outcome: Outcome,
    said: Option<String>,
}

impl Deployed {
    /// Invokes a version with each payload, or each payload's own version where there are as many, until one fails.
    pub(super) async fn measure(
        &self,
        options: &TuneOptions,
        memory_mb: u32,
        versions: &[Version],
        payloads: &[Bytes],
        stop: &Stop,
    ) -> Result<Measured> {
        let mut measured = Measured {
            reports: Vec::with_capacity(payloads.len()),
            outcome: Outcome::Ok,
            said: None,
            enforced: String::new(),
        };
        for version in versions {
            if let Err(said) = stop.unless(self.active(version)).await?? {
                measured.outcome = Outcome::Error;
                measured.said = Some(said);
                return Ok(measured);
            }
        }
        let alias = |index: usize| match options.only_cold_starts {
            true => format!("RAM{memory_mb}-{index}"),
            false => format!("RAM{memory_mb}"),
        };
        let together = if options.parallel_invocation { payloads.len() } else { 1 };
        let mut index = 0;
        for batch in payloads.chunks(together.max(1)) {
            let mut running = JoinSet::new();
            for payload in batch {
                let one = Invocation {
                    client: self.client.clone(),
                    function: self.target.id.clone(),
                    alias: alias(index),
                    payload: payload.clone(),
                    limit: self.original.timeout + START,
                };
                running.spawn(async move { (index, one.run().await) });
                index += 1;
            }
            let mut answers = Vec::new();
            while let Some(joined) = stop.unless(running.join_next()).await? {
                let (place, answer) = joined.map_err(|error| {
                    Error::new(ErrorKind::Panicked, "an invocation ended early").with_source(error)
                })?;
                let answer = answer.map_err(|failure| {
                    failure.into_error("lambda:InvokeFunction", &self.target.name)
                })?;
                answers.push((place, answer));
            }
            answers.sort_by_key(|(place, _)| *place);
            for (_, answer) in answers {
                self.keep(&mut measured, memory_mb, answer)?;
            }
            // A size that fails once is out: more of the same would only cost.
            if measured.outcome != Outcome::Ok {
                break;
            }
        }
        Ok(measured)
    }

    fn keep(&self, measured: &mut Measured, memory_mb: u32, answer: Answer) -> Result<()> {
        if answer.outcome != Outcome::Ok && measured.outcome == Outcome::Ok {
            measured.outcome = answer.outcome;
            measured.said = answer.said;
        }
        match answer.report {
            Some(report) if report.memory_mb == memory_mb => measured.reports.push(report),
            Some(report) => {
                return Err(Error::new(
                    ErrorKind::Storage,
                    format!(
                        "the version of {memory_mb} MB ran with {} MB: somebody else has changed `{}` or its aliases",
                        report.memory_mb, self.target.name
                    ),
                ));
            }
            None if answer.outcome == Outcome::Ok => {
                return Err(Error::unsupported(format!(
                    "the log of an invocation of `{}` has no REPORT line, so its time is not known",
                    self.target.name
                ))
                .with_hint(
                    "a system log level of INFO has it; some stand-ins of Lambda do not write it",
                ));
            }
            None => {}
        }
        Ok(())
    }
}

struct Invocation {
    client: aws_sdk_lambda::Client,
    function: String,
    alias: String,
    payload: Bytes,
    limit: Duration,
}

impl Invocation {
    /// Tries again only where Lambda says that nothing was run.
    async fn run(&self) -> Result<Answer, Failure> {
        let until = Instant::now() + PATIENCE;
        let mut pauses = Pauses::new();
        loop {
            let answered = self
                .client
                .invoke()
                .function_name(&self.function)
                .qualifier(&self.alias)
                .log_type(LogType::Tail)
                .payload(Blob::new(self.payload.to_vec()))
                .customize()
                .config_override(one_invocation(self.limit))
                .send()
                .await
                .map_err(Failure::from);
            match answered {
                Err(failure)
                    if (failure.is_throttle() || failure.is_conflict())
                        && Instant::now() < until =>
                {
                    tokio::time::sleep(pauses.next()).await;
                }
                Err(failure) if failure.is_throttle() => return Err(failure),
                // Lambda cannot run it at this size, or not at all: that is what is to be found out.
                Err(Failure { code: Some(code), message })
                    if !code.starts_with("AccessDenied") && !code.contains("Token") =>
                {
                    let said = Some(format!("{code}: {message}"));
                    return Ok(Answer { report: None, outcome: Outcome::Error, said });
                }
                Err(failure) => return Err(failure),
                Ok(output) => {
                    let log = STANDARD.decode(output.log_result().unwrap_or_default());
                    let log = log.unwrap_or_default();
                    let payload = output.payload().map(Blob::as_ref).unwrap_or_default();
                    let report = tail::report(&String::from_utf8_lossy(&log));
                    return Ok(Answer::of(report, output.function_error(), payload));
                }
            }
        }
    }
}

impl Answer {
    fn of(report: Option<Report>, error: Option<&str>, payload: &[u8]) -> Answer {
        let Some(error) = error else {
            return Answer { report, outcome: Outcome::Ok, said: None };
        };
        let object: Value = serde_json::from_slice(payload).unwrap_or_default();
        let word = |key: &str| object[key].as_str().unwrap_or_default();
        let (kind, message) = (word("errorType"), word("errorMessage"));
        let killed = matches!(&report, Some(Report { status: Status::Error(kind), .. }) if kind == "Runtime.OutOfMemory")
            || kind == "Runtime.OutOfMemory"
            // Older reports have no status; the memory is full then, and the process was killed.
            || message.contains("signal: killed")
                && report.as_ref().is_some_and(|r| r.max_memory_mb() >= u64::from(r.memory_mb));
        let late = matches!(&report, Some(Report { status: Status::Timeout, .. }))
            || kind == "Sandbox.Timedout"
            || error == "Unhandled" && kind.is_empty() && message.contains("Task timed out after");
        let outcome = match (killed, late) {
            (true, _) => Outcome::OutOfMemory,
            (_, true) => Outcome::Timeout,
            _ => Outcome::Error,
        };
        let said = match (kind, message) {
            ("", "") => String::from_utf8_lossy(payload).into_owned(),
            ("", message) => message.to_owned(),
            (kind, message) => format!("{kind}: {message}"),
        };
        Answer { report, outcome, said: Some(said) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(report: &str, payload: &str) -> (Outcome, String) {
        let answer = Answer::of(tail::report(report), Some("Unhandled"), payload.as_bytes());
        (answer.outcome, answer.said.expect("an error says something"))
    }

    #[test]
    fn a_kill_and_a_timeout_are_told_from_other_errors_in_old_words_and_new() {
        let full = "REPORT RequestId: c\tDuration: 812.01 ms\tBilled Duration: 813 ms\tMemory Size: 128 MB\tMax Memory Used: 128 MB\t";
        let killed = r#"{"errorType":"Runtime.ExitError","errorMessage":"RequestId: c Error: Runtime exited with error: signal: killed"}"#;
        assert_eq!(answer(full, killed).0, Outcome::OutOfMemory);
        // Killed for something else: there was memory left.
        let half = full.replace("Used: 128", "Used: 60");
        assert_eq!(answer(&half, killed).0, Outcome::Error);
        let new = format!("{half}Status: error\tError Type: Runtime.OutOfMemory");
        assert_eq!(answer(&new, killed).0, Outcome::OutOfMemory);
        let old =
            r#"{"errorMessage":"2026-11-27T10:00:00.000Z c Task timed out after 3.00 seconds"}"#;
        let new = r#"{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: c Error: Task timed out after 3.00 seconds"}"#;
        assert_eq!(answer(&half, old).0, Outcome::Timeout);
        assert_eq!(answer("", new).0, Outcome::Timeout);
        let own = r#"{"errorType":"ValueError","errorMessage":"no name"}"#;
        assert_eq!(answer(&half, own), (Outcome::Error, "ValueError: no name".to_owned()));
        assert_eq!(answer(&half, "what"), (Outcome::Error, "what".to_owned()));
    }
}
