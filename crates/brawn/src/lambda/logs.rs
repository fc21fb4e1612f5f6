//! Logs as Lambda's settings ask for them.

mod request_id;

use std::sync::OnceLock;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::format::Format;
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};
use tracing_subscriber::fmt::{self, format::Writer};
use tracing_subscriber::prelude::*;
use tracing_subscriber::{EnvFilter, Layer, Registry};

use super::environment::variable;
pub(crate) use request_id::Serving;
use request_id::{RequestIds, WithRequestId};

/// Starts logging to stdout: JSON where `AWS_LAMBDA_LOG_FORMAT` is `JSON`, text otherwise, from the level of
/// `AWS_LAMBDA_LOG_LEVEL`, `POWERTOOLS_LOG_LEVEL` or `RUST_LOG` on, the first that is set; `info` without any.
///
/// A line of JSON has Lambda's names: `timestamp`, `level`, `message`, and `requestId` with the invocation that it belongs
/// to, wherever it was logged: in the handler, in [`compute`](crate::compute), on whichever thread of the pool. (With
/// [`run_concurrent`](super::run_concurrent), what a bare `par_iter` logs on another thread than the closure's own has it
/// while one invocation runs alone; under [`Budget::par_iter`](crate::Budget::par_iter) and its siblings always.) What a function
/// leaves running behind its reply, outside of `compute`, logs with the id of whichever invocation runs then.
///
/// With the feature `otel`, traces and metrics go to a collector of OpenTelemetry as well: the module `brawn::otel` says which
/// and how.
///
/// # Panics
/// When a subscriber is installed already.
pub fn logs() {
    let level = ["AWS_LAMBDA_LOG_LEVEL", "POWERTOOLS_LOG_LEVEL", "RUST_LOG"]
        .into_iter()
        .find_map(variable)
        .map_or_else(|| "info".to_owned(), |level| as_filter(&level));
    let filter = EnvFilter::try_new(level).unwrap_or_else(|_| EnvFilter::new("info"));
    let says_info = filter.max_level_hint().is_none_or(|most| most >= LevelFilter::INFO);
    // Only the first is of consequence: a second subscriber is a panic.
    let _ = SAYS_INFO.set(says_info);
    let lines = lines(std::io::stdout, is_json()).with_filter(filter);
    #[cfg(not(feature = "otel"))]
    tracing_subscriber::registry().with(lines).init();
    #[cfg(feature = "otel")]
    {
        let (spans, problem) = crate::otel::layer();
        tracing_subscriber::registry().with(lines).with(spans).init();
        if let Some(problem) = problem {
            tracing::warn!("OpenTelemetry: nothing is sent: {problem}");
        }
    }
}

/// Whether lines of the level `info` are written, as far as [`logs`] knows.
static SAYS_INFO: OnceLock<bool> = OnceLock::new();

/// Whether lines of the level `info` are written.
///
/// Not by `tracing::enabled!`: that counts other layers than the log too, and where layers have filters of their own it
/// leaves behind what makes the next event disappear.
pub(crate) fn says_info() -> bool {
    SAYS_INFO.get().copied().unwrap_or_else(|| LevelFilter::current() >= LevelFilter::INFO)
}

/// Writes lines to `writer`.
fn lines<W>(writer: W, json: bool) -> Box<dyn Layer<Registry> + Send + Sync>
where
    W: for<'w> fmt::MakeWriter<'w> + Send + Sync + 'static,
{
    let layer = fmt::layer().with_writer(writer);
    if json {
        let format = Format::default().json().flatten_event(true).with_current_span(true);
        let format = format.with_span_list(false).with_target(false);
        let layer = layer.fmt_fields(fmt::format::JsonFields::new());
        RequestIds.and_then(layer.event_format(WithRequestId(format))).boxed()
    } else {
        // CloudWatch shows escape codes as garbage, and stamps each line with the time itself.
        layer.with_target(false).with_ansi(false).without_time().boxed()
    }
}

/// Whether Lambda's settings ask for logs as JSON.
pub(crate) fn is_json() -> bool {
    variable("AWS_LAMBDA_LOG_FORMAT").is_some_and(|format| format.eq_ignore_ascii_case("json"))
}

/// The time as lines of the log have it: RFC 3339, UTC.
pub(crate) fn timestamp() -> String {
    let mut text = String::new();
    // A `String` takes everything.
    let _ = SystemTime.format_time(&mut Writer::new(&mut text));
    text
}

/// Lambda's levels are TRACE, DEBUG, INFO, WARN, ERROR and FATAL; Powertools has WARNING and CRITICAL too.
fn as_filter(level: &str) -> String {
    match level.to_ascii_lowercase().as_str() {
        "fatal" | "critical" => "error".to_owned(),
        "warning" => "warn".to_owned(),
        "silent" => "off".to_owned(),
        other => other.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_that_lambda_and_powertools_have_is_one() {
        for level in
            ["TRACE", "DEBUG", "INFO", "WARN", "WARNING", "ERROR", "FATAL", "CRITICAL", "SILENT"]
        {
            assert!(EnvFilter::try_new(as_filter(level)).is_ok(), "{level}");
            assert!(as_filter(level).parse::<LevelFilter>().is_ok());
        }
    }
}
