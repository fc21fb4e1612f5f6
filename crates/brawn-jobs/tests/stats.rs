//! The stats job: certified values, what other tools say, bad tables.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use brawn_core::{Budget, Error, Job, MemorySink, Output, Pool, Source, Tally};
use brawn_jobs::Recipe;
use serde_json::{Value, json};

fn pool(workers: usize) -> Pool {
    Pool::new(NonZeroUsize::new(workers).expect("not zero")).expect("threads")
}

fn job(mut options: Value) -> Box<dyn Job> {
    options["job"] = "stats".into();
    Recipe::from_json(&options).and_then(Recipe::into_job).expect("a recipe")
}

fn run_on(
    workers: usize,
    options: Value,
    name: &str,
    mut table: &[u8],
) -> Result<(Tally, Vec<Output>), Error> {
    let pool = pool(workers);
    let budget = Budget::unlimited().on(&pool);
    let mut sink = MemorySink::default();
    let tally = job(options).run(Source::reader(name, &mut table), &mut sink, &budget)?;
    Ok((tally, sink.outputs))
}

fn statistics(options: Value, name: &str, table: &[u8]) -> Value {
    let (tally, _) = run_on(2, options, name, table).expect("statistics");
    tally.facts.into_iter().find(|(name, _)| name == "statistics").expect("a fact").1
}

fn refusal(options: Value, table: &str) -> String {
    let error = run_on(2, options, "a.csv", table.as_bytes()).expect_err("refused");
    assert!(error.is_rejection(), "{error:?}");
    error.to_string()
}

fn column<'a>(statistics: &'a Value, name: &str) -> &'a Value {
    let columns = statistics["columns"].as_array().expect("columns");
    columns.iter().find(|column| column["name"] == name).unwrap_or_else(|| panic!("no {name}"))
}

fn texts(outputs: &[Output]) -> BTreeMap<String, String> {
    let text = |output: &Output| String::from_utf8(output.bytes.clone()).expect("UTF-8");
    outputs.iter().map(|output| (output.name.clone(), text(output))).collect()
}

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

/// Correct decimal digits.
fn digits(found: f64, wanted: f64) -> f64 {
    if found == wanted { 17.0 } else { -((found - wanted) / wanted).abs().log10() }
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

/// Numbers, text, quotes with newlines, gaps: some megabytes of it.
fn mixed(rows: usize) -> String {
    let mut table = "id,x,y,name,note\n".to_owned();
    let mut state = 5_u64;
    for row in 0..rows {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let x = (state >> 33) as f64 / 1000.0 - 1e6;
        let y = if state >> 60 == 3 {
            String::new()
        } else {
            format!("{:.4}", (state >> 40) as f64 / 7.0)
        };
        let name = ["Adelie", "Gentoo", "Chinstrap, \"\"small\"\""][(state >> 20) as usize % 3];
        let note = if state >> 58 == 9 { "two\nlines" } else { "one" };
        table.push_str(&format!("{row},{x},{y},\"{name}\",\"{note}\"\n"));
    }
    table
}

#[test]
fn the_same_bits_for_any_number_of_workers() {
    let table = mixed(60_000);
    for options in [
        json!({ "format": "json", "group_by": "name" }),
        json!({ "format": "json" }),
        json!({ "per": "row", "key": "id", "format": "jsonl" }),
    ] {
        let one = run_on(1, options.clone(), "a.csv", table.as_bytes()).expect("statistics");
        for workers in [2, 5] {
            let more = run_on(workers, options.clone(), "a.csv", table.as_bytes());
            assert!(more.expect("statistics") == one, "{workers} {options}");
        }
    }
}

#[test]
fn blocks_add_up_to_the_whole() {
    let table = mixed(60_000);
    let statistics = statistics(json!({}), "a.csv", table.as_bytes());
    assert_eq!(statistics["rows"], 60_000);
    let (mut x, mut y) = (Vec::new(), Vec::new());
    for line in table.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit())) {
        let fields: Vec<&str> = line.split(',').collect();
        x.push(fields[1].parse::<f64>().expect("a number"));
        y.extend(fields[2].parse::<f64>());
    }
    for (name, values) in [("x", x), ("y", y)] {
        let column = column(&statistics, name);
        let moments = brawn_jobs::numbers::Moments::of(&values);
        let ascending = brawn_jobs::numbers::sorted(&values);
        assert_eq!(column["count"], values.len());
        assert_eq!(column["min"].as_f64(), ascending.first().copied());
        assert_eq!(column["max"].as_f64(), ascending.last().copied());
        let rule = brawn_jobs::numbers::Quantile::Linear;
        for q in ["0.25", "0.5", "0.75"] {
            let wanted = rule.of(&ascending, q.parse().expect("a number"));
            assert_eq!(column["quantiles"][q].as_f64(), wanted, "{name} {q}");
        }
        for (ours, wanted) in [("mean", moments.mean()), ("std", moments.std(1))] {
            let found = column[ours].as_f64().expect("a number");
            assert!(digits(found, wanted.expect("a value")) > 14.5, "{name} {ours}");
        }
        let skew = column["skew"].as_f64().expect("a number");
        assert!((skew - moments.skew().expect("a value")).abs() < 1e-12);
        assert_eq!(column["quantile_error"], 0.0);
        let counts = column["histogram"]["counts"].as_array().expect("counts");
        let all: u64 = counts.iter().filter_map(Value::as_u64).sum();
        assert_eq!(all, values.len() as u64);
    }
    let name = column(&statistics, "name");
    assert_eq!((name["type"].as_str(), name["distinct"].as_u64()), (Some("text"), Some(3)));
    assert_eq!(name["min"], "Adelie");
}

