//! Ctrl-C, a timeout, `kill -9`: nothing half-written, and the same command goes on where it was.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use brawn_testing::{Fault, S3Server};

use crate::{brawn, code, files, json_lines, many_photos, photos, run, size_of, stderr, text};

/// Starts a long run and waits until some of its outputs are there.
fn start(source: &Path, to: &Path) -> Child {
    let child = brawn(["image", text(source), "--to", text(to), "--width", "200"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let patience = Instant::now() + Duration::from_secs(60);
    while files(to).len() < 5 {
        assert!(Instant::now() < patience, "nothing is made");
        std::thread::sleep(Duration::from_millis(2));
    }
    child
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([name, &child.id().to_string()]).status();
    assert!(sent.expect("kill starts").success());
}

/// Every file there is a whole picture, and there is no other file.
fn all_whole(to: &Path) -> usize {
    let made = files(to);
    for name in &made {
        assert!(name.ends_with(".jpg"), "{name} is a leftover");
        assert_eq!(size_of(&to.join(name)).0, 200, "{name}");
        image::open(to.join(name)).expect("it decodes to its end");
    }
    made.len()
}

#[test]
fn a_killed_run_leaves_no_partial_output_and_skip_existing_completes_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let (source, to) = (folder.path().join("in"), folder.path().join("out"));
    many_photos(&source, 500);
    let mut child = start(&source, &to);
    signal(&child, "-KILL");
    child.wait().expect("it ends");
    let made = all_whole(&to);
    assert!(made < 500, "it was killed in the middle");
    let args =
        ["image", text(&source), "--to", text(&to), "--width", "200", "--skip-existing", "--json"];
    let done = run(&args);
    assert_eq!(code(&done), 0, "{}", stderr(&done));
    let (_, summary) = json_lines(&done);
    assert_eq!((&summary["skipped"], &summary["ok"]), (&made.into(), &(500 - made).into()));
    assert_eq!(all_whole(&to), 500);
}

#[test]
fn ctrl_c_cleans_up_and_exits_130() {
    let folder = tempfile::tempdir().expect("a folder");
    let (source, to) = (folder.path().join("in"), folder.path().join("out"));
    many_photos(&source, 400);
    let child = start(&source, &to);
    signal(&child, "-INT");
    let done = child.wait_with_output().expect("it ends");
    assert_eq!(code(&done), 130, "{}", stderr(&done));
    assert!(all_whole(&to) < 400, "it was interrupted in the middle");
    assert!(stderr(&done).contains("interrupted, not done"), "{}", stderr(&done));
}

#[test]
fn a_timeout_exits_3_and_names_what_is_not_done() {
    let folder = tempfile::tempdir().expect("a folder");
    let (source, to) = (folder.path().join("in"), folder.path().join("out"));
    many_photos(&source, 400);
    let done = run(&[
        "image",
        text(&source),
        "--to",
        text(&to),
        "--width",
        "200",
        "--timeout",
        "300ms",
        "--json",
        "-j",
        "1",
    ]);
    assert_eq!(code(&done), 3, "{}", stderr(&done));
    let (items, summary) = json_lines(&done);
    let late = items.iter().filter(|item| item["status"] == "deadline").count();
    assert_eq!(summary["deadline"].as_u64(), Some(late as u64));
    assert!(late > 0);
    assert_eq!(all_whole(&to) as u64, summary["ok"].as_u64().expect("a count"));
}

#[test]
fn an_upload_that_hangs_does_not_outlast_the_timeout() {
    let server = S3Server::start();
    server.fail_with(|seen| if seen.method == "PUT" { Fault::Hang } else { Fault::None });
    let photo = photos().join("china.jpg");
    // Of which 300 ms are kept for the report: a machine that is busy may need some of them.
    let args = ["image", text(&photo), "--to", "s3://outbox/", "--timeout", "12s", "--json"];
    let done = brawn(args).envs(server.variables()).output().expect("the binary starts");
    assert_eq!(code(&done), 3, "{}", stderr(&done));
    let (items, summary) = json_lines(&done);
    assert_eq!(items[0]["status"], "deadline");
    assert!(server.take_seen().iter().any(|seen| seen.method == "PUT"), "it was computed in time");
    let wall = summary["wall_ms"].as_f64().expect("a number");
    assert!(wall < 12_000.0, "the report is late: {wall} ms");
}
