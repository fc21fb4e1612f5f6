//! Events in and replies out, on the pool where they are large: Lambda allows 6 MB, which take tens of milliseconds to parse.

use std::io::{self, Write};

use brawn_core::{Budget, Error, ErrorKind, Result};
use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::value::{RawValue, to_raw_value};

use crate::{compute, compute_on, pool};

/// JSON up to this size is read and written where it is: well below a millisecond.
const INLINE: usize = 64 << 10;

/// The event.
///
/// # Errors
/// [`ErrorKind::InvalidInput`] with the field that is wrong.
pub(super) async fn event<E: DeserializeOwned + Send + 'static>(body: Bytes) -> Result<E> {
    if body.len() <= INLINE { parse(&body) } else { compute(move |_| parse(&body)).await? }
}

fn parse<E: DeserializeOwned>(body: &[u8]) -> Result<E> {
    let json = &mut serde_json::Deserializer::from_slice(body);
    let event = serde_path_to_error::deserialize(&mut *json).map_err(|error| {
        let (path, what) = (error.path().to_string(), error.inner());
        Error::invalid_input(match path.as_str() {
            "." => format!("the event is not what this function takes: {what}"),
            path => format!("the event is not what this function takes: `{path}`: {what}"),
        })
    })?;
    json.end().map_err(|error| {
        Error::invalid_input(format!("the event is followed by something else: {error}"))
    })?;
    Ok(event)
}

/// The reply.
pub(super) async fn reply<R: Serialize + Send + 'static>(reply: R) -> Result<Box<RawValue>> {
    let mut short = Short(Vec::new());
    match serde_json::to_writer(&mut short, &reply) {
        Ok(()) => {
            let text = String::from_utf8(short.0).map_err(|error| not_json(error.into()))?;
            RawValue::from_string(text).map_err(|error| not_json(error.into()))
        }
        // The reserve is there for this: it runs though the budget may have ended.
        Err(error) if error.is_io() => {
            compute_on(&pool(), &Budget::unlimited(), move |_| to_raw_value(&reply))
                .await?
                .map_err(|error| not_json(error.into()))
        }
        Err(error) => Err(not_json(error.into())),
    }
}

fn not_json(cause: Box<dyn std::error::Error + Send + Sync>) -> Error {
    Error::new(ErrorKind::Unsupported, "the reply cannot be written as JSON").with_source(cause)
}

/// Takes [`INLINE`] bytes and refuses more.
struct Short(Vec<u8>);

impl Write for Short {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > INLINE {
            return Err(io::Error::other("longer than is written inline"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[tokio::test]
    async fn small_and_large_come_back_as_they_were() {
        for length in [0, 1, 10_000, 100_000] {
            let values: Vec<u64> = (0..length).collect();
            let json = reply(values.clone()).await.expect("plain data").get().to_owned();
            assert_eq!(json, serde_json::to_string(&values).expect("plain data"));
            let back: Vec<u64> = event(json.into()).await.expect("as written");
            assert_eq!(back, values);
        }
    }

    #[tokio::test]
    async fn the_field_that_is_wrong_is_named() {
        type Event = BTreeMap<String, Vec<u32>>;
        for (body, says) in [
            (r#"{"rows":[1,"two"]}"#, "`rows[1]`: invalid type: string \"two\""),
            ("[]", "the event is not what this function takes: invalid type: sequence"),
            ("{} {}", "followed by something else"),
            ("", "EOF"),
        ] {
            let error = event::<Event>(body.into()).await.expect_err(body);
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            assert!(error.to_string().contains(says), "{body}: {error}");
        }
    }

    #[tokio::test]
    async fn a_reply_that_is_no_json_is_an_error() {
        let odd = BTreeMap::from([(vec![1], 2)]);
        assert_eq!(reply(odd).await.expect_err("a key is a list").kind(), ErrorKind::Unsupported);
    }
}
