//! One memory size: its invocations, until one fails.

use std::num::NonZeroUsize;

use brawn_core::Result;
use bytes::Bytes;

use super::TuneOptions;
use super::output::Outcome;
use crate::emulator::Emulator;
use crate::environment::{ReplyBody, Report, Status};
use crate::settings::Settings;

/// What a size gave.
pub(super) struct Measured {
    pub(super) reports: Vec<Report>,
    pub(super) outcome: Outcome,
    /// What the function said when it failed.
    pub(super) said: Option<String>,
    pub(super) enforced: String,
}

/// Invokes `function` with each payload.
pub(super) async fn measure(
    options: &TuneOptions,
    function: Settings,
    payloads: &[Bytes],
) -> Result<Measured> {
    let together = if options.parallel_invocation { payloads.len() } else { 1 };
    let concurrency = NonZeroUsize::new(together).unwrap_or(NonZeroUsize::MIN);
    let settings = Settings { concurrency, ..function };
    let emulator = Emulator::new(settings, super::silent())?;
    let mut measured = Measured {
        reports: Vec::with_capacity(payloads.len()),
        outcome: Outcome::Ok,
        said: None,
        enforced: emulator.enforced().to_owned(),
    };
    for batch in payloads.chunks(together) {
        let pending: Vec<_> =
            batch.iter().map(|payload| emulator.invoke(payload.clone())).collect();
        for one in pending {
            let Some((reply, report)) = one.outcome().await else { continue };
            let outcome = match (&report.status, &reply.error) {
                (Status::Timeout, _) => Outcome::Timeout,
                (Status::Error(kind), _) if kind == "Runtime.OutOfMemory" => Outcome::OutOfMemory,
                (Status::Error(_), _) | (Status::Success, Some(_)) => Outcome::Error,
                (Status::Success, None) => Outcome::Ok,
            };
            if outcome != Outcome::Ok && measured.outcome == Outcome::Ok {
                measured.outcome = outcome;
                measured.said = match reply.body {
                    ReplyBody::Whole(body) => Some(String::from_utf8_lossy(&body).into_owned()),
                    ReplyBody::Stream(_) => None,
                };
            }
            measured.reports.push(report);
        }
        // A size that fails once is out: more of the same would only take time.
        if measured.outcome != Outcome::Ok {
            break;
        }
        if options.only_cold_starts {
            emulator.cool_down().await;
        }
    }
    emulator.shut_down().await;
    Ok(measured)
}
