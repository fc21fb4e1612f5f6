//! Events to try a function with, in the shapes that AWS documents.

use brawn_core::{Error, Result};

/// By the name of what sends them.
const SAMPLES: [(&str, &str); 6] = [
    ("s3", include_str!("samples/s3.json")),
    ("s3-batch", include_str!("samples/s3-batch.json")),
    ("sqs", include_str!("samples/sqs.json")),
    ("sns", include_str!("samples/sns.json")),
    ("eventbridge", include_str!("samples/eventbridge.json")),
    ("function-url", include_str!("samples/function-url.json")),
];

/// The event `name`, as JSON.
pub fn sample(name: &str) -> Result<&'static str> {
    SAMPLES.iter().find(|(known, _)| *known == name).map(|(_, event)| *event).ok_or_else(|| {
        let known: Vec<&str> = sample_names().collect();
        Error::invalid_options(format!("there is no event `{name}`: {}", known.join(", ")))
    })
}

/// All there are.
pub fn sample_names() -> impl Iterator<Item = &'static str> {
    SAMPLES.iter().map(|(name, _)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_is_json_and_an_unknown_one_names_the_known() {
        for name in sample_names() {
            let event = sample(name).expect(name);
            assert!(serde_json::from_str::<serde_json::Value>(event).is_ok(), "{name}");
        }
        let error = sample("carrier-pigeon").expect_err("unknown").to_string();
        assert!(error.contains("`carrier-pigeon`") && error.contains("sqs"), "{error}");
    }
}
