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