/// pandas 2.3: `df.groupby("species").agg(...)`, `scipy.stats`, `numpy.histogram`, of these rows.
#[test]
fn groups_types_tops_and_outliers() {
    let table = "species,mass,when,ok\nA,1,2026-01-02,true\nA,2,2026-01-03,false\nA,3,2026-01-03,true\n\
                 B,10,2026-01-04,true\nB,,2026-01-05,true\nA,100,2026-01-02,NA\n";
    let whole = statistics(json!({ "bins": 4 }), "a.csv", table.as_bytes());
    let mass = column(&whole, "mass");
    assert_eq!((mass["type"].as_str(), mass["nulls"].as_u64()), (Some("integer"), Some(1)));
    // Quartiles 2 and 10: fences -10 and 22.
    assert_eq!(mass["outliers"]["count"], 1);
    assert_eq!(
        (&mass["outliers"]["low"], &mass["outliers"]["high"]),
        (&json!(-10.0), &json!(22.0))
    );
    assert_eq!(mass["outliers"]["greatest"], json!([100.0]));
    assert_eq!(mass["histogram"]["counts"], json!([4, 0, 0, 1]));
    assert_eq!(mass["histogram"]["edges"], json!([1.0, 25.75, 50.5, 75.25, 100.0]));
    let when = column(&whole, "when");
    assert_eq!((when["type"].as_str(), when["max"].as_str()), (Some("date"), Some("2026-01-05")));
    let top = json!([{"value": "2026-01-02", "count": 2}, {"value": "2026-01-03", "count": 2}]);
    assert_eq!(when["top"].as_array().map(|top| json!(top[..2])), Some(top));
    assert_eq!(column(&whole, "ok")["type"], "boolean");
    let grouped = statistics(json!({ "group_by": "species" }), "a.csv", table.as_bytes());
    let groups = grouped["groups"].as_array().expect("groups");
    assert_eq!(groups.len(), 2);
    assert_eq!((&groups[0]["group"], &groups[0]["rows"]), (&json!({"species": "A"}), &json!(4)));
    assert_eq!(column(&groups[0], "mass")["mean"], 26.5);
    assert_eq!(column(&groups[1], "mass")["mean"], 10.0);
    assert_eq!(column(&groups[1], "mass")["std"], Value::Null);
}

