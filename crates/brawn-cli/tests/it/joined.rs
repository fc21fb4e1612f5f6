//! Several inputs to one standard output: one after the other, whole, in their order.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::{brawn, code, stderr};

fn run(folder: &Path, words: &[&str]) -> Output {
    brawn(words).current_dir(folder).output().expect("the binary starts")
}

/// The first takes longest: what is not in turn is out of order.
fn inputs(folder: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for (name, count) in [("a", 600_000), ("b", 7), ("c", 100_000), ("d", 0)] {
        let content = format!("{name} in a line of text\n").repeat(count);
        fs::write(folder.join(name), &content).expect("written");
        all.extend(content.into_bytes());
    }
    all
}

#[test]
fn outputs_follow_each_other_in_every_format() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let all = inputs(at);
    for (format, tool) in [("zstd", "zstd"), ("gzip", "gzip"), ("bgzf", "gzip"), ("lz4", "lz4")] {
        let done = run(at, &["compress", "-c", "--format", format, "a", "b", "c", "d"]);
        assert_eq!(code(&done), 0, "{format}: {}", stderr(&done));
        fs::write(at.join("joined"), &done.stdout).expect("written");
        let plain = run(at, &["decompress", "-c", "joined"]);
        assert_eq!(code(&plain), 0, "{format}: {}", stderr(&plain));
        assert!(plain.stdout == all, "{format}");
        match Command::new(tool)
            .arg("-dc")
            .stdin(fs::File::open(at.join("joined")).expect("there"))
            .output()
        {
            Ok(theirs) => assert!(
                theirs.status.success() && theirs.stdout == all,
                "{tool}: {}",
                stderr(&theirs)
            ),
            Err(_) => println!("skipped: no {tool} here"),
        }
        let names = ["a", "b", "c", "d"];
        for name in names {
            let done =
                run(at, &["compress", "-f", "--format", format, name, "-o", &format!("{name}.x")]);
            assert_eq!(code(&done), 0, "{}", stderr(&done));
        }
        let done = run(at, &["decompress", "-c", "a.x", "b.x", "c.x", "d.x", "-j", "2"]);
        assert_eq!(code(&done), 0, "{}", stderr(&done));
        assert!(done.stdout == all, "{format}");
        let twice = run(at, &["decompress", "-o", "-", "b.x", "b.x"]);
        assert_eq!(twice.stdout, b"b in a line of text\n".repeat(14), "{}", stderr(&twice));
    }
    fs::create_dir(at.join("in")).expect("a folder");
    for name in ["a", "b", "c", "d"] {
        fs::rename(at.join(format!("{name}.x")), at.join(format!("in/{name}.lz4"))).expect("moved");
    }
    assert!(run(at, &["decompress", "-c", "in"]).stdout == all);
}

#[test]
fn what_fails_before_it_began_is_left_out_and_after_that_nothing_follows() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    inputs(at);
    for name in ["a", "b", "c"] {
        assert_eq!(code(&run(at, &["compress", name])), 0);
    }
    fs::write(at.join("text.zst"), "no frame").expect("written");
    let done = run(at, &["decompress", "-c", "b.zst", "text.zst", "gone.zst", "b.zst"]);
    assert_eq!(code(&done), 1);
    assert_eq!(done.stdout, b"b in a line of text\n".repeat(14));
    assert!(!stderr(&done).contains("stdout has a part"), "{}", stderr(&done));
    let whole = fs::read(at.join("a.zst")).expect("there");
    // Without its table and with a flaw near its end: the frames before are written by then.
    let mut cut = whole[..whole.len() - 100].to_vec();
    let last = cut.len() - 1;
    cut[last] ^= 0x55;
    fs::write(at.join("cut.zst"), cut).expect("written");
    let done = run(at, &["decompress", "-c", "b.zst", "cut.zst", "c.zst"]);
    let first = b"b in a line of text\n".repeat(7);
    assert_eq!(code(&done), 1);
    assert!(done.stdout.starts_with(&first) && done.stdout.len() > first.len());
    assert!(!done.stdout.windows(5).any(|five| five == b"c in "), "nothing follows");
    let said = stderr(&done);
    assert!(said.contains("cut.zst: ") && said.contains("; stdout has a part of it"), "{said}");
    assert!(said.contains("1 skipped"), "{said}");
    // Each that is left out, with its reason.
    let done = run(at, &["decompress", "-c", "--quiet", "cut.zst", "c.zst", "b.zst"]);
    let said = stderr(&done);
    for name in ["c.zst", "b.zst"] {
        let line = format!(
            "brawn: {name}: skipped: stdout has a part of `cut.zst`, which nothing can follow\n"
        );
        assert!(said.contains(&line), "{said}");
    }
    // What is skipped because it is there already is only counted.
    let done = run(at, &["compress", "--skip-existing", "c"]);
    assert!(!stderr(&done).contains("brawn: "), "{}", stderr(&done));
    assert!(stderr(&done).contains("1 skipped"), "{}", stderr(&done));
}

#[test]
fn a_part_of_an_output_is_told_after_a_timeout_too() {
    let folder = tempfile::tempdir().expect("a folder");
    inputs(folder.path());
    let whole = fs::read(folder.path().join("a")).expect("there");
    let mut child = brawn(["compress", "-", "--timeout", "4s"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    // Several frames, and no end.
    let mut stdin = child.stdin.take().expect("piped");
    stdin.write_all(&whole).expect("it reads");
    let done = child.wait_with_output().expect("it ends");
    drop(stdin);
    assert_eq!(code(&done), 3, "{}", stderr(&done));
    assert!(!done.stdout.is_empty());
    assert!(stderr(&done).contains("brawn: -: stdout has a part of it\n"), "{}", stderr(&done));
}
