//! CloudWatch's embedded metric format.
//!
//! Source: Amazon CloudWatch user guide, "Specification: Embedded metric format".

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use super::Unit;
use crate::lambda::environment::variable;

/// The most metrics in one directive.
const MOST: usize = 100;

/// Where metrics go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Namespace {
    name: String,
    service: String,
}

impl Namespace {
    /// The one that the environment names, by Powertools' variables.
    pub(super) fn from_env() -> Option<Namespace> {
        let disabled = variable("POWERTOOLS_METRICS_DISABLED")
            .is_some_and(|value| matches!(value.to_ascii_lowercase().as_str(), "true" | "1"));
        let name = variable("POWERTOOLS_METRICS_NAMESPACE").filter(|_| !disabled)?;
        let service = variable("POWERTOOLS_SERVICE_NAME")
            .or_else(|| variable("AWS_LAMBDA_FUNCTION_NAME"))
            .unwrap_or_else(|| "service_undefined".to_owned());
        Some(Namespace { name, service })
    }

    /// Makes metrics of those of `fields` that `units` name.
    pub(super) fn describe(&self, fields: &mut Map<String, Value>, units: &[(&str, Unit)]) {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let metrics: Vec<Value> = units
            .iter()
            .take(MOST)
            .map(|(name, unit)| json!({ "Name": name, "Unit": unit }))
            .collect();
        fields.insert("service".to_owned(), json!(self.service));
        fields.insert(
            "_aws".to_owned(),
            json!({
                "Timestamp": since_1970.as_millis() as u64,
                "CloudWatchMetrics": [{
                    "Namespace": self.name,
                    "Dimensions": [["service"]],
                    "Metrics": metrics,
                }],
            }),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_and_dimension_that_is_named_is_a_member_of_the_root() {
        let namespace = Namespace { name: "Shop".to_owned(), service: "thumbs".to_owned() };
        let mut fields = Map::new();
        fields.insert("wall_ms".to_owned(), json!(3.5));
        namespace.describe(&mut fields, &[("wall_ms", Unit::Milliseconds)]);
        let line: Value = serde_json::from_str(&Value::Object(fields).to_string()).expect("JSON");
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(directive["Namespace"], "Shop");
        assert_eq!(directive["Metrics"][0], json!({ "Name": "wall_ms", "Unit": "Milliseconds" }));
        for dimension in directive["Dimensions"][0].as_array().expect("a list") {
            assert!(line[dimension.as_str().expect("a name")].is_string(), "{dimension}");
        }
        assert!(line["_aws"]["Timestamp"].as_u64().expect("a number") > 1_700_000_000_000);
    }

    #[test]
    fn no_more_metrics_are_named_than_cloudwatch_takes() {
        let namespace = Namespace { name: "n".to_owned(), service: "s".to_owned() };
        let mut fields = Map::new();
        namespace.describe(&mut fields, &[("x", Unit::Count); 130]);
        let metrics = &fields["_aws"]["CloudWatchMetrics"][0]["Metrics"];
        assert_eq!(metrics.as_array().expect("a list").len(), 100);
    }
}
