//! Several invocations at the same time.

use std::time::Duration;

use brawn_testing::Answer;
use serde_json::json;

use crate::function::Function;

#[test]
fn thirty_two_at_once_each_get_their_own_answer() {
    let function = Function::start("concurrent", &[("AWS_LAMBDA_MAX_CONCURRENCY", "32")]);
    let ids: Vec<(u64, String)> = (0..64)
        .map(|n| {
            let event = json!({ "do": "sum", "numbers": [n, 1000] });
            (n, function.api.send(&event, Duration::from_secs(60)))
        })
        .collect();
    for (n, id) in ids {
        let answer = function.api.answer(&id, Duration::from_secs(60));
        assert_eq!(answer, Some(Answer::Response(json!(n + 1000))));
    }
}

#[test]
fn a_small_invocation_is_answered_while_a_long_one_keeps_its_threads() {
    let function = Function::start("concurrent", &[("AWS_LAMBDA_MAX_CONCURRENCY", "4")]);
    // One thread computes at 1769 MB, and this one does not let go of it.
    let long =
        function.api.send(&json!({ "do": "spin until the deadline" }), Duration::from_secs(5));
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(function.respond(&json!({ "do": "sum", "numbers": [1, 2] })), 3);
    assert_eq!(function.api.answer(&long, Duration::ZERO), None, "the long one still runs");
    let answer = function.api.answer(&long, Duration::from_secs(60)).expect("an answer");
    let Answer::Error(error) = answer else { panic!("it spins until the deadline") };
    assert_eq!(error["errorType"], "Brawn.OutOfTime");
}

#[test]
fn a_panic_of_one_leaves_the_others_alone() {
    let function = Function::start("concurrent", &[("AWS_LAMBDA_MAX_CONCURRENCY", "8")]);
    let bad: Vec<String> = (0..8)
        .map(|_| function.api.send(&json!({ "do": "panic in rayon" }), Duration::from_secs(60)))
        .collect();
    assert_eq!(function.respond(&json!({ "do": "sum", "numbers": [4] })), 4);
    for id in bad {
        let answer = function.api.answer(&id, Duration::from_secs(60)).expect("an answer");
        assert!(matches!(answer, Answer::Error(error) if error["errorType"] == "Brawn.Panicked"));
    }
}
