//! `brawn stats`: what people read, what programs read, files, databases, pages, and bad words.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::{brawn, code, files, run, stderr, text};

const TABLE: &str = "id,species,mass\na,Adelie,3750\nb,Gentoo,5000\nc,Adelie,3800\nd,Gentoo,\n";

fn table(folder: &Path) -> PathBuf {
    let path = folder.join("penguins.csv");
    fs::write(&path, TABLE).expect("written");
    path
}

fn stdout(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_summary_for_people_and_a_document_for_programs() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = table(folder.path());
    let done = run(&["stats", text(&path)]);
    assert_eq!(code(&done), 0, "{}", stderr(&done));
    let shown = stdout(&done);
    assert!(shown.contains("penguins.csv: 4 rows (csv, `,` between fields, utf-8)\n"), "{shown}");
    let mass = shown.lines().find(|line| line.starts_with("mass")).expect("a line");
    assert!(mass.contains("integer") && mass.contains("4183.33"), "{mass}");
    let done = run(&["stats", text(&path), "--json"]);
    let document: Value = serde_json::from_slice(&done.stdout).expect("one document");
    assert_eq!((&document["rows"], &document["rejects"]), (&json!(4), &json!(0)));
    assert_eq!(document["columns"][2]["mean"], json!(12_550.0 / 3.0));
    let done = run(&["stats", text(&path), "--group-by", "species", "--select", "mass"]);
    assert!(stdout(&done).contains("species = Adelie: 2 rows\n"), "{}", stdout(&done));
    let done = run(&["stats", text(&path), "--types", "mass=text", "--json"]);
    let document: Value = serde_json::from_slice(&done.stdout).expect("one document");
    assert_eq!(document["columns"][2]["type"], "text");
    // What was printed is a schema.
    let schema = folder.path().join("schema.json");
    fs::write(&schema, &done.stdout).expect("written");
    let done = run(&["stats", text(&path), "--schema", text(&schema), "--json"]);
    let again: Value = serde_json::from_slice(&done.stdout).expect("one document");
    assert_eq!(again, document);
}

#[test]
fn results_go_to_files_beside_which_bad_records_lie() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.csv");
    fs::write(&path, "id,x,y\na,1,3\nb,oops,4\nc,2\nd,5,7\n").expect("written");
    let out = folder.path().join("out");
    let words = ["stats", text(&path), "--per", "row", "--key", "id", "--types", "x=float"];
    let done = run(&[words.as_slice(), &["--to", text(&out)]].concat());
    assert_eq!(code(&done), 1);
    assert!(
        stderr(&done).contains("line 3 (byte 13), column `x`: \"oops\" is not a number (CAST)"),
        "{}",
        stderr(&done)
    );
    assert!(files(&out).is_empty());
    let done = run(&[words.as_slice(), &["--to", text(&out), "--max-rejects", "50%"]].concat());
    assert_eq!(code(&done), 0, "{}", stderr(&done));
    assert!(stderr(&done).contains("2 bad records were put aside"), "{}", stderr(&done));
    assert_eq!(files(&out), ["a.csv.rejects.csv", "a.rows.csv"]);
    let rows = fs::read_to_string(out.join("a.rows.csv")).expect("there");
    let wanted = "id,line,count,mean,median,std,outliers\na,2,2,2.0,2.0,1.4142135623730951,[]\n\
                  d,5,2,6.0,6.0,1.4142135623730951,[]\n";
    assert_eq!(rows, wanted);
    let exact = folder.path().join("exact.csv");
    let done = run(&[words.as_slice(), &["--to", text(&exact), "--max-rejects", "2"]].concat());
    assert_eq!(code(&done), 0, "{}", stderr(&done));
    assert_eq!(fs::read_to_string(&exact).expect("there"), wanted);
    assert_eq!(
        fs::read_to_string(folder.path().join("exact.rejects.csv")).expect("there").lines().count(),
        3
    );
    // On stdout there is no place beside.
    let done = run(&[words.as_slice(), &["--max-rejects", "2"]].concat());
    assert_eq!((code(&done), stdout(&done).as_str()), (0, wanted));
}

#[test]
fn a_table_is_loaded_once_for_each_version_of_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = table(folder.path());
    let database = format!("sqlite:{}", text(&folder.path().join("stats.db")));
    let words = ["stats", text(&path), "--per", "row", "--key", "id", "--to", &database, "--json"];
    let rows = |output: &std::process::Output| -> Value {
        let first = stdout(output).lines().next().map(str::to_owned).expect("a line");
        let line: Value = serde_json::from_str(&first).expect("JSON");
        json!([line["status"], line["outputs"][0]["rows"]])
    };
    let done = run(&words);
    assert_eq!(code(&done), 0, "{}", stderr(&done));
    assert_eq!(rows(&done), json!(["ok", 4]));
    let done = run(&words);
    assert_eq!(code(&done), 0, "{}", stderr(&done));
    assert_eq!(rows(&done)[0], "skipped");
    assert!(stderr(&done).contains("skipped, loaded before"), "{}", stderr(&done));
    // Another question is another load, and the file is the same however it is spelled.
    let spelled = format!("{}/./penguins.csv", text(folder.path()));
    let mut other = words;
    other[1] = &spelled;
    assert_eq!(rows(&run(&other))[0], "skipped");
    let done = run(&[other.as_slice(), &["--ddof", "0", "--mode", "replace"]].concat());
    assert_eq!(rows(&done), json!(["ok", 4]));
    fs::write(&path, format!("{TABLE}e,Adelie,4000\n")).expect("written");
    let done = run(&[words.as_slice(), &["--mode", "replace"]].concat());
    assert_eq!(rows(&done), json!(["ok", 5]));
    let done = run(&["stats", text(&path), "--to", &database, "--table", "columns"]);
    assert_eq!(code(&done), 0, "{}", stderr(&done));
}

