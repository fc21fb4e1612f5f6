//! The variables of an execution environment.

use std::ffi::OsString;
use std::net::SocketAddr;

use crate::clock::{Utc, random};
use crate::settings::Settings;

/// `2026/11/24/[$LATEST]` and 32 digits: one name for each environment, so that its processes can be told by it.
pub(crate) fn log_stream() -> String {
    let now = Utc::now();
    format!(
        "{:04}/{:02}/{:02}/[$LATEST]{:016x}{:016x}",
        now.year,
        now.month,
        now.day,
        random(),
        random()
    )
}

/// What Lambda sets, then what the function's owner sets.
pub(crate) fn variables(
    settings: &Settings,
    api: SocketAddr,
    log_stream: &str,
) -> Vec<(OsString, OsString)> {
    let task_root = settings.task_root();
    let text = |value: &str| OsString::from(value);
    let mut variables = vec![
        (text("AWS_LAMBDA_RUNTIME_API"), text(&api.to_string())),
        (text("AWS_LAMBDA_FUNCTION_NAME"), text(&settings.name)),
        (text("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"), text(&settings.memory_mb.to_string())),
        (text("AWS_LAMBDA_FUNCTION_VERSION"), text("$LATEST")),
        (text("AWS_LAMBDA_INITIALIZATION_TYPE"), text(settings.initialization())),
        (text("AWS_LAMBDA_LOG_GROUP_NAME"), text(&format!("/aws/lambda/{}", settings.name))),
        (text("AWS_LAMBDA_LOG_STREAM_NAME"), text(log_stream)),
        (text("AWS_EXECUTION_ENV"), text("AWS_Lambda_provided.al2023")),
        (text("AWS_REGION"), text(&settings.region)),
        (text("AWS_DEFAULT_REGION"), text(&settings.region)),
        (text("_HANDLER"), text(&settings.handler)),
        (text("LAMBDA_TASK_ROOT"), task_root.clone().into_os_string()),
        (text("LAMBDA_RUNTIME_DIR"), task_root.into_os_string()),
        (text("TZ"), text(":UTC")),
    ];
    if let Some(most) = settings.max_concurrency {
        variables.push((text("AWS_LAMBDA_MAX_CONCURRENCY"), text(&most.to_string())));
        // Managed Instances log JSON only.
        variables.push((text("AWS_LAMBDA_LOG_FORMAT"), text("JSON")));
    }
    variables.extend(settings.variables.iter().map(|(name, value)| (name.into(), value.into())));
    if settings.variables.iter().any(|(name, _)| name == "AWS_LAMBDA_LOG_STREAM_NAME") {
        variables.push(mark_of(log_stream));
    }
    variables
}

/// Where the log stream does not tell a process of the environment, this does.
fn mark_of(log_stream: &str) -> (OsString, OsString) {
    ("BRAWN_ENVIRONMENT".into(), log_stream.into())
}

/// What an external extension finds: no handler, no log stream, no folders of the runtime; `mark` tells its processes.
///
/// Source: developer guide, "Lambda Extensions API", environment variables.
pub(crate) fn variables_of_extension(
    settings: &Settings,
    api: SocketAddr,
    mark: &str,
) -> Vec<(OsString, OsString)> {
    const HIDDEN: [&str; 6] = [
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
        "_HANDLER",
    ];
    let mut variables = variables(settings, api, mark);
    variables.retain(|(name, _)| !HIDDEN.iter().any(|hidden| name == *hidden));
    variables.push(mark_of(mark));
    variables
}

/// `X-Amzn-Trace-Id` of an invocation that nobody traces.
pub(crate) fn trace_id(epoch_seconds: u64) -> String {
    format!(
        "Root=1-{epoch_seconds:08x}-{:08x}{:016x};Parent={:016x};Sampled=0",
        random() as u32,
        random(),
        random()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_owner_has_the_last_word() {
        let settings = Settings {
            variables: vec![("AWS_REGION".to_owned(), "eu-west-1".to_owned())],
            ..Settings::new(["sh"])
        };
        let set = variables(&settings, ([127, 0, 0, 1], 9001).into(), "stream");
        let value = |name: &str| {
            set.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.to_string_lossy())
        };
        assert_eq!(value("AWS_LAMBDA_RUNTIME_API").as_deref(), Some("127.0.0.1:9001"));
        assert_eq!(value("AWS_LAMBDA_FUNCTION_MEMORY_SIZE").as_deref(), Some("128"));
        assert_eq!(value("AWS_REGION").as_deref(), Some("eu-west-1"));
    }

    #[test]
    fn whatever_the_owner_sets_the_mark_is_there() {
        let name = "AWS_LAMBDA_LOG_STREAM_NAME".to_owned();
        let mut settings = Settings::new(["sh"]);
        for owners in [vec![], vec![(name, "x".to_owned())]] {
            settings.variables = owners;
            let set = variables(&settings, ([127, 0, 0, 1], 9001).into(), "stream");
            // As a process gets them: of two with one name the later.
            let set: std::collections::BTreeMap<_, _> = set.into_iter().collect();
            assert!(set.values().any(|value| value == "stream"), "{set:?}");
        }
    }

    #[test]
    fn environments_can_be_told_apart() {
        let stream = log_stream();
        assert_ne!(stream, log_stream());
        assert_eq!(stream.split_once("[$LATEST]").map(|(_, id)| id.len()), Some(32), "{stream}");
    }
}
