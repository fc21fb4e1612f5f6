//! `brawn encrypt`, `decrypt` and `keygen`: what age reads and writes, and nothing left behind.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::{brawn, code, files, run, stderr, text};

/// A key in `folder`, and its recipient.
fn key(folder: &Path, name: &str) -> (PathBuf, String) {
    let path = folder.join(name);
    let done = run(&["keygen", "-o", text(&path)]);
    assert_eq!(code(&done), 0, "{}", stderr(&done));
    let recipient = stderr(&done).trim().strip_prefix("Public key: ").expect("it").to_owned();
    (path, recipient)
}

/// With `bytes` on stdin.
fn piped(args: &[&str], bytes: &[u8]) -> Output {
    let mut child = brawn(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let (mut stdin, bytes) = (child.stdin.take().expect("piped"), bytes.to_vec());
    let writer = std::thread::spawn(move || stdin.write_all(&bytes));
    let done = child.wait_with_output().expect("it ends");
    // One that fails early does not read all.
    let _ = writer.join().expect("no panic");
    done
}

/// What `age` or `rage` prints; nothing where it is not installed.
fn tool(name: &str, arguments: &[&str]) -> Option<Vec<u8>> {
    let Ok(done) = Command::new(name).args(arguments).output() else {
        println!("skipped: no {name} here");
        return None;
    };
    assert!(done.status.success(), "{name}: {}", stderr(&done));
    Some(done.stdout)
}

#[cfg(unix)]
#[test]
fn a_key_is_for_its_owner_and_is_never_replaced() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let (path, recipient) = key(folder.path(), "key.txt");
    let content = fs::read_to_string(&path).expect("there");
    let lines: Vec<&str> = content.lines().collect();
    assert!(lines[0].starts_with("# created: 20") && lines[0].ends_with('Z'), "{}", lines[0]);
    assert_eq!(lines[1], format!("# public key: {recipient}"));
    assert!(lines[2].starts_with("AGE-SECRET-KEY-1"));
    let mode = fs::metadata(&path).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let done = run(&["keygen", "-o", text(&path)]);
    assert_eq!(code(&done), 2);
    assert!(stderr(&done).contains("is there already"), "{}", stderr(&done));
    assert_eq!(fs::read_to_string(&path).expect("there"), content);
    let done = run(&["keygen", "-y", text(&path)]);
    assert_eq!(String::from_utf8_lossy(&done.stdout), format!("{recipient}\n"));
    if let Some(printed) = tool("age-keygen", &["-y", text(&path)]) {
        assert_eq!(String::from_utf8_lossy(&printed), format!("{recipient}\n"));
    }
}

#[test]
fn files_go_there_and_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mine, recipient) = key(folder.path(), "mine");
    let (other, _) = key(folder.path(), "other");
    let inputs = folder.path().join("in");
    fs::create_dir(&inputs).expect("a folder");
    let source = inputs.join("a.txt");
    let bytes = "a line of text\n".repeat(300_000);
    fs::write(&source, &bytes).expect("written");
    let done = run(&["encrypt", "-r", &recipient, text(&source)]);
    assert_eq!(code(&done), 0, "{}", stderr(&done));
    assert_eq!(files(&inputs), ["a.txt", "a.txt.age"]);
    let encrypted = inputs.join("a.txt.age");
    let time = |path: &Path| fs::metadata(path).and_then(|file| file.modified()).expect("known");
    assert_eq!(time(&encrypted), time(&source));
    for name in ["age", "rage"] {
        if let Some(plain) = tool(name, &["-d", "-i", text(&mine), text(&encrypted)]) {
            assert!(plain == bytes.as_bytes());
        }
    }
    let done = run(&["encrypt", "-r", &recipient, text(&source)]);
    assert_eq!(code(&done), 1);
    assert!(stderr(&done).contains("is there already"), "{}", stderr(&done));
    let done = run(&["decrypt", "-i", text(&mine), text(&encrypted)]);
    assert_eq!(code(&done), 1, "the plain file is there");
    fs::remove_file(&source).expect("removed");
    let done = run(&["decrypt", "-i", text(&other), text(&encrypted)]);
    assert_eq!(code(&done), 1);
    assert!(
        stderr(&done).contains("no identity matched any of the recipients"),
        "{}",
        stderr(&done)
    );
    assert_eq!(files(&inputs), ["a.txt.age"]);
    let done = run(&["decrypt", "-i", text(&other), "-i", text(&mine), text(&encrypted)]);
    assert_eq!(code(&done), 0, "{}", stderr(&done));
    assert!(fs::read(&source).expect("there") == bytes.as_bytes());
    // An exact output may be called anything.
    let odd = inputs.join("odd");
    fs::rename(&encrypted, &odd).expect("renamed");
    let done = run(&["decrypt", "-i", text(&mine), text(&odd)]);
    assert_eq!(code(&done), 1);
    assert!(stderr(&done).contains("does not end with `.age`"), "{}", stderr(&done));
    let out = folder.path().join("out.txt");
    let done = run(&["decrypt", "-i", text(&mine), text(&odd), "-o", text(&out)]);
    assert_eq!(code(&done), 0, "{}", stderr(&done));
    assert!(fs::read(&out).expect("there") == bytes.as_bytes());
}

