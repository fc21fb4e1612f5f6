//! Reports, allows, baselines.

use brawn_check::{Check, Format};
use serde_json::Value;

use crate::{check, folder, found};

const PICTURE: &str = "\
use image::load_from_memory as load;

async fn handler(png: Vec<u8>) {
    let picture = small(&png);
    load(&png);
}

fn small(png: &[u8]) {
    load(png);
}
";

#[test]
fn the_text_reads_as_a_compilers() {
    let folder = folder(&[("main.rs", PICTURE)]);
    let text = check(folder.path()).render(Format::Text, false);
    let text = text.replace(&*folder.path().to_string_lossy(), "src");
    let expected = "\
warning[BR103]: `small` reaches `image::load_from_memory`, which decodes an image, on a thread of the async runtime
 --> src/main.rs:4:19
  |
4 |     let picture = small(&png);
  |                   ^^^^^^^^^^^
  = calls `image::load_from_memory` at src/main.rs:9:5
  = help: hand the whole call to the pool and await it: `tokio::task::spawn_blocking(move || small(&png)).await?`

error[BR102]: `image::load_from_memory` decodes an image, on a thread of the async runtime
 --> src/main.rs:5:5
  |
5 |     load(&png);
  |     ^^^^^^^^^^
  = help: hand it to the pool and await it: `tokio::task::spawn_blocking(move || load(&png)).await?`

1 error, 1 warning in 1 file (10 lines)
";
    assert_eq!(text, expected);
}

#[test]
fn every_format_says_the_same() {
    let folder = folder(&[("main.rs", PICTURE)]);
    let report = check(folder.path());
    let json: Value = serde_json::from_str(&report.render(Format::Json, false)).expect("JSON");
    assert_eq!(json["findings"][1]["code"], "BR102");
    assert_eq!(json["findings"][1]["line"], 5);
    let sarif: Value = serde_json::from_str(&report.render(Format::Sarif, false)).expect("JSON");
    let result = &sarif["runs"][0]["results"][1];
    assert_eq!(result["ruleId"], "BR102");
    let index = result["ruleIndex"].as_u64().expect("a number") as usize;
    assert_eq!(sarif["runs"][0]["tool"]["driver"]["rules"][index]["id"], "BR102");
    assert_eq!(result["locations"][0]["physicalLocation"]["region"]["startLine"], 5);
    assert!(report.render(Format::Github, false).contains("::error file="));
    assert!(report.render(Format::Short, false).contains("main.rs:5:5: error BR102 "));
}

#[test]
fn an_allow_needs_a_reason() {
    let with = PICTURE.replace(
        "    load(&png);\n}\n\nfn",
        "    load(&png); // brawn: allow(BR102, an icon of ours)\n}\n\nfn",
    );
    let folder_with = folder(&[("main.rs", &with)]);
    let report = check(folder_with.path());
    assert_eq!((found(&report), report.allowed), (vec![("BR103", 4)], 1));
    let without = with.replace(", an icon of ours", "");
    let folder_without = folder(&[("main.rs", &without)]);
    let report = check(folder_without.path());
    assert_eq!(found(&report), [("BR103", 4), ("BR102", 5)]);
    assert!(report.findings[1].help.as_ref().expect("help").contains("no reason"));
}

#[test]
fn a_baseline_survives_lines_that_move() {
    let before = folder(&[("main.rs", PICTURE)]);
    let baseline = check(before.path()).baseline();
    std::fs::write(before.path().join("main.rs"), format!("// moved\n\n{PICTURE}"))
        .expect("a file");
    let report = Check::new([before.path()]).baseline(baseline).run().expect("it runs");
    assert_eq!((report.findings.len(), report.known), (0, 2));
}

#[test]
fn codes_select_and_ignore() {
    let folder = folder(&[("main.rs", PICTURE)]);
    let only = Check::new([folder.path()]).select(["BR103"]).run().expect("it runs");
    assert_eq!(found(&only), [("BR103", 4)]);
    let not = Check::new([folder.path()]).ignore(["reaches-heavy-work"]).run().expect("it runs");
    assert_eq!(found(&not), [("BR102", 5)]);
    let error = Check::new([folder.path()]).select(["BR999"]).run().expect_err("no such rule");
    assert!(error.to_string().contains("BR999"));
}

#[test]
fn a_project_adds_to_what_is_known() {
    let more =
        "[[call]]\nkind = \"heavy\"\ndoes = \"renders a tile\"\npaths = [\"tiles::render\"]\n";
    let folder =
        folder(&[("brawn-check.toml", more), ("main.rs", "async fn a() { tiles::render(); }")]);
    assert_eq!(found(&check(folder.path())), [("BR102", 1)]);
}

#[test]
fn an_allow_above_a_statement_covers_all_of_its_lines() {
    let with = PICTURE.replace(
        "    load(&png);\n}\n\nfn",
        "    // brawn: allow(BR102, an icon of ours)\n    let _ = String::new()\n        .replace(load(&png), \"\");\n    load(&png);\n}\n\nfn",
    );
    let folder = folder(&[("main.rs", &with)]);
    let report = check(folder.path());
    assert_eq!(report.allowed, 1, "{}", report.render(Format::Text, false));
}
