//! What triggers a function, and what it answers.

use brawn_core::{Budget, Status};
use brawn_edge::Destination;
use brawn_edge::events::{self, Event, Origin, Record};
use bytes::Bytes;
use serde_json::{Value, json};

use crate::support::{Copy, address, flow, place};

fn record(name: &str, bucket: &str, key: &str) -> Value {
    json!({
        "eventVersion": "2.1", "eventSource": "aws:s3", "eventName": name,
        "s3": {
            "bucket": { "name": bucket },
            "object": { "key": key, "size": 7, "eTag": "e", "versionId": "v", "sequencer": "0055" },
        },
    })
}

fn created(key: &str) -> Value {
    json!({ "Records": [record("ObjectCreated:Put", "b", key)] })
}

fn sns_envelope(message: &Value) -> Value {
    json!({ "Type": "Notification", "MessageId": "n", "TopicArn": "arn:aws:sns:x:1:t", "Message": message.to_string() })
}

fn sqs(queue: &str, bodies: &[Value]) -> Value {
    let records: Vec<Value> = bodies
        .iter()
        .enumerate()
        .map(|(n, body)| {
            json!({
                "messageId": format!("m{n}"), "eventSource": "aws:sqs",
                "eventSourceARN": format!("arn:aws:sqs:eu-west-1:1:{queue}"),
                "body": body.as_str().map_or_else(|| body.to_string(), str::to_owned),
            })
        })
        .collect();
    json!({ "Records": records })
}

fn read(event: &Value) -> Event {
    events::read(event).unwrap_or_else(|error| panic!("{error}: {event}"))
}

/// Every key that an event names.
fn keys(event: &Value) -> Vec<String> {
    read(event).objects().into_iter().map(|(created, _)| created.address.key).collect()
}

fn event_bridge(kind: &str, key: &str) -> Value {
    json!({
        "version": "0", "detail-type": kind, "source": "aws.s3",
        "detail": { "bucket": { "name": "b" }, "object": { "key": key, "size": 7, "version-id": "v", "etag": "e", "sequencer": "0055" } },
    })
}

#[test]
fn each_form_gives_the_object_and_what_came_with_it() {
    let direct = created("a+b%2Bc.jpg");
    let in_sns = json!({ "Records": [{ "EventSource": "aws:sns", "Sns": { "Message": direct.to_string() } }] });
    for (event, origin) in [
        (direct.clone(), Origin::S3),
        (in_sns, Origin::Sns),
        (sqs("q", std::slice::from_ref(&direct)), Origin::Sqs { fifo: false }),
        (sqs("q.fifo", &[sns_envelope(&direct)]), Origin::Sqs { fifo: true }),
        (event_bridge("Object Created", "a b+c.jpg"), Origin::EventBridge),
        (sqs("q", &[event_bridge("Object Created", "a b+c.jpg")]), Origin::Sqs { fifo: false }),
    ] {
        let read = read(&event);
        assert_eq!(read.origin, origin);
        let objects = read.objects();
        assert_eq!(objects.len(), 1, "{event}");
        let object = &objects[0].0;
        assert_eq!(object.address, address("s3://b/a b+c.jpg"), "{event}");
        assert_eq!(
            (
                object.size,
                object.etag.as_deref(),
                object.version.as_deref(),
                object.sequencer.as_deref()
            ),
            (Some(7), Some("e"), Some("v"), Some("0055"))
        );
    }
}

#[test]
fn a_key_of_s3_is_form_encoded_and_one_of_event_bridge_is_verbatim() {
    for (encoded, key) in [
        ("a+b.jpg", "a b.jpg"),
        ("a%2Bb.jpg", "a+b.jpg"),
        ("a%2520b.jpg", "a%20b.jpg"),
        ("dir%2Fsub+dir/%C3%A9t%c3%a9.png", "dir/sub dir/été.png"),
        ("%F0%9F%98%80", "😀"),
        ("..%252Fup.jpg", "..%2Fup.jpg"),
        ("日本.jpg", "日本.jpg"),
    ] {
        assert_eq!(keys(&created(encoded)), [key]);
        assert_eq!(keys(&event_bridge("Object Created", encoded)), [encoded]);
    }
    for broken in ["a%", "a%zz", "%ff%fe"] {
        let read = read(&created(broken));
        let error = read.messages[0].records.as_ref().expect_err(broken);
        assert!(error.to_string().contains("not URL-encoded UTF-8"), "{error}");
    }
}

