//! Logs as Lambda's settings ask for them.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::writer::MakeWriterExt;

/// Writes to stdout: JSON where `AWS_LAMBDA_LOG_FORMAT` is `JSON`, text otherwise, from the level of
/// `AWS_LAMBDA_LOG_LEVEL` (or `RUST_LOG`) on, `info` without either.
pub(crate) fn start() {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let level = variable("AWS_LAMBDA_LOG_LEVEL")
        .or_else(|| variable("RUST_LOG"))
        // Lambda's levels are TRACE, DEBUG, INFO, WARN, ERROR and FATAL.
        .map_or_else(|| "info".to_owned(), |level| level.to_lowercase().replace("fatal", "error"));
    let filter = EnvFilter::try_new(level).unwrap_or_else(|_| EnvFilter::new("info"));
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_target(false)
        .with_writer(std::io::stdout.with_max_level(tracing::Level::TRACE));
    let json =
        variable("AWS_LAMBDA_LOG_FORMAT").is_some_and(|format| format.eq_ignore_ascii_case("json"));
    if json {
        subscriber.json().flatten_event(true).with_current_span(true).with_span_list(false).init();
    } else {
        // CloudWatch shows escape codes as garbage, and stamps each line with the time itself.
        subscriber.with_ansi(false).without_time().init();
    }
}
