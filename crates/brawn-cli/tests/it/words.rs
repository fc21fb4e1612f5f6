//! Help, completions and man pages, all from the same definitions.

use crate::{code, run, stderr, text};

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
