//! What comes in and what goes out.

use std::fmt;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// An event. Its `data` is kept as it is written: a job reads it, on the pool.
#[derive(Debug, Default)]
pub(crate) struct Event {
    /// All other fields.
    pub(crate) fields: Map<String, Value>,
    pub(crate) data: Option<Box<RawValue>>,
}

impl Event {
    /// Whether it was sent by someone who knows brawn, and not by S3 or a queue.
    pub(crate) fn is_direct(&self) -> bool {
        self.data.is_some()
            || self.fields.contains_key("sources")
            || self.fields.contains_key("job")
    }
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Event, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = Event;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Event, A::Error> {
                let mut event = Event::default();
                while let Some(field) = map.next_key::<String>()? {
                    if field != "data" {
                        event.fields.insert(field, map.next_value()?);
                    } else if event.data.replace(map.next_value()?).is_some() {
                        return Err(A::Error::duplicate_field("data"));
                    }
                }
                Ok(event)
            }
        }

        deserializer.deserialize_map(Fields)
    }
}

/// A reply.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Reply {
    /// What became of each item, or of each message.
    Report(Value),
    /// What a job made of the event's data.
    Document(Box<RawValue>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_kept_as_it_is_written() {
        let text = r#"{"job":"points","data":[ 1.50,{"a":1e2} ],"to":"s3://b/"}"#;
        let event: Event = serde_json::from_str(text).expect("an event");
        assert_eq!(event.data.as_ref().map(|data| data.get()), Some(r#"[ 1.50,{"a":1e2} ]"#));
        assert_eq!(
            Value::Object(event.fields),
            serde_json::json!({ "job": "points", "to": "s3://b/" })
        );
        let twice = serde_json::from_str::<Event>(r#"{"data":1,"data":2}"#).expect_err("twice");
        assert!(twice.to_string().contains("duplicate field `data`"), "{twice}");
        let list = serde_json::from_str::<Event>("[1]").expect_err("a list");
        assert!(list.to_string().contains("expected an object"), "{list}");
    }
}
