//! What the guide's "Complete Compute-Optimized Example" computes, by hand, and what it gets wrong.

use brawn_jobs::points::Options;
use serde_json::json;

use super::{document, options, result, run};

#[test]
fn a_request_of_the_guide_gives_its_response() {
    let request = json!({
        "data": [
            // Deviations of 3: √(4 * 9).
            { "values": [0, 0, 6, 6], "metadata": "a" },
            { "values": [0, 0, 10, 10], "metadata": "b" },
            { "values": [1.5, 1.5], "metadata": "" },
        ],
        "algorithm": "standard",
    });
    let response = document(Options::default(), request.to_string());
    let processed = json!([
        { "result": 6.0, "classification": "medium", "metadata": "a" },
        { "result": 10.0, "classification": "high", "metadata": "b" },
        { "result": 0.0, "classification": "medium", "metadata": "" },
    ]);
    assert_eq!(response["processed"], processed);
    // (36 + 100 + 0) / 3 - (16 / 3)², of the whole population.
    assert_eq!(response["stats"]["count"], 3);
    assert_eq!(response["stats"]["mean"], 16.0 / 3.0);
    assert_eq!(response["stats"]["std_dev"], 4.109_609_335_312_651);
}

#[test]
fn the_borders_belong_to_the_class_above() {
    let text = json!([-0.001, 0.0, 9.999, 10.0].map(|value| json!({ "values": [value] })));
    let classes = document(options(json!({ "algorithm": "mean" })), text.to_string());
    let classes: Vec<_> = classes["processed"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|p| &p["classification"])
        .collect();
    assert_eq!(classes, ["low", "medium", "medium", "high"]);
}

#[test]
fn thresholds_and_names_are_for_the_caller_to_choose() {
    let text =
        json!([-5.0, 0.0, 1.0, 2.5, 99.0].map(|value| json!({ "values": [value] }))).to_string();
    let fields =
        json!({ "algorithm": "sum", "thresholds": [0, 1, 2], "classes": ["a", "b", "\"c\"", "d"] });
    let classes = document(options(fields), &text);
    let classes: Vec<_> = classes["processed"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|p| &p["classification"])
        .collect();
    assert_eq!(classes, ["a", "b", "\"c\"", "d", "d"]);
    let two = document(options(json!({ "algorithm": "sum", "thresholds": 1 })), &text);
    assert_eq!(two["processed"][1]["classification"], "low");
    assert_eq!(two["processed"][2]["classification"], "high");
}

/// As the guide writes it.
fn advanced(values: &[f64]) -> f64 {
    let mut result = 0.0;
    for &v in values {
        for i in 0..1000 {
            result += v * f64::from(i).sin();
        }
    }
    result
}

#[test]
fn advanced_is_the_loop_of_the_guide_within_its_rounding() {
    let fields = || json!({ "algorithm": "advanced" });
    for values in [
        vec![1.0],
        vec![1.5, 2.5, -0.25],
        vec![-1000.0, 12.75],
        (0..500).map(|n| f64::from(n) * 0.37 - 20.0).collect(),
        vec![1e-300, 2e-300],
    ] {
        let (ours, theirs) = (result(fields(), &values), advanced(&values));
        // 1000 n additions, each of which rounds a partial sum of at most 1.96 Σ|v| (Σ sin i is never farther from zero).
        let size: f64 = values.iter().map(|v| v.abs()).sum();
        let rounding = 1000.0 * values.len() as f64 * 1.96 * size * f64::EPSILON / 2.0;
        assert!((ours - theirs).abs() <= rounding, "{values:?}: {ours} {theirs}");
    }
    // sin(1000/2) sin(999/2) / sin(1/2), to 17 digits.
    assert_eq!(result(fields(), &[1.0]), -0.012_909_906_458_836_372);
    assert_eq!(result(fields(), &[0.0]), 0.0);
}

#[test]
fn an_unknown_algorithm_is_an_error_and_never_standard() {
    let text = r#"{"data":[{"values":[1]}],"algorithm":"fast"}"#;
    let error = run(Options::default(), text).expect_err("unknown");
    assert!(error.is_rejection());
    assert!(
        error.to_string().starts_with(
            "`algorithm` is `fast`, which is not known: takes one of `standard`, `advanced`, `mean`"
        ),
        "{error}"
    );
}

#[test]
fn nothing_divides_by_zero() {
    for (text, says) in [
        (r#"{"data":[],"algorithm":"standard"}"#, "`data` is empty, and statistics of nothing"),
        ("[ ]", "the array is empty"),
        (
            r#"{"data":[{"values":[1,2]},{"values":[],"metadata":"s-7"}]}"#,
            "`data[1]` has no values",
        ),
    ] {
        for algorithm in ["standard", "advanced", "mean", "kurtosis"] {
            let error = run(options(json!({ "algorithm": algorithm })), text).expect_err(text);
            assert!(error.is_rejection() && error.to_string().starts_with(says), "{error}");
        }
    }
    let all_skipped = r#"[{"values":[]}]"#;
    let skipped = document(options(json!({ "on_error": "skip" })), all_skipped);
    assert_eq!(
        skipped,
        json!({ "processed": [], "stats": { "count": 0, "mean": null, "std_dev": null } })
    );
}

#[test]
fn the_document_says_its_algorithm_and_the_options_say_it_better() {
    for text in [
        r#"{"data":[{"values":[1,5]}],"algorithm":"sum"}"#,
        r#" { "algorithm" : "sum" , "data" : [ { "values" : [ 1 , 5 ] } ] } "#,
    ] {
        let result = |fields| document(options(fields), text)["processed"][0]["result"].clone();
        assert_eq!(result(json!({})), 6.0);
        assert_eq!(result(json!({ "algorithm": "max" })), 5.0);
    }
    let unnamed = document(Options::default(), r#"[{"values":[0,0,6,6]}]"#);
    assert_eq!(unnamed["processed"][0]["result"], 6.0);
}
