//! Messages: what is sent, and the checksums that clients compare.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use serde_json::{Value, json};

use super::MESSAGE_LIMIT;
use crate::source::hex;

/// A message on its way into a queue.
#[derive(Clone, Debug, Default)]
pub(crate) struct Draft {
    pub(crate) body: String,
    pub(crate) attributes: BTreeMap<String, Attribute>,
    pub(crate) delay: std::time::Duration,
    pub(crate) group: Option<String>,
    pub(crate) deduplication: Option<String>,
    pub(crate) trace: Option<String>,
}

/// An attribute of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attribute {
    /// `String`, `Number` or `Binary`, with a label of the sender's after a dot.
    pub(crate) kind: String,
    pub(crate) value: ValueOf,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ValueOf {
    Text(String),
    Bytes(Vec<u8>),
}

impl Draft {
    /// Why SQS would not take it.
    pub(crate) fn check(&self, fifo: bool) -> Result<(), String> {
        if self.body.is_empty() {
            return Err("The request must contain the parameter MessageBody.".to_owned());
        }
        let attributes: usize = self
            .attributes
            .iter()
            .map(|(name, one)| name.len() + one.kind.len() + one.bytes().len())
            .sum();
        if self.body.len() + attributes > MESSAGE_LIMIT {
            return Err(format!(
                "One or more parameters are invalid. Reason: Message must be shorter than {MESSAGE_LIMIT} bytes."
            ));
        }
        if self.attributes.len() > 10 {
            return Err("Number of message attributes exceeds the allowed maximum [10].".to_owned());
        }
        if fifo && self.group.is_none() {
            return Err("The request must contain the parameter MessageGroupId.".to_owned());
        }
        if fifo && self.deduplication.is_none() {
            return Err("The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId \
                 provided explicitly"
                .to_owned());
        }
        if fifo && !self.delay.is_zero() {
            return Err("Value for parameter DelaySeconds is invalid. Reason: The request include parameter that is not \
                 valid for this queue type."
                .to_owned());
        }
        Ok(())
    }
}

impl Attribute {
    fn bytes(&self) -> &[u8] {
        match &self.value {
            ValueOf::Text(text) => text.as_bytes(),
            ValueOf::Bytes(bytes) => bytes,
        }
    }

    /// As SQS's own interface takes it; an error says what is missing.
    pub(crate) fn parse(name: &str, value: &Value) -> Result<Attribute, String> {
        let text = |field: &str| value.get(field).and_then(Value::as_str).map(str::to_owned);
        let kind = text("DataType").filter(|kind| !kind.is_empty()).ok_or_else(|| {
            format!(
                "The message attribute '{name}' must contain a non-empty message attribute type."
            )
        })?;
        let empty = || {
            format!(
                "The message attribute '{name}' must contain a non-empty message attribute value for message attribute type '{kind}'."
            )
        };
        let value = match kind.split('.').next() {
            Some("String" | "Number") => ValueOf::Text(
                text("StringValue").filter(|text| !text.is_empty()).ok_or_else(empty)?,
            ),
            Some("Binary") => {
                let bytes = text("BinaryValue").and_then(|text| STANDARD.decode(text).ok());
                ValueOf::Bytes(bytes.filter(|bytes| !bytes.is_empty()).ok_or_else(empty)?)
            }
            _ => {
                return Err(format!(
                    "The message attribute '{name}' has an invalid message attribute type, the set of supported type \
                     prefixes is Binary, Number, and String."
                ));
            }
        };
        Ok(Attribute { kind, value })
    }

    /// As SQS gives it back.
    pub(crate) fn in_api(&self) -> Value {
        match &self.value {
            ValueOf::Text(text) => json!({ "DataType": self.kind, "StringValue": text }),
            ValueOf::Bytes(bytes) => {
                json!({ "DataType": self.kind, "BinaryValue": STANDARD.encode(bytes) })
            }
        }
    }

    /// As Lambda gives it to a function.
    pub(crate) fn in_event(&self) -> Value {
        let mut value =
            json!({ "stringListValues": [], "binaryListValues": [], "dataType": self.kind });
        match &self.value {
            ValueOf::Text(text) => value["stringValue"] = json!(text),
            ValueOf::Bytes(bytes) => value["binaryValue"] = json!(STANDARD.encode(bytes)),
        }
        value
    }
}

/// Source: Amazon SQS developer guide, "Calculating the MD5 message digest for message attributes": by name, each part behind
/// its length, the kind of value as one byte.
pub(crate) fn md5_of_attributes(attributes: &BTreeMap<String, Attribute>) -> String {
    let mut hash = Md5::new();
    for (name, attribute) in attributes {
        let kind = [match attribute.value {
            ValueOf::Text(_) => 1_u8,
            ValueOf::Bytes(_) => 2,
        }];
        for (part, before) in [
            (name.as_bytes(), &[][..]),
            (attribute.kind.as_bytes(), &[]),
            (attribute.bytes(), &kind),
        ] {
            hash.update(before);
            hash.update(u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            hash.update(part);
        }
    }
    hex(&hash.finalize())
}

/// In hexadecimal.
pub(crate) fn md5_of(text: &str) -> String {
    hex(&Md5::digest(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_that_clients_compare() {
        let parse = |kind: &str, field: &str, value: &str| {
            Attribute::parse("a", &json!({ "DataType": kind, field: value })).expect("good")
        };
        let mut attributes = BTreeMap::from([(
            "timestamp".to_owned(),
            parse("Number.java.lang.Long", "StringValue", "1493147359900"),
        )]);
        // moto 5.2.5: `Message.attribute_md5`.
        assert_eq!(md5_of_attributes(&attributes), "2e2e4876d8e0bd6b8c2c8f556831c349");
        // By the steps of the developer guide in Python.
        attributes.insert("blob".to_owned(), parse("Binary", "BinaryValue", "eHl6"));
        assert_eq!(md5_of_attributes(&attributes), "c69c9b7d0dba4ed15e4ca08c7dd366fd");
        assert_eq!(md5_of("abc"), "900150983cd24fb0d6963f7d28e17f72");
    }

    #[test]
    fn what_sqs_refuses_is_refused_in_its_words() {
        let draft = |body: &str| Draft { body: body.to_owned(), ..Draft::default() };
        assert!(draft("x").check(false).is_ok());
        assert!(draft("").check(false).expect_err("empty").contains("MessageBody"));
        assert!(draft(&"x".repeat(MESSAGE_LIMIT + 1)).check(false).is_err());
        assert!(draft("x").check(true).expect_err("no group").contains("MessageGroupId"));
        let grouped = Draft { group: Some("g".to_owned()), ..draft("x") };
        assert!(grouped.check(true).expect_err("no id").contains("MessageDeduplicationId"));
        for bad in [
            json!({}),
            json!({"DataType": "String"}),
            json!({"DataType": "Pigeon", "StringValue": "x"}),
        ] {
            assert!(Attribute::parse("a", &bad).expect_err("bad").contains("'a'"));
        }
    }
}
