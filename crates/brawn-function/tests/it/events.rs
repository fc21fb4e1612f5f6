//! Events of S3, SQS, SNS and EventBridge, with an S3-compatible server behind them.

use std::time::Duration;

use brawn_testing::{Answer, Fault, S3Server};
use serde_json::{Value, json};

use crate::{Function, PATIENCE, photos};

/// A server with a few photos in `inbox`, and a function that makes thumbnails of them in `outbox`.
fn start(recipe: &Value) -> (S3Server, Function) {
    let server = S3Server::start();
    for name in ["china.jpg", "uploads/my photo+1.jpg", "uploads/été.jpg"] {
        let path = server.bucket("inbox").join(name);
        std::fs::create_dir_all(path.parent().expect("in a bucket")).expect("a folder");
        std::fs::copy(photos().join("china.jpg"), path).expect("a copy");
    }
    std::fs::write(server.bucket("inbox").join("poison.jpg"), b"not a picture").expect("written");
    let function = Function::start(Some(recipe), &server.variables());
    (server, function)
}

fn thumbnails() -> Value {
    json!({ "job": "image", "width": 40, "to": "s3://outbox/thumbs/", "cache_control": "max-age=60" })
}

fn created(bucket: &str, encoded_key: &str) -> Value {
    json!({
        "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "us-east-1",
        "eventTime": "2026-01-01T00:00:00.000Z", "eventName": "ObjectCreated:Put",
        "s3": {
            "s3SchemaVersion": "1.0",
            "bucket": { "name": bucket, "arn": format!("arn:aws:s3:::{bucket}") },
            "object": { "key": encoded_key, "size": 196_653, "sequencer": "0A1B2C3D4E5F678901" },
        },
    })
}

pub(crate) fn s3(keys: &[&str]) -> Value {
    json!({ "Records": keys.iter().map(|key| created("inbox", key)).collect::<Vec<_>>() })
}

fn sqs(messages: &[(&str, Value)], queue: &str) -> Value {
    let records: Vec<Value> = messages
        .iter()
        .map(|(id, body)| {
            json!({
                "messageId": id, "receiptHandle": "handle", "body": body.to_string(), "attributes": {},
                "messageAttributes": {}, "eventSource": "aws:sqs", "awsRegion": "us-east-1",
                "eventSourceARN": format!("arn:aws:sqs:us-east-1:123456789012:{queue}"),
            })
        })
        .collect();
    json!({ "Records": records })
}

fn failures(reply: &Value) -> Vec<&str> {
    let list = reply["batchItemFailures"].as_array().expect("a partial batch response");
    list.iter().map(|item| item["itemIdentifier"].as_str().expect("an id")).collect()
}

#[test]
fn an_upload_becomes_a_thumbnail_with_type_and_cache_control() {
    let (server, function) = start(&thumbnails());
    // As S3 encodes them: a space is `+`, a plus is %2B, é is two bytes.
    let reply = function.respond(&s3(&[
        "china.jpg",
        "uploads/my+photo%2B1.jpg",
        "uploads/%C3%A9t%C3%A9.jpg",
    ]));
    assert_eq!(reply["summary"]["ok"], 3, "{reply}");
    for name in ["china.jpg", "uploads/my photo+1.jpg", "uploads/été.jpg"] {
        assert!(server.bucket("outbox").join("thumbs").join(name).exists(), "{name}");
    }
    let puts: Vec<_> = server.take_seen().into_iter().filter(|seen| seen.method == "PUT").collect();
    assert_eq!(puts.len(), 3);
    for put in puts {
        assert_eq!(put.header("content-type"), Some("image/jpeg"));
        assert_eq!(put.header("cache-control"), Some("max-age=60"));
    }
}

