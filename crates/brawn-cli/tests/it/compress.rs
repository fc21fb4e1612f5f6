//! `brawn compress`: beside the input, never over what is there, readable by gzip and zstd.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::{brawn, code, files, run, stderr, text};

/// What the format's own tool reads in `file`; nothing where it is not installed.
fn plain(tool: &str, file: &Path) -> Option<Vec<u8>> {
    let done = Command::new(tool).args(["-dc", text(file)]).output();
    let Ok(done) = done else {
        println!("skipped: no {tool} here");
        return None;
    };
    assert!(done.status.success(), "{tool}: {}", stderr(&done));
    Some(done.stdout)
}

#[test]
fn the_output_lies_beside_the_input_and_replaces_nothing_unasked() {
    let folder = tempfile::tempdir().expect("a folder");
    let source = folder.path().join("a.txt");
    let bytes = "a line of text\n".repeat(100_000);
    fs::write(&source, &bytes).expect("written");
    let done = run(&["compress", text(&source)]);
    assert_eq!(code(&done), 0, "{}", stderr(&done));
    assert_eq!(files(folder.path()), ["a.txt", "a.txt.zst"]);
    let out = folder.path().join("a.txt.zst");
    let time = |path: &Path| fs::metadata(path).and_then(|file| file.modified()).expect("known");
    assert_eq!(time(&out), time(&source));
    if let Some(plain) = plain("zstd", &out) {
        assert!(plain == bytes.as_bytes());
    }
    fs::write(&out, "mine").expect("written");
    let done = run(&["compress", text(&source)]);
    assert_eq!(code(&done), 1);
    assert!(stderr(&done).contains("is there already"), "{}", stderr(&done));
    assert_eq!(fs::read(&out).expect("there"), b"mine");
    let done = run(&["compress", "-f", "--rm", text(&source)]);
    assert_eq!(code(&done), 0, "{}", stderr(&done));
    assert_eq!(files(folder.path()), ["a.txt.zst"]);
    let done = run(&["compress", text(&out)]);
    assert_eq!(code(&done), 1, "it is compressed already");
    assert_eq!(files(folder.path()), ["a.txt.zst"]);
}

