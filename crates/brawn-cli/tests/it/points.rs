//! `brawn points`: results on standard output or in files, and what is said on stderr.

use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::{brawn, code, files, json_lines, run, stderr, text};

const REQUEST: &str = r#"{"data":[{"values":[0,0,6,6],"metadata":{"id":1.50}},{"values":[1,1]}],"algorithm":"standard"}"#;

fn piped(args: &[&str], input: &str) -> std::process::Output {
    let mut piped = brawn(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut stdin = piped.stdin.take().expect("a pipe");
    stdin.write_all(input.as_bytes()).expect("it reads");
    drop(stdin);
    piped.wait_with_output().expect("it ends")
}

#[test]
fn the_result_is_a_document_on_stdout() {
    let folder = tempfile::tempdir().expect("a folder");
    let source = folder.path().join("a.json");
    fs::write(&source, REQUEST).expect("written");
    let done = run(&["points", text(&source)]);
    assert_eq!((code(&done), stderr(&done).as_str()), (0, ""));
    let wanted = concat!(
        r#"{"processed":[{"result":6.0,"classification":"medium","metadata":{"id":1.50}},"#,
        r#"{"result":0.0,"classification":"medium"}],"stats":{"count":2,"mean":3.0,"std_dev":3.0}}"#,
        "\n"
    );
    assert_eq!(String::from_utf8_lossy(&done.stdout), wanted);
    let flags =
        ["--algorithm", "sum", "--thresholds", "-5,2.5", "--classes", "a,b,c", "--ddof", "1"];
    let done = run(&[&["points", text(&source)], flags.as_slice()].concat());
    let result: Value = serde_json::from_slice(&done.stdout).expect("JSON");
    assert_eq!(result["processed"][0]["classification"], "c");
    assert_eq!(result["processed"][1]["classification"], "b");
    assert_eq!(result["stats"], json!({ "count": 2, "mean": 7.0, "std_dev": 50_f64.sqrt() }));
}

#[test]
fn lines_become_lines_and_their_statistics_are_told() {
    let done =
        piped(&["points", "-", "--algorithm", "mean"], "{\"values\":[1,2]}\n{\"values\":[3]}\n");
    assert_eq!(code(&done), 0, "{}", stderr(&done));
    assert_eq!(
        String::from_utf8_lossy(&done.stdout),
        "{\"result\":1.5,\"classification\":\"medium\"}\n{\"result\":3.0,\"classification\":\"medium\"}\n"
    );
    assert_eq!(stderr(&done), "-: 2 results, mean 2.25, standard deviation 0.75\n");
    let done = piped(&["points", "-", "--quiet"], "{\"values\":[1,2]}\n");
    assert_eq!(stderr(&done), "");
}

#[test]
fn files_and_folders_get_results_beside_a_report() {
    let folder = tempfile::tempdir().expect("a folder");
    let (source, out) = (folder.path().join("in"), folder.path().join("out"));
    fs::create_dir(&source).expect("a folder");
    fs::write(source.join("a.json"), REQUEST).expect("written");
    fs::write(source.join("b.jsonl"), "{\"values\":[2]}\n").expect("written");
    fs::write(source.join("c.txt"), "none").expect("written");
    let done = run(&["points", text(&source), "--to", text(&out), "--json"]);
    assert_eq!(code(&done), 0, "{}", stderr(&done));
    assert_eq!(files(&out), ["a.results.json", "b.results.jsonl"]);
    let (items, summary) = json_lines(&done);
    assert_eq!(summary["ok"], 2);
    let counts: Vec<_> = items.iter().map(|item| &item["facts"]["statistics"]["count"]).collect();
    assert!(counts.contains(&&json!(2)) && counts.contains(&&json!(1)), "{items:?}");
    let exact = folder.path().join("x.json");
    let done = run(&["points", text(&source.join("a.json")), "-o", text(&exact), "--quiet"]);
    assert_eq!(code(&done), 0, "{}", stderr(&done));
    assert!(fs::read_to_string(&exact).expect("there").starts_with("{\"processed\":["));
    fs::write(&exact, "mine").expect("written");
    let point = source.join("a.json");
    let again = ["points", text(&point), "-o", text(&exact), "--quiet"];
    assert_eq!(code(&run(&again)), 1, "it is there already");
    assert_eq!(fs::read(&exact).expect("there"), b"mine");
    assert_eq!(code(&run(&[&again[..], &["-f"]].concat())), 0);
}

#[test]
fn what_is_wrong_is_named_and_nothing_is_written() {
    for (input, flags, says) in [
        ("", &[][..], "-: rejected: it is empty"),
        (
            r#"{"data":[{"values":[1]},{"values":["x"]}]}"#,
            &[],
            "`data[1].values[0]` is a string: takes a number (byte 35)",
        ),
        (r#"{"data":[],"algorithm":"fast"}"#, &[], "`algorithm` is `fast`, which is not known"),
        (r#"{"data":[{"values":[1]}"#, &[], "the text ends inside of the list of points"),
        (r#"[{"values":[]}]"#, &[], "hint: `--on-error` skip leaves such points out"),
    ] {
        let done = piped(&[&["points", "-"], flags].concat(), input);
        assert_eq!(code(&done), 1, "{input}");
        assert!(stderr(&done).contains(says), "{input}: {}", stderr(&done));
        assert!(done.stdout.is_empty(), "{input}: {}", String::from_utf8_lossy(&done.stdout));
    }
    for (words, says) in [
        (
            &["points", "a.json", "--algorithm", "fast"][..],
            "[possible values: standard, advanced, mean",
        ),
        (&["points", "a.json", "--thresholds", "10,0"], "`--thresholds` has 0 after 10"),
        (&["points", "a.json", "--algorithm", "quantile"], "give `--q`, such as 0.9"),
        (&["points", "a.json", "--json"], "the report of `--json` too"),
        (&["points", "a.json", "b.json"], "stdout takes the results of one input"),
        (&["points", "s3://b/a.json", "--print-event"], "an event says where its outputs go"),
    ] {
        let done = run(words);
        assert_eq!(code(&done), 2, "{words:?}");
        assert!(stderr(&done).contains(says), "{words:?}: {}", stderr(&done));
    }
}

#[test]
fn the_event_of_a_command_line_is_printed() {
    let done = run(&[
        "points",
        "s3://in/a.json",
        "--to",
        "s3://out/",
        "--algorithm",
        "quantile",
        "--q",
        "0.9",
        "--print-event",
    ]);
    let event: Value = serde_json::from_slice(&done.stdout).expect("JSON");
    let wanted = json!({
        "job": "points", "algorithm": "quantile", "q": 0.9, "sources": ["s3://in/a.json"], "to": "s3://out/",
    });
    assert_eq!(event, wanted);
}