#[test]
fn one_bad_message_fails_alone() {
    let (_server, function) = start(&thumbnails());
    let batch = sqs(
        &[
            ("good", s3(&["china.jpg"])),
            ("poison", s3(&["poison.jpg"])),
            ("nonsense", json!("hello")),
            ("missing", s3(&["no-such.jpg"])),
            ("test", json!({ "Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "inbox" })),
        ],
        "uploads",
    );
    assert_eq!(failures(&function.respond(&batch)), ["poison", "nonsense", "missing"]);
}

#[test]
fn a_fifo_queue_stops_at_its_first_failure() {
    let (server, function) = start(&thumbnails());
    let batch = sqs(
        &[
            ("first", s3(&["china.jpg"])),
            ("poison", s3(&["poison.jpg"])),
            ("after", s3(&["uploads/my+photo%2B1.jpg"])),
        ],
        "uploads.fifo",
    );
    assert_eq!(failures(&function.respond(&batch)), ["poison", "after"]);
    assert!(
        !server.bucket("outbox").join("thumbs/uploads").exists(),
        "nothing after the failure is done"
    );
}

#[test]
fn near_the_deadline_the_unprocessed_messages_come_back() {
    let (server, function) = start(&thumbnails());
    // The store hangs: every answer is a reason to try again, until the time is up.
    server.fail_with(|seen| match seen.path.contains("stuck") {
        true => Fault::Status(503, "SlowDown"),
        false => Fault::None,
    });
    let batch = sqs(&[("good", s3(&["china.jpg"])), ("stuck", s3(&["stuck.jpg"]))], "uploads");
    let timeout = Duration::from_millis(2_000);
    let id = function.api.send(&batch, timeout);
    let sent = std::time::Instant::now();
    let Some(Answer::Response(reply)) = function.api.answer(&id, PATIENCE) else {
        panic!("no reply")
    };
    assert!(sent.elapsed() < timeout, "before the wall");
    assert_eq!(failures(&reply), ["stuck"]);
}

#[test]
fn sns_and_event_bridge_name_objects_too() {
    let (server, function) = start(&thumbnails());
    let sns = json!({ "Records": [{
        "EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": "arn:aws:sns:us-east-1:1:topic:1",
        "Sns": { "Type": "Notification", "MessageId": "m", "Message": s3(&["china.jpg"]).to_string() },
    }] });
    assert_eq!(function.respond(&sns)["summary"]["ok"], 1);
    // EventBridge carries the key as it is.
    let bridge = json!({
        "version": "0", "id": "i", "detail-type": "Object Created", "source": "aws.s3",
        "detail": {
            "version": "0", "bucket": { "name": "inbox" },
            "object": { "key": "uploads/my photo+1.jpg", "size": 196_653, "etag": "e", "sequencer": "00" },
            "reason": "PutObject",
        },
    });
    assert_eq!(function.respond(&bridge)["summary"]["ok"], 1);
    assert!(server.bucket("outbox").join("thumbs/uploads/my photo+1.jpg").exists());
}

#[test]
fn test_events_and_deletions_are_no_work() {
    let (_server, function) = start(&thumbnails());
    let test = json!({ "Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "inbox" });
    assert_eq!(function.respond(&test)["summary"]["failed"], 0);
    let mut removed = s3(&["china.jpg"]);
    removed["Records"][0]["eventName"] = json!("ObjectRemoved:DeleteMarkerCreated");
    let reply = function.respond(&removed);
    assert_eq!(reply["summary"]["skipped"], 1, "{reply}");
}

#[test]
fn what_the_function_wrote_does_not_trigger_it_again() {
    let recipe = json!({ "job": "image", "width": 40, "to": "s3://inbox/thumbs/" });
    let (server, function) = start(&recipe);
    assert_eq!(function.respond(&s3(&["china.jpg"]))["summary"]["ok"], 1);
    assert!(server.bucket("inbox").join("thumbs/china.jpg").exists());
    let reply = function.respond(&s3(&["thumbs/china.jpg"]));
    assert_eq!(reply["summary"]["skipped"], 1, "{reply}");
}

#[test]
fn a_failure_that_may_pass_makes_lambda_try_again() {
    let (server, function) = start(&thumbnails());
    server.fail_with(|_| Fault::Status(403, "AccessDenied"));
    match function.invoke(&s3(&["china.jpg"])) {
        Answer::Error(error) => {
            let text = error["errorMessage"].as_str().expect("a message");
            assert!(text.contains("s3://inbox/china.jpg"), "{text}");
        }
        other => panic!("nobody would try again: {other:?}"),
    }
    server.fail_with(|_| Fault::None);
    assert_eq!(function.respond(&s3(&["china.jpg"]))["summary"]["ok"], 1);
}

#[test]
fn what_cannot_succeed_is_not_tried_again() {
    let (_server, function) = start(&thumbnails());
    let reply = function.respond(&s3(&["no-such.jpg"]));
    assert_eq!(reply["summary"]["failed"], 1, "{reply}");
    assert_eq!(reply["items"][0]["source"], "s3://inbox/no-such.jpg");
}

#[test]
fn an_event_without_a_recipe_says_what_is_missing() {
    let function = Function::start(None, &[]);
    match function.invoke(&s3(&["china.jpg"])) {
        Answer::Error(error) => {
            assert_eq!(error["errorType"], "Brawn.InvalidOptions");
            assert!(
                error["errorMessage"].as_str().is_some_and(|text| text.contains("BRAWN_RECIPE")),
                "{error}"
            );
        }
        other => panic!("{other:?}"),
    }
}
