//! One invocation after the other.

use std::time::{Duration, Instant};

use brawn_testing::Answer;
use serde_json::{Value, json};

use crate::function::Function;

#[test]
fn a_deadline_in_the_middle_of_compute_gives_a_reply_before_the_wall() {
    let function = Function::start("sequential", &[]);
    // The first invocation starts the process.
    function.respond(&json!({ "do": "threads" }));
    for what in ["spin until the deadline", "never answer"] {
        let wall = Instant::now() + Duration::from_secs(2);
        let error = function.fail(&json!({ "do": what }), Duration::from_secs(2));
        assert!(Instant::now() < wall, "{what}: the reply came after the deadline");
        assert_eq!(error["errorType"], "Brawn.OutOfTime", "{what}: {error}");
        assert_eq!(error["errorMessage"], "the deadline was reached", "{what}");
    }
    assert_eq!(function.respond(&json!({ "do": "threads" })), 1, "it serves the next one");
}

#[test]
fn work_that_does_not_ask_is_answered_for_and_named_in_the_log() {
    let function = Function::start("sequential", &[]);
    let event = json!({ "do": "spin without asking", "ms": 3000 });
    let error = function.fail(&event, Duration::from_secs(1));
    assert_eq!(error["errorType"], "Brawn.OutOfTime", "{error}");
    assert!(function.log().contains("they do not ask their budget"));
}

#[test]
fn a_panic_is_an_error_and_the_process_lives_on() {
    let function = Function::start("sequential", &[]);
    for (what, message) in
        [("panic in rayon", "panicked: row 700"), ("panic in the handler", "panicked: not here")]
    {
        let error = function.fail(&json!({ "do": what }), Duration::from_secs(60));
        assert_eq!(error["errorType"], "Brawn.Panicked", "{error}");
        assert_eq!(error["errorMessage"], message);
    }
    assert_eq!(function.respond(&json!({ "do": "threads" })), 1);
}

#[test]
fn what_was_begun_and_not_awaited_has_stopped_before_the_next_invocation() {
    let function = Function::start("sequential", &[]);
    assert_eq!(function.respond(&json!({ "do": "forget" })), "forgotten");
    assert_eq!(function.respond(&json!({ "do": "has it stopped" })), true);
}

#[test]
fn a_deadline_in_1970_counts_as_none() {
    let function = Function::start("sequential", &[]);
    let id = function.api.send_with_deadline(&json!({ "do": "sum", "numbers": [1, 2] }), 600_000);
    let answer = function.api.answer(&id, Duration::from_secs(60));
    assert_eq!(answer, Some(Answer::Response(json!(3))));
}

#[test]
fn six_megabytes_come_in_and_a_wrong_event_is_named() {
    let function = Function::start("sequential", &[]);
    let numbers: Vec<u64> = (0..800_000).collect();
    let event = json!({ "do": "sum", "numbers": numbers });
    assert!(event.to_string().len() > 5 << 20);
    assert_eq!(function.respond(&event), 799_999_u64 * 800_000 / 2);
    let error = function.fail(&json!({ "do": "sum", "numbers": [1, -2] }), Duration::from_secs(60));
    assert_eq!(error["errorType"], "Brawn.InvalidInput", "{error}");
}

#[test]
fn each_invocation_leaves_one_record() {
    let variables = [
        ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
        ("POWERTOOLS_METRICS_NAMESPACE", "Shop"),
        ("POWERTOOLS_SERVICE_NAME", "sums"),
    ];
    let function = Function::start("sequential", &variables);
    for _ in 0..2 {
        assert_eq!(function.respond(&json!({ "do": "sum", "numbers": [5, 6] })), 11);
    }
    function.fail(&json!({ "do": "what" }), Duration::from_secs(60));
    // A reply is sent after its record is written: all three are there.
    let log = function.log();
    let records: Vec<Value> = log
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|line| line["message"] == "invocation")
        .collect();
    assert_eq!(records.len(), 3, "{log}");
    assert_eq!(records[0]["cold_start"], 1.0);
    assert_eq!(records[1]["cold_start"], 0.0);
    assert_eq!(records[2]["status"], "Brawn.InvalidInput");
    for record in &records[..2] {
        assert_eq!((&record["status"], &record["rows"]), (&json!("ok"), &json!(3.0)), "{record}");
        assert_eq!(record["reply_bytes"], 2.0);
        assert!(record["cost_usd"].as_f64().expect("a price") > 2e-7);
        let margin = record["deadline_margin_ms"].as_f64().expect("a deadline");
        assert!(margin > 30_000.0 && margin < 60_000.0, "{margin}");
        let directive = &record["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(directive["Namespace"], "Shop");
        let named = directive["Metrics"].as_array().expect("a list");
        assert!(
            named.iter().all(|metric| record[metric["Name"].as_str().expect("text")].is_number())
        );
    }
}

#[test]
fn every_line_of_json_says_which_request_it_belongs_to() {
    // Spans of a lesser level than the lines would not be there.
    let variables = [
        ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
        ("AWS_LAMBDA_LOG_LEVEL", "WARN"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "3538"),
    ];
    let function = Function::start("sequential", &variables);
    let mut ids = Vec::new();
    for (event, ok) in [(json!({ "do": "log" }), true), (json!({ "do": "what" }), false)] {
        let id = function.api.send(&event, Duration::from_secs(60));
        let answer = function.api.answer(&id, Duration::from_secs(60)).expect("an answer");
        assert_eq!(matches!(answer, Answer::Response(_)), ok, "{answer:?}");
        ids.push(id);
    }
    let log = function.log();
    let lines: Vec<Value> =
        log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).collect();
    for (message, times) in [
        ("in the handler", 1),
        ("in compute", 1),
        ("in rayon", 1),
        ("in a row", 64),
        ("in a task", 1),
    ] {
        let found: Vec<&Value> = lines.iter().filter(|line| line["message"] == message).collect();
        assert_eq!(found.len(), times, "{message}: {log}");
        for line in found {
            assert_eq!(line["requestId"], json!(ids[0]), "{message}");
            assert_eq!(line["level"], "WARN");
            assert!(line["timestamp"].is_string());
        }
    }
    let failures: Vec<&Value> = lines.iter().filter(|line| line["level"] == "ERROR").collect();
    assert!(
        !failures.is_empty() && failures.iter().all(|line| line["requestId"] == *ids[1]),
        "{log}"
    );
    let first = failures[0]["message"].as_str().expect("text");
    assert_eq!(first, "the invocation failed: nothing to do: `what`");
    assert!(lines.iter().all(|line| line["level"] != "INFO"), "nor the record: {log}");
}

#[test]
fn lines_of_invocations_at_the_same_time_are_told_apart() {
    let variables = [("AWS_LAMBDA_LOG_FORMAT", "JSON"), ("AWS_LAMBDA_MAX_CONCURRENCY", "8")];
    let function = Function::start("concurrent", &variables);
    let ids: Vec<String> = (0..16)
        .map(|_| function.api.send(&json!({ "do": "log" }), Duration::from_secs(60)))
        .collect();
    for id in &ids {
        assert!(function.api.answer(id, Duration::from_secs(60)).is_some());
    }
    let log = function.log();
    let lines: Vec<Value> =
        log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).collect();
    for id in &ids {
        for (message, times) in [("in the handler", 1), ("in compute", 1), ("in a row", 64)] {
            let of_this = |line: &&Value| line["message"] == message && line["requestId"] == **id;
            assert_eq!(lines.iter().filter(of_this).count(), times, "{message}");
        }
    }
}
