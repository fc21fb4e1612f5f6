//! Each fixture shows both sides of one rule: lines marked `//~ CODE` are found, all others are not.

use std::collections::BTreeSet;
use std::path::Path;

use brawn_check::Check;

#[test]
fn each_fixture_is_found_where_it_is_marked_and_nowhere_else() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut seen = 0;
    for entry in std::fs::read_dir(fixtures).expect("fixtures") {
        let path = entry.expect("readable").path();
        let text = std::fs::read_to_string(&path).expect("readable");
        let code = path.file_stem().and_then(|name| name.to_str()).expect("a name").to_uppercase();
        let marked: BTreeSet<usize> = (1..)
            .zip(text.lines())
            .filter(|(_, line)| line.ends_with(&format!("//~ {code}")))
            .map(|(number, _)| number)
            .collect();
        let report = Check::new([&path]).select([code.as_str()]).run().expect("it runs");
        assert!(report.skipped.is_empty(), "{:?}", report.skipped);
        let found: BTreeSet<usize> = report.findings.iter().map(|finding| finding.line).collect();
        assert_eq!(found, marked, "{}", path.display());
        assert!(!marked.is_empty(), "{} marks nothing", path.display());
        seen += 1;
    }
    assert!(seen >= 15, "{seen} fixtures");
}

#[test]
fn every_rule_has_a_page_that_says_what_why_and_when_to_allow() {
    let report = brawn_check::explain("no such code").expect_err("it is no code");
    let codes = report.hint().expect("the codes are named").trim_start_matches("the codes are ");
    for code in codes.split(", ") {
        let page = brawn_check::explain(code).expect(code);
        for part in [
            "## What",
            "## Why it matters on Lambda",
            "## Example",
            "## Instead",
            "## When to allow",
        ] {
            assert!(page.contains(part), "{code} lacks {part}");
        }
    }
}