#[test]
fn pipes_and_exact_outputs_say_the_format() {
    let folder = tempfile::tempdir().expect("a folder");
    let (source, out) = (folder.path().join("a"), folder.path().join("b.gz"));
    let bytes = "0123456789".repeat(200_000);
    fs::write(&source, &bytes).expect("written");
    let done = run(&["compress", text(&source), "-o", text(&out), "--level", "9"]);
    assert_eq!(code(&done), 0, "{}", stderr(&done));
    if let Some(plain) = plain("gzip", &out) {
        assert!(plain == bytes.as_bytes());
    }
    let mut piped = brawn(["compress", "-", "--format", "bgzf"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut stdin = piped.stdin.take().expect("piped");
    let input = bytes.clone();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let done = piped.wait_with_output().expect("it ends");
    writer.join().expect("no panic").expect("it reads all");
    assert!(done.status.success());
    let piped = folder.path().join("piped.gz");
    fs::write(&piped, &done.stdout).expect("written");
    if let Some(plain) = plain("gzip", &piped) {
        assert!(plain == bytes.as_bytes());
    }
}

#[test]
fn one_output_is_named_with_or_without_an_extension() {
    let folder = tempfile::tempdir().expect("a folder");
    let name = |name: &str| text(&folder.path().join(name)).to_owned();
    fs::write(name("a"), "a line of text\n").expect("written");
    fs::write(name("b"), "another\n").expect("written");
    for words in [
        ["compress", &name("a"), "-o", &name("packed")],
        ["decompress", &name("packed"), "-o", &name("plain")],
    ] {
        let done = run(&words);
        assert_eq!(code(&done), 0, "{}", stderr(&done));
    }
    assert_eq!(files(folder.path()), ["a", "b", "packed", "plain"]);
    assert_eq!(fs::read(name("plain")).expect("there"), b"a line of text\n");
    for (words, says) in [
        (vec!["compress", &name("a"), &name("b"), "-o", &name("x")], "is one output"),
        (vec!["compress", text(folder.path()), "-o", &name("x")], "is one output"),
        (vec!["compress", "--rm", &name("a"), "-o", "-"], "not to stdout"),
        (vec!["decompress", "--rm", &name("packed"), "--to", "-"], "not to stdout"),
        (vec!["compress", "-", "--json"], "the report of `--json` too"),
        (vec!["compress", &name("a"), "-o", "-", "--json"], "the report of `--json` too"),
        (vec!["compress", &name("a"), "-o", &name("x.xz")], "a format that is not written here"),
        (
            vec!["compress", &name("a"), "-o", &name("x.gz"), "--format", "zstd"],
            "ends with `.gz` and the format is zstd",
        ),
        (
            vec!["compress", &name("a"), "-o", &name("x.zst"), "--format", "gzip"],
            "ends with `.zst` and the format is gzip",
        ),
        (vec!["decompress", "-t", &name("packed"), "-o", &name("x")], "`--test` writes nothing"),
        // Not what is wrong with the place.
        (vec!["decompress", "-t", &name("a"), &name("b"), "-o", "x"], "`--test` writes nothing"),
        (vec!["decompress", "-l", &name("a"), "--to", "gs://x/"], "`--list` writes nothing"),
        (
            vec!["compress", "s3://in/a", "-o", "s3://out/a", "--print-event"],
            "`s3://out/a` has no extension",
        ),
    ] {
        let done = run(&words);
        assert_eq!(code(&done), 2, "{words:?}");
        assert!(stderr(&done).contains(says), "{words:?}: {}", stderr(&done));
    }
    let done = run(&["compress", &name("a"), &name("b"), "--to", &name("both")]);
    assert_eq!(code(&done), 0, "{}", stderr(&done));
    assert_eq!(files(folder.path()), ["a", "b", "both/a.zst", "both/b.zst", "packed", "plain"]);
}

#[test]
fn a_folder_is_one_whatever_it_is_called() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let here = |words: &[&str]| brawn(words).current_dir(at).output().expect("it starts");
    fs::write(at.join("a"), "a line of text\n").expect("written");
    for words in [
        &["compress", "a", "--to", "backup.d"][..],
        &["compress", "a", "--to", "x.gz"],
        &["decompress", "x.gz/a.zst", "--to", "plain.txt"],
    ] {
        let done = here(words);
        assert_eq!(code(&done), 0, "{words:?}: {}", stderr(&done));
    }
    assert_eq!(files(at), ["a", "backup.d/a.zst", "plain.txt/a", "x.gz/a.zst"]);
    for (to, is) in [
        ("s3://out/x.gz", "s3://out/x.gz/"),
        ("s3://out/x.gz/", "s3://out/x.gz/"),
        ("s3://out/x", "s3://out/x"),
    ] {
        let done = here(&["compress", "s3://in/a", "--to", to, "--print-event"]);
        let event: serde_json::Value = serde_json::from_slice(&done.stdout).expect("JSON");
        assert_eq!(event["to"], is, "what the function takes for a prefix");
    }
    let done = here(&["compress", "backup.d/a.zst", "--to", "a"]);
    assert_eq!(code(&done), 2);
    let said = stderr(&done);
    assert!(said.contains("`a` is there and is no folder\nhint: `-o` names"), "{said}");
}

/// `script` runs a command on a terminal of its own.
#[cfg(target_os = "linux")]
#[test]
fn a_terminal_gets_no_bytes_unasked() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("a"), "a line of text\n").expect("written");
    let on_a_terminal = |words: &str| {
        let line = format!("{} {words}", env!("CARGO_BIN_EXE_brawn"));
        let mut script = Command::new("script");
        script.args(["-qec", &line, "/dev/null"]).current_dir(folder.path()).stdin(Stdio::null());
        script.output().ok()
    };
    let Some(done) = on_a_terminal("compress -c a") else {
        println!("skipped: no script here");
        return;
    };
    assert_eq!(code(&done), 2);
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(said.contains("the output is binary, and stdout is a terminal"), "{said}");
    let done = on_a_terminal("compress -c -f --quiet a").expect("it was there before");
    assert_eq!(code(&done), 0);
    assert!(done.stdout.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]), "{:x?}", done.stdout);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let source = folder.path().join("a");
    fs::write(&source, "0123456789".repeat(200_000)).expect("written");
    let full = fs::File::options().write(true).open("/dev/full").expect("a device");
    let done = brawn(["compress", "-c", text(&source)]).stdout(full).output().expect("it starts");
    assert_eq!(code(&done), 1);
    assert!(stderr(&done).contains("cannot write to standard output"), "{}", stderr(&done));
    assert_eq!(files(folder.path()), ["a"]);
}

#[test]
fn an_empty_output_counts_as_not_there_for_who_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let (source, out) = (folder.path().join("d"), folder.path().join("d.zst"));
    fs::write(&source, "data").expect("written");
    fs::write(&out, "").expect("written");
    let done = run(&["compress", text(&source)]);
    assert_eq!((code(&done), fs::read(&out).expect("there").len()), (1, 0), "unasked it stays");
    let done = run(&["compress", "--skip-existing", text(&source)]);
    assert_eq!(code(&done), 0, "{}", stderr(&done));
    assert!(fs::read(&out).expect("there").len() > 4);
}

#[test]
fn what_would_end_with_the_command_is_no_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let source = folder.path().join("d");
    fs::write(&source, "data").expect("written");
    for words in [
        vec!["compress", "--rm", text(&source), "-o", "memory://x/y"],
        vec!["compress", "--rm", text(&source), "--to", "memory://x/"],
        vec!["image", text(&source), "--to", "memory://x/", "--width", "9"],
        vec!["hash", "memory://x/y"],
    ] {
        let done = run(&words);
        assert_eq!(code(&done), 2, "{words:?}");
        assert!(stderr(&done).contains("would end with this command"), "{}", stderr(&done));
    }
    assert!(source.exists());
}

#[test]
fn what_is_hidden_in_a_folder_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["v", ".env"] {
        fs::write(folder.path().join(name), "x").expect("written");
    }
    fs::create_dir(folder.path().join(".git")).expect("a folder");
    fs::write(folder.path().join(".git/c"), "x").expect("written");
    let done = run(&["hash", text(folder.path())]);
    assert_eq!(code(&done), 0);
    assert!(stderr(&done).contains("2 left alone: hidden"), "{}", stderr(&done));
    let hidden = format!("{}/.e*", text(folder.path()));
    let done = run(&["hash", &hidden]);
    assert_eq!((code(&done), String::from_utf8_lossy(&done.stdout).lines().count()), (0, 1));
}
