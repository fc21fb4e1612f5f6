//! As much of an S3 notification as this function needs.

use std::fmt;

use brawn::{Error, Result};
use percent_encoding::percent_decode_str;
use serde::Deserialize;

#[derive(Deserialize)]
pub(crate) struct S3Event {
    /// Missing in `s3:TestEvent`, which S3 sends when a notification is set up.
    #[serde(rename = "Records", default)]
    pub(crate) records: Vec<Record>,
}

#[derive(Deserialize)]
pub(crate) struct Record {
    s3: Entity,
}

#[derive(Deserialize)]
struct Entity {
    bucket: Bucket,
    object: Encoded,
}

#[derive(Deserialize)]
struct Bucket {
    name: String,
}

#[derive(Deserialize)]
struct Encoded {
    key: String,
}

/// An object, its key as S3 knows it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Object {
    pub(crate) bucket: String,
    pub(crate) key: String,
}

impl Record {
    /// S3 encodes keys like form fields: `red flower.jpg` comes as `red+flower.jpg`, a `+` as `%2B`. Whoever asks for
    /// the key as it came gets "not found" for every name that has a space in it.
    pub(crate) fn object(&self) -> Result<Object> {
        let encoded = &self.s3.object.key;
        let key = encoded.replace('+', " ");
        let key = percent_decode_str(&key).decode_utf8().map_err(|error| {
            Error::invalid_input(format!("the key `{encoded}` is not URL-encoded UTF-8"))
                .with_source(error)
        })?;
        Ok(Object { bucket: self.s3.bucket.name.clone(), key: key.into_owned() })
    }

    /// What it is about, as it came.
    pub(crate) fn raw(&self) -> String {
        format!("s3://{}/{}", self.s3.bucket.name, self.s3.object.key)
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_event_has_no_records() {
        let event: S3Event = serde_json::from_str(r#"{"Event":"s3:TestEvent"}"#).expect("an event");
        assert!(event.records.is_empty());
    }
}
