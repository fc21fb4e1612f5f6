//! Bad tables, and words that are wrong.

use serde_json::json;

use super::*;

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

#[cfg(not(feature = "parquet"))]
#[test]
fn a_build_without_parquet_says_so() {
    let options = json!({ "job": "stats", "format": "parquet" });
    let error =
        Recipe::from_json(&options).and_then(Recipe::into_job).map(drop).expect_err("refused");
    assert!(error.to_string().contains("which this build cannot write"), "{error}");
    assert!(error.hint().is_some_and(|hint| hint.contains("feature `parquet`")), "{error:?}");
}

#[test]
fn values_of_a_pinned_type_are_of_it_or_bad_records() {
    let table = "n,day,at,ok\n1,2026-02-28,2026-02-28T10:00:00Z,true\n2.0,2026-02-01,2026-02-28 10:00,FALSE\n\
                 3.5,2026-02-01,2026-02-28 10:00,true\n4,tomorrow,2026-02-28 10:00,true\n\
                 5,2026-02-01,noon,true\n6,2026-02-01,2026-02-28 10:00,perhaps\n,,,\n";
    let types = json!({ "n": "integer", "day": "date", "at": "timestamp", "ok": "boolean" });
    let objects = table.lines().skip(1).map(|line| {
        let cells: Vec<&str> = line.split(',').collect();
        let number = cells[0].parse::<f64>().map_or(Value::Null, |number| json!(number));
        json!({ "n": number, "day": cells[1], "at": cells[2], "ok": cells[3] }).to_string() + "\n"
    });
    for (name, table) in [("a.csv", table.to_owned()), ("a.jsonl", objects.collect())] {
        let options = json!({ "types": types, "max_rejects": 4, "format": "json" });
        let (tally, outputs) = run_on(2, options, name, table.as_bytes()).expect("statistics");
        let statistics = &tally.facts.iter().find(|(name, _)| name == "statistics").expect("it").1;
        assert_eq!((&statistics["rows"], &statistics["rejects"]), (&json!(3), &json!(4)), "{name}");
        for (column_name, wanted) in
            [("n", "integer"), ("day", "date"), ("at", "timestamp"), ("ok", "boolean")]
        {
            let column = column(statistics, column_name);
            assert_eq!((&column["type"], &column["count"]), (&json!(wanted), &json!(2)), "{name}");
        }
        let rejects = &texts(&outputs)[&format!("{name}.rejects.csv")];
        for message in [
            "3.5 is not an integer",
            "\"\"tomorrow\"\" is not a date such as 2026-11-24",
            "\"\"noon\"\" is not a timestamp",
            "\"\"perhaps\"\" is not true or false",
        ] {
            assert!(rejects.contains(message), "{message} in {rejects}");
        }
    }
    let error = refusal(json!({ "types": { "n": "integer" } }), table);
    assert!(error.contains("line 4") && error.contains("3.5 is not an integer"), "{error}");
}

#[test]
fn more_bad_records_than_are_kept_are_counted_or_refused() {
    let mut table = "a,b\n".to_owned();
    for row in 0..60_000 {
        table.push_str(if row % 10 == 0 { "1,2\n" } else { "x\n" });
    }
    let options = json!({ "max_rejects": "95%", "store_rejects": false });
    let statistics = statistics(options, "a.csv", table.as_bytes());
    assert_eq!((&statistics["rows"], &statistics["rejects"]), (&json!(6000), &json!(54_000)));
    let error = refusal(json!({ "max_rejects": "95%" }), &table);
    assert!(error.contains("bad records are all that can be put aside"), "{error}");
    let error = refusal(json!({ "max_rejects": "50%", "store_rejects": false }), &table);
    assert!(error.contains("more than 50% of all"), "{error}");
}

#[test]
fn how_a_table_was_read_is_told() {
    let wide: Vec<u8> = "a;b\n1,5;2\n".encode_utf16().flat_map(u16::to_be_bytes).collect();
    let options = json!({ "decimal_separator": "," });
    assert_eq!(
        statistics(options, "a.csv", &wide)["read_as"],
        json!({ "format": "csv", "delimiter": ";", "quote": "\"", "header": true, "encoding": "utf-16be" })
    );
    let lines = statistics(json!({}), "a.jsonl", b"{\"a\":1}\n");
    assert_eq!(lines["read_as"], json!({ "format": "jsonl", "encoding": "utf-8" }));
}
