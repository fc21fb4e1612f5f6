//! What comes out: files, reports, exit codes.

use crate::{brawn, code, files, json_lines, photos, run, size_of, stderr, text};

#[test]
fn a_folder_becomes_thumbnails() {
    let out = tempfile::tempdir().expect("a folder");
    let to = out.path().join("new/thumbs");
    let done = run(&["image", text(&photos()), "--to", text(&to), "--width", "320"]);
    assert_eq!(code(&done), 0, "{}", stderr(&done));
    assert_eq!(
        files(&to),
        [
            "chelsea.png",
            "china.jpg",
            "coffee.png",
            "flower.jpg",
            "hubble_deep_field.jpg",
            "rocket.jpg"
        ]
    );
    assert_eq!(size_of(&to.join("china.jpg")), (320, 214));
    assert!(done.stdout.is_empty(), "stdout is for data");
    let said = stderr(&done);
    assert!(said.contains("6 done of 6 items, 6 outputs"), "{said}");
}

#[test]
fn one_file_and_a_name_with_an_extension_mean_that_file() {
    let out = tempfile::tempdir().expect("a folder");
    let to = out.path().join("a.webp");
    let done =
        run(&["image", text(&photos().join("china.jpg")), "--to", text(&to), "--width", "100"]);
    assert_eq!(code(&done), 0, "{}", stderr(&done));
    assert_eq!(files(out.path()), ["a.webp"]);
    assert_eq!(
        &std::fs::read(&to).expect("written")[8..12],
        b"WEBP",
        "the extension is the format"
    );
}

#[test]
fn many_outputs_of_one_photo_have_names_of_their_own() {
    let out = tempfile::tempdir().expect("a folder");
    let done = run(&[
        "image",
        text(&photos().join("china.jpg")),
        "--to",
        text(out.path()),
        "--width",
        "64,128",
        "--format",
        "webp,jpeg",
    ]);
    assert_eq!(code(&done), 0, "{}", stderr(&done));
    assert_eq!(
        files(out.path()),
        ["china-128.jpg", "china-128.webp", "china-64.jpg", "china-64.webp"]
    );
}

#[test]
fn json_is_one_line_for_each_item_and_a_summary() {
    let out = tempfile::tempdir().expect("a folder");
    let done =
        run(&["image", text(&photos()), "--to", text(out.path()), "--width", "50", "--json"]);
    assert_eq!(code(&done), 0, "{}", stderr(&done));
    let (items, summary) = json_lines(&done);
    assert_eq!(items.len(), 6);
    for item in &items {
        assert_eq!(item["status"], "ok");
        assert_eq!(item["outputs"].as_array().map(Vec::len), Some(1));
        let bytes = item["outputs"][0]["bytes"].as_u64().expect("a number");
        let location = item["outputs"][0]["location"].as_str().expect("a path");
        assert_eq!(std::fs::metadata(location).expect("delivered").len(), bytes);
        assert!(item["compute_ms"].as_f64().is_some_and(|ms| ms > 0.0));
    }
    assert_eq!(
        (&summary["items"], &summary["ok"], &summary["outputs"]),
        (&6.into(), &6.into(), &6.into())
    );
    assert!(summary["peak_mb"].as_f64().is_some_and(|mb| mb > 1.0));
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let out = tempfile::tempdir().expect("a folder");
    let mut seen = Vec::new();
    for threads in ["1", "2", "7"] {
        let to = out.path().join(threads);
        let done = run(&[
            "image",
            text(&photos()),
            "--to",
            text(&to),
            "--width",
            "90,200",
            "--format",
            "webp,jpeg,png",
            "-j",
            threads,
            "--sharpen",
            "1",
        ]);
        assert_eq!(code(&done), 0, "{}", stderr(&done));
        let bytes: Vec<_> = files(&to)
            .into_iter()
            .map(|name| (std::fs::read(to.join(&name)).expect("delivered"), name))
            .collect();
        assert_eq!(bytes.len(), 36);
        seen.push(bytes);
    }
    assert!(seen[0] == seen[1] && seen[1] == seen[2]);
}

#[test]
fn skip_existing_does_only_what_is_missing() {
    let out = tempfile::tempdir().expect("a folder");
    let (source, to) = (photos(), text(out.path()));
    let args = ["image", text(&source), "--to", to, "--width", "80", "--skip-existing", "--json"];
    assert_eq!(json_lines(&run(&args)).1["ok"], 6);
    std::fs::remove_file(out.path().join("china.jpg")).expect("it was made");
    let kept =
        std::fs::metadata(out.path().join("coffee.png")).and_then(|m| m.modified()).expect("kept");
    let (_, summary) = json_lines(&run(&args));
    assert_eq!((&summary["ok"], &summary["skipped"]), (&1.into(), &5.into()));
    let after = std::fs::metadata(out.path().join("coffee.png")).and_then(|m| m.modified());
    assert_eq!(after.expect("still there"), kept);
}

#[test]
fn a_dry_run_says_what_would_be_made_and_writes_nothing() {
    let out = tempfile::tempdir().expect("a folder");
    let to = out.path().join("thumbs");
    let done = run(&["image", text(&photos()), "--to", text(&to), "--width", "80", "--dry-run"]);
    assert_eq!(code(&done), 0, "{}", stderr(&done));
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(said.contains("china.jpg") && said.contains("80x53") && said.contains("MB"), "{said}");
    assert!(said.contains("6 of 6 items, 6 outputs, peak of the largest"), "{said}");
    assert!(!to.exists());
}

#[test]
fn an_input_that_is_named_twice_is_done_once() {
    let to = tempfile::tempdir().expect("a folder");
    let photo = photos().join("china.jpg");
    let done = run(&[
        "image",
        text(&photo),
        text(&photo),
        "--to",
        text(to.path()),
        "--width",
        "80",
        "--json",
    ]);
    assert_eq!(code(&done), 0, "{}", stderr(&done));
    let (items, summary) = json_lines(&done);
    assert_eq!((&summary["ok"], &summary["skipped"]), (&1.into(), &1.into()));
    assert!(items.iter().any(|item| item["reason"] == "it is named more than once"), "{items:?}");
}

#[test]
fn the_printed_event_is_the_recipe_of_this_very_run() {
    let done = run(&[
        "image",
        "s3://in/a.jpg",
        "--to",
        "s3://out/t/",
        "--width",
        "320,800",
        "--format",
        "webp",
        "--print-event",
    ]);
    assert_eq!(code(&done), 0, "{}", stderr(&done));
    let event: serde_json::Value = serde_json::from_slice(&done.stdout).expect("JSON");
    assert_eq!(
        event,
        serde_json::json!({
            "job": "image", "sources": ["s3://in/a.jpg"], "to": "s3://out/t/", "width": [320, 800], "format": ["webp"],
        })
    );
}

#[test]
fn a_reader_that_leaves_does_not_hang_or_panic() {
    use std::process::Stdio;
    let out = tempfile::tempdir().expect("a folder");
    let mut child =
        brawn(["image", text(&photos()), "--to", text(out.path()), "--width", "60", "--json"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
    drop(child.stdout.take());
    let done = child.wait_with_output().expect("it ends");
    let said = stderr(&done);
    assert!(!said.contains("panicked"), "{said}");
    assert_eq!(code(&done), 141);
}
