//! Names that are not text, that drive a terminal, or that a verb leaves alone.

#![cfg(unix)]

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Output;

use crate::{brawn, code, files, json_lines, stderr};

const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

fn bytes(name: &[u8]) -> &OsStr {
    OsStr::from_bytes(name)
}

/// A file in `folder`, and the folders above it. `None` where the file system takes no such name.
fn file(folder: &Path, name: &[u8], content: &str) -> Option<PathBuf> {
    let path = folder.join(bytes(name));
    fs::create_dir_all(path.parent().expect("in a folder")).ok()?;
    fs::write(&path, content).ok()?;
    Some(path)
}

fn run_in(folder: &Path, words: &[&OsStr]) -> Output {
    brawn(words).current_dir(folder).output().expect("the binary starts")
}

fn run(folder: &Path, words: &[&str]) -> Output {
    run_in(folder, &words.iter().map(OsStr::new).collect::<Vec<_>>())
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

#[test]
fn a_name_that_is_not_utf_8_is_one_failed_item_and_never_another_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    for name in [&b"in/a.txt"[..], b"in/caf\xe9.txt", b"in/d\xff/b.txt", b"in/z.txt", b"caf\xe9"] {
        if file(at, name, "abc").is_none() {
            println!("skipped: this file system takes UTF-8 only");
            return;
        }
    }
    for (source, good) in
        [("in", vec!["in/a.txt", "in/z.txt"]), ("in/**/*.txt", vec!["in/a.txt", "in/z.txt"])]
    {
        let done = run(at, &["hash", source]);
        let lines: Vec<String> = good.iter().map(|name| format!("{ABC}  {name}\n")).collect();
        assert_eq!((code(&done), stdout(&done)), (1, lines.concat()), "{}", stderr(&done));
        for says in [
            "brawn: in/caf\\xE9.txt: failed: the name `in/caf\\xE9.txt` is not UTF-8",
            "brawn: in/d\\xFF/b.txt: failed: ",
            "hint: rename it, or give it as `-` on stdin",
        ] {
            assert!(stderr(&done).contains(says), "{says} is not in {}", stderr(&done));
        }
    }
    let done = run(at, &["compress", "in", "--to", "out/"]);
    assert_eq!(code(&done), 1);
    assert_eq!(files(&at.join("out")), ["a.txt.zst", "z.txt.zst"]);
    let done = run(at, &["compress", "in"]);
    assert_eq!(code(&done), 1);
    assert_eq!(fs::read_dir(at.join("in").join(bytes(b"d\xff"))).expect("there").count(), 1);
    // As arguments: a file, a folder, a pattern, and what is not there.
    let hash = OsStr::new("hash");
    let named = [
        bytes(b"caf\xe9"),
        OsStr::new("in/a.txt"),
        bytes(b"in/d\xff"),
        bytes(b"\xe9*"),
        bytes(b"no\xe9"),
    ];
    let done = run_in(at, &[&[hash][..], &named].concat());
    assert_eq!((code(&done), stdout(&done)), (1, format!("{ABC}  in/a.txt\n")));
    for says in [
        "brawn: caf\\xE9: failed: the name `caf\\xE9` is not UTF-8",
        "brawn: in/d\\xFF/b.txt: failed: the name",
        "brawn: \\xE9*: failed: the name",
        "brawn: no\\xE9: failed: `no\\xE9` does not exist",
    ] {
        assert!(stderr(&done).contains(says), "{says} is not in {}", stderr(&done));
    }
    let done = run_in(at, &[hash, bytes(b"caf\xe9"), OsStr::new("--json")]);
    assert_eq!(json_lines(&done).0[0]["source"], "caf\\xE9");
    let done = run_in(at, &[hash, bytes(b"caf\xe9"), OsStr::new("--print-event")]);
    assert_eq!((code(&done), stdout(&done).as_str()), (2, ""), "{}", stderr(&done));
}

#[test]
fn a_destination_that_is_not_utf_8_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("a"), "abc").expect("written");
    for verb in ["compress", "decompress", "hash", "image", "stats", "points"] {
        let words = [OsStr::new(verb), OsStr::new("a"), OsStr::new("--to"), bytes(b"o\xff/")];
        let done = run_in(folder.path(), &words);
        assert_eq!(code(&done), 2, "{verb}");
        assert!(stderr(&done).contains("`o\\xFF/` is not UTF-8"), "{verb}: {}", stderr(&done));
    }
    assert_eq!(files(folder.path()), ["a"]);
}

