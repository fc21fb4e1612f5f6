//! Logs as Lambda's settings ask for them.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::writer::MakeWriterExt;

use super::environment::variable;

/// Starts logging to stdout: JSON where `AWS_LAMBDA_LOG_FORMAT` is `JSON`, text otherwise, from the level of
/// `AWS_LAMBDA_LOG_LEVEL`, `POWERTOOLS_LOG_LEVEL` or `RUST_LOG` on, the first that is set; `info` without any.
///
/// # Panics
/// When a subscriber is installed already.
pub fn logs() {
    let level = ["AWS_LAMBDA_LOG_LEVEL", "POWERTOOLS_LOG_LEVEL", "RUST_LOG"]
        .into_iter()
        .find_map(variable)
        .map_or_else(|| "info".to_owned(), |level| as_filter(&level));
    let filter = EnvFilter::try_new(level).unwrap_or_else(|_| EnvFilter::new("info"));
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_target(false)
        .with_writer(std::io::stdout.with_max_level(tracing::Level::TRACE));
    if is_json() {
        subscriber.json().flatten_event(true).with_current_span(true).with_span_list(false).init();
    } else {
        // CloudWatch shows escape codes as garbage, and stamps each line with the time itself.
        subscriber.with_ansi(false).without_time().init();
    }
}

/// Whether Lambda's settings ask for logs as JSON.
pub(crate) fn is_json() -> bool {
    variable("AWS_LAMBDA_LOG_FORMAT").is_some_and(|format| format.eq_ignore_ascii_case("json"))
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
            assert!(as_filter(level).parse::<tracing::level_filters::LevelFilter>().is_ok());
        }
    }
}
