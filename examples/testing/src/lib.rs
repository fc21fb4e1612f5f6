//! What the tests of the examples share: an event in, the reply compared.
//!
//! This crate panics where a library would return errors: its callers are tests.

use std::fmt::Debug;
use std::future::Future;
use std::path::Path;

use brawn::lambda::{Context, LambdaEvent};
use brawn::{Error, Result};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

/// Relative. Expected replies come from another program and another libm: the last bits of a sine may differ.
const TOLERANCE: f64 = 1e-12;

/// The JSON file `name` in `folder`, which is an example's `CARGO_MANIFEST_DIR`.
pub fn read(folder: &str, name: &str) -> Value {
    let path = Path::new(folder).join(name);
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// `event` as Lambda would hand it over, with a context of no deadline.
///
/// # Panics
/// When it is not what the function takes.
pub fn event<E: DeserializeOwned>(event: Value) -> LambdaEvent<E> {
    let payload = serde_json::from_value(event).expect("the event is what the function takes");
    LambdaEvent::new(payload, Context::default())
}

/// Feeds `event.json` of `folder` to `handler` and compares with `reply.json`.
///
/// # Panics
/// When the handler fails or replies something else.
pub async fn replies<E, R, A>(folder: &str, handler: impl Fn(LambdaEvent<E>) -> A)
where
    E: DeserializeOwned,
    R: Serialize,
    A: Future<Output = Result<R>>,
{
    let reply = handler(event(read(folder, "event.json"))).await.expect("a reply");
    assert_alike(&json(&reply), &read(folder, "reply.json"));
}

/// A reply as its caller sees it.
///
/// # Panics
/// When it is no JSON.
pub fn json<R: Serialize>(reply: &R) -> Value {
    serde_json::to_value(reply).expect("a reply is JSON")
}

/// What `handler` says to an event that it refuses.
///
/// # Panics
/// When it does not refuse it.
pub async fn refuses<E, R, A>(handler: impl Fn(LambdaEvent<E>) -> A, refused: Value) -> Error
where
    E: DeserializeOwned,
    R: Debug,
    A: Future<Output = Result<R>>,
{
    handler(event(refused)).await.expect_err("an error")
}

/// Compares two JSON values; numbers that are not whole may differ by some of their last bits.
///
/// # Panics
/// When they differ, with the place.
pub fn assert_alike(found: &Value, expected: &Value) {
    if let Some(difference) = difference("reply", found, expected) {
        panic!("{difference}");
    }
}

fn difference(place: &str, found: &Value, expected: &Value) -> Option<String> {
    match (found, expected) {
        (Value::Array(these), Value::Array(those)) if these.len() == those.len() => {
            these.iter().zip(those).enumerate().find_map(|(index, (this, that))| {
                difference(&format!("{place}[{index}]"), this, that)
            })
        }
        (Value::Object(these), Value::Object(those)) if these.keys().eq(those.keys()) => these
            .iter()
            .find_map(|(name, this)| difference(&format!("{place}.{name}"), this, &those[name])),
        (Value::Number(this), Value::Number(that)) if this.is_f64() || that.is_f64() => {
            let (this, that) = (this.as_f64()?, that.as_f64()?);
            let close = (this - that).abs() <= TOLERANCE * this.abs().max(that.abs());
            (!close).then(|| format!("{place} is {this} and should be {that}"))
        }
        (this, that) if this == that => None,
        (this, that) => Some(format!("{place} is {this} and should be {that}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_difference_is_found_wherever_it_is() {
        let expected = json!({ "a": [1, 2.5, { "b": "c" }], "d": null });
        assert_alike(&expected, &expected);
        assert_alike(&json!([0.1 + 0.2]), &json!([0.3]));
        for (other, place) in [
            (json!({ "a": [1, 2.5, { "b": "x" }], "d": null }), "reply.a[2].b"),
            (json!({ "a": [1, 2.500001, { "b": "c" }], "d": null }), "reply.a[1]"),
            (json!({ "a": [2, 2.5, { "b": "c" }], "d": null }), "reply.a[0]"),
            (json!({ "a": [1, 2.5], "d": null }), "reply.a"),
            (json!({ "a": [1, 2.5, { "b": "c" }] }), "reply "),
        ] {
            let found = difference("reply", &other, &expected).expect("they differ");
            assert!(found.starts_with(place), "{found}");
        }
    }
}
