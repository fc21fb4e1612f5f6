//! What nobody should feed to a checker, and somebody will.

use brawn_check::Check;

use crate::{check, folder};

#[test]
fn deep_nesting_is_named_and_skipped() {
    for text in [
        format!("fn f() {{ {}1{} }}", "(".repeat(100_000), ")".repeat(100_000)),
        format!("fn f() {{ {}1 }}", "!".repeat(100_000)),
        format!("fn f() {{ a{} }}", ".b()".repeat(100_000)),
        format!("const A: u8 = 0{};", " + 1".repeat(100_000)),
        format!("type A = {}u8{};", "Vec<".repeat(50_000), ">".repeat(50_000)),
        format!("fn f() {{ if a {{}} {} }}", "else if a {}".repeat(50_000)),
        "(".repeat(1_000_000),
    ] {
        let folder =
            folder(&[("main.rs", &text), ("other.rs", "async fn a() { bcrypt::hash(1, 2); }")]);
        let report = check(folder.path());
        assert_eq!(report.skipped.len(), 1, "{}", &text[..20.min(text.len())]);
        assert_eq!(report.findings.len(), 1, "the other file is looked at");
    }
}

#[test]
fn nesting_just_below_the_limit_is_read() {
    for text in [
        format!("fn f() {{ {}1{} }}", "(".repeat(180), ")".repeat(180)),
        format!("fn f() {{ {}1 }}", "!".repeat(5_000)),
        format!("fn f() {{ a{} }}", ".b()".repeat(1_200)),
        format!("const A: u8 = 0{};", " + 1".repeat(2_000)),
        format!("type A = {}u8{};", "Vec<".repeat(1_000), ">".repeat(1_000)),
    ] {
        let folder = folder(&[("main.rs", &text)]);
        let report = check(folder.path());
        assert!(report.skipped.is_empty(), "{:?}", report.skipped);
    }
}

#[test]
fn truncated_and_changed_files_do_no_harm() {
    let text = include_str!("../fixtures/br102.rs");
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    for round in 0..300 {
        let mut bytes = text.as_bytes().to_vec();
        // xorshift: the same files in each run.
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        bytes.truncate(next() as usize % bytes.len());
        for _ in 0..round % 5 {
            if !bytes.is_empty() {
                let at = next() as usize % bytes.len();
                bytes[at] = next() as u8;
            }
        }
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("main.rs"), &bytes).expect("a file");
        std::fs::write(folder.path().join("Cargo.toml"), &bytes).expect("a file");
        std::fs::write(folder.path().join("template.yaml"), &bytes).expect("a file");
        std::fs::write(folder.path().join("main.tf"), &bytes).expect("a file");
        check(folder.path());
    }
}

#[test]
fn a_large_file_is_read() {
    let mut text = String::new();
    while text.len() < 2 << 20 {
        text.push_str(
            "pub fn f(a: &[u8]) -> usize { let b = a.iter().map(|c| *c as usize).sum(); b }\n",
        );
    }
    text.push_str("async fn last() { bcrypt::hash(1, 2); }\n");
    let folder = folder(&[("main.rs", &text)]);
    assert_eq!(check(folder.path()).findings.len(), 1);
}

#[test]
fn modules_and_links_in_circles_end() {
    let folder = folder(&[
        ("Cargo.toml", "[package]\nname = \"round\"\n"),
        ("src/main.rs", "mod a;\nfn main() {}\n"),
        (
            "src/a.rs",
            "#[path = \"a.rs\"]\nmod a;\n#[path = \"main.rs\"]\nmod m;\nuse self::a as b;\npub use super::*;\n",
        ),
        ("src/b.rs", "pub use crate::c::*;"),
        ("src/c.rs", "pub use crate::b::*; async fn d() { e(); }"),
    ]);
    #[cfg(unix)]
    std::os::unix::fs::symlink(folder.path(), folder.path().join("src/again")).expect("a link");
    check(folder.path());
}

#[test]
fn the_report_does_not_depend_on_threads() {
    let fixtures = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let run = |threads| {
        let report =
            Check::new([&fixtures]).select(["all"]).threads(threads).run().expect("it runs");
        report.render(brawn_check::Format::Json, false)
    };
    let one = run(1);
    assert!(one.contains("BR101"));
    for threads in [2, 3, 8] {
        assert_eq!(one, run(threads), "{threads} threads");
    }
}

#[test]
fn a_path_that_is_not_there_is_an_error() {
    let error = Check::new(["/no/such/place"]).run().expect_err("it is not there");
    assert!(error.to_string().contains("/no/such/place"), "{error}");
}