#[test]
fn rows_have_their_statistics() {
    let table = "id,a,b,c,d,e\nx,1,2,3,4,100\n\"y,z\",2,,4,,\nempty,,,,,\n";
    let options = json!({ "per": "row", "key": ["id"] });
    let (tally, outputs) = run_on(2, options, "in/a.csv", table.as_bytes()).expect("rows");
    assert_eq!(
        texts(&outputs)["in/a.rows.csv"],
        "id,line,count,mean,median,std,outliers\n\
         x,2,5,22,3,43.617656975128774,[100]\n\"y,z\",3,2,3,3,1.4142135623730951,[]\n\
         empty,4,0,,,,[]\n"
            .replace(",22,3,", ",22.0,3.0,")
            .replace("[100]", "[100.0]")
            .replace(",2,3,3,1.41", ",2,3.0,3.0,1.41")
    );
    assert_eq!(tally.facts[0].1["rows"], 3);
}

#[test]
fn bad_records_are_put_aside_or_end_the_run() {
    let table = "a,b\n1,x\n2\nno,y\n3,z,more\n6,\"q\"uote\n4,\"open\n5,w\n";
    let types = json!({ "a": "integer" });
    let text = refusal(json!({ "types": types }), table);
    assert!(text.starts_with("line 3 (byte 8): the record has 1 fields, the header 2"), "{text}");
    let options = json!({ "types": types, "max_rejects": 10, "per": "column", "format": "csv" });
    let (tally, outputs) = run_on(2, options, "a.csv", table.as_bytes()).expect("statistics");
    let statistics = &tally.facts[0].1;
    assert_eq!((&statistics["rows"], &statistics["rejects"]), (&json!(2), &json!(5)));
    let rejects = texts(&outputs)["a.csv.rejects.csv"].clone();
    let kinds: Vec<&str> =
        rejects.lines().skip(1).map(|line| line.split(',').nth(4).expect("a field")).collect();
    assert_eq!(
        kinds,
        ["MISSING COLUMNS", "CAST", "TOO MANY COLUMNS", "UNQUOTED VALUE", "UNQUOTED VALUE"]
    );
    assert!(
        rejects.contains("4,10,1,a,CAST,\"no,y\",\"\"\"no\"\" is not a number\"\n"),
        "{rejects}"
    );
    let text = refusal(json!({ "types": types, "max_rejects": "50%" }), table);
    assert!(text.starts_with("5 bad records, more than 50% of all, line 3"), "{text}");
    let (tally, _) =
        run_on(2, json!({ "types": types, "max_rejects": "75%" }), "a.csv", table.as_bytes())
            .expect("enough");
    assert!(
        tally.warnings[0].starts_with("5 bad records were put aside: line 3"),
        "{:?}",
        tally.warnings
    );
}

#[test]
fn each_kind_of_dirt_has_a_clear_result() {
    for (table, says) in [
        ("", "it is empty"),
        ("\n\n", "it is empty"),
        ("a,b\n1,\0\n\"2,3\n", "line 3 (byte 8): a quote opens and is not closed"),
    ] {
        let text = refusal(json!({}), table);
        assert!(text.starts_with(says), "{table:?}: {text}");
    }
    // A number's column that has text after the first megabyte.
    let late = format!("a\n{}oops\n", "12345\n".repeat(400_000));
    let text = refusal(json!({}), &late);
    assert!(
        text.starts_with("line 400002 (byte 2400002), column `a`: \"oops\" is not a number (CAST)"),
        "{text}"
    );
    // Text from the start: a column of mixed types is text.
    let mixed = statistics(json!({}), "a.csv", b"a\n1\ntwo\n3.5\n");
    assert_eq!(column(&mixed, "a")["type"], "text");
    let header = statistics(json!({}), "a.csv", b"a,b\n");
    assert_eq!((&header["rows"], &column(&header, "b")["count"]), (&json!(0), &json!(0)));
    let nul = statistics(json!({}), "a.csv", b"a,b\n1,x\0y\n");
    assert_eq!(column(&nul, "b")["max_length"], 3);
    let latin = run_on(1, json!({}), "a.csv", b"name\ncaf\xe9\n").expect("statistics");
    assert_eq!(latin.0.facts[0].1["columns"][0]["max"], "café");
    assert!(latin.0.warnings[0].contains("windows-1252"), "{:?}", latin.0.warnings);
    let text = {
        let error = run_on(1, json!({ "encoding": "utf-8" }), "a.csv", b"name\ncaf\xe9\n");
        error.expect_err("not UTF-8").to_string()
    };
    assert!(text.contains("byte 3 of the record is no UTF-8"), "{text}");
    let long = format!("a,b\n1,{}\n2,x\n", "y".repeat(100 << 20));
    let text = refusal(json!({}), &long);
    assert!(text.contains("line 2 (byte 4): the line is longer than 2097152 bytes"), "{text}");
    let (tally, _) =
        run_on(1, json!({ "max_rejects": 1 }), "a.csv", long.as_bytes()).expect("one reject");
    assert_eq!((&tally.facts[0].1["rows"], &tally.facts[0].1["rejects"]), (&json!(1), &json!(1)));
    assert!(tally.warnings[0].len() < 500);
}

