//! What is wrapped in what.

use brawn_core::{Error, Result};
use serde_json::Value;

use super::record::{event_bridge, s3_record};
use super::{Event, Message, Origin, Record, malformed};

/// How many times a message may be wrapped: S3 in SNS in SQS is two.
const DEEPEST: usize = 4;

const UNDERSTOOD: &str = "understood are S3 notifications, directly or in SQS or SNS, and EventBridge's S3 events; \
    or name the objects yourself: {\"job\":\"image\",\"sources\":[\"s3://in/a.jpg\"],\"to\":\"s3://out/\"}";

/// Reads an event.
///
/// # Errors
/// When it is none of those understood; the error says what was seen. A single message that is broken is an error of
/// that [`Message`] alone.
pub fn read(event: &Value) -> Result<Event> {
    let Some(records) = event.get("Records").and_then(Value::as_array) else {
        let origin = if is_test(event) {
            Origin::S3
        } else if event.get("detail-type").is_some() {
            Origin::EventBridge
        } else {
            return Err(unknown(event));
        };
        let records = Ok(content(event, 0)?);
        return Ok(Event { origin, messages: vec![Message { id: None, records }] });
    };
    let first = records.first().map(source_of).unwrap_or_default();
    let origin = match first {
        "aws:sqs" => Origin::Sqs { fifo: records.iter().any(is_fifo) },
        "aws:sns" => Origin::Sns,
        "aws:s3" | "" if records.iter().all(|record| record.get("s3").is_some()) => Origin::S3,
        _ => return Err(unknown(event)),
    };
    let messages = records
        .iter()
        .map(|record| match origin {
            Origin::Sqs { .. } => {
                let id = text(record, "messageId").filter(|id| !id.is_empty());
                // A reply without the id would count as success and lose the message.
                let id =
                    id.ok_or_else(|| malformed("a message of the queue has no `messageId`"))?;
                let records = text(record, "body")
                    .ok_or_else(|| malformed("the message has no `body`"))
                    .and_then(|body| wrapped(body, 0));
                Ok(Message { id: Some(id.to_owned()), records })
            }
            Origin::Sns => {
                let message = record.get("Sns").and_then(|sns| text(sns, "Message"));
                let records = message
                    .ok_or_else(|| malformed("the notification has no `Sns.Message`"))
                    .and_then(|message| wrapped(message, 0));
                Ok(Message { id: None, records })
            }
            Origin::S3 | Origin::EventBridge => {
                Ok(Message { id: None, records: s3_record(record).map(|record| vec![record]) })
            }
        })
        .collect::<Result<_>>()?;
    Ok(Event { origin, messages })
}

fn text<'a>(value: &'a Value, field: &str) -> Option<&'a str> {
    value.get(field).and_then(Value::as_str)
}

/// SNS writes the name of the field with a capital letter, all others do not.
fn source_of(record: &Value) -> &str {
    text(record, "eventSource").or_else(|| text(record, "EventSource")).unwrap_or_default()
}

fn is_fifo(record: &Value) -> bool {
    text(record, "eventSourceARN").is_some_and(|arn| arn.ends_with(".fifo"))
        || record.pointer("/attributes/MessageGroupId").is_some()
}

/// S3 sends it once, when notifications are set up.
fn is_test(value: &Value) -> bool {
    text(value, "Event") == Some("s3:TestEvent")
}

/// What a body says that is JSON in a string.
fn wrapped(body: &str, depth: usize) -> Result<Vec<Record>> {
    let value: Value = serde_json::from_str(body)
        .map_err(|error| malformed(format!("the message is not JSON: {error}")))?;
    content(&value, depth)
}

fn content(value: &Value, depth: usize) -> Result<Vec<Record>> {
    if depth > DEEPEST {
        return Err(malformed(format!("the message is wrapped more than {DEEPEST} times")));
    }
    if is_test(value) {
        let bucket = text(value, "Bucket").unwrap_or("?");
        let reason = format!("S3 tested the notifications of the bucket `{bucket}`");
        return Ok(vec![Record::Ignored { what: "s3:TestEvent".to_owned(), reason }]);
    }
    if value.get("detail-type").is_some() {
        return match text(value, "source") {
            Some("aws.s3") => event_bridge(value).map(|record| vec![record]),
            _ => Err(unknown(value)),
        };
    }
    if let Some(message) = text(value, "Message") {
        return wrapped(message, depth + 1);
    }
    match value.get("Records").and_then(Value::as_array) {
        Some(records) => {
            let mut all = Vec::with_capacity(records.len());
            for record in records {
                match record.get("Sns").and_then(|sns| text(sns, "Message")) {
                    Some(message) => all.extend(wrapped(message, depth + 1)?),
                    None if record.get("s3").is_some() => all.push(s3_record(record)?),
                    None => return Err(unknown(value)),
                }
            }
            Ok(all)
        }
        None => Err(unknown(value)),
    }
}

/// Says what was seen: names of fields and sources, no values that may be private.
fn unknown(event: &Value) -> Error {
    let record = event.pointer("/Records/0");
    let seen = match (event, record.map(source_of).filter(|source| !source.is_empty())) {
        (_, Some(source)) => format!("records of `{source}`"),
        (Value::Object(fields), None) => match text(event, "source") {
            Some(source) => format!("an event of `{source}`"),
            None if fields.is_empty() => "an empty object".to_owned(),
            None => {
                let names: Vec<String> =
                    fields.keys().take(8).map(|name| format!("`{name}`")).collect();
                format!("an object with {}", names.join(", "))
            }
        },
        (Value::Array(_), None) => "a list".to_owned(),
        (Value::String(_), None) => "a text".to_owned(),
        _ => "no object".to_owned(),
    };
    Error::invalid_options(format!("this event is not understood: {seen}")).with_hint(UNDERSTOOD)
}
