//! Every algorithm, against NumPy 2.4.6 and SciPy 1.17.1.

use serde_json::{Value, json};

use super::{options, result, run};

const A: [f64; 7] = [2.0, 8.0, 0.1, 4.0, 1.3, 9.7, 9.0];
const B: [f64; 5] = [-3.25, 17.5, 0.0625, 1e3, -12.75];

#[test]
fn results_are_those_of_numpy_and_scipy() {
    let by = |algorithm: &str| json!({ "algorithm": algorithm });
    let with = |algorithm: &str, field: &str, value: Value| json!({ "algorithm": algorithm, field: value });
    for (fields, a, b) in [
        // numpy.linalg.norm(x - x.mean())
        (by("standard"), 9.730071208078886, 894.3455096465794),
        (by("mean"), 4.871428571428572, 200.3125),
        (by("median"), 4.0, 0.0625),
        (by("std"), 3.6776212365037915, 399.96347098828915),
        (with("std", "ddof", json!(1)), 3.97228493678986, 447.1727548232897),
        (by("variance"), 13.524897959183676, 159970.778125),
        (with("variance", "ddof", json!(1)), 15.779047619047622, 199963.47265625),
        (by("min"), 0.1, -12.75),
        (by("max"), 9.7, 1000.0),
        (by("sum"), 34.1, 1001.5625),
        (by("range"), 9.6, 1012.75),
        (by("norm"), 16.14899377670324, 1000.2396607344912),
        (by("mad"), 3.9, 12.8125),
        (by("iqr"), 6.85, 20.75),
        (by("skew"), 0.10067634058848109, 1.4977642446866068),
        (by("kurtosis"), -1.6883623986763594, 0.24699186221825764),
        (with("quantile", "q", json!(0.9)), 9.28, 607.0000000000001),
        (
            json!({ "algorithm": "quantile", "q": 0.9, "quantile_method": "hazen" }),
            9.559999999999999,
            1000.0,
        ),
    ] {
        for (values, wanted) in [(A.as_slice(), a), (B.as_slice(), b)] {
            let got = result(fields.clone(), values);
            // SciPy's third and fourth moments are sums of rounded terms, of size 1 and more.
            let size = f64::abs(wanted).max(if fields["algorithm"] == "skew" { 1.0 } else { 0.0 });
            assert!((got - wanted).abs() <= 4e-15 * size, "{fields}: {got} {wanted}");
        }
    }
}

#[test]
fn what_has_no_result_says_why() {
    for (fields, values, says) in [
        (json!({ "algorithm": "std", "ddof": 1 }), "[7]", "`[0]` has too few values"),
        (json!({ "algorithm": "skew" }), "[7,7]", "`[0]` has values that are all equal"),
        (json!({ "algorithm": "kurtosis" }), "[7]", "`[0]` has values that are all equal"),
        (json!({ "algorithm": "sum" }), "[1e308,1e308]", "`[0]` has a result that is not finite"),
        (json!({ "algorithm": "range" }), "[1e308,-1e308]", "not finite"),
        (json!({ "algorithm": "variance" }), "[1e200,-1e200]", "not finite"),
        (json!({ "algorithm": "mad" }), "[1e308,1e308,-1e308]", ""),
    ] {
        let text = format!("[{{\"values\":{values}}}]");
        match run(options(fields.clone()), &text) {
            Ok((text, _)) => assert!(says.is_empty() && !text.contains("null"), "{fields}: {text}"),
            Err(error) => {
                assert!(error.is_rejection() && error.to_string().contains(says), "{error}");
            }
        }
    }
    // Squares overflow, their root does not.
    assert_eq!(result(json!({ "algorithm": "standard" }), &[1e200, 1e200]), 0.0);
}

#[test]
fn options_that_make_no_sense_are_refused() {
    for (fields, says) in [
        (json!({ "thresholds": [] }), "`thresholds` is empty"),
        (json!({ "thresholds": [3, 3] }), "`thresholds` has 3 after 3"),
        (json!({ "thresholds": [1, 2, 3] }), "beyond low, medium and high have no names"),
        (json!({ "classes": ["a", "b"] }), "`classes` has 2 names, and 2 thresholds make 3"),
        (json!({ "q": 1.5 }), "`q` is 1.5"),
        (json!({ "algorithm": "quantile" }), "does not say which one"),
        (json!({ "max_point": 10 }), "`max_point` is 10"),
    ] {
        let error = options(fields).validate().expect_err(says);
        assert!(error.to_string().contains(says), "{error}");
    }
    let error = run(options(json!({})), r#"{"data":[{"values":[1]}],"algorithm":"quantile"}"#);
    assert!(error.expect_err("no q").is_rejection());
    let unknown =
        serde_json::from_value::<brawn_jobs::points::Options>(json!({ "algorithm": "fast" }));
    assert!(
        unknown
            .expect_err("unknown")
            .to_string()
            .contains("unknown variant `fast`, expected one of `standard`")
    );
}