#[cfg(feature = "encrypt")]
#[test]
fn a_file_of_keys_that_is_not_utf_8_is_refused_in_the_same_words() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("a.age"), "abc").expect("written");
    for words in [
        &["decrypt", "a.age", "-i"][..],
        &["decrypt", "a.age", "--passphrase-file"],
        &["encrypt", "a.age", "-R"],
        &["encrypt", "a.age", "--passphrase-file"],
        &["keygen", "-y"],
    ] {
        let mut all: Vec<&OsStr> = words.iter().map(OsStr::new).collect();
        all.push(bytes(b"k\xff"));
        let done = run_in(folder.path(), &all);
        assert_eq!(code(&done), 2, "{words:?}");
        let says = "the name `k\\xFF` is not UTF-8: rename it, or give it as `-` on stdin";
        assert!(stderr(&done).contains(says), "{words:?}: {}", stderr(&done));
    }
    assert_eq!(files(folder.path()), ["a.age"]);
}

#[test]
fn a_line_of_checksums_that_is_not_utf_8_is_counted_and_the_others_are_checked() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    fs::write(at.join("good"), "abc").expect("written");
    let _ = file(at, b"caf\xe9", "abc");
    let good = format!("{ABC}  good\n");
    let raw = [good.as_bytes(), ABC.as_bytes(), b"  caf\xe9\n\xff\xfe\n", good.as_bytes()].concat();
    fs::write(at.join("SUMS"), raw).expect("written");
    let done = run(at, &["hash", "-c", "SUMS"]);
    let said = "good: OK\ncaf\\xE9: FAILED open or read\ngood: OK\n";
    assert_eq!((code(&done), stdout(&done).as_str()), (1, said), "{}", stderr(&done));
    for says in [
        "brawn: caf\\xE9: failed: the name `caf\\xE9` is not UTF-8",
        "WARNING: 1 line is no checksum",
        "WARNING: 1 listed file could not be read",
    ] {
        assert!(stderr(&done).contains(says), "{says} is not in {}", stderr(&done));
    }
}

#[test]
fn a_name_forges_no_line_and_drives_no_terminal() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let name = "x\nbrawn: y: \u{1b}[2J.gz";
    fs::write(at.join(name), "no gzip").expect("written");
    let shown = "x\\nbrawn: y: \\x1b[2J.gz";
    for words in [
        &["decompress", "-t", name][..],
        &["decompress", name],
        &["compress", "--format", "gzip", name],
        &["compress", "--dry-run", name],
        &["stats", name],
        &["image", name, "--to", "out/"],
        &["hash", "-a", "sha256", name, "--to", "out/"],
    ] {
        let done = run(at, words);
        let said = format!("{}{}", stdout(&done), stderr(&done));
        assert!(said.contains(shown), "{words:?}: {said}");
        assert!(!said.contains('\u{1b}') && !said.contains("\nbrawn: y"), "{words:?}: {said}");
    }
    // A list is a table.
    let done = run(at, &["compress", "-o", "good.gz", "--force", name]);
    assert_eq!(code(&done), 1, "it has the suffix already: {}", stderr(&done));
    fs::write(at.join("a"), "abc").expect("written");
    assert_eq!(code(&run(at, &["compress", "a", "-o", "good.gz"])), 0);
    fs::rename(at.join("good.gz"), at.join(name)).expect("renamed");
    let table = stdout(&run(at, &["decompress", "-l", name]));
    assert!(table.contains(shown) && !table.contains('\u{1b}'), "{table}");
    assert_eq!(table.lines().count(), 2);
    // Lines of checksums have the form of sha256sum, and are read again.
    let sums = run(at, &["hash", name]);
    assert!(stdout(&sums).starts_with('\\') && stdout(&sums).contains("  x\\nbrawn: y"));
    fs::write(at.join("SUMS"), &sums.stdout).expect("written");
    let done = run(at, &["hash", "-c", "SUMS"]);
    assert_eq!((code(&done), stdout(&done)), (0, format!("{shown}: OK\n")));
}

#[test]
fn what_cannot_be_read_and_is_not_wanted_is_no_failure() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    fs::write(at.join("a.csv"), "x\n1\n").expect("written");
    fs::write(at.join("a.gz"), "").expect("written");
    for name in ["lost.txt", ".#a.csv", "self.txt"] {
        symlink(if name == "self.txt" { "self.txt" } else { "nowhere" }, at.join(name))
            .expect("a link");
    }
    let done = run(at, &["hash", "*.csv"]);
    assert_eq!((code(&done), stderr(&done).as_str()), (0, ""));
    assert!(
        stdout(&done).ends_with("  a.csv\n") && !stdout(&done).contains("./"),
        "{}",
        stdout(&done)
    );
    let done = run(at, &["stats", ".", "--quiet"]);
    assert_eq!(code(&done), 1, "a.gz is no table");
    assert!(
        !stderr(&done).contains("lost") && !stderr(&done).contains("nowhere"),
        "{}",
        stderr(&done)
    );
    assert!(!stderr(&done).contains(".#a.csv"), "hidden: {}", stderr(&done));
    let done = run(at, &["hash", "*.txt"]);
    assert_eq!(code(&done), 1);
    for says in ["lost.txt: failed: cannot read", "self.txt: failed: cannot read"] {
        assert!(stderr(&done).contains(says), "{}", stderr(&done));
    }
}