#[test]
fn a_page_has_all_tables_and_fetches_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = table(folder.path());
    let other = folder.path().join("b.csv");
    fs::write(&other, "x\n1\n2\n").expect("written");
    let page = folder.path().join("report.html");
    let done = run(&["stats", text(&path), text(&other), "--report", text(&page)]);
    assert_eq!(code(&done), 0, "{}", stderr(&done));
    let html = fs::read_to_string(&page).expect("there");
    assert!(html.contains("<h1>penguins.csv</h1>") && html.contains("<h1>b.csv</h1>"));
    assert!(html.contains("<svg") && !html.contains("http://") && !html.contains("https://"));
    let done = run(&["stats", text(&path), "--report", text(&page)]);
    assert_eq!(code(&done), 2);
    assert!(stderr(&done).contains("is there already"), "{}", stderr(&done));
    let rows = folder.path().join("rows.html");
    let wide = folder.path().join("wide.csv");
    fs::write(&wide, "id,a,b,c\nx,1,2,4\ny,2,2,9\nz,3,7,7\n").expect("written");
    let database = format!("sqlite:{}", text(&folder.path().join("s.db")));
    let words = ["stats", text(&wide), "--per", "row", "--key", "id", "--to", &database];
    let done = run(&[&words[..], &["--report", text(&rows)]].concat());
    assert_eq!(code(&done), 0, "{}", stderr(&done));
    let html = fs::read_to_string(&rows).expect("there");
    for name in ["mean", "median", "std", "count", "outliers"] {
        assert!(html.contains(&format!("<figcaption>{name}</figcaption>")), "{name}");
    }
    if let Some(browser) = brawn_testing::Browser::find() {
        for (path, plots) in [(&page, 4), (&rows, 5)] {
            let opened = browser.open(path);
            assert_eq!(opened.console, [""; 0], "{path:?}");
            assert_eq!(opened.requests, [""; 0], "{path:?}");
            assert_eq!(opened.dom.matches("<svg").count(), plots, "{path:?}");
        }
    }
    // A page is no other question.
    let done = run(&words);
    assert!(stderr(&done).contains("skipped, loaded before"), "{}", stderr(&done));
    let nowhere = folder.path().join("no/report.html");
    let done = run(&["stats", text(&path), "--report", text(&nowhere)]);
    assert_eq!(code(&done), 1);
    assert!(stderr(&done).contains("cannot write"), "{}", stderr(&done));
}

#[test]
fn what_is_wrong_is_named_with_what_would_be_right() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = table(folder.path());
    let path = text(&path);
    for (words, exit, says) in [
        (vec!["--select", "masss"], 1, "`select` names `masss`, which is no column"),
        (vec!["--select", "masss"], 1, "the columns are id, species, mass"),
        (vec!["--types", "mass=number"], 2, "`number` is no type: takes integer, float"),
        (
            vec!["--mode", "merge", "--to", "sqlite:x.db"],
            2,
            "takes fail, append, replace or upsert",
        ),
        (vec!["--mode", "upsert", "--to", "out/"], 2, "are for rows that go into a database"),
        (vec!["--quantiles", "50"], 2, "`--quantiles` has 50: takes shares from 0 to 1"),
        (vec!["--max-rejects", "some"], 2, "takes a number of records, or a share"),
        (vec!["--per", "row", "--json"], 2, "say where they go: `--to DST/`"),
        (vec!["--report", "penguins.csv"], 2, "is one of the inputs"),
        (vec!["--table", "t"], 2, "are for rows that go into a database"),
        (vec!["--schema", "none.json"], 2, "cannot read `none.json`"),
        (vec!["--to", "out.xlsx"], 2, "no format"),
    ] {
        let done = brawn([&["stats", path], words.as_slice()].concat())
            .current_dir(folder.path())
            .output()
            .expect("it starts");
        assert_eq!(code(&done), exit, "{words:?}: {}", stderr(&done));
        assert!(stderr(&done).contains(says), "{words:?}: {}", stderr(&done));
    }
    assert_eq!(files(folder.path()), ["penguins.csv"]);
    let done = run(&["stats", "no-such.csv"]);
    assert!(stderr(&done).contains("no-such.csv"), "{}", stderr(&done));
}
