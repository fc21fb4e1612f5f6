//! Certified values and real data, from `BRAWN_INPUTS`.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::{document, options, run};

fn csv(test: &str) -> Option<PathBuf> {
    let csv = std::env::var_os("BRAWN_INPUTS").map(|root| PathBuf::from(root).join("csv"));
    if csv.is_none() {
        eprintln!("{test}: skipped, BRAWN_INPUTS is not set");
    }
    csv
}

fn read(path: &std::path::Path) -> Value {
    serde_json::from_slice(&fs::read(path).expect("it is there")).expect("JSON")
}

/// -log10 of the relative error, as NIST counts digits.
fn digits(got: f64, wanted: f64) -> f64 {
    if got == wanted { 17.0 } else { -((got - wanted) / wanted).abs().log10() }
}

#[test]
fn nist_has_thirteen_digits_of_means_and_deviations() {
    let Some(csv) = csv("nist") else { return };
    let folder = csv.join("nist-strd");
    let certified = read(&folder.join("certified.json"));
    let sets = certified.as_object().expect("an object");
    assert_eq!(sets.len(), 9);
    let texts: Vec<String> = sets
        .keys()
        .map(|set| {
            fs::read_to_string(folder.join(format!("{set}.points.json"))).expect("it is there")
        })
        .map(|values| format!("{{\"values\":{}}}", values.trim()))
        .collect();
    for (algorithm, field) in [("mean", "mean"), ("std", "sd_sample")] {
        let options = options(json!({ "algorithm": algorithm, "ddof": 1 }));
        let results = document(options, format!("[{}]", texts.join(",")));
        for (index, (set, values)) in sets.iter().enumerate() {
            let got = results["processed"][index]["result"].as_f64().expect("a number");
            let wanted = values["exact_over_f64_inputs"][field].as_f64().expect("a number");
            let digits = digits(got, wanted);
            assert!(digits >= 13.0, "{set} {algorithm}: {got} {wanted}, {digits:.1} digits");
        }
    }
}

/// `[{"u": .., "v": ..}, ..]` of vega-datasets: two columns as points, and each row as one.
#[test]
fn real_data_gives_what_numpy_gives() {
    let Some(csv) = csv("vega") else { return };
    let rows = read(&csv.join("vega/normal-2d.json"));
    let rows = rows.as_array().expect("a list");
    let column = |name: &str| -> Value { rows.iter().map(|row| row[name].clone()).collect() };
    let columns = json!([{ "values": column("u") }, { "values": column("v") }]).to_string();
    let result = |fields: Value, index: usize| {
        document(options(fields), &columns)["processed"][index]["result"]
            .as_f64()
            .expect("a number")
    };
    for (got, wanted) in [
        (result(json!({ "algorithm": "mean" }), 0), 0.004523911697702352),
        (result(json!({ "algorithm": "std", "ddof": 1 }), 0), 0.19196983261072928),
        (result(json!({ "algorithm": "std", "ddof": 1 }), 1), 0.19928491122529776),
        (result(json!({ "algorithm": "median" }), 0), 0.005823642077979438),
    ] {
        assert!((got / wanted - 1.0).abs() < 1e-13, "{got} {wanted}");
    }
    let lines: String = rows
        .iter()
        .map(|row| format!("{}\n", json!({ "values": [row["u"], row["v"]], "metadata": row })))
        .collect();
    let (text, tally) = run(options(json!({ "algorithm": "mean" })), lines).expect("results");
    assert_eq!(text.lines().count(), 500);
    let stats = &tally.facts[0].1;
    // numpy.mean, numpy.std of (u + v) / 2.
    for (got, wanted) in
        [(&stats["mean"], -0.0032241178502731504), (&stats["std_dev"], 0.13998984724317107)]
    {
        let got = got.as_f64().expect("a number");
        assert!((got / wanted - 1.0).abs() < 1e-13, "{got} {wanted}");
    }
}
