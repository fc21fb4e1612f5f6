//! Input that is wrong: named by its place, with the byte.

use brawn_core::ErrorKind;
use brawn_jobs::points::Options;
use serde_json::{Value, json};

use super::{document, options, run};

#[test]
fn bad_input_is_refused_with_its_place() {
    let long = "9".repeat(9 << 20);
    let deep = format!("[{{\"values\":[1],\"metadata\":{}{}}}]", "[".repeat(500), "]".repeat(500));
    let deep_line =
        format!("{{\"values\":[1],\"metadata\":{}{}}}", "[".repeat(500), "]".repeat(500));
    let long_number = format!("[{{\"values\":[{long}]}}]");
    let long_line = format!("{{\"values\":[1]}}\n{{\"values\":[{long}]}}\n");
    for (text, says) in [
        ("", "it is empty"),
        ("  \n", "it is empty but for white space"),
        ("\n\n\n{\"values\":[]}", "line 4 has no values (byte 3)"),
        ("7", "`{` or `[` is expected"),
        ("\"data\"", "`{` or `[` is expected"),
        // Points that are none.
        (r#"[{"values":[1]},7]"#, "`[1]` is a number: takes an object with `values` (byte 16)"),
        (r#"[null]"#, "`[0]` is null"),
        (r#"[{}]"#, "`[0]` has no `values`"),
        (r#"[{"metadata":{}}]"#, "`[0]` has no `values`"),
        (
            r#"{"data":[{"value":[1]}]}"#,
            "`data[0]` has a field `value`: takes `values` and `metadata` (byte 10)",
        ),
        (r#"{"data":[{"values":null}]}"#, "`data[0].values` is null: takes a list of numbers"),
        (r#"{"data":[{"values":3}]}"#, "`data[0].values` is a number"),
        (
            r#"{"data":[{"values":[1]},{"values":[1,2,"x"]}]}"#,
            "`data[1].values[2]` is a string: takes a number (byte 39)",
        ),
        (r#"{"data":[{"values":[1,null]}]}"#, "`data[0].values[1]` is null: takes a number"),
        (r#"{"data":[{"values":[true]}]}"#, "`data[0].values[0]` is a boolean"),
        (r#"{"data":[{"values":[[1]]}]}"#, "`data[0].values[0]` is a list"),
        (r#"{"data":[{"values":[NaN]}]}"#, "`data[0].values[0]` is NaN: takes a finite number"),
        (r#"{"data":[{"values":[1,-Infinity]}]}"#, "`data[0].values[1]` is -Infinity"),
        (
            r#"{"data":[{"values":[1e999]}]}"#,
            "`data[0].values[0]` is 1e999: it is too large for a binary64 (byte 20)",
        ),
        (r#"[{"values":[1],"values":[2]}]"#, "`[0]` has `values` twice (byte 15)"),
        (r#"[{"values":[1],"metadata":1,"metadata":2}]"#, "`[0]` has `metadata` twice"),
        // Text that is no JSON.
        (
            r#"{"data":[{"values":[01]}]}"#,
            "`data[0]` is not JSON: a number begins with 0 and goes on (byte 21)",
        ),
        (r#"{"data":[{"values":[1,]}]}"#, "`data[0]` is not JSON"),
        (
            r#"{"data":[{"values":[1]},]}"#,
            "`data[1]` is not JSON: a value is expected, and there is the end",
        ),
        (
            r#"{"data":[,{"values":[1]}]}"#,
            "`data[0]` is not JSON: a value is expected, and there is `,` (byte 9)",
        ),
        (
            r#"[{"values":[1]} {"values":[2]}]"#,
            "`[0]` is not JSON: `,` or `]` is expected, and there is `{` (byte 16)",
        ),
        (r#"[{"values":[1}]"#, "is not JSON"),
        (r#"[{"values":[1]}}"#, "`[0]` is not JSON: `}` closes what `[` opened (byte 15)"),
        (r#"[{"values":[1],metadata:2}]"#, "`[0]` is not JSON: a string is expected"),
        (
            "[{\"values\":[1],\"metadata\":\"a\tb\"}]",
            "`[0]` is not JSON: a string holds a control character",
        ),
        (
            r#"[{"values":[1]}"#,
            "`[0]` is not JSON: the text ends inside of the list of points (byte 15)",
        ),
        (r#"[{"values":[1"#, "the text ends inside of the list of points (byte 13)"),
        (r#"[{"values":[1],"metadata":"a"#, "the text ends inside of the list of points"),
        (r#"[{"values":[1]}]]"#, "it is not JSON: the end is expected, and there is `]` (byte 16)"),
        (r#"[{"values":[1]}] {}"#, "there is `{` (byte 17)"),
        (&deep, "nest deeper than 128"),
        (&deep_line, "nest deeper than 128"),
        // Documents that are none.
        (r#"{"data":{}}"#, "`data` is an object: takes a list of points (byte 1)"),
        (r#"{"data":null}"#, "`data` is null"),
        (r#"{"data":"[1]"}"#, "`data` is a string"),
        (r#"{"algorithm":"mean"}"#, "the document has no `data`"),
        (r#"{"algorithm":7,"data":[]}"#, "`algorithm` is a number: takes the name of one"),
        (r#"{"data":[{"values":[1]}],"data":[]}"#, "the document has `data` twice (byte 25)"),
        (
            r#"{"algorithm":"sum","algorithm":"sum","data":[]}"#,
            "the document has `algorithm` twice (byte 19)",
        ),
        (
            r#"{"data":[{"values":[1]}],"points":[]}"#,
            "the document has a field `points`: takes `data` and `algorithm`",
        ),
        (r#"{"points":[{"values":[1]}]}"#, "it begins with a field `points`"),
        (
            r#"{"data":[{"values":[1]}]"#,
            "the document is not JSON: `,` or `}` is expected, and there is the end",
        ),
        (r#"{"data":[{"values":[1]}]} x"#, "it is not JSON: the end is expected, and there is `x`"),
        (
            r#"{"data":[{"values":[1]}],}"#,
            "the document is not JSON: a string is expected, and there is `}`",
        ),
        // Lines that are none.
        (
            "{\"values\":[1]}\n{\"values\":[1}\n",
            "line 2 is not JSON: `,` or `]` is expected, and there is `}` (byte 27)",
        ),
        (
            "{\"values\":[1]} {\"values\":[2]}\n",
            "line 1 is not JSON: the end of the line is expected",
        ),
        ("{\"values\":\n[1]}\n", "line 1 is not JSON"),
        ("{\"values\":[1]}\n\n[1]\n", "line 3 is a list: takes an object"),
        (
            "{\"values\":[1]}\r\n{\"values\":[\"1\"]}\r\n",
            "line 2: `values[0]` is a string: takes a number (byte 27)",
        ),
        (
            "{\"values\":[1]}\n{\"values\":[1]",
            "line 2 is not JSON: `,` or `}` is expected, and there is the end (byte 28)",
        ),
    ] {
        let error = run(Options::default(), text).expect_err(text);
        assert!(error.is_rejection(), "{text}: {error:?}");
        assert!(error.to_string().contains(says), "{text}: {error}");
    }
    for (text, says) in [
        (&long_number, "`[0]` is longer than 8 MB (it begins at byte 1)"),
        (&long_line, "line 2 is longer than 8 MB (it begins at byte 15)"),
    ] {
        let error = run(Options::default(), text).expect_err(says);
        assert_eq!(error.kind(), ErrorKind::LimitExceeded);
        assert!(error.to_string().contains(says), "{error}");
    }
}

#[test]
fn text_that_is_not_utf_8_is_refused_with_the_byte() {
    for (text, says) in [
        (
            &b"[{\"values\":[1],\"metadata\":\"ab\xff\"}]"[..],
            "`[0]` is not JSON: a string is not UTF-8 (byte 29)",
        ),
        (b"[{\"values\":[1\xe9]}]", "`,` or `]` is expected, and there is the byte 0xe9 (byte 13)"),
        (b"\xff\xfe[\0{\0", "UTF-16"),
    ] {
        let error = run(Options::default(), text).expect_err(says);
        assert!(error.is_rejection() && error.to_string().contains(says), "{error}");
    }
}

#[test]
fn points_without_a_result_are_left_out_or_null_on_demand() {
    let text = r#"{"data":[{"values":[1],"metadata":0},{"values":[],"metadata":1},{"values":[1,"x"]},{"values":[5]},{"values":[NaN,1e999]}]}"#;
    let of = |on_error: &str| options(json!({ "algorithm": "mean", "on_error": on_error }));
    let error = run(of("fail"), text).expect_err("the second has none");
    assert!(error.to_string().starts_with("`data[1]` has no values"), "{error}");
    assert!(error.hint().is_some_and(|hint| hint.contains("`on_error` skip")));

    let skipped = document(of("skip"), text);
    assert_eq!(
        skipped["processed"],
        json!([
            { "result": 1.0, "classification": "medium", "metadata": 0 },
            { "result": 5.0, "classification": "medium" },
        ])
    );
    assert_eq!(skipped["stats"], json!({ "count": 2, "mean": 3.0, "std_dev": 2.0 }));
    let (_, tally) = run(of("skip"), text).expect("results");
    assert_eq!(tally.warnings, ["3 points are left out: `data[1]` has no values"]);

    let null = document(of("null"), text);
    assert_eq!(
        null["processed"][1],
        json!({
            "result": null, "classification": null, "error": "`data[1]` has no values", "metadata": 1,
        })
    );
    assert_eq!(null["processed"][2]["error"], "`data[2].values[1]` is a string: takes a number");
    assert_eq!(null["processed"][4]["error"], "`data[4].values[0]` is NaN: takes a finite number");
    assert_eq!(null["stats"], skipped["stats"]);
    assert_eq!(null["processed"].as_array().map(Vec::len), Some(5));

    // What is no JSON ends it all the same: nobody knows what follows.
    run(of("skip"), r#"[{"values":[1]},{"values":[1}]"#).expect_err("no JSON");
}

#[test]
fn results_that_are_too_large_for_statistics_are_an_error() {
    let text = r#"[{"values":[1e300]},{"values":[0]}]"#;
    let error = run(options(json!({ "algorithm": "mean" })), text).expect_err("squares overflow");
    assert!(error.to_string().contains("too large for statistics over them"), "{error}");
}

#[test]
fn no_result_is_null_silently() {
    // Whatever the values are: a number, or an error.
    let values =
        ["5e-324", "-0.0", "1.7976931348623157e308", "1e-320", "123456789012345678901234567890"];
    for algorithm in brawn_jobs::points::Algorithm::ALL {
        for value in values {
            let text = format!("[{{\"values\":[{value},{value},1]}}]");
            let fields = json!({ "algorithm": algorithm, "q": 0.3 });
            if let Ok((text, _)) = run(options(fields), &text) {
                let document: Value = serde_json::from_str(&text).expect("JSON");
                let result = &document["processed"][0]["result"];
                assert!(result.is_number(), "{algorithm} {value}: {text}");
            }
        }
    }
}
