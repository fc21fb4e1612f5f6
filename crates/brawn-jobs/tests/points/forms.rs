//! A document, an array and lines of the same points give the same results.

use brawn_jobs::points::Options;
use serde_json::{Value, json};

use super::{options, run};

/// As `(values, metadata)` in JSON, of all sorts and lengths.
fn points(count: usize) -> Vec<String> {
    let mut state = 7_u64;
    let mut random = move |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) % below
    };
    let metadata = [
        "",
        "null",
        "\"a,]}\\\"[{\\u00e9é\"",
        "{ \"a\" : [1, {\"b\":[]}] }",
        "1.50",
        "[ ]",
        "\"\\\\\"",
    ];
    (0..count)
        .map(|_| {
            let values: Vec<String> = (0..1 + random(12))
                .map(|_| match random(4) {
                    0 => random(1000).to_string(),
                    1 => format!("-{}.{}", random(100), random(1_000_000)),
                    2 => format!("{}e{}", random(10), random(40) as i64 - 20),
                    _ => format!("0.{:017}", random(1 << 30)),
                })
                .collect();
            let values = format!("\"values\": [{}]", values.join(" ,"));
            let text = metadata[random(metadata.len() as u64) as usize];
            match text {
                "" => format!("{{{values}}}"),
                text if random(2) == 0 => format!("{{\"metadata\":{text} , {values}}}"),
                text => format!("{{{values},\"metadata\":{text}}}"),
            }
        })
        .collect()
}

#[test]
fn all_forms_give_the_same_results() {
    // More than one block of each kind: 8192 points, 512 KiB.
    for count in [1, 2, 100, 20_000] {
        let points = points(count);
        let array = format!("[{}]", points.join(","));
        let documents = [
            format!("{{\"data\":{array}}}"),
            format!("{{\"data\" : {array},\n\"algorithm\":\"standard\"}}\n"),
            format!(
                "\u{feff} {{\"algorithm\":\"standard\", \"data\":[\n {}\n ] }}",
                points.join("\n,  \t")
            ),
        ];
        let lines = points.join("\n");
        let (text, tally) = run(Options::default(), &array).expect("results");
        for of_document in &documents {
            assert_eq!(run(Options::default(), of_document).expect("results").0, text);
        }
        let wanted: Value = serde_json::from_str(&text).expect("JSON");
        for lines in [lines.clone() + "\n", lines.replace('\n', "\r\n"), format!("\n{lines}\n \n")]
        {
            let (text, of_lines) = run(Options::default(), &lines).expect("results");
            let results: Vec<Value> =
                text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
            assert_eq!(results.len(), count);
            assert_eq!(Value::from(results), wanted["processed"]);
            assert_eq!(of_lines.facts, tally.facts);
        }
    }
}

#[test]
fn metadata_is_passed_on_byte_for_byte() {
    let metadata = "{ \"b\":1.50, \"a\" :[1e2,\"\\u00e9\\/é\"],\"b\":-0 }";
    let text = format!("[{{\"metadata\": {metadata} ,\"values\":[1]}},{{\"values\":[2]}}]");
    let (text, _) = run(options(json!({ "algorithm": "mean" })), text).expect("results");
    let wanted = format!(
        "{{\"processed\":[{{\"result\":1.0,\"classification\":\"medium\",\"metadata\":{metadata}}},\
         {{\"result\":2.0,\"classification\":\"medium\"}}],\
         \"stats\":{{\"count\":2,\"mean\":1.5,\"std_dev\":0.5}}}}\n"
    );
    assert_eq!(text, wanted);
}

#[test]
fn results_are_read_back_as_they_were() {
    let values = [0.1, 1e23, 5e-324, 123_456_789.123_456_79, -1e-7, 1e300];
    let text = json!(values.map(|value| json!({ "values": [value] }))).to_string();
    // Their squares overflow, so no deviation is asked for.
    let (text, _) =
        run(options(json!({ "algorithm": "min", "ddof": 200 })), text).expect("results");
    // serde_json rounds the last bit otherwise than the standard library, which rounds as IEEE 754 has it.
    let results = text.split("{\"result\":").skip(1).filter_map(|rest| rest.split(',').next());
    let results: Vec<f64> = results.map(|text| text.parse().expect("a number")).collect();
    assert_eq!(results, values);
}