#[test]
fn what_is_no_work_is_ignored_with_a_reason() {
    let test = json!({ "Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b" });
    for (event, says) in [
        (test.clone(), "tested the notifications of the bucket `b`"),
        (sqs("q", &[sns_envelope(&test)]), "tested the notifications"),
        (json!({ "Records": [record("ObjectRemoved:Delete", "b", "a")] }), "ObjectRemoved:Delete"),
        (
            json!({ "Records": [record("ObjectRemoved:DeleteMarkerCreated", "b", "a")] }),
            "no object was written",
        ),
        (created("folder/"), "folder marker"),
        (event_bridge("Object Deleted", "a"), "Object Deleted"),
    ] {
        let read = read(&event);
        let records = read.messages[0].records.as_ref().expect("understood");
        let [Record::Ignored { reason, .. }] = records.as_slice() else { panic!("{records:?}") };
        assert!(reason.contains(says), "{reason}");
    }
    assert_eq!(read(&json!({ "Records": [] })).messages.len(), 0);
}

#[test]
fn an_unknown_event_is_named_with_what_is_understood() {
    for (event, says) in [
        (json!({ "Records": [{ "eventSource": "aws:kinesis" }] }), "records of `aws:kinesis`"),
        (json!({ "source": "aws.ec2", "detail-type": "x", "detail": {} }), "an event of `aws.ec2`"),
        (json!({ "tasks": [], "job": {} }), "an object with `job`, `tasks`"),
        (json!({}), "an empty object"),
        (json!([1]), "a list"),
        (json!("x"), "a text"),
        (json!(null), "no object"),
    ] {
        let error = events::read(&event).expect_err(says);
        assert!(error.to_string().contains(says), "{error}");
        assert!(error.hint().is_some_and(|hint| hint.contains("S3 notifications")));
    }
    let no_id = json!({ "Records": [{ "eventSource": "aws:sqs", "body": "{}" }] });
    assert!(events::read(&no_id).expect_err("no id").to_string().contains("`messageId`"));
}

#[test]
fn a_message_wrapped_without_end_is_an_error_of_that_message() {
    let mut body = created("a.jpg");
    for _ in 0..8 {
        body = sns_envelope(&body);
    }
    let read = read(&sqs("q", &[body, created("b.jpg")]));
    assert!(read.messages[0].records.is_err() && read.messages[1].records.is_ok());
}

/// Runs an event over objects in memory: S3 itself is in another test.
async fn reply(event: &Value, budget: &Budget) -> (Vec<(String, Status)>, Option<Value>) {
    let job = flow(
        Copy::default(),
        crate::support::stores(),
        Destination::folder(place("memory://events-out/")),
    );
    let mut event = read(event);
    for message in &mut event.messages {
        for record in message.records.iter_mut().flatten() {
            if let Record::Created(created) = record {
                created.address = address("memory://events/").with_key(&created.address.key);
            }
        }
    }
    let mut ends = Vec::new();
    let (summary, batch) = job
        .run_event(&event, budget, |done| ends.push((done.report.source, done.report.status)))
        .await;
    assert_eq!(summary.items as usize, ends.len());
    ends.sort_by(|a, b| a.0.cmp(&b.0));
    (ends, batch.reply())
}

async fn fill() {
    let stores = crate::support::stores();
    for (key, content) in
        [("a.txt", "a"), ("b.txt", "b"), ("bad.txt", "reject"), ("spin.txt", "spin")]
    {
        let address = address("memory://events/").with_key(key);
        stores.put(&address, Bytes::from(content), "text/plain").await.expect("stored");
    }
}

