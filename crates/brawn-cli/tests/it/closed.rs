//! A reader that has enough: what goes to it ends silently and with 141, as by `SIGPIPE`.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Output, Stdio};

use crate::{brawn, code, files, photos, run, stderr, text};

/// Reads the first bytes of what `words` write and leaves; gives how that ended.
fn left_early(folder: &Path, words: &[&str], stdin: Option<&[u8]>) -> Output {
    let mut child = brawn(words)
        .current_dir(folder)
        .stdin(if stdin.is_some() { Stdio::piped() } else { Stdio::null() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let writer = stdin.map(|bytes| written(&mut child, bytes));
    let mut first = [0; 10];
    let mut stdout = child.stdout.take().expect("piped");
    stdout.read_exact(&mut first).expect("it writes");
    drop(stdout);
    let done = child.wait_with_output().expect("it ends");
    // Nobody reads it to its end.
    writer.map(|writer| writer.join().expect("no panic"));
    done
}

fn written(child: &mut Child, bytes: &[u8]) -> std::thread::JoinHandle<std::io::Result<()>> {
    let (mut stdin, bytes) = (child.stdin.take().expect("piped"), bytes.to_owned());
    std::thread::spawn(move || stdin.write_all(&bytes))
}

/// More than a pipe holds, however well it is compressed.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

fn is_silent(done: &Output, words: &[&str]) {
    assert_eq!((code(done), stderr(done).as_str()), (141, ""), "{words:?}");
}

#[test]
fn who_has_read_enough_is_told_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let bytes = noise(4_000_000);
    for name in ["a", "b"] {
        fs::write(at.join(name), &bytes).expect("written");
    }
    for name in ["a", "b"] {
        assert_eq!(code(&run(&["compress", "--quiet", text(&at.join(name))])), 0);
    }
    let before = files(at);
    for words in [
        &["decompress", "a.zst", "-c"][..],
        &["decompress", "a.zst", "b.zst", "-c"],
        &["decompress", "a.zst", "-o", "-"],
        &["compress", "a", "b", "-c"],
        &["compress", "a", "--to", "-"],
    ] {
        is_silent(&left_early(at, words, None), words);
    }
    is_silent(&left_early(at, &["compress", "-"], Some(&bytes)), &["compress", "-"]);
    assert_eq!(files(at), before);
}

#[cfg(feature = "encrypt")]
#[test]
fn so_it_is_with_what_is_encrypted() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    fs::write(at.join("a"), noise(4_000_000)).expect("written");
    assert_eq!(code(&run(&["keygen", "-o", text(&at.join("key"))])), 0);
    let recipient = run(&["keygen", "-y", text(&at.join("key"))]).stdout;
    let recipient = String::from_utf8(recipient).expect("text");
    let recipient = recipient.trim();
    assert_eq!(code(&run(&["encrypt", "--quiet", "-r", recipient, text(&at.join("a"))])), 0);
    for words in
        [&["encrypt", "-r", recipient, "a", "-c"][..], &["decrypt", "-i", "key", "a.age", "-c"]]
    {
        is_silent(&left_early(at, words, None), words);
    }
}

/// Where it is written in one piece.
#[test]
fn so_it_is_with_a_picture() {
    let picture = photos().join("hubble_deep_field.jpg");
    let words = ["image", text(&picture), "--to", "-", "--format", "png", "--width", "800"];
    is_silent(&left_early(Path::new("."), &words, None), &words);
}

#[test]
fn files_of_the_same_run_are_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let bytes = noise(12_000_000);
    let names: Vec<String> = (0..8).map(|n| format!("f{n}")).collect();
    for name in &names {
        fs::write(at.join(name), &bytes).expect("written");
    }
    let mut words = vec!["compress", "-", "--quiet"];
    words.extend(names.iter().map(String::as_str));
    let done = left_early(at, &words, Some(&bytes));
    assert_eq!(code(&done), 141);
    let said = stderr(&done);
    assert!(!said.contains("Broken pipe") && !said.contains("-: "), "{said}");
    // Those that are not there are named, as after Ctrl-C.
    let made = files(at).into_iter().filter(|name| name.ends_with(".zst"));
    let made: Vec<String> = made.collect();
    assert!(made.len() == names.len() || said.contains("not done: "), "{made:?}: {said}");
    for name in made {
        let done = run(&["decompress", "-t", text(&at.join(name))]);
        assert_eq!(code(&done), 0, "{}", stderr(&done));
    }
    assert!(files(at).iter().all(|name| name.starts_with('f')), "nothing half-written");
}

#[test]
fn so_it_is_with_an_event() {
    let words = ["hash", "s3://in/", "--print-event"];
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let done = brawn(words).stdout(writer).output().expect("the binary starts");
    is_silent(&done, &words);
}