#[test]
fn names_that_are_no_columns_are_told_with_those_that_are() {
    for option in ["select", "group_by"] {
        let text = refusal(json!({ option: "masss" }), "mass,sex\n1,m\n");
        assert_eq!(text, format!("`{option}` names `masss`, which is no column"));
    }
    let text = refusal(json!({ "per": "row" }), "name,sex\nx,m\n");
    assert_eq!(text, "no column holds numbers alone");
    for (options, says) in [
        (json!({ "quantiles": [0.5, 2.0] }), "`quantiles` has 2"),
        (json!({ "per": "row", "group_by": "a" }), "`group_by` is for columns"),
        (json!({ "max_rejects": "many" }), "`max_rejects`"),
        (json!({ "delimitor": ";" }), "unknown field `delimitor`"),
    ] {
        let mut recipe = options;
        recipe["job"] = "stats".into();
        let error = Recipe::from_json(&recipe).and_then(Recipe::into_job).err().expect("refused");
        assert!(error.to_string().starts_with(says), "{error}");
    }
}

#[test]
fn json_lines_are_the_same_table() {
    let csv = "id,x,name\n1,0.5,a\n2,,b\n3,-7.25,\n";
    let json = "{\"id\":1,\"x\":0.5,\"name\":\"a\"}\n\n{\"id\":2,\"x\":null,\"name\":\"b\"}\n{\"x\":-7.25,\"id\":3}\n";
    let (a, b) =
        (statistics(json!({}), "a", csv.as_bytes()), statistics(json!({}), "a", json.as_bytes()));
    for name in ["id", "x", "name"] {
        assert_eq!(column(&a, name), column(&b, name));
    }
    let nested = statistics(json!({}), "a.jsonl", b"{\"a\":{\"b\":1}}\n{\"a\":{\"b\":2}}\n");
    assert_eq!(column(&nested, "a.b")["mean"], 1.5);
    let text = {
        let error = run_on(1, json!({}), "a.jsonl", b"{\"a\":1}\n{\"a\":\n");
        error.expect_err("cut off").to_string()
    };
    assert!(text.starts_with("line 2 (byte 8): not a JSON object"), "{text}");
    let array = run_on(1, json!({}), "a.json", b"[{\"a\":1}]").expect_err("an array");
    assert!(array.to_string().contains("one JSON array"), "{array}");
}

#[test]
fn compressed_tables_are_read_as_they_are() {
    let table = mixed(30_000);
    let plain =
        run_on(2, json!({ "per": "row", "key": "id" }), "a.csv", table.as_bytes()).expect("rows");
    for format in ["gzip", "zstd"] {
        let packer = Recipe::from_json(&json!({ "job": "compress", "format": format }));
        let packer = packer.and_then(Recipe::into_job).expect("a recipe");
        let mut sink = MemorySink::default();
        packer
            .run(Source::bytes("a.csv", table.as_bytes()), &mut sink, &Budget::unlimited())
            .expect("packed");
        let packed = sink.outputs.remove(0);
        let name = packed.name.clone();
        let unpacked =
            run_on(2, json!({ "per": "row", "key": "id" }), &name, &packed.bytes).expect("rows");
        assert!(texts(&unpacked.1)["a.rows.csv"] == texts(&plain.1)["a.rows.csv"], "{format}");
        assert_eq!(unpacked.0.bytes_in, packed.bytes.len() as u64);
        let cut = &packed.bytes[..packed.bytes.len() / 2];
        let error = run_on(2, json!({}), &name, cut).expect_err("it ends early");
        assert!(error.is_rejection() && error.to_string().contains("end"), "{error}");
    }
}

