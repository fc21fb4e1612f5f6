//! Classes of results: between thresholds, with names.

use serde_json::Value;

/// The thresholds in ascending order and the name of each class as JSON, one more than thresholds.
#[derive(Clone, Debug)]
pub(super) struct Classes {
    thresholds: Vec<f64>,
    names: Vec<String>,
}

/// No name is longer, in bytes.
pub(super) const LONGEST_NAME: usize = 64;

impl Classes {
    pub(super) fn new(thresholds: &[f64], names: &[String]) -> Classes {
        let names = names.iter().map(|name| Value::from(name.as_str()).to_string()).collect();
        Classes { thresholds: thresholds.to_vec(), names }
    }

    /// The class of `result`, as JSON. What is equal to a threshold belongs to the class above it.
    pub(super) fn of(&self, result: f64) -> &str {
        let above = self.thresholds.iter().filter(|threshold| result >= **threshold).count();
        self.names.get(above).map_or("null", String::as_str)
    }
}

/// The names where none are given: `low`, `medium`, `high`, and without a middle `low`, `high`.
pub(super) fn usual_names(thresholds: usize) -> Option<Vec<String>> {
    let names: &[&str] = match thresholds {
        1 => &["low", "high"],
        2 => &["low", "medium", "high"],
        _ => return None,
    };
    Some(names.iter().map(|name| (*name).to_owned()).collect())
}
