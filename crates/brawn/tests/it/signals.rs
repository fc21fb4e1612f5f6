//! What ends the process.

use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use serde_json::json;

use crate::function::Function;

const SIGTERM: Option<i32> = Some(15);

#[test]
fn sigterm_ends_a_function_that_waits_for_its_next_event() {
    let function = Function::start("sequential", &[]);
    assert_eq!(function.respond(&json!({ "do": "threads" })), 1);
    assert_eq!(function.terminate().signal(), SIGTERM);
}

#[test]
fn sigterm_ends_a_function_in_the_middle_of_compute_whether_it_asks_or_not() {
    // Longer than anybody waits here: who goes on is noticed.
    let long = Duration::from_secs(600);
    for (kind, event) in [
        ("sequential", json!({ "do": "spin until the deadline" })),
        ("sequential", json!({ "do": "spin without asking", "ms": 600_000 })),
        ("concurrent", json!({ "do": "spin without asking", "ms": 600_000 })),
    ] {
        let function = Function::start(kind, &[("AWS_LAMBDA_MAX_CONCURRENCY", "2")]);
        assert_eq!(function.respond(&json!({ "do": "threads" })), 1);
        let id = function.api.send(&event, long);
        assert_eq!(function.api.answer(&id, Duration::from_millis(100)), None, "it computes");
        assert_eq!(function.terminate().signal(), SIGTERM, "{kind}: {event}");
    }
}
