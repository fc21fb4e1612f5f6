//! One S3 notification, in S3's own form and in EventBridge's.

use brawn_core::Result;
use serde_json::Value;

use super::{Created, Record, malformed};
use crate::location::{Address, percent_decode};

/// A record of S3's own form. Its key is encoded like a form field: `+` is a space.
pub(super) fn s3_record(record: &Value) -> Result<Record> {
    let text = |pointer: &str| record.pointer(pointer).and_then(Value::as_str);
    let missing = |field: &str| malformed(format!("the S3 record has no `{field}`"));
    if let Some(version) = text("/eventVersion")
        && !version.starts_with("2.")
    {
        return Err(malformed(format!("S3 record version `{version}` is not known, 2.x is")));
    }
    let bucket = text("/s3/bucket/name").ok_or_else(|| missing("s3.bucket.name"))?;
    let encoded = text("/s3/object/key").ok_or_else(|| missing("s3.object.key"))?;
    let key = percent_decode(encoded, true)
        .ok_or_else(|| malformed(format!("the key `{encoded}` is not URL-encoded UTF-8")))?;
    let name = text("/eventName").ok_or_else(|| missing("eventName"))?;
    let kind = name.strip_prefix("s3:").unwrap_or(name);
    let owned = |pointer: &str| text(pointer).map(str::to_owned);
    let created = Created {
        address: Address::s3(bucket, key),
        size: record.pointer("/s3/object/size").and_then(Value::as_u64),
        etag: owned("/s3/object/eTag"),
        version: owned("/s3/object/versionId"),
        sequencer: owned("/s3/object/sequencer"),
    };
    Ok(judge(created, kind.starts_with("ObjectCreated:"), name))
}

/// An EventBridge event. Its key is verbatim: `+` is a plus.
pub(super) fn event_bridge(event: &Value) -> Result<Record> {
    let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str);
    let missing = |field: &str| malformed(format!("the EventBridge event has no `{field}`"));
    let bucket = text("/detail/bucket/name").ok_or_else(|| missing("detail.bucket.name"))?;
    let key = text("/detail/object/key").ok_or_else(|| missing("detail.object.key"))?;
    let name = text("/detail-type").ok_or_else(|| missing("detail-type"))?;
    let owned = |pointer: &str| text(pointer).map(str::to_owned);
    let created = Created {
        address: Address::s3(bucket, key),
        size: event.pointer("/detail/object/size").and_then(Value::as_u64),
        etag: owned("/detail/object/etag"),
        version: owned("/detail/object/version-id"),
        sequencer: owned("/detail/object/sequencer"),
    };
    Ok(judge(created, name == "Object Created", name))
}

fn judge(created: Created, was_written: bool, event: &str) -> Record {
    let what = created.address.to_string();
    if !was_written {
        return Record::Ignored { what, reason: format!("`{event}`: no object was written") };
    }
    if created.address.is_prefix() {
        return Record::Ignored { what, reason: "it is a folder marker and no object".to_owned() };
    }
    Record::Created(created)
}
