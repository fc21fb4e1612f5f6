//! One payload for every invocation, or several by weight.

use brawn_core::{Error, Result};
use bytes::Bytes;
use serde_json::Value;

/// A payload for each of `num` invocations. By weight each gets the whole part of its due, and the last gets what is left
/// over, as in Power Tuning.
pub(super) fn list(payload: &Value, weighted: bool, num: usize) -> Result<Vec<Bytes>> {
    let one = |payload: &Value| Bytes::from(payload.to_string());
    if !weighted {
        return Ok(vec![one(payload); num]);
    }
    let bad = || {
        Error::invalid_options(
            "weighted payloads are a list: [{\"payload\": {..}, \"weight\": 3}, ..]",
        )
    };
    let entries = payload.as_array().filter(|list| !list.is_empty()).ok_or_else(bad)?;
    let mut weights = Vec::new();
    for entry in entries {
        let weight = entry.get("weight").and_then(Value::as_f64).filter(|weight| *weight > 0.0);
        weights.push((entry.get("payload").ok_or_else(bad)?, weight.ok_or_else(bad)?));
    }
    if num < weights.len() {
        return Err(Error::invalid_options(format!(
            "{} payloads need as many invocations at least, not {num}",
            weights.len()
        )));
    }
    let total: f64 = weights.iter().map(|(_, weight)| weight).sum();
    let mut all = Vec::with_capacity(num);
    for (payload, weight) in &weights {
        let due = (weight * num as f64 / total).floor() as usize;
        if due < 1 {
            return Err(Error::invalid_options(format!(
                "a weight of {weight} in {total} gets none of {num} invocations: more invocations, or a larger weight"
            )));
        }
        all.extend(std::iter::repeat_n(one(payload), due));
    }
    let last = weights.last().map(|(payload, _)| one(payload)).ok_or_else(bad)?;
    all.resize(num, last);
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_payload_gets_its_due_and_the_last_the_rest() {
        let weighted = json!([
            {"payload": {"a": 1}, "weight": 10},
            {"payload": "b", "weight": 30},
            {"payload": [3], "weight": 5},
        ]);
        let all = list(&weighted, true, 20).expect("good weights");
        let count = |text: &str| all.iter().filter(|payload| *payload == text).count();
        // floor(4.4), floor(13.3), and what is left.
        assert_eq!((count("{\"a\":1}"), count("\"b\""), count("[3]")), (4, 13, 3));
        assert_eq!(list(&json!({"a": 1}), false, 7).expect("one").len(), 7);
    }

    #[test]
    fn too_few_invocations_for_the_weights_are_refused() {
        let weighted = json!([{"payload": 1, "weight": 1}, {"payload": 2, "weight": 99}]);
        assert!(list(&weighted, true, 10).is_err());
        assert!(list(&weighted, true, 1).is_err());
        assert!(list(&json!([{"payload": 1}]), true, 10).is_err());
        assert!(list(&json!([]), true, 10).is_err());
    }
}
