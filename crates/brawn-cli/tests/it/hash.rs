//! `brawn hash`: lines that other tools read, and lines of other tools.

use std::fs;
use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

use crate::{brawn, code, files, json_lines, run, stderr, text};

const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

fn stdout(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_file_a_folder_and_stdin_give_lines_in_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let name = |name: &str| text(&folder.path().join(name)).to_owned();
    fs::write(name("abc"), "abc").expect("written");
    let many: Vec<String> = (0..40).map(|n| name(&format!("f{n:02}"))).collect();
    for (n, path) in many.iter().enumerate() {
        fs::write(path, "x".repeat((40 - n) * 10_000)).expect("written");
    }
    let done = run(&["hash", &name("abc")]);
    assert_eq!((code(&done), stdout(&done)), (0, format!("{ABC}  {}\n", name("abc"))));
    assert_eq!(stderr(&done), "");
    let mut arguments = vec!["hash"];
    arguments.extend(many.iter().map(String::as_str));
    let done = run(&arguments);
    let names: Vec<String> = stdout(&done).lines().map(|line| line[66..].to_owned()).collect();
    assert_eq!(names, many);
    let mut piped = brawn(["hash", "-", "-a", "sha256,md5"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    piped.stdin.take().expect("piped").write_all(b"abc").expect("it reads");
    let done = piped.wait_with_output().expect("it ends");
    let wanted = format!("SHA256 (-) = {ABC}\nMD5 (-) = 900150983cd24fb0d6963f7d28e17f72\n");
    assert_eq!(stdout(&done), wanted);
}

#[test]
fn what_it_writes_it_checks_and_so_does_sha256sum() {
    let folder = tempfile::tempdir().expect("a folder");
    let in_folder =
        |mut command: Command| command.current_dir(folder.path()).output().expect("it starts");
    for name in ["a", "b c", "new\nline", "back\\slash"] {
        fs::write(folder.path().join(name), name).expect("written");
    }
    for tag in
        [&["hash", "a", "b c", "new\nline", "back\\slash"][..], &["hash", ".", "-a", "sha256,sha1"]]
    {
        let done = in_folder(brawn(tag));
        assert_eq!(code(&done), 0, "{}", stderr(&done));
        let sums = tempfile::NamedTempFile::new().expect("a file");
        fs::write(sums.path(), &done.stdout).expect("written");
        let done = in_folder(brawn(["hash", "-c", text(sums.path())]));
        assert_eq!(code(&done), 0, "{}", stderr(&done));
        assert!(stdout(&done).contains("b c: OK\n"), "{}", stdout(&done));
        let mut theirs = Command::new("sha256sum");
        theirs.args(["-c", "--strict", "--quiet", text(sums.path())]).current_dir(folder.path());
        match theirs.output() {
            // Mixed algorithms are for cksum alone.
            Ok(done) if tag.len() == 5 => assert!(done.status.success(), "{}", stderr(&done)),
            Ok(_) => {}
            Err(_) => println!("skipped: no sha256sum here"),
        }
    }
}

#[test]
fn a_check_says_what_does_not_match() {
    let folder = tempfile::tempdir().expect("a folder");
    let check = |flags: &[&str], sums: &str| {
        fs::write(folder.path().join("SUMS"), sums).expect("written");
        let mut command = brawn(["hash", "-c", "SUMS"]);
        command.args(flags).current_dir(folder.path()).output().expect("it starts")
    };
    fs::write(folder.path().join("good"), "abc").expect("written");
    fs::write(folder.path().join("bad"), "abd").expect("written");
    let good = format!("{ABC}  good\n");
    let all = format!("{good}{ABC} *bad\n{ABC}  gone\nno sum\n");
    let done = check(&[], &all);
    assert_eq!(code(&done), 1);
    assert_eq!(stdout(&done), "good: OK\nbad: FAILED\ngone: FAILED open or read\n");
    for says in [
        "gone: failed: `gone` does not exist",
        "WARNING: 1 line is no checksum",
        "WARNING: 1 listed file could not be read",
        "WARNING: 1 checksum did NOT match",
    ] {
        assert!(stderr(&done).contains(says), "{says} is not in {}", stderr(&done));
    }
    let done = check(&["--status"], &all);
    assert_eq!((code(&done), stdout(&done), stderr(&done)), (1, String::new(), String::new()));
    let missing = format!("{good}{ABC}  gone\n");
    let done = check(&["--ignore-missing", "--quiet"], &missing);
    assert_eq!((code(&done), stdout(&done), stderr(&done)), (0, String::new(), String::new()));
    assert_eq!(code(&check(&[], &format!("{good}no sum\n"))), 0);
    let done = check(&["--strict", "--warn"], &format!("{good}no sum\n"));
    assert_eq!(code(&done), 1);
    assert!(stderr(&done).contains("SUMS: 2: no checksum"), "{}", stderr(&done));
    let done = check(&[], "nothing\n");
    assert_eq!(code(&done), 2);
    assert!(stderr(&done).contains("no line of SUMS is a checksum"), "{}", stderr(&done));
    // 64 digits of another algorithm.
    let blake3 = "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85  good\n";
    assert_eq!(code(&check(&["-a", "blake3"], blake3)), 0);
    let done = check(&[], blake3);
    assert_eq!(code(&done), 1);
    assert!(stderr(&done).contains("hint: if the list is of b3sum"), "{}", stderr(&done));
}

#[test]
fn an_algorithm_that_is_asked_for_holds_for_every_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let here =
        |words: &[&str]| brawn(words).current_dir(folder.path()).output().expect("it starts");
    fs::write(folder.path().join("a"), "abc").expect("written");
    let sha512 = stdout(&here(&["hash", "-a", "sha512", "a"]));
    let md5 = stdout(&here(&["hash", "-a", "md5,sha256", "a"]));
    fs::write(folder.path().join("SUMS"), format!("{ABC}  a\n")).expect("written");
    fs::write(folder.path().join("MIXED"), format!("{ABC}  a\n{sha512}{md5}")).expect("written");
    let done = here(&["hash", "-c", "SUMS", "-a", "sha512"]);
    assert_eq!((code(&done), stdout(&done)), (1, String::new()));
    assert!(stderr(&done).contains("no sha512 checksum in any line of SUMS"), "{}", stderr(&done));
    let done = here(&["hash", "-c", "MIXED", "-a", "sha512", "--warn"]);
    assert_eq!((code(&done), stdout(&done)), (0, "a: OK\n".to_owned()), "{}", stderr(&done));
    for says in ["WARNING: 3 lines are no sha512 checksums", "MIXED: 1: no sha512 checksum"] {
        assert!(stderr(&done).contains(says), "{says} is not in {}", stderr(&done));
    }
    assert_eq!(code(&here(&["hash", "-c", "MIXED", "-a", "sha512", "--strict"])), 1);
    for (words, lines) in [(&["-a", "sha256,md5"][..], 3), (&[], 4)] {
        let done = here(&[&["hash", "-c", "MIXED"], words].concat());
        assert_eq!((code(&done), stdout(&done)), (0, "a: OK\n".repeat(lines)), "{words:?}");
    }
    // As `sha256sum -c` takes them.
    fs::write(folder.path().join("SUMS"), format!(" \t{ABC}  a\n\t{ABC} *a\n")).expect("written");
    let done = here(&["hash", "-c", "SUMS", "--strict"]);
    assert_eq!((code(&done), stdout(&done)), (0, "a: OK\n".repeat(2)), "{}", stderr(&done));
}

#[cfg(unix)]
#[test]
fn what_the_end_came_before_is_not_done_and_not_unreadable() {
    let folder = tempfile::tempdir().expect("a folder");
    // Nobody writes to it.
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("it starts").success());
    fs::write(folder.path().join("SUMS"), format!("{ABC}  gone\n{ABC}  pipe\n")).expect("written");
    let check = |flags: &[&str]| {
        let mut command = brawn(["hash", "-c", "SUMS"]);
        command.args(flags).current_dir(folder.path());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("it starts")
    };
    let done = check(&["--timeout", "500ms"]).wait_with_output().expect("it ends");
    let said = "gone: FAILED open or read\npipe: not done\n";
    assert_eq!((code(&done), stdout(&done)), (3, said.to_owned()), "{}", stderr(&done));
    for says in ["WARNING: 1 listed file could not be read", "WARNING: 1 listed file was not done"]
    {
        assert!(stderr(&done).contains(says), "{says} is not in {}", stderr(&done));
    }
    let mut running = check(&[]);
    // It listens for signals before the first line.
    let mut first = [0; 5];
    let mut lines = running.stdout.take().expect("piped");
    lines.read_exact(&mut first).expect("a line");
    let sent = Command::new("kill").args(["-INT", &running.id().to_string()]).status();
    assert!(sent.expect("kill starts").success());
    let mut rest = String::new();
    lines.read_to_string(&mut rest).expect("text");
    let done = running.wait_with_output().expect("it ends");
    assert_eq!(code(&done), 130, "{}", stderr(&done));
    assert!(rest.ends_with("pipe: not done\n"), "{rest}");
    assert!(!stderr(&done).contains("could not be read"), "{}", stderr(&done));
}

