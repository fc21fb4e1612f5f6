//! The event that S3 sends.
//!
//! Source: Amazon S3 user guide, "Event message structure" (version 2.1).

use serde_json::{Value, json};

use crate::clock::{Utc, random, since_epoch};

/// Sequencers: of two, the later is the greater, compared as text.
#[derive(Debug, Default)]
pub(super) struct Sequence(u64);

impl Sequence {
    pub(super) fn next(&mut self) -> String {
        let now = u64::try_from(since_epoch().as_nanos()).unwrap_or(u64::MAX);
        self.0 = now.max(self.0 + 1);
        format!("{:018X}", self.0)
    }
}

/// One object was put.
pub(super) fn created(
    bucket: &str,
    key: &str,
    size: u64,
    md5: &str,
    sequencer: &str,
    region: &str,
) -> Value {
    json!({
        "Records": [{
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "awsRegion": region,
            "eventTime": Utc::now().iso(),
            "eventName": "ObjectCreated:Put",
            "userIdentity": { "principalId": "AWS:AIDAEXAMPLE" },
            "requestParameters": { "sourceIPAddress": "127.0.0.1" },
            "responseElements": {
                "x-amz-request-id": format!("{:016X}", random()),
                "x-amz-id-2": format!("{:016x}{:016x}", random(), random()),
            },
            "s3": {
                "s3SchemaVersion": "1.0",
                "configurationId": "brawn-emulate",
                "bucket": {
                    "name": bucket,
                    "ownerIdentity": { "principalId": "A3NL1KOZZKExample" },
                    "arn": format!("arn:aws:s3:::{bucket}"),
                },
                "object": { "key": encoded(key), "size": size, "eTag": md5, "sequencer": sequencer },
            },
        }]
    })
}

/// As a form would send it, but for the slashes: a space is `+`, a plus `%2B`.
pub(super) fn encoded(key: &str) -> String {
    let mut text = String::with_capacity(key.len());
    for byte in key.bytes() {
        match byte {
            b' ' => text.push('+'),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'*' | b'/' => {
                text.push(char::from(byte));
            }
            other => text.push_str(&format!("%{other:02X}")),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_encoded_as_a_form_would() {
        // What `urllib.parse.unquote_plus`, the decoder of AWS's own samples, turns back.
        for (key, sent) in [
            ("red flower.jpg", "red+flower.jpg"),
            ("a/b+c (1)~.png", "a/b%2Bc+%281%29%7E.png"),
            ("\u{fc}ber/100%.txt", "%C3%BCber/100%25.txt"),
        ] {
            assert_eq!(encoded(key), sent);
        }
    }

    #[test]
    fn the_event_has_the_shape_of_the_sample_and_sequencers_grow() {
        let mut sequence = Sequence::default();
        let (one, two) = (sequence.next(), sequence.next());
        assert!(one < two && one.len() == 18, "{one} {two}");
        let made =
            created("my-uploads", "k", 3, "900150983cd24fb0d6963f7d28e17f72", &one, "us-east-1");
        let sample: Value =
            serde_json::from_str(crate::samples::sample("s3").expect("there")).expect("JSON");
        assert_eq!(shape(&made), shape(&sample));
    }

    /// The names and kinds of everything in it.
    fn shape(value: &Value) -> Value {
        match value {
            Value::Object(fields) => {
                fields.iter().map(|(name, value)| (name.clone(), shape(value))).collect()
            }
            Value::Array(values) => values.iter().map(shape).collect(),
            Value::String(_) => json!("text"),
            Value::Number(_) => json!(0),
            other => other.clone(),
        }
    }
}
