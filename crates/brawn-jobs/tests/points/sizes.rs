//! Objects and points of unusual sizes.

use brawn_core::{Budget, Head, Job, Memory, MemorySink, Planning, Source};
use brawn_jobs::points::{Options, PointsJob};
use serde_json::json;

use super::{document, options, run};

fn peak(job: &PointsJob, text: &str) -> u64 {
    let head = Head {
        name: "a",
        bytes: &text.as_bytes()[..text.len().min(1 << 18)],
        size: Some(text.len() as u64),
    };
    match job.plan(&head).expect("a plan") {
        Planning::Ready(plan) => plan.peak_memory,
        Planning::NeedsHead(_) => panic!("the head is long enough"),
    }
}

/// Values that are longer than a block, between short ones, in every form.
#[test]
fn a_point_may_be_longer_than_a_block() {
    let values: Vec<String> = (0..300_000).map(|n| format!("{n}.5")).collect();
    let point = format!("{{\"values\":[{}],\"metadata\":7}}", values.join(","));
    let short = "{\"values\":[3]}";
    let points = [short, &point, short, &point, &point, short];
    let job = PointsJob::new(options(json!({}))).expect("valid");
    for (text, is_lines) in [
        (format!("{{\"data\":[{}],\"algorithm\":\"mean\"}}", points.join(",")), false),
        (format!("{{\"algorithm\":\"mean\",\"data\":[{}]}}", points.join(" , ")), false),
        (points.join("\n"), true),
    ] {
        let budget = Budget::unlimited().within(Memory::limited(peak(&job, &text)));
        let mut sink = MemorySink::default();
        job.run(Source::bytes("a", text.as_bytes()), &mut sink, &budget).expect("it fits its plan");
        assert_eq!(budget.memory().used(), 0);
        let out = String::from_utf8(sink.outputs.remove(0).bytes).expect("UTF-8");
        let wanted = if is_lines { 6 } else { 1 };
        assert_eq!(out.lines().count(), wanted);
        if !is_lines {
            assert_eq!(out.matches("\"result\":150000.0,").count(), 3, "{out}");
            assert_eq!(out.matches("\"metadata\":7").count(), 3);
        }
    }
}

#[test]
fn a_longer_point_is_taken_on_demand() {
    let text = format!("[{{\"values\":[{}]}}]", vec!["1"; 5 << 20].join(","));
    run(Options::default(), &text).expect_err("10 MB");
    let result = document(options(json!({ "max_point": "16MB", "algorithm": "sum" })), &text);
    assert_eq!(result["processed"][0]["result"], f64::from(5 << 20));
}

#[test]
fn much_white_space_is_no_point_and_no_trouble() {
    let blank = " \n".repeat(400_000);
    let point = "{\"values\":[1]}";
    let result =
        document(Options::default(), format!("[{blank}{point},{blank}{point}{blank}]{blank}"));
    assert_eq!(result["stats"]["count"], 2);
    let spread =
        format!("{{\"data\":[{point}]{blank},{blank}\"algorithm\" :\"sum\"{blank}}}{blank}");
    assert_eq!(document(Options::default(), spread)["stats"]["mean"], 1.0);
    let error = run(Options::default(), blank).expect_err("nothing");
    assert!(error.to_string().contains("white space"), "{error}");
}

#[test]
fn a_document_that_names_its_algorithm_last_needs_the_memory_to_wait() {
    let points = vec!["{\"values\":[1,2,3,4,5,6,7,8,9]}"; 100_000].join(",");
    let text = format!("{{\"data\":[{points}],\"algorithm\":\"mean\"}}");
    let small = || Budget::unlimited().within(Memory::limited(8 << 20));
    let run = |fields, budget: &Budget| {
        let job = PointsJob::new(options(fields)).expect("valid");
        job.run(Source::bytes("a", text.as_bytes()), &mut MemorySink::default(), budget)
    };
    let error =
        run(json!({}), &small().within(Memory::limited(5 << 20))).expect_err("it does not fit");
    assert!(
        error.is_out_of_memory() && error.to_string().contains("names its `algorithm` after"),
        "{error}"
    );
    // Asked for, nothing has to wait.
    run(json!({ "algorithm": "mean" }), &small()).expect("it fits");
}
