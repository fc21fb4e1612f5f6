//! Data in the event: the job's document is the reply.

use brawn_testing::S3Server;
use serde_json::{Value, json};

use crate::{Answer, Function};

fn refused(function: &Function, event: &Value) -> (String, String) {
    match function.invoke(event) {
        Answer::Error(error) => (
            error["errorType"].as_str().expect("a type").to_owned(),
            error["errorMessage"].as_str().expect("a text").to_owned(),
        ),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_reply_is_the_document() {
    let function = Function::start(None, &[("AWS_LAMBDA_LOG_FORMAT".into(), "JSON".into())]);
    let event = json!({
        "job": "points", "algorithm": "standard",
        "data": [{ "values": [0, 0, 6, 6], "metadata": { "id": 7 } }, { "values": [1, 1] }],
    });
    let reply = function.respond(&event);
    let wanted = json!({
        "processed": [
            { "result": 6.0, "classification": "medium", "metadata": { "id": 7 } },
            { "result": 0.0, "classification": "medium" },
        ],
        "stats": { "count": 2, "mean": 3.0, "std_dev": 3.0 },
    });
    assert_eq!(reply, wanted);
    let log = function.log();
    let item = log.lines().find(|line| line.contains("\"item\"")).expect("a line for the item");
    let item: Value = serde_json::from_str(item).expect("JSON");
    assert_eq!((&item["source"], &item["status"]), (&json!("event.json"), &json!("ok")), "{item}");
}

/// The guide's own request, to a function whose recipe names the job.
#[test]
fn a_recipe_in_the_environment_takes_data_and_needs_no_destination() {
    let recipe = json!({ "job": "points", "thresholds": [1, 5], "ddof": 1 });
    let function = Function::start(Some(&recipe), &[]);
    let event =
        json!({ "data": [{ "values": [0, 0, 6, 6], "metadata": "a" }], "algorithm": "standard" });
    let reply = function.respond(&event);
    assert_eq!(
        reply["processed"],
        json!([{ "result": 6.0, "classification": "high", "metadata": "a" }])
    );
    assert_eq!(reply["stats"], json!({ "count": 1, "mean": 6.0, "std_dev": null }));
    // An event of S3 is not data.
    let s3 = json!({ "Records": [{ "eventVersion": "2.1", "eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
        "s3": { "bucket": { "name": "in" }, "object": { "key": "a.json", "size": 3 } } }] });
    let (kind, says) = refused(&function, &s3);
    assert_eq!(kind, "Brawn.InvalidOptions");
    assert!(says.contains("no `to`"), "{says}");
}

#[test]
fn large_data_is_computed_and_a_reply_that_is_too_large_says_what_to_do() {
    let server = S3Server::start();
    let function = Function::start(None, &server.variables());
    let points = |count: usize, values: &Value| -> Value {
        (0..count).map(|_| json!({ "values": values })).collect()
    };
    let values: Value = (0..50).map(|n| json!(n)).collect();
    // 4.5 MB in, 1.3 MB out.
    let event = json!({ "job": "points", "algorithm": "mean", "data": points(30_000, &values) });
    let reply = function.respond(&event);
    assert_eq!(reply["stats"], json!({ "count": 30_000, "mean": 24.5, "std_dev": 0.0 }));
    assert_eq!(reply["processed"].as_array().map(Vec::len), Some(30_000));
    // 2.4 MB in, 6.9 MB out.
    let mut event =
        json!({ "job": "points", "algorithm": "sum", "data": points(160_000, &json!([1])) });
    let (kind, says) = refused(&function, &event);
    assert_eq!(kind, "Brawn.LimitExceeded");
    assert!(
        says.starts_with("the reply is longer than the 6 MB") && says.contains("`to`"),
        "{says}"
    );
    event["to"] = json!("s3://outbox/results/");
    let report = function.respond(&event);
    assert_eq!(
        (&report["summary"]["ok"], &report["items"][0]["source"]),
        (&json!(1), &json!("event.json")),
        "{report}"
    );
    let (output, bytes) = (&report["items"][0]["outputs"][0], 6_000_000);
    assert_eq!(output["location"], "s3://outbox/results/event.results.json");
    assert!(output["bytes"].as_u64().is_some_and(|size| size > bytes), "{report}");
    event["to"] = json!("s3://outbox/sums.json");
    let report = function.respond(&event);
    assert_eq!(report["items"][0]["outputs"][0]["location"], "s3://outbox/sums.json", "{report}");
}

#[test]
fn what_is_wrong_has_a_stable_type() {
    let function = Function::start(None, &[]);
    let point = json!([{ "values": [1] }]);
    for (event, kind, says) in [
        (json!({ "job": "points", "data": [] }), "Brawn.InvalidInput", "`data` is empty"),
        (
            json!({ "job": "points", "data": [{ "values": [1] }, { "values": [2, "x"] }] }),
            "Brawn.InvalidInput",
            "`data[1].values[1]` is a string: takes a number",
        ),
        (
            json!({ "job": "points", "data": { "values": [1] } }),
            "Brawn.InvalidInput",
            "`data` is an object: takes a list of points",
        ),
        (
            json!({ "job": "points", "data": [{ "values": [] }] }),
            "Brawn.InvalidInput",
            "`data[0]` has no values",
        ),
        (
            json!({ "job": "points", "data": point, "algorithm": "fast" }),
            "Brawn.InvalidOptions",
            "unknown variant `fast`, expected one of `standard`",
        ),
        (
            json!({ "job": "points", "data": point, "points": [] }),
            "Brawn.InvalidOptions",
            "unknown field `points`",
        ),
        (
            json!({ "job": "hash", "data": point }),
            "Brawn.InvalidOptions",
            "the job `hash` takes objects",
        ),
        (
            json!({ "job": "points", "data": point, "sources": "s3://in/a.json" }),
            "Brawn.InvalidOptions",
            "`data` and `sources`: takes one",
        ),
        (json!({ "data": point }), "Brawn.InvalidOptions", "no `job`"),
    ] {
        let (error, message) = refused(&function, &event);
        assert_eq!(error, kind, "{message}");
        assert!(message.contains(says), "{message}");
    }
    let ok = json!({ "job": "points", "data": point, "algorithm": "max" });
    assert_eq!(function.respond(&ok)["stats"]["mean"], 1.0);
}