#[test]
fn pipes_and_armor() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mine, recipient) = key(folder.path(), "mine");
    let team = folder.path().join("team.txt");
    fs::write(&team, format!("# me\n\n{recipient}\n")).expect("written");
    let bytes = "0123456789".repeat(50_000);
    let done = piped(&["encrypt", "-a", "-R", text(&team), "-"], bytes.as_bytes());
    assert_eq!(code(&done), 0, "{}", stderr(&done));
    let armored = done.stdout;
    assert!(armored.starts_with(b"-----BEGIN AGE ENCRYPTED FILE-----\n"));
    let done = piped(&["decrypt", "-i", text(&mine), "-"], &armored);
    assert_eq!(code(&done), 0, "{}", stderr(&done));
    assert!(done.stdout == bytes.as_bytes());
    let file = folder.path().join("x.age");
    fs::write(&file, &armored).expect("written");
    // As a function has its keys.
    let keys = fs::read_to_string(&mine).expect("there");
    let done = brawn(["decrypt", "--identity-env", "KEYS", "-c", text(&file)])
        .env("KEYS", keys)
        .output()
        .expect("the binary starts");
    assert!(done.stdout == bytes.as_bytes(), "{}", stderr(&done));
    if let Some(plain) = tool("age", &["-d", "-i", text(&mine), text(&file)]) {
        assert!(plain == bytes.as_bytes());
    }
    let done = run(&["decrypt", "-i", text(&mine), "-c", text(&file)]);
    assert!(done.stdout == bytes.as_bytes(), "{}", stderr(&done));
}

#[test]
fn passphrases_come_from_the_environment_or_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let source = folder.path().join("a.txt");
    fs::write(&source, "plain").expect("written");
    let with = |passphrase: &str, args: &[&str]| {
        brawn(args).env("BRAWN_PASSPHRASE", passphrase).output().expect("the binary starts")
    };
    let done = with("correct horse", &["encrypt", "-p", text(&source)]);
    assert_eq!(code(&done), 0, "{}", stderr(&done));
    let encrypted = folder.path().join("a.txt.age");
    let done = with("wrong", &["decrypt", "-p", "-c", text(&encrypted)]);
    assert_eq!((code(&done), done.stdout.len()), (1, 0));
    assert!(stderr(&done).contains("the passphrase does not match"), "{}", stderr(&done));
    let file = folder.path().join("passphrase");
    fs::write(&file, "correct horse\n").expect("written");
    let done = run(&["decrypt", "--passphrase-file", text(&file), "-c", text(&encrypted)]);
    assert_eq!(done.stdout, b"plain", "{}", stderr(&done));
    let done =
        with("correct horse", &["encrypt", "-p", "--print-event", text(&source), "-o", "s3://b/"]);
    assert_eq!(code(&done), 2);
    let done = run(&[
        "encrypt",
        "--passphrase-file",
        text(&file),
        "--print-event",
        "s3://a/",
        "-o",
        "s3://b/",
    ]);
    let event = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(event.contains("passphrase_file") && !event.contains("horse"), "{event}");
    let done = run(&["encrypt", "-p", "-r", "age1", text(&source)]);
    assert_eq!(code(&done), 2, "nobody is asked without a terminal, and they do not go together");
}

