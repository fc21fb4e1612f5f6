//! One record of what each invocation took.
//!
//! `lambda::run` writes it before the reply is sent: as a line of the log, and as CloudWatch
//! metrics (the embedded metric format, EMF) where `POWERTOOLS_METRICS_NAMESPACE` names a namespace for them.
//! `POWERTOOLS_SERVICE_NAME` is their dimension `service`; `POWERTOOLS_METRICS_DISABLED=true` leaves them out.
//!
//! | name | unit | meaning |
//! |---|---|---|
//! | `wall_ms` | ms | from the event to the reply |
//! | `cpu_ms` | ms | CPU time of the process meanwhile |
//! | `cpu_utilisation` | 0 to 1 | `cpu_ms` of what was granted: `wall_ms` times `vcpus` |
//! | `computations` | count | closures handed to [`compute`](crate::compute) |
//! | `queue_ms`, `compute_ms` | ms | that they waited for a thread, and ran, all together |
//! | `workers`, `vcpus` | count | threads that compute, and vCPUs granted |
//! | `peak_mb`, `memory_mb` | MB | most memory the process has held, and the memory size |
//! | `deadline_margin_ms` | ms | left when the handler was done |
//! | `gb_s`, `cost_usd` | | GB-seconds, and their list price with the request |
//! | `event_bytes`, `reply_bytes` | bytes | of the event and the reply |
//! | `cold_start` | 0 or 1 | whether it was the process's first |
//! | `at_once` | count | invocations running when it began; CPU time is then of all of them |
//!
//! [`add`] puts a function's own numbers beside these.

#[cfg(feature = "lambda")]
mod emf;
#[cfg(feature = "lambda")]
pub(crate) mod record;

use crate::invocation::Invocation;

/// A unit that CloudWatch knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "lambda", derive(serde::Serialize))]
#[non_exhaustive]
pub enum Unit {
    /// Things counted.
    Count,
    /// Bytes.
    Bytes,
    /// Milliseconds.
    Milliseconds,
    /// Bytes a second.
    #[cfg_attr(feature = "lambda", serde(rename = "Bytes/Second"))]
    BytesPerSecond,
    /// Things counted a second.
    #[cfg_attr(feature = "lambda", serde(rename = "Count/Second"))]
    CountPerSecond,
    /// Megabytes.
    Megabytes,
    /// A bare number.
    None,
}

/// Adds `value` to the invocation's metric `name`: rows read, points refused. Outside of an invocation it does nothing.
///
/// Names of the record itself (`wall_ms`, ...) are kept for it; what is added under them is left out. CloudWatch takes
/// 100 metrics at once: more are written to the log and not to CloudWatch.
pub fn add(name: &'static str, value: f64, unit: Unit) {
    if let Some(meters) = Invocation::meters() {
        meters.add(name, value, unit);
    }
}