fn failures(ids: &[&str]) -> Option<Value> {
    let ids: Vec<Value> = ids.iter().map(|id| json!({ "itemIdentifier": id })).collect();
    Some(json!({ "batchItemFailures": ids }))
}

#[tokio::test]
async fn one_bad_message_fails_alone() {
    fill().await;
    let bodies = [
        created("a.txt"),
        Value::from("not json"),
        created("bad.txt"),
        json!({ "Records": [record("ObjectCreated:Put", "b", "b.txt"), record("ObjectCreated:Put", "b", "no.txt")] }),
        json!({ "hello": "world" }),
        // Delivered at least once: the same object again is no collision.
        created("a.txt"),
        json!({ "Event": "s3:TestEvent" }),
        json!({ "Records": [record("ObjectRemoved:Delete", "b", "gone.txt")] }),
    ];
    let (ends, reply) = reply(&sqs("q", &bodies), &Budget::unlimited()).await;
    assert_eq!(reply, failures(&["m1", "m2", "m3", "m4"]), "{ends:?}");
    assert_eq!(ends.iter().filter(|(_, status)| *status == Status::Ok).count(), 2);
    assert_eq!(ends.iter().filter(|(_, status)| *status == Status::Skipped).count(), 2);
}

#[tokio::test]
async fn nothing_failed_is_an_empty_list_and_nobody_asked_is_no_list() {
    fill().await;
    let budget = Budget::unlimited();
    assert_eq!(reply(&sqs("q", &[created("a.txt")]), &budget).await.1, failures(&[]));
    assert_eq!(reply(&created("a.txt"), &budget).await.1, None);
}

#[tokio::test]
async fn a_first_in_first_out_batch_stops_at_the_first_failure() {
    fill().await;
    let bodies = [created("a.txt"), created("bad.txt"), created("b.txt"), created("a.txt")];
    let (ends, reply) = reply(&sqs("q.fifo", &bodies), &Budget::unlimited()).await;
    assert_eq!(reply, failures(&["m1", "m2", "m3"]));
    assert_eq!(
        ends,
        [
            ("memory://events/a.txt".to_owned(), Status::Ok),
            ("memory://events/bad.txt".to_owned(), Status::Rejected),
        ]
    );
}

#[tokio::test]
async fn two_messages_that_want_one_output_are_not_both_done_in_any_queue() {
    fill().await;
    let other = address("memory://events/").with_key("b.png");
    crate::support::stores().put(&other, Bytes::from("png"), "image/png").await.expect("stored");
    let bodies = [created("b.txt"), created("b.png"), created("a.txt")];
    for (queue, again, done) in [("q", 1, 2), ("q.fifo", 2, 1)] {
        let (ends, reply) = reply(&sqs(queue, &bodies), &Budget::unlimited()).await;
        let ok = ends.iter().filter(|(_, status)| *status == Status::Ok).count();
        assert_eq!(ok, done, "{queue}: {ends:?}");
        let reply = reply.expect("a queue asked");
        let ids = reply["batchItemFailures"].as_array().expect("a list");
        assert_eq!(ids.len(), again, "{queue}: {reply}");
        if queue == "q.fifo" {
            assert_eq!(ends[1], ("memory://events/b.txt".to_owned(), Status::Ok), "the first");
        }
    }
}

#[tokio::test]
async fn an_echo_in_the_batch_does_not_keep_its_source_from_being_written_again() {
    let stores = crate::support::stores();
    for key in ["a.txt", "thumbs/a.out"] {
        let address = address("memory://events-echo/").with_key(key);
        stores.put(&address, Bytes::from("a"), "text/plain").await.expect("stored");
    }
    let to = Destination::folder(place("memory://events-echo/thumbs/"));
    let job = flow(Copy::default(), stores, to);
    for queue in ["q", "q.fifo"] {
        let mut event = read(&sqs(queue, &[created("thumbs/a.out"), created("a.txt")]));
        for record in event.messages.iter_mut().flat_map(|one| one.records.iter_mut().flatten()) {
            if let Record::Created(created) = record {
                created.address = address("memory://events-echo/").with_key(&created.address.key);
            }
        }
        let mut ends = Vec::new();
        let (summary, batch) =
            job.run_event(&event, &Budget::unlimited(), |done| ends.push(done.report)).await;
        assert_eq!((summary.ok, summary.skipped), (1, 1), "{ends:?}");
        assert_eq!(batch.reply(), failures(&[]));
    }
}