#[test]
fn a_damaged_file_leaves_nothing_but_what_a_pipe_took() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mine, recipient) = key(folder.path(), "mine");
    let inputs = folder.path().join("in");
    fs::create_dir(&inputs).expect("a folder");
    let bytes = "0123456789abcdef".repeat(700_000);
    let done = piped(&["encrypt", "-r", &recipient, "-"], bytes.as_bytes());
    let cut = inputs.join("a.age");
    fs::write(&cut, &done.stdout[..done.stdout.len() - 20]).expect("written");
    let done = run(&["decrypt", "-i", text(&mine), text(&cut)]);
    assert_eq!(code(&done), 1);
    assert!(stderr(&done).contains("the payload is damaged in chunk 171"), "{}", stderr(&done));
    assert_eq!(files(&inputs), ["a.age"]);
    let done = run(&["decrypt", "-i", text(&mine), "-c", text(&cut)]);
    assert_eq!(code(&done), 1);
    assert!(stderr(&done).contains("; stdout has a part of it"), "{}", stderr(&done));
    let plain = done.stdout;
    assert!(plain.len().is_multiple_of(64 << 10) && bytes.as_bytes().starts_with(&plain));
    assert!(plain.len() < bytes.len());
}

#[test]
fn words_that_say_too_little_or_too_much() {
    let folder = tempfile::tempdir().expect("a folder");
    let source = folder.path().join("a");
    fs::write(&source, "plain").expect("written");
    let refused = |args: &[&str], part: &str| {
        let done = run(args);
        assert_eq!(code(&done), 2, "{args:?}");
        let text = stderr(&done);
        assert!(text.contains(part), "{args:?}: {text}");
        assert!(!text.contains("AGE-SECRET-KEY-1QQQ"), "{text}");
    };
    refused(&["encrypt", text(&source)], "no recipient is given");
    refused(&["decrypt", text(&source)], "no identity is given");
    refused(&["encrypt", "-r", "AGE-SECRET-KEY-1QQQ", text(&source)], "a secret key");
    refused(&["encrypt", "-r", "nobody", text(&source)], "`nobody` is not a recipient");
    refused(&["decrypt", "-i", "/nowhere", text(&source)], "cannot read `/nowhere`");
    let (_, recipient) = key(folder.path(), "key");
    refused(&["encrypt", "-c", "-r", &recipient, "a", "b"], "several inputs and one stdout");
    assert_eq!(files(folder.path()), ["a", "key"]);
}

#[test]
fn keygen_speaks_of_its_own_file_and_of_its_passphrase() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mine, _) = key(folder.path(), "mine");
    let done = run(&["keygen", "-y", "/nowhere"]);
    assert_eq!(code(&done), 2);
    assert!(stderr(&done).starts_with("brawn: cannot read `/nowhere`"), "{}", stderr(&done));
    for armor in [false, true] {
        let locked = folder.path().join(format!("locked-{armor}"));
        let mut words = vec!["encrypt", "-p", text(&mine), "-o", text(&locked)];
        if armor {
            words.push("-a");
        }
        let done = brawn(words).env("BRAWN_PASSPHRASE", "a b c").output().expect("it starts");
        assert_eq!(code(&done), 0, "{}", stderr(&done));
        let done = run(&["keygen", "-y", text(&locked)]);
        assert_eq!(code(&done), 2);
        let said = stderr(&done);
        assert!(
            said.contains("is encrypted with a passphrase\nhint: `brawn decrypt -p "),
            "{said}"
        );
    }
}

