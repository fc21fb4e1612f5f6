//! Help, completions and man pages, all from the same definitions.

use crate::{code, photos, run, stderr, text};

#[test]
fn help_teaches_by_example() {
    let done = run(&["image", "--help"]);
    assert_eq!(code(&done), 0);
    let help = String::from_utf8_lossy(&done.stdout).into_owned();
    for word in [
        "brawn image photos/ --to thumbs/ --width 800",
        "--fit",
        "inside",
        "--skip-existing",
        "Exit codes",
    ] {
        assert!(help.contains(word), "{word} is not in:\n{help}");
    }
}

#[cfg(feature = "encrypt")]
#[test]
fn help_says_what_is_passed_over() {
    for (verb, suffix) in [("encrypt", ".age"), ("decompress", ".zstd")] {
        let help = String::from_utf8_lossy(&run(&[verb, "--help"]).stdout).into_owned();
        let words: Vec<&str> = help.split_whitespace().collect();
        assert!(words.join(" ").contains(suffix), "{help}");
        assert!(words.join(" ").contains("it is told how many"), "{help}");
    }
}

#[test]
fn no_words_at_all_show_the_help_and_exit_2() {
    let done = run(&[]);
    assert_eq!(code(&done), 2);
    assert!(stderr(&done).contains("Usage:"));
}

#[test]
fn every_shell_gets_completions_that_know_the_flags() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let done = run(&["completions", shell]);
        assert_eq!(code(&done), 0);
        let script = String::from_utf8_lossy(&done.stdout).into_owned();
        assert!(script.contains("skip-existing"), "{shell}");
    }
}

#[test]
fn there_is_a_man_page_for_each_verb() {
    let folder = tempfile::tempdir().expect("a folder");
    let done = run(&["man", text(folder.path())]);
    assert_eq!(code(&done), 0, "{}", stderr(&done));
    let page = std::fs::read_to_string(folder.path().join("brawn-image.1")).expect("a page");
    assert!(page.contains("skip\\-existing") && page.starts_with(".ie"), "roff");
    assert!(folder.path().join("brawn.1").exists());
}

#[test]
fn a_negative_number_is_a_value_and_no_flag() {
    let done = run(&["image", "a.jpg", "--to", "b/", "--width", "-5"]);
    assert_eq!(code(&done), 2);
    assert!(stderr(&done).contains("'-5' for '--width"), "{}", stderr(&done));
}

#[test]
fn what_is_no_number_is_told_what_would_be_right() {
    for (words, says) in [
        (&["hash", "a", "-j", "0"][..], "takes a whole number, 1 or more"),
        (&["check", "a", "-j", "two"], "takes a whole number, 1 or more"),
        (&["compress", "a", "--level", "3.5"], "takes a whole number, 1 to 19 for zstd"),
        (&["compress", "a", "--level", "300"], "takes a whole number, 1 to 19 for zstd"),
        (&["image", "a", "--to", "b/", "--quality", "3.5"], "takes a whole number, 1-100"),
        (&["image", "a", "--to", "b/", "--scale", "half"], "takes a number"),
    ] {
        let done = run(words);
        assert_eq!(code(&done), 2, "{words:?}");
        assert!(stderr(&done).contains(says), "{words:?}: {}", stderr(&done));
    }
}

#[test]
fn what_does_not_fit_the_memory_is_told_the_flag() {
    let photo = photos().join("china.jpg");
    let to = tempfile::tempdir().expect("a folder");
    let to = text(to.path()).to_owned() + "/";
    let done = run(&["compress", text(&photo), "--to", &to, "--memory-limit", "1MB"]);
    assert_eq!(code(&done), 1);
    assert!(stderr(&done).contains("hint: raise `--memory-limit`"), "{}", stderr(&done));
    let image = ["image", text(&photo), "--to", &to, "--width", "80", "--memory-limit", "100KB"];
    let done = run(&image);
    assert_eq!(code(&done), 1);
    assert!(stderr(&done).contains("more memory (`--memory-limit`)"), "{}", stderr(&done));
}

#[test]
fn options_are_named_as_flags() {
    let to = tempfile::tempdir().expect("a folder");
    let photos = photos();
    let mut words = vec!["image", text(&photos), "--to", text(to.path())];
    words.extend(["--width", "80", "--max-src-resolution", "0.001"]);
    let done = run(&words);
    assert_eq!(code(&done), 1);
    assert!(stderr(&done).contains("`--max-src-resolution`"), "{}", stderr(&done));
}

#[test]
fn an_event_with_places_of_this_machine_is_warned_about() {
    let done = run(&["image", "photos/", "--to", "s3://out/", "--width", "80", "--print-event"]);
    assert_eq!(code(&done), 0);
    assert!(stderr(&done).contains("warning: `photos/` is of this machine"), "{}", stderr(&done));
}

#[test]
fn one_stdin_is_not_read_twice() {
    let done = run(&["image", "-", "-", "--to", "out/"]);
    assert_eq!((code(&done), stderr(&done).contains("given twice")), (2, true));
}
