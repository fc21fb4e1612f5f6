//! The stats job: certified values, what other tools say, bad tables, forms of results.

mod dirt;
#[cfg(feature = "parquet")]
#[path = "parquet.rs"]
mod parquet_files;
mod values;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

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

/// Correct decimal digits.
fn digits(found: f64, wanted: f64) -> f64 {
    if found == wanted { 17.0 } else { -((found - wanted) / wanted).abs().log10() }
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
fn decimal_commas_and_null_words_are_taken_on_request() {
    let table = "a;b\n1,5;?\n2,5;3,25\n";
    let statistics =
        statistics(json!({ "decimal_separator": ",", "null": "?" }), "a.csv", table.as_bytes());
    assert_eq!(
        (&column(&statistics, "a")["mean"], &column(&statistics, "b")["nulls"]),
        (&json!(2.0), &json!(1))
    );
}

#[test]
fn rows_are_summed_up_as_columns_are() {
    let mut table = "id,a,b,c\n".to_owned();
    for row in 0..60_000_u64 {
        let far = if row % 100 == 0 { 1_000_000 } else { row % 7 };
        table.push_str(&format!("{row},{},{},{far}\n", row % 1000, row % 13));
    }
    let options =
        json!({ "per": "row", "key": ["id"], "outlier_factor": 0.5, "row_summary": true });
    let (tally, outputs) = run_on(2, options.clone(), "a.csv", table.as_bytes()).expect("rows");
    let rows = &texts(&outputs)["a.rows.csv"];
    let found =
        &tally.facts.iter().find(|(name, _)| name == "statistics").expect("it").1["of_rows"];
    // The same of the rows that were written.
    let again = statistics(json!({ "outlier_factor": 0.5 }), "rows.csv", rows.as_bytes());
    let pick = |name: &str| {
        found.as_array().expect("columns").iter().find(|of| of["name"] == name).expect("it").clone()
    };
    for name in ["mean", "median", "std"] {
        let (found, wanted) = (pick(name), column(&again, name));
        for field in
            ["count", "nulls", "distinct", "min", "max", "quantiles", "outliers", "histogram"]
        {
            assert_eq!(found[field], wanted[field], "{name}");
        }
        // Blocks are others, so sums are rounded elsewhere.
        for field in ["mean", "std", "skew", "kurtosis"] {
            let (found, wanted) = (found[field].as_f64(), wanted[field].as_f64());
            assert!(
                digits(found.expect("a value"), wanted.expect("a value")) > 13.0,
                "{name} {field}"
            );
        }
    }
    let listed = |line: &str| match line.find('[').and_then(|at| line.get(at..)) {
        Some("[]") => 0,
        list => 1 + list.expect("a list").matches(',').count() as u64,
    };
    let listed: u64 = rows.lines().skip(1).map(listed).sum();
    assert!(listed > 600);
    assert_eq!(pick("outliers")["sum"], json!(listed));
    let (one, _) = run_on(1, options, "a.csv", table.as_bytes()).expect("rows");
    assert_eq!(one.facts, tally.facts);
}