#[test]
fn ssh_keys_are_spoken_of_in_builds_that_have_them() {
    let has = cfg!(feature = "ssh");
    for verb in ["encrypt", "decrypt"] {
        let done = run(&[verb, "-h"]);
        assert_eq!(String::from_utf8_lossy(&done.stdout).contains("SSH"), has, "{verb}");
    }
    let done = run(&["encrypt", "-r", "nobody", "a"]);
    assert_eq!(stderr(&done).contains("SSH"), has, "{}", stderr(&done));
    if has {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let secret = folder.path().join("id");
    fs::write(&secret, "-----BEGIN OPENSSH PRIVATE KEY-----\n").expect("written");
    let public = folder.path().join("id.pub");
    fs::write(&public, "ssh-ed25519 AAAA\n").expect("written");
    for words in [
        ["encrypt", "-r", "ssh-ed25519 AAAA", "a"],
        ["encrypt", "-R", text(&public), "a"],
        ["decrypt", "-i", text(&secret), "a.age"],
    ] {
        let done = run(&words);
        assert_eq!(code(&done), 2, "{words:?}");
        for says in ["without the feature `ssh`", "hint: build brawn with `--features ssh`"] {
            assert!(stderr(&done).contains(says), "{words:?}: {}", stderr(&done));
        }
    }
}

#[test]
fn an_event_names_no_stdin_and_nobody_waits_for_one() {
    let event = ["s3://in/", "--to", "s3://out/", "--print-event"];
    for (words, says) in [
        (&["decrypt", "-i", "-"][..], "`--identity` is `-`, and a function has no stdin"),
        (&["decrypt", "--passphrase-file", "-"], "`--passphrase-file` is `-`"),
        (&["encrypt", "-R", "-"], "`--recipients-file` is `-`"),
        (&["encrypt", "--passphrase-file", "-"], "hint: name a variable: `--passphrase-env`"),
    ] {
        let mut child = brawn(words.iter().chain(&event))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        // Open until it has ended: who reads it would wait for ever.
        let open = child.stdin.take();
        let mut said = String::new();
        child.stderr.take().expect("piped").read_to_string(&mut said).expect("text");
        assert_eq!(child.wait().expect("it ends").code(), Some(2), "{words:?}");
        assert!(said.contains(says), "{words:?}: {said}");
        drop(open);
    }
}

/// On a terminal that `script` makes, where it is installed.
#[test]
fn ctrl_c_at_the_prompt_ends_with_130_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let plain = folder.path().join("a");
    fs::write(&plain, "plain").expect("written");
    let words = format!("'{}' encrypt -p '{}'", env!("CARGO_BIN_EXE_brawn"), plain.display());
    let mut script = Command::new("script");
    script.args(["-qec", &words, "/dev/null"]).env_remove("BRAWN_PASSPHRASE");
    script.stdin(Stdio::piped()).stdout(Stdio::piped());
    let Ok(mut running) = script.spawn() else {
        println!("skipped: no script here");
        return;
    };
    let (mut stdin, mut stdout) =
        (running.stdin.take().expect("piped"), running.stdout.take().expect("piped"));
    let (mut seen, mut byte) = (Vec::new(), [0]);
    while !seen.ends_with(b"Passphrase: ") {
        assert_eq!(stdout.read(&mut byte).expect("readable"), 1, "it asks: {seen:?}");
        seen.push(byte[0]);
    }
    stdin.write_all(&[3]).and_then(|()| stdin.flush()).expect("writable");
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).expect("text");
    assert_eq!(running.wait().expect("it ends").code(), Some(130), "{rest}");
    assert_eq!(rest.trim(), "");
    assert!(!folder.path().join("a.age").exists());
}

#[test]
fn keys_and_recipients_come_through_stdin_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mine, recipient) = key(folder.path(), "mine");
    let name = |name: &str| text(&folder.path().join(name)).to_owned();
    fs::write(name("a"), "a secret").expect("written");
    let done = piped(&["encrypt", "-R", "-", &name("a")], recipient.as_bytes());
    assert_eq!(code(&done), 0, "{}", stderr(&done));
    let keys = fs::read(&mine).expect("there");
    let done = piped(&["decrypt", "-i", "-", "-c", &name("a.age")], &keys);
    assert_eq!((code(&done), done.stdout.as_slice()), (0, &b"a secret"[..]), "{}", stderr(&done));
    // The input would become the passphrase.
    let done = piped(&["encrypt", "--passphrase-file", "-", "-"], b"a note");
    assert_eq!((code(&done), done.stdout.len()), (2, 0), "{}", stderr(&done));
    let done = piped(&["decrypt", "-i", "-", "-"], &keys);
    assert_eq!(code(&done), 2);
    assert!(stderr(&done).contains("`-` is given twice"), "{}", stderr(&done));
    let done = run(&["decrypt", &name("a.age"), "-c"]);
    assert!(stderr(&done).contains("give a file of keys, `--identity`"), "{}", stderr(&done));
}

#[test]
fn a_folder_is_encrypted_and_decrypted_in_place_again_and_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mine, recipient) = key(folder.path(), "mine");
    let data = folder.path().join("data");
    fs::create_dir(&data).expect("a folder");
    for name in ["one.txt", "two.txt"] {
        fs::write(data.join(name), name).expect("written");
    }
    for _ in 0..2 {
        let done = run(&["encrypt", "-r", &recipient, text(&data), "--skip-existing"]);
        assert_eq!(code(&done), 0, "{}", stderr(&done));
        let done = run(&["decrypt", "-i", text(&mine), text(&data), "--skip-existing"]);
        assert_eq!(code(&done), 0, "{}", stderr(&done));
        assert!(stderr(&done).contains("2 passed over: not .age"), "{}", stderr(&done));
    }
}
