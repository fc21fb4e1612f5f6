//! What the environment asks for, by OpenTelemetry's own names.

use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry_sdk::Resource;

use crate::lambda::environment::variable;

/// What is waited for a collector where nothing else is asked for. It is on this very machine.
const PATIENCE: Duration = Duration::from_millis(250);

/// Where the protocol says that a collector listens.
const DEFAULT: &str = "http://localhost:4318";

/// What is sent, as whom, and how long that may take.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) traces: bool,
    pub(super) metrics: bool,
    pub(super) patience: Duration,
    pub(super) resource: Resource,
}

impl Settings {
    /// `None` when it is turned off.
    ///
    /// # Errors
    /// What is asked for and cannot be done, in words.
    pub(super) fn from_env() -> Result<Option<Settings>, String> {
        let settings = Settings::from(variable)?;
        Ok(settings.map(|(traces, metrics, patience)| Settings {
            traces,
            metrics,
            patience,
            resource: resource(),
        }))
    }

    fn from(
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<(bool, bool, Duration)>, String> {
        let says = |name: &str, word: &str| {
            variable(name).is_some_and(|value| value.trim().eq_ignore_ascii_case(word))
        };
        let traces = !says("OTEL_TRACES_EXPORTER", "none");
        let metrics = !says("OTEL_METRICS_EXPORTER", "none");
        if says("OTEL_SDK_DISABLED", "true") || !(traces || metrics) {
            return Ok(None);
        }
        for signal in ["", "TRACES_", "METRICS_"] {
            let name = format!("OTEL_EXPORTER_OTLP_{signal}PROTOCOL");
            if let Some(protocol) = variable(&name).filter(|name| name != "http/protobuf") {
                return Err(format!(
                    "`{name}` is `{protocol}`, and only `http/protobuf` is spoken"
                ));
            }
            let name = format!("OTEL_EXPORTER_OTLP_{signal}ENDPOINT");
            if let Some(endpoint) = variable(&name)
                && !endpoint.trim().to_ascii_lowercase().starts_with("http://")
            {
                return Err(format!(
                    "`{name}` is `{}`, and only plain `http://` is spoken: to a collector on this machine, which passes it on",
                    without_secrets(&endpoint)
                ));
            }
        }
        let patience = variable("OTEL_EXPORTER_OTLP_TIMEOUT")
            .and_then(|text| text.trim().parse().ok())
            .map_or(PATIENCE, Duration::from_millis);
        Ok(Some((traces, metrics, patience)))
    }
}

/// Where the signal of that path (`traces`, `metrics`) goes, for whoever reads that nobody answered there.
pub(super) fn endpoint(signal: &str) -> String {
    let own = format!("OTEL_EXPORTER_OTLP_{}_ENDPOINT", signal.to_uppercase());
    let endpoint = variable(&own).unwrap_or_else(|| {
        let base = variable("OTEL_EXPORTER_OTLP_ENDPOINT").unwrap_or_else(|| DEFAULT.to_owned());
        format!("{}/v1/{signal}", base.trim_end_matches('/'))
    });
    without_secrets(&endpoint)
}

/// An address without user, password and query, in which tokens may be.
fn without_secrets(address: &str) -> String {
    let address = address.split(['?', '#']).next().unwrap_or_default();
    let Some((scheme, rest)) = address.split_once("://") else { return address.to_owned() };
    let (authority, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
    let host = authority.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host}{path}")
}

/// Who sends. Names: OpenTelemetry semantic conventions, "Function as a Service" and "Cloud", resource attributes.
fn resource() -> Resource {
    let mut attributes = vec![
        KeyValue::new("cloud.provider", "aws"),
        KeyValue::new("cloud.platform", "aws_lambda"),
        KeyValue::new("telemetry.distro.name", "brawn"),
        KeyValue::new("telemetry.distro.version", env!("CARGO_PKG_VERSION")),
    ];
    for (attribute, name) in [
        ("cloud.region", "AWS_REGION"),
        ("faas.name", "AWS_LAMBDA_FUNCTION_NAME"),
        ("faas.version", "AWS_LAMBDA_FUNCTION_VERSION"),
        ("faas.instance", "AWS_LAMBDA_LOG_STREAM_NAME"),
    ] {
        attributes.extend(variable(name).map(|value| KeyValue::new(attribute, value)));
    }
    if let Some(mb) = crate::lambda::environment::memory_mb() {
        attributes.push(KeyValue::new("faas.max_memory", i64::from(mb) << 20));
    }
    let named = variable("OTEL_SERVICE_NAME").is_some()
        || variable("OTEL_RESOURCE_ATTRIBUTES").is_some_and(|all| all.contains("service.name="));
    if !named {
        let own = ["POWERTOOLS_SERVICE_NAME", "AWS_LAMBDA_FUNCTION_NAME"];
        let name = own.into_iter().find_map(variable);
        attributes.extend(name.map(|name| KeyValue::new("service.name", name)));
    }
    // What `OTEL_RESOURCE_ATTRIBUTES` says is in the builder already, and what is given here would replace it.
    let said = Resource::builder().build();
    attributes.retain(|own| own.key.as_str() == "service.name" || said.get(&own.key).is_none());
    Resource::builder().with_attributes(attributes).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(variables: &[(&str, &str)]) -> Result<Option<(bool, bool, Duration)>, String> {
        Settings::from(|name| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn an_address_is_shown_without_what_may_be_secret() {
        let shown = "http://collector:4318/v1/traces";
        assert_eq!(without_secrets(shown), shown);
        assert_eq!(without_secrets("http://user:p@ss@collector:4318/v1/traces?key=1"), shown);
        assert_eq!(without_secrets("http://user@collector"), "http://collector");
        assert_eq!(without_secrets("collector:4318"), "collector:4318");
    }

    #[test]
    fn everything_is_sent_within_250_ms_unless_said_otherwise() {
        assert_eq!(settings(&[]), Ok(Some((true, true, PATIENCE))));
        assert_eq!(
            settings(&[("OTEL_TRACES_EXPORTER", "none"), ("OTEL_EXPORTER_OTLP_TIMEOUT", "40")]),
            Ok(Some((false, true, Duration::from_millis(40))))
        );
        for off in [
            &[("OTEL_SDK_DISABLED", "TRUE")][..],
            &[("OTEL_TRACES_EXPORTER", "none"), ("OTEL_METRICS_EXPORTER", "none")],
        ] {
            assert_eq!(settings(off), Ok(None));
        }
    }

    #[test]
    fn what_cannot_be_done_is_named() {
        for (name, value, says) in [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://otlp.example.com", "only plain `http://`"),
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "localhost:4318", "only plain `http://`"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "only `http/protobuf`"),
        ] {
            let why = settings(&[(name, value)]).expect_err(value);
            assert!(why.contains(name) && why.contains(value) && why.contains(says), "{why}");
        }
    }
}
