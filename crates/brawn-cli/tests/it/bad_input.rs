//! What is wrong is named, what is right is done, nothing is half-written.

use crate::{brawn, code, files, json_lines, photos, run, stderr, text};

#[test]
fn a_number_of_threads_that_is_none_is_named() {
    let done = brawn(["hash", "a"]).env("BRAWN_THREADS", "two").output().expect("it starts");
    assert_eq!(code(&done), 2);
    assert!(stderr(&done).contains("`BRAWN_THREADS` is `two`"), "{}", stderr(&done));
    // As shells unset it.
    let photo = photos().join("china.jpg");
    let done = brawn(["hash", text(&photo)]).env("BRAWN_THREADS", "").output().expect("it starts");
    assert_eq!((code(&done), stderr(&done).as_str()), (0, ""));
}

#[test]
fn a_corrupt_file_is_rejected_by_name_and_the_others_finish() {
    let folder = tempfile::tempdir().expect("a folder");
    let source = folder.path().join("in");
    crate::many_photos(&source, 3);
    let whole = std::fs::read(photos().join("china.jpg")).expect("shipped");
    std::fs::write(source.join("cut.jpg"), &whole[..whole.len() / 2]).expect("written");
    std::fs::write(source.join("empty.png"), b"").expect("written");
    std::fs::write(source.join("text.jpg"), b"not a picture at all").expect("written");
    let to = folder.path().join("out");
    let done = run(&["image", text(&source), "--to", text(&to), "--width", "50"]);
    assert_eq!(code(&done), 1);
    assert_eq!(files(&to), ["00000.jpg", "00001.jpg", "00002.jpg"]);
    let said = stderr(&done);
    for name in ["cut.jpg: rejected:", "empty.png: rejected:", "text.jpg: rejected:"] {
        assert!(said.contains(name), "{said}");
    }
    assert!(said.contains("3 done, 3 rejected of 6 items"), "{said}");
}

#[test]
fn a_missing_file_is_named() {
    let out = tempfile::tempdir().expect("a folder");
    let done = run(&["image", "no/such/photo.jpg", "--to", text(out.path()), "--width", "50"]);
    assert_eq!(code(&done), 1, "{}", stderr(&done));
    assert!(stderr(&done).contains("no/such/photo.jpg"), "{}", stderr(&done));
    assert!(files(out.path()).is_empty());
}

#[test]
fn a_wrong_option_is_refused_before_anything_starts() {
    let out = tempfile::tempdir().expect("a folder");
    let source = photos();
    for (args, word) in [
        (vec!["--widht", "50"], "--width"),
        (vec!["--width", "0"], "width"),
        (vec!["--width", "50", "--quality", "101"], "quality"),
        (vec!["--width", "50", "--format", "jpg2000"], "jpeg"),
        (vec!["--width", "50", "--fit", "covr"], "cover"),
        (vec!["--width", "50", "--name", "{stem}-{witdh}.{ext}"], "{witdh}"),
        (vec!["--width", "50", "--memory-limit", "lots"], "512MB"),
        (vec!["--width", "50", "-j", "0"], "threads"),
    ] {
        let mut all = vec!["image", text(&source), "--to", text(out.path())];
        all.extend(&args);
        let done = run(&all);
        assert_eq!(code(&done), 2, "{args:?}: {}", stderr(&done));
        assert!(stderr(&done).contains(word), "{args:?}: {}", stderr(&done));
        assert!(files(out.path()).is_empty());
    }
}

#[test]
fn an_input_is_never_overwritten() {
    let folder = tempfile::tempdir().expect("a folder");
    let photo = folder.path().join("a.jpg");
    std::fs::copy(photos().join("china.jpg"), &photo).expect("a copy");
    let before = std::fs::read(&photo).expect("there");
    let done = run(&["image", text(&photo), "--to", text(folder.path()), "--width", "50"]);
    assert_eq!(code(&done), 1, "{}", stderr(&done));
    assert!(std::fs::read(&photo).expect("there") == before);
    assert_eq!(files(folder.path()), ["a.jpg"]);
}

#[test]
fn two_inputs_for_one_output_is_an_error_that_names_both() {
    let folder = tempfile::tempdir().expect("a folder");
    let source = folder.path().join("in");
    std::fs::create_dir(&source).expect("a folder");
    std::fs::copy(photos().join("china.jpg"), source.join("same.jpg")).expect("a copy");
    std::fs::copy(photos().join("coffee.png"), source.join("same.png")).expect("a copy");
    let to = folder.path().join("out");
    let done = run(&[
        "image",
        text(&source),
        "--to",
        text(&to),
        "--width",
        "50",
        "--format",
        "webp",
        "--json",
    ]);
    assert_eq!(code(&done), 1);
    let (items, summary) = json_lines(&done);
    assert_eq!((&summary["ok"], &summary["failed"]), (&1.into(), &1.into()));
    let failed = items.iter().find(|item| item["status"] == "failed").expect("one failed");
    let reason = failed["reason"].as_str().expect("a reason");
    assert!(reason.contains("same.webp"), "{reason}");
    assert_eq!(files(&to), ["same.webp"]);
}

#[test]
fn a_picture_that_never_fits_the_memory_is_refused_with_what_it_would_need() {
    let out = tempfile::tempdir().expect("a folder");
    let done = run(&[
        "image",
        text(&photos().join("hubble_deep_field.jpg")),
        "--to",
        text(out.path()),
        "--memory-limit",
        "1MB",
    ]);
    assert_eq!(code(&done), 1);
    let said = stderr(&done);
    assert!(said.contains("memory") && said.contains("1 MB"), "{said}");
}