#[tokio::test]
async fn out_of_time_the_ids_that_are_not_done_are_returned() {
    fill().await;
    let budget = Budget::unlimited();
    budget.cancel();
    let bodies = [created("a.txt"), created("b.txt")];
    for queue in ["q", "q.fifo"] {
        let (_, reply) = reply(&sqs(queue, &bodies), &budget).await;
        assert_eq!(reply, failures(&["m0", "m1"]), "{queue}");
    }
}

#[test]
fn the_collected_events_are_understood() {
    let Some(folder) = std::env::var_os("BRAWN_INPUTS").map(std::path::PathBuf::from) else {
        eprintln!("skipped: BRAWN_INPUTS names no folder of inputs");
        return;
    };
    let folder = folder.join("events");
    let load = |name: &str| -> Value {
        let text = std::fs::read_to_string(folder.join(name)).expect(name);
        serde_json::from_str(&text).expect(name)
    };
    for (name, count, ignored, broken) in [
        ("aws_lambda_events/example-s3-event.json", 1, 0, 0),
        ("aws_lambda_events/example-s3-event-with-decoded.json", 1, 0, 0),
        ("sam-cli/rendered/s3_put.json", 1, 0, 0),
        ("sam-cli/rendered/s3_delete.json", 0, 1, 0),
        ("powertools-python/s3SqsEvent.json", 1, 0, 0),
        ("powertools-python/s3EventDecodedKey.json", 1, 0, 0),
        ("powertools-python/s3EventBridgeNotificationObjectCreatedEvent.json", 1, 0, 0),
        ("powertools-python/snsSqsEvent.json", 0, 0, 1),
        ("powertools-python/sqsEvent.json", 0, 0, 2),
        ("aws_lambda_events/example-sqs-event.json", 0, 0, 1),
        ("aws_lambda_events/example-sns-event.json", 0, 0, 1),
        ("sam-cli/rendered/sns_notification.json", 0, 0, 1),
        ("composed/s3_test_event.json", 0, 1, 0),
        ("composed/sqs_with_s3_test_event.json", 0, 1, 0),
        ("composed/sqs_batch_10_s3_one_poison.json", 9, 0, 1),
    ] {
        let event = events::read(&load(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let messages = event.messages.iter();
        let failed = messages.clone().filter(|message| message.records.is_err()).count();
        let skipped = messages
            .flat_map(|message| message.records.iter().flatten())
            .filter(|record| matches!(record, Record::Ignored { .. }))
            .count();
        assert_eq!((event.objects().len(), skipped, failed), (count, ignored, broken), "{name}");
    }
    let table = load("composed/s3_key_encoding_table.json");
    for case in table["cases"].as_array().expect("cases") {
        let text = |name: &str| case[name].as_str().expect("text");
        let key = text("object_key");
        let is_marker = key.ends_with('/');
        for encoded in [text("event_key"), text("sam_style_key")] {
            let found = keys(&created(encoded));
            assert_eq!(found, if is_marker { vec![] } else { vec![key] }, "{encoded}");
        }
        let found = keys(&event_bridge("Object Created", key));
        assert_eq!(found, if is_marker { vec![] } else { vec![key] });
    }
    for name in [
        "sam-cli/rendered/cloudwatch_scheduled-event.json",
        "sam-cli/rendered/s3_batch-invocation.json",
        "sam-cli/rendered/kinesis_get-records.json",
        "sam-cli/rendered/dynamodb_update.json",
        "sam-cli/rendered/apigateway_aws-proxy.json",
        "powertools-python/s3BatchOperationEventSchemaV1.json",
        "composed/sfn_map_500_items.json",
        "composed/function_url_base64_body.json",
    ] {
        let error = events::read(&load(name)).expect_err(name);
        assert!(error.hint().is_some(), "{name}: {error}");
    }
}
