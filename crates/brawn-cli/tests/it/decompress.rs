//! `brawn decompress`: beside the input, never over what is there, and nothing left of what is damaged.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use crate::{brawn, code, files, json_lines, run, stderr, text};

/// Compressed by brawn, as `name` in `folder`.
fn compressed(folder: &Path, name: &str, plain: &[u8]) {
    let source = folder.join("plain.tmp");
    fs::write(&source, plain).expect("written");
    let to = folder.join(name);
    let done = run(&["compress", text(&source), "-o", text(&to), "--quiet"]);
    assert_eq!(code(&done), 0, "{}", stderr(&done));
    fs::remove_file(source).expect("removed");
}

fn stdout(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn the_output_lies_beside_the_input_and_replaces_nothing_unasked() {
    let folder = tempfile::tempdir().expect("a folder");
    let bytes = "a line of text\n".repeat(100_000);
    compressed(folder.path(), "a.txt.gz", bytes.as_bytes());
    let (source, out) = (folder.path().join("a.txt.gz"), folder.path().join("a.txt"));
    let done = run(&["decompress", text(&source)]);
    assert_eq!(code(&done), 0, "{}", stderr(&done));
    assert_eq!(files(folder.path()), ["a.txt", "a.txt.gz"]);
    assert!(fs::read(&out).expect("there") == bytes.as_bytes());
    let time = |path: &Path| fs::metadata(path).and_then(|file| file.modified()).expect("known");
    assert_eq!(time(&out), time(&source));
    fs::write(&out, "mine").expect("written");
    let done = run(&["decompress", text(&source)]);
    assert_eq!(code(&done), 1);
    assert!(stderr(&done).contains("is there already"), "{}", stderr(&done));
    assert_eq!(fs::read(&out).expect("there"), b"mine");
    let done = run(&["decompress", "-f", "--rm", text(&source)]);
    assert_eq!(code(&done), 0, "{}", stderr(&done));
    assert_eq!(files(folder.path()), ["a.txt"]);
    assert!(fs::read(&out).expect("there") == bytes.as_bytes());
}

#[test]
fn folders_are_searched_for_what_is_compressed() {
    let folder = tempfile::tempdir().expect("a folder");
    compressed(folder.path(), "a.tar.zst", b"one");
    compressed(folder.path(), "b.tgz.gz", b"two");
    fs::rename(folder.path().join("b.tgz.gz"), folder.path().join("b.tgz")).expect("renamed");
    compressed(folder.path(), "d.tar.zstd", b"four");
    fs::write(folder.path().join("c.txt"), "three").expect("written");
    let to = folder.path().join("out");
    let done = run(&["decompress", text(folder.path()), "--to", text(&to)]);
    assert_eq!(code(&done), 0, "{}", stderr(&done));
    assert_eq!(files(&to), ["a.tar", "b.tar", "d.tar"]);
    let pattern = folder.path().join("*.zstd");
    let done = run(&["decompress", text(&pattern)]);
    assert_eq!(code(&done), 0, "{}", stderr(&done));
    assert_eq!(fs::read(folder.path().join("d.tar")).expect("there"), b"four");
    fs::remove_file(folder.path().join("d.tar")).expect("removed");
    let packed = folder.path().join("packed");
    let done = run(&["compress", text(folder.path()), "--to", text(&packed)]);
    assert_eq!(code(&done), 0, "{}", stderr(&done));
    assert!(files(&packed).iter().all(|name| !name.contains(".zstd")), "it is compressed");
}

#[test]
fn a_name_without_a_suffix_needs_an_output() {
    let folder = tempfile::tempdir().expect("a folder");
    compressed(folder.path(), "a.zst", b"plain");
    let source = folder.path().join("a.bin");
    fs::rename(folder.path().join("a.zst"), &source).expect("renamed");
    let done = run(&["decompress", text(&source)]);
    assert_eq!(code(&done), 1);
    let said = stderr(&done);
    assert!(said.contains("no suffix") && said.contains("hint: name the output by -o"), "{said}");
    let done = run(&["decompress", "-c", text(&source)]);
    assert_eq!((code(&done), stdout(&done).as_str()), (0, "plain"), "{}", stderr(&done));
    let out = folder.path().join("out.txt");
    let done = run(&["decompress", text(&source), "-o", text(&out)]);
    assert_eq!(code(&done), 0, "{}", stderr(&done));
    assert_eq!(fs::read(&out).expect("there"), b"plain");
}

#[test]
fn pipes_are_decompressed() {
    let folder = tempfile::tempdir().expect("a folder");
    let plain = "0123456789".repeat(200_000);
    compressed(folder.path(), "a.gz", plain.as_bytes());
    let input = fs::read(folder.path().join("a.gz")).expect("there");
    let mut piped = brawn(["decompress", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut stdin = piped.stdin.take().expect("piped");
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let done = piped.wait_with_output().expect("it ends");
    writer.join().expect("no panic").expect("it reads all");
    assert!(done.status.success() && done.stdout == plain.as_bytes());
}

#[test]
fn what_is_damaged_leaves_nothing_and_says_where() {
    let folder = tempfile::tempdir().expect("a folder");
    compressed(folder.path(), "a.zst", "0123456789".repeat(900_000).as_bytes());
    let source = folder.path().join("a.zst");
    let mut bytes = fs::read(&source).expect("there");
    let half = bytes.len() / 2;
    bytes.truncate(half);
    fs::write(&source, &bytes).expect("written");
    let done = run(&["decompress", "--rm", text(&source)]);
    assert_eq!(code(&done), 1);
    let said = stderr(&done);
    assert!(said.contains(&format!("the input is cut off: it ends at byte {half}")), "{said}");
    assert_eq!(files(folder.path()), ["a.zst"]);
}

#[test]
fn a_test_says_ok_or_failed_and_a_list_the_sizes() {
    let folder = tempfile::tempdir().expect("a folder");
    let plain = "0123456789".repeat(100_000);
    compressed(folder.path(), "a.gz", plain.as_bytes());
    compressed(folder.path(), "b.zst", plain.as_bytes());
    let (a, b, c) =
        (folder.path().join("a.gz"), folder.path().join("b.zst"), folder.path().join("c.gz"));
    fs::write(&c, "not at all").expect("written");
    let (a, b, c) = (text(&a), text(&b), text(&c));
    let done = run(&["decompress", "-t", a, b, c]);
    assert_eq!(code(&done), 1);
    assert_eq!(stdout(&done), format!("{a}: OK\n{b}: OK\n{c}: FAILED\n"));
    assert!(stderr(&done).contains("looks like plain text"), "{}", stderr(&done));
    let done = run(&["decompress", "-l", a, b]);
    assert_eq!(code(&done), 0, "{}", stderr(&done));
    let table = stdout(&done);
    let words: Vec<Vec<&str>> =
        table.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(words[0], ["parts", "compressed", "uncompressed", "ratio", "name"]);
    assert_eq!((words[1][0], words[1][2], words[1][4]), ("3", "1000000", a));
    assert_eq!((words[2][0], words[2][2], words[2][4]), ("1", "1000000", b));
    assert_eq!((words[3][0], words[3][2], words[3][4]), ("4", "2000000", "(total)"));
    let done = run(&["decompress", "-l", "--json", b]);
    let (lines, _) = json_lines(&done);
    assert_eq!(lines[0]["facts"]["frames"], 1);
    assert_eq!(lines[0]["facts"]["format"], "zstd");
    assert_eq!(lines[0]["facts"]["uncompressed"], 1_000_000);
    assert_eq!(files(folder.path()), ["a.gz", "b.zst", "c.gz"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    compressed(folder.path(), "a.zst", "0123456789".repeat(900_000).as_bytes());
    let source = folder.path().join("a.zst");
    let full = fs::File::options().write(true).open("/dev/full").expect("a device");
    let done = brawn(["decompress", "-c", text(&source)]).stdout(full).output().expect("it starts");
    assert_eq!(code(&done), 1);
    assert!(stderr(&done).contains("cannot write to standard output"), "{}", stderr(&done));
    assert_eq!(files(folder.path()), ["a.zst"]);
}

/// The second is written before the first has begun: who takes one after the other waits for the first.
#[cfg(target_os = "linux")]
#[test]
fn many_files_are_tested_side_by_side() {
    use std::time::{Duration, Instant};
    let folder = tempfile::tempdir().expect("a folder");
    compressed(folder.path(), "plain.zst", &b"0123456789".repeat(100));
    let bytes = fs::read(folder.path().join("plain.zst")).expect("there");
    let pipes = ["a.zst", "b.zst"].map(|name| folder.path().join(name));
    let made = std::process::Command::new("mkfifo").args(&pipes).status().expect("it starts");
    assert!(made.success());
    let mut child =
        brawn(["decompress".as_ref(), "-t".as_ref(), pipes[0].as_os_str(), pipes[1].as_os_str()])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
    // Opened without waiting: that is refused until somebody reads.
    let patience = Instant::now() + Duration::from_secs(60);
    let mut open = |pipe: &Path| loop {
        use std::os::unix::fs::OpenOptionsExt as _;
        const NONBLOCK: i32 = 0o4000;
        match fs::File::options().write(true).custom_flags(NONBLOCK).open(pipe) {
            Ok(file) => break file,
            Err(_) if Instant::now() < patience => {}
            Err(error) => {
                child.kill().expect("it runs");
                panic!("{}: {error}", pipe.display());
            }
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    for pipe in pipes.iter().rev() {
        open(pipe).write_all(&bytes).expect("it fits into a pipe");
    }
    let done = child.wait_with_output().expect("it ends");
    let [a, b] = pipes.each_ref().map(|pipe| text(pipe));
    assert_eq!((code(&done), stdout(&done)), (0, format!("{a}: OK\n{b}: OK\n")));
}

#[test]
fn what_was_compressed_opens_again_however_small_it_became() {
    let folder = tempfile::tempdir().expect("a folder");
    let source = folder.path().join("disk");
    fs::File::create(&source).and_then(|file| file.set_len(100 << 20)).expect("made");
    assert_eq!(code(&run(&["compress", "--rm", text(&source)])), 0);
    let packed = folder.path().join("disk.zst");
    assert!(fs::metadata(&packed).expect("there").len() < 50_000, "2000 times and more");
    let done = run(&["decompress", "-t", text(&packed)]);
    assert_eq!(code(&done), 0, "{}", stderr(&done));
    let done = run(&["decompress", "-t", "--max-ratio", "2000", text(&packed)]);
    assert_eq!(code(&done), 1, "who asks for a limit has it");
    assert!(stderr(&done).contains("2000 times as long"), "{}", stderr(&done));
}
