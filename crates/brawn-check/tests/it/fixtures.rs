//! Each fixture shows both sides of one rule: lines marked `~ CODE` in a comment are found, all others are not. What the
//! report says of them stands in `tests/snapshots`; `BRAWN_BLESS=1 cargo test -p brawn-check fixtures` writes it anew.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use brawn_check::{Check, Format};

/// One file, or a folder with a manifest, sources and what deploys them.
fn fixture(code: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let name = code.to_lowercase();
    [folder.join(format!("{name}.rs")), folder.join(name)].into_iter().find(|path| path.exists())
}

fn codes() -> Vec<String> {
    let report = brawn_check::explain("no such code").expect_err("it is no code");
    let codes = report.hint().expect("the codes are named").trim_start_matches("the codes are ");
    codes.split(", ").map(str::to_owned).collect()
}

fn marked(path: &Path, mark: &str, out: &mut BTreeSet<(PathBuf, usize)>) {
    if path.is_dir() {
        for entry in std::fs::read_dir(path).expect("readable") {
            marked(&entry.expect("readable").path(), mark, out);
        }
        return;
    }
    let text = std::fs::read_to_string(path).expect("readable");
    let lines = (1..).zip(text.lines()).filter(|(_, line)| line.ends_with(mark));
    out.extend(lines.map(|(number, _)| (path.to_owned(), number)));
}

#[test]
fn every_rule_is_found_where_its_fixture_is_marked_and_nowhere_else() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for code in codes() {
        let path = fixture(&code).unwrap_or_else(|| panic!("{code} has no fixture"));
        let mut marks = BTreeSet::new();
        marked(&path, &format!("~ {code}"), &mut marks);
        assert!(!marks.is_empty(), "{} marks nothing", path.display());
        let report = Check::new([&path]).select([code.as_str()]).run().expect("it runs");
        assert!(report.skipped.is_empty(), "{:?}", report.skipped);
        let place = |path: &Path| root.join(path);
        let found: BTreeSet<(PathBuf, usize)> =
            report.findings.iter().map(|finding| (place(&finding.path), finding.line)).collect();
        assert_eq!(found, marks, "{code}");
        let said = report.render(Format::Text, false).replace(&format!("{}/", root.display()), "");
        let snapshot = root.join(format!("tests/snapshots/{}.txt", code.to_lowercase()));
        if std::env::var_os("BRAWN_BLESS").is_some() {
            std::fs::write(&snapshot, &said).expect("writable");
        }
        let expected =
            std::fs::read_to_string(&snapshot).unwrap_or_else(|_| panic!("{code} has no snapshot"));
        assert_eq!(said, expected, "{code}");
    }
}

#[test]
fn every_fixture_and_snapshot_is_of_a_rule() {
    let codes = codes();
    for folder in ["tests/fixtures", "tests/snapshots"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        for entry in std::fs::read_dir(folder).expect("readable") {
            let path = entry.expect("readable").path();
            let name = path.file_stem().and_then(|name| name.to_str()).expect("a name");
            assert!(codes.contains(&name.to_uppercase()), "{}", path.display());
        }
    }
}

#[test]
fn every_rule_has_a_page_that_says_what_why_and_when_to_allow() {
    for code in codes() {
        let page = brawn_check::explain(&code).expect("it is a code");
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
