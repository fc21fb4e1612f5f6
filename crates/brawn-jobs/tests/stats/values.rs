//! What is certified, exact or said by others.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::*;

fn inputs() -> Option<PathBuf> {
    let inputs = std::env::var_os("BRAWN_INPUTS").map(|inputs| Path::new(&inputs).join("csv"));
    if inputs.is_none() {
        println!("skipped: BRAWN_INPUTS does not say where real tables are");
    }
    inputs
}

fn read_json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).expect("there")).expect("JSON")
}

#[test]
fn certified_means_and_deviations_have_thirteen_digits() {
    let Some(inputs) = inputs() else { return };
    let folder = inputs.join("nist-strd");
    for (name, set) in read_json(&folder.join("certified.json")).as_object().expect("sets") {
        let values = std::fs::read_to_string(folder.join(format!("{name}.values.txt")));
        let table = format!("x\n{}", values.expect("there"));
        let statistics = statistics(json!({}), "a.csv", table.as_bytes());
        let (column, exact) = (column(&statistics, "x"), &set["exact_over_f64_inputs"]);
        assert_eq!(column["count"], set["n"], "{name}");
        for (ours, theirs) in [("mean", "mean"), ("std", "sd_sample"), ("median", "median")] {
            let pair = (column[ours].as_f64(), exact[theirs].as_f64());
            let (Some(found), Some(wanted)) = pair else { panic!("{name} {ours}: {pair:?}") };
            assert!(digits(found, wanted) >= 13.0, "{name} {ours}: {found} {wanted}");
        }
    }
}

#[test]
fn real_tables_give_what_exact_arithmetic_gives() {
    let Some(inputs) = inputs() else { return };
    let expected = read_json(&inputs.join("expected_stats.json"));
    let (mut files, mut columns) = (0, 0);
    for (name, wanted) in expected["files"].as_object().expect("files") {
        let table = std::fs::read(inputs.join(name)).expect("there");
        if name.ends_with(".bz2") || table.trim_ascii().is_empty() {
            continue;
        }
        let encoding = match wanted["encoding"].as_str().expect("text") {
            "latin-1" | "latin1" | "iso-8859-1" => "latin-1",
            "cp1252" | "windows-1252" => "windows-1252",
            _ => "auto",
        };
        let options = json!({
            "header": true, "null_padding": true, "max_rejects": "100%", "encoding": encoding,
            "delimiter": wanted["delimiter"], "types": {},
        });
        let (tally, _) = match run_on(2, options, name, &table) {
            Ok(done) => done,
            Err(error) => panic!("{name}: {error:?}"),
        };
        let statistics = &tally.facts[0].1;
        let rows = statistics["rows"].as_u64().expect("a number");
        let rejects = statistics["rejects"].as_u64().expect("a number");
        assert_eq!(rows + rejects, wanted["rows"].as_u64().expect("a number"), "{name}");
        files += 1;
        if rejects > 0 {
            println!(
                "{name}: {rejects} rejects of {} ragged: {:?}",
                wanted["ragged_rows"], tally.warnings
            );
            continue;
        }
        let all = statistics["columns"].as_array().expect("columns");
        for (place, wanted) in wanted["numeric_columns"].as_object().expect("columns") {
            let (index, _) = place.split_once(':').expect("index:name");
            let column = &all[index.parse::<usize>().expect("an index")];
            let at = format!("{name} {place}: {column}");
            assert_eq!(column["count"], wanted["n"], "{at}");
            assert_eq!(column["nulls"], wanted["nulls"], "{at}");
            for (ours, theirs) in [
                ("sum", "sum"),
                ("mean", "mean"),
                ("variance", "var_sample"),
                ("std", "sd_sample"),
                ("min", "min"),
                ("max", "max"),
                ("median", "median"),
            ] {
                match (column[ours].as_f64(), wanted[theirs].as_f64()) {
                    (Some(found), Some(wanted)) => {
                        assert!(digits(found, wanted) >= 13.0, "{at} {ours}: {found} {wanted}");
                    }
                    (found, wanted) => assert_eq!(found, wanted, "{at} {ours}"),
                }
            }
            columns += 1;
        }
    }
    println!("{files} files, {columns} columns");
    assert!(files > 90 && columns > 200, "{files} files, {columns} columns");
}

#[test]
fn the_acid_tests_give_their_values() {
    let Some(inputs) = inputs() else { return };
    let folder = inputs.join("csv-spectrum");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder.join("csvs")).expect("there") {
        let path = entry.expect("there").path();
        let stem = path.file_stem().expect("a name").to_string_lossy().into_owned();
        if stem == "location_coordinates" {
            // Its table has another phone number than what is wanted of it.
            continue;
        }
        let wanted = read_json(&folder.join("json").join(format!("{stem}.json")));
        let wanted = wanted.as_array().expect("rows");
        let table = std::fs::read(&path).expect("there");
        // As rows of text, each column a key.
        let names: Vec<String> = wanted[0].as_object().expect("a row").keys().cloned().collect();
        let options = json!({ "header": true, "null": [], "group_by": names });
        let statistics = statistics(options, "a.csv", &table);
        let groups = statistics["groups"].as_array().expect("groups");
        for row in wanted {
            let text = |value: &Value| match value.as_str() {
                Some("") | None => Value::Null,
                Some(text) => text.into(),
            };
            let row: serde_json::Map<String, Value> =
                row.as_object().expect("a row").iter().map(|(k, v)| (k.clone(), text(v))).collect();
            let row = json!(row);
            assert!(groups.iter().any(|group| group["group"] == row), "{stem} {row}: {groups:?}");
        }
        assert_eq!(
            groups.iter().map(|group| group["rows"].as_u64().expect("n")).sum::<u64>(),
            wanted.len() as u64
        );
        seen += 1;
    }
    assert_eq!(seen, 11);
}