#[test]
fn what_reviewers_found_stays_mended() {
    // A bad record does not decide what the others hold.
    let table = "a,b\n\"1,2\n3,4\n5,6\n";
    let (tally, _) =
        run_on(2, json!({ "max_rejects": 1 }), "a.csv", table.as_bytes()).expect("two rows");
    assert_eq!(column(&tally.facts[0].1, "a")["mean"], 4.0);
    let text = refusal(json!({}), "\"a,b\n1,2\n3,4\n");
    assert!(text.starts_with("a quote opens in the header"), "{text}");
    // One word among numbers is said.
    let table = format!("a\n{}x\n", "1\n".repeat(50));
    let (tally, _) = run_on(1, json!({}), "a.csv", table.as_bytes()).expect("text");
    assert!(
        tally.warnings[0].starts_with("column `a` is read as text: \"x\""),
        "{:?}",
        tally.warnings
    );
    // Commas before fractions are no delimiters.
    let options = json!({ "decimal_separator": "," });
    let halves = statistics(options.clone(), "a.csv", b"x\n1,5\n2,5\n");
    assert_eq!(column(&halves, "x")["mean"], 2.0);
    let two = statistics(options, "a.csv", b"1,5;2,5\n3,5;4,5\n");
    assert_eq!((&two["rows"], &column(&two, "column1")["mean"]), (&json!(2), &json!(3.5)));
    // A bad byte makes no other encoding of what has letters of UTF-8.
    let mixed = "name\nJos\u{e9}\n".bytes().chain(*b"bad\xff\n").collect::<Vec<u8>>();
    let (tally, _) = run_on(1, json!({ "max_rejects": 1 }), "a.csv", &mixed).expect("one row");
    assert_eq!(tally.facts[0].1["columns"][0]["max"], "Jos\u{e9}");
    // Short records of wide tables take no more memory than a block may.
    let wide = format!("{}\n{}", vec!["a"; 9000].join(","), "1\n".repeat(20_000));
    assert!(refusal(json!({}), &wide).contains("MISSING COLUMNS"));
    let wide = format!("{}\n1\n", vec!["a"; 20_000].join(","));
    assert!(refusal(json!({}), &wide).contains("more than 10000"), "{}", refusal(json!({}), &wide));
    // Integers that binary64 does not hold are no longer counted exactly.
    let (tally, _) =
        run_on(1, json!({}), "a.csv", b"id\n9007199254740993\n9007199254740995\n").expect("two");
    assert_eq!(tally.facts[0].1["columns"][0]["distinct_is"], "estimate");
    assert!(tally.warnings[0].contains("beyond 2^53"), "{:?}", tally.warnings);
    let (tally, _) = run_on(1, json!({}), "a.csv", b"x\n1e308\n1e308\n1.5\n").expect("three");
    assert!(tally.warnings[0].contains("so large"), "{:?}", tally.warnings);
    let (_, outputs) =
        run_on(1, json!({ "per": "row" }), "a.csv", b"a,b\n-1.7e308,1.7e308\n").expect("a row");
    assert!(!texts(&outputs)["a.rows.csv"].contains("inf"), "{outputs:?}");
    // Names of results and of the table's own columns stay apart.
    let (_, outputs) = run_on(1, json!({ "per": "row", "key": "mean" }), "a.csv", b"mean,x\na,1\n")
        .expect("a row");
    assert!(texts(&outputs)["a.rows.csv"].starts_with("mean,line,count,mean_1,"), "{outputs:?}");
}

#[test]
fn decimal_commas_and_null_words_are_taken_on_request() {
    let table = "a;b\n1,5;?\n2,5;3,25\n";
    let statistics =
        statistics(json!({ "decimal_separator": ",", "null": "?" }), "a.csv", table.as_bytes());
    assert_eq!(
        (&column(&statistics, "a")["mean"], &column(&statistics, "b")["nulls"]),
        (&json!(2.0), &json!(1))
    );
}