#[test]
fn a_pattern_without_a_folder_gives_names_as_a_shell_does() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    for name in ["a.x", "d/b.x", "-"] {
        let _ = file(at, name.as_bytes(), "abc").expect("written");
    }
    let names = |pattern: &str| {
        let lines = stdout(&run(at, &["hash", pattern]));
        lines.lines().map(|line| line[66..].to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names("*.x"), ["a.x"]);
    assert_eq!(names("**/*.x"), ["a.x", "d/b.x"]);
    assert_eq!(names("./*.x"), ["./a.x"]);
    assert_eq!(names("d/*"), ["d/b.x"]);
    assert_eq!(names("[-]"), ["./-"], "alone it would be stdin");
}

#[test]
fn what_a_verb_does_not_take_is_counted_and_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    fs::create_dir(at.join("in")).expect("a folder");
    for name in ["in/a.txt", "in/b.log", "in/.hidden.txt"] {
        fs::write(at.join(name), "abc").expect("written");
    }
    for flag in ["-t", "-l"] {
        let done = run(at, &["decompress", flag, "in"]);
        assert_eq!(code(&done), 1, "{flag}");
        for says in [
            "(gz, zst, zstd, bgz, lz4, tgz, tzst), and 2 that are passed over",
            "2 passed over: not .gz .zst",
        ] {
            assert!(stderr(&done).contains(says), "{says} is not in {}", stderr(&done));
        }
    }
    assert_eq!(code(&run(at, &["compress", "in/a.txt"])), 0);
    let done = run(at, &["decompress", "-t", "in"]);
    assert_eq!((code(&done), stdout(&done).as_str()), (0, "in/a.txt.zst: OK\n"));
    assert_eq!(
        stderr(&done),
        "2 passed over: not .gz .zst .zstd .bgz .lz4 .tgz .tzst\n1 left alone: hidden, or no file\n"
    );
    assert_eq!(stderr(&run(at, &["decompress", "-t", "in", "--quiet"])), "");
    let done = run(at, &["decompress", "in", "--to", "out/", "--json"]);
    assert_eq!((code(&done), json_lines(&done).1["passed_over"].as_u64()), (0, Some(2)));
    // Outputs over inputs are looked for among all inputs, which are counted once.
    let done = run(at, &["decompress", "in", "--force", "--json"]);
    assert_eq!((code(&done), json_lines(&done).1["passed_over"].as_u64()), (0, Some(2)));
}

#[test]
fn a_folder_is_compressed_again_without_what_is_compressed() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    fs::create_dir(at.join("in")).expect("a folder");
    for name in ["in/a.txt", "in/b.txt", "in/c.TGZ"] {
        fs::write(at.join(name), "abc").expect("written");
    }
    let wanted = ["a.txt", "a.txt.zst", "b.txt", "b.txt.zst", "c.TGZ"];
    for (round, passed_over) in [(0, 1), (1, 3)] {
        let done = run(at, &["compress", "in", "--skip-existing", "--json"]);
        let summary = json_lines(&done).1;
        assert_eq!(code(&done), 0, "{}", stderr(&done));
        let skipped = if round == 0 { 0 } else { 2 };
        assert_eq!(
            (summary["skipped"].as_u64(), summary["passed_over"].as_u64()),
            (Some(skipped), Some(passed_over))
        );
        assert_eq!(files(&at.join("in")), wanted);
    }
    let done = run(at, &["compress", "in/*", "--skip-existing"]);
    assert_eq!(code(&done), 0, "{}", stderr(&done));
    assert!(
        stderr(&done).contains("3 passed over: .gz .zst .zstd .bgz .lz4 .tgz .tzst are left as"),
        "{}",
        stderr(&done)
    );
    let done = run(at, &["compress", "in/a.txt.zst"]);
    assert_eq!(code(&done), 1, "what is named itself is rejected");
    let done = run(at, &["compress", "in/*.zst"]);
    assert_eq!(code(&done), 1);
    assert!(
        stderr(&done).contains("no file but those that this job passes over"),
        "{}",
        stderr(&done)
    );
}
