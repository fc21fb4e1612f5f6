//! What nobody should feed to a checker, and somebody will.

use std::path::Path;

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

/// All fixtures, cut and changed, in all the places where files are read. Each round checks many files at once.
#[test]
fn truncated_and_changed_files_do_no_harm() {
    let mut originals = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("readable") {
            let path = entry.expect("readable").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                originals.push((path.clone(), std::fs::read(path).expect("readable")));
            }
        }
    }
    originals.sort();
    assert!(originals.len() > 40, "{} fixtures", originals.len());
    // xorshift: the same files in each run.
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below.max(1) as u64) as usize
    };
    let (mut all, mut skipped) = (0, 0);
    for _ in 0..25 {
        let folder = tempfile::tempdir().expect("a folder");
        for (index, (path, original)) in originals.iter().enumerate() {
            let mut bytes = original.clone();
            mutate(&mut bytes, &originals[next(originals.len())].1, &mut next);
            let into = folder.path().join(format!("{index}"));
            let name = path.file_name().expect("a name");
            let into = if name == "main.rs" { into.join("src") } else { into };
            std::fs::create_dir_all(&into).expect("a folder");
            std::fs::write(into.join(name), &bytes).expect("a file");
        }
        let check = Check::new([folder.path()]).select(["all"]);
        let report = check.run().expect("it runs");
        report.fixed().expect("files are there");
        check.checklist().expect("it runs");
        // Sources and manifests: what is read of templates is little, and most changes break them.
        let counts = |path: &Path| path.extension().is_some_and(|end| end == "rs" || end == "toml");
        all += originals.len();
        skipped += report.skipped.iter().filter(|skipped| counts(&skipped.path)).count();
    }
    // Both sides: files that no longer parse, and files that do and mean something else.
    assert!(skipped > all / 10 && skipped < all * 2 / 3, "{skipped} of {all}");
}

/// Cuts the end off, removes, repeats, swaps and inserts: lines, tokens, bytes.
fn mutate(bytes: &mut Vec<u8>, other: &[u8], next: &mut impl FnMut(usize) -> usize) {
    const TOKENS: [&str; 24] = [
        "{", "}", "(", ")", "<", ">", "::", "?", ".await", "async ", "move ", "|", "&", "#[", "]",
        "\"", "'a ", "r#\"", "/*", "//", "\u{feff}", "\u{0}", "as ", "self",
    ];
    for _ in 0..next(4) {
        let at = next(bytes.len());
        let end = (at + next(40)).min(bytes.len());
        match next(7) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..end)),
            2 => {
                let part = bytes[at..end].to_vec();
                let to = next(bytes.len());
                bytes.splice(to..to, part);
            }
            3 => drop(bytes.splice(at..at, TOKENS[next(TOKENS.len())].bytes())),
            4 => drop(bytes.splice(at..end, TOKENS[next(TOKENS.len())].bytes())),
            5 if at < bytes.len() => bytes[at] = next(256) as u8,
            _ => {
                let from = next(other.len());
                let part = &other[from..(from + next(80)).min(other.len())];
                bytes.splice(at..at, part.iter().copied());
            }
        }
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
    // Five times as much is data, and is named; the file beside it is read.
    std::fs::write(folder.path().join("other.rs"), text.repeat(5)).expect("a file");
    std::fs::write(folder.path().join("main.rs"), "async fn last() { bcrypt::hash(1, 2); }")
        .expect("a file");
    let report = check(folder.path());
    assert_eq!((report.findings.len(), report.skipped.len()), (1, 1));
    assert!(report.skipped[0].why.contains("MB of source"), "{:?}", report.skipped);
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
    {
        let link = |to: &Path, name: &str| {
            std::os::unix::fs::symlink(to, folder.path().join(name)).expect("a link");
        };
        link(folder.path(), "src/again");
        link(Path::new("nowhere"), "src/dangling.rs");
        link(Path::new("itself.rs"), "src/itself.rs");
        link(Path::new("/dev/zero"), "src/endless.rs");
        link(Path::new("../src/c.rs"), "src/twice.rs");
    }
    let report = check(folder.path());
    assert!(report.files >= 4, "{}", report.files);
}

#[test]
fn the_report_does_not_depend_on_threads() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
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