#[test]
fn what_s3_shows_of_parts_is_checked_with_the_size_of_a_part() {
    let folder = tempfile::tempdir().expect("a folder");
    let here =
        |words: &[&str]| brawn(words).current_dir(folder.path()).output().expect("it starts");
    fs::write(folder.path().join("big"), "0123456789".repeat(2000)).expect("written");
    let list = here(&["hash", "big", "-a", "md5,sha256,crc64nvme,sha512", "--part-size", "8KB"]);
    assert!(stdout(&list).starts_with("ETAG (big) = "), "{}", stdout(&list));
    fs::write(folder.path().join("SUMS"), &list.stdout).expect("written");
    let done = here(&["hash", "-c", "SUMS", "--part-size", "8KB"]);
    assert_eq!((code(&done), stdout(&done)), (0, "big: OK\n".repeat(4)), "{}", stderr(&done));
    let done = here(&["hash", "-c", "SUMS", "--part-size", "9KB", "--quiet"]);
    assert_eq!((code(&done), stdout(&done)), (1, "big: FAILED\n".repeat(2)));
    let done = here(&["hash", "-c", "SUMS"]);
    assert_eq!(code(&done), 2);
    assert!(
        stderr(&done).contains("as when the list was made: `--part-size`"),
        "{}",
        stderr(&done)
    );
    // Lines of the whole file among them, of algorithms that the others have too.
    fs::write(folder.path().join("small"), "abc").expect("written");
    let mut both = list.stdout.clone();
    both.extend(here(&["hash", "big", "small"]).stdout);
    both.extend(here(&["hash", "small", "-a", "md5,blake3,crc64nvme"]).stdout);
    both.extend(format!("{ABC}  big\n").into_bytes());
    fs::write(folder.path().join("BOTH"), &both).expect("written");
    let done = here(&["hash", "-c", "BOTH", "--part-size", "8KB"]);
    let wanted = format!("{}{}big: FAILED\n", "big: OK\n".repeat(5), "small: OK\n".repeat(4));
    assert_eq!((code(&done), stdout(&done)), (1, wanted), "{}", stderr(&done));
    fs::write(folder.path().join("SUMS"), here(&["hash", "big"]).stdout).expect("written");
    let done = here(&["hash", "-c", "SUMS", "--part-size", "8KB"]);
    assert_eq!(code(&done), 2, "{}", stderr(&done));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_behind_stdout_is_a_failure() {
    let full = fs::File::options().write(true).open("/dev/full").expect("a device");
    let file = tempfile::NamedTempFile::new().expect("a file");
    let done = brawn(["hash", text(file.path())]).stdout(full).output().expect("it starts");
    assert_eq!(code(&done), 1);
    assert!(
        stderr(&done).starts_with("brawn: cannot write to stdout: No space"),
        "{}",
        stderr(&done)
    );
}

#[test]
fn sums_go_to_files_and_facts_to_json() {
    let folder = tempfile::tempdir().expect("a folder");
    let (source, out) = (folder.path().join("x.bin"), folder.path().join("out"));
    fs::write(&source, "abc").expect("written");
    let done = run(&["hash", text(&source), "--to", text(&out), "-a", "sha256,crc32c", "--json"]);
    assert_eq!(code(&done), 0, "{}", stderr(&done));
    let (lines, summary) = json_lines(&done);
    assert_eq!(lines[0]["facts"]["sha256"], ABC);
    assert_eq!((summary["ok"].as_u64(), summary["outputs"].as_u64()), (Some(1), Some(2)));
    assert_eq!(files(&out), ["x.bin.crc32c", "x.bin.sha256"]);
    let sum = fs::read_to_string(out.join("x.bin.sha256")).expect("there");
    assert_eq!(sum, format!("{ABC}  x.bin\n"));
    fs::write(out.join("x.bin.sha256"), "mine").expect("written");
    let done = run(&["hash", text(&source), "--to", text(&out)]);
    assert_eq!(code(&done), 1);
    assert!(stderr(&done).contains("is there already"), "{}", stderr(&done));
    assert_eq!(fs::read(out.join("x.bin.sha256")).expect("there"), b"mine");
    assert_eq!(code(&run(&["hash", "-f", text(&source), "--to", text(&out)])), 0);
    let done = run(&["hash", "s3://in/", "-a", "blake3", "--print-event"]);
    let event: serde_json::Value = serde_json::from_slice(&done.stdout).expect("JSON");
    let wanted =
        serde_json::json!({"job": "hash", "algorithm": ["blake3"], "sources": ["s3://in/"]});
    assert_eq!(event, wanted);
}
