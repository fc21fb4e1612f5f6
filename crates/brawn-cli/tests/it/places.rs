//! Where things come from and go to.

use std::io::Write;
use std::process::Stdio;

use crate::{brawn, code, files, photos, run, stderr, text};

#[test]
fn stdin_to_stdout_is_a_pipe() {
    let mut child = brawn(["image", "-", "--to", "-", "--width", "40", "--format", "png"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let photo = std::fs::read(photos().join("china.jpg")).expect("shipped");
    child.stdin.take().expect("a pipe").write_all(&photo).expect("it reads");
    let done = child.wait_with_output().expect("it ends");
    assert_eq!(code(&done), 0, "{}", stderr(&done));
    let picture = image::load_from_memory(&done.stdout).expect("a picture and nothing else");
    assert_eq!(picture.width(), 40);
}

#[test]
fn folders_below_folders_keep_their_structure() {
    let folder = tempfile::tempdir().expect("a folder");
    let source = folder.path().join("in");
    for below in ["2024/may", "2025"] {
        crate::many_photos(&source.join(below), 1);
    }
    std::fs::write(source.join("notes.txt"), "not an image").expect("written");
    let to = folder.path().join("out");
    let done = run(&["image", text(&source), "--to", text(&to), "--width", "40"]);
    assert_eq!(code(&done), 0, "{}", stderr(&done));
    assert_eq!(files(&to), ["2024/may/00000.jpg", "2025/00000.jpg"]);
}

#[test]
fn the_destination_may_lie_in_the_source() {
    let folder = tempfile::tempdir().expect("a folder");
    crate::many_photos(folder.path(), 2);
    let to = folder.path().join("thumbs");
    for _ in 0..2 {
        let done = run(&["image", text(folder.path()), "--to", text(&to), "--width", "40"]);
        assert_eq!(code(&done), 0, "{}", stderr(&done));
        assert_eq!(files(&to), ["00000.jpg", "00001.jpg"], "its own outputs are not inputs");
    }
}

#[test]
fn globs_are_expanded_by_brawn_too() {
    let out = tempfile::tempdir().expect("a folder");
    let pattern = photos().join("c*.png");
    let done = run(&["image", text(&pattern), "--to", text(out.path()), "--width", "40"]);
    assert_eq!(code(&done), 0, "{}", stderr(&done));
    assert_eq!(files(out.path()), ["chelsea.png", "coffee.png"]);
}

#[test]
fn unusual_names_are_just_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let source = folder.path().join("in");
    std::fs::create_dir(&source).expect("a folder");
    let names = [
        "a b.jpg",
        "100%.jpg",
        "a%20b.jpg",
        "ä ö#?.jpg",
        "-v.jpg",
        "a+b.jpg",
        "[x].jpg",
        "{dir}.jpg",
    ];
    for name in names {
        std::fs::copy(photos().join("flower.jpg"), source.join(name)).expect("a copy");
    }
    let to = folder.path().join("out");
    let done = run(&["image", text(&source), "--to", text(&to), "--width", "40"]);
    assert_eq!(code(&done), 0, "{}", stderr(&done));
    let mut expected = names.map(str::to_owned).to_vec();
    expected.sort();
    assert_eq!(files(&to), expected);
    let one =
        run(&["image", text(&source.join("[x].jpg")), "--to", text(&folder.path().join("x.png"))]);
    assert_eq!(code(&one), 0, "an existing file is not a glob: {}", stderr(&one));
}

#[test]
fn many_pictures_into_what_looks_like_one_file_is_a_question() {
    let folder = tempfile::tempdir().expect("a folder");
    let to = folder.path().join("x.jpg");
    let (source, slash) = (photos(), format!("{}/", to.display()));
    let refused = run(&["image", text(&source), "--to", text(&to), "--width", "40"]);
    assert_eq!(code(&refused), 2, "{}", stderr(&refused));
    let said = stderr(&refused);
    assert!(said.contains("looks like a file") && said.contains(&slash), "{said}");
    assert!(!to.exists());
    // With the slash it is a folder, and once it is there it is one without.
    for to in [slash.as_str(), text(&to)] {
        let done = run(&["image", text(&source), "--to", to, "--width", "40"]);
        assert_eq!(code(&done), 0, "{}", stderr(&done));
    }
    assert_eq!(files(&to).len(), 6);
}

#[test]
fn a_folder_that_is_listed_last_is_not_written_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let (new, old) = (folder.path().join("new"), folder.path().join("old"));
    crate::many_photos(&new, 6);
    crate::many_photos(&old, 3);
    let before: Vec<_> =
        files(&old).iter().map(|name| std::fs::read(old.join(name)).expect("there")).collect();
    let done =
        run(&["image", text(&new), text(&old), "--to", text(&old), "--width", "40", "-j", "1"]);
    assert_eq!(code(&done), 1, "{}", stderr(&done));
    assert!(stderr(&done).contains("an input of this run"), "{}", stderr(&done));
    assert!(stderr(&done).contains("write to another folder or prefix"), "{}", stderr(&done));
    for (n, before) in before.iter().enumerate() {
        assert!(std::fs::read(old.join(format!("{n:05}.jpg"))).expect("there") == *before, "{n}");
    }
    assert_eq!(files(&old).len(), 6, "those that are in nobody's way are done");
}

#[test]
fn a_folder_that_takes_nothing_is_named_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let (source, file) = (folder.path().join("in"), folder.path().join("file"));
    crate::many_photos(&source, 3);
    std::fs::write(&file, "no folder").expect("written");
    let below = file.join("out");
    let mut places = vec![text(&below)];
    if cfg!(target_os = "linux") {
        places.push("/proc/out");
    }
    for to in places {
        for words in [&["compress", "--to", to][..], &["image", "--width", "40", "--to", to]] {
            let done = run(&[words, &[text(&source)]].concat());
            assert_eq!(code(&done), 2, "{}", stderr(&done));
            let said = stderr(&done);
            assert!(said.starts_with(&format!("brawn: cannot write to `{to}`: ")), "{said}");
            assert_eq!(said.lines().count(), 1, "{said}");
        }
    }
    assert_eq!(files(folder.path()), ["file", "in/00000.jpg", "in/00001.jpg", "in/00002.jpg"]);
}
