//! `brawn check` as its users meet it: exit codes, formats, what a PATH may be, fixes.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::{code, run, stderr, text};

const MANIFEST: &str = "[package]\nname = \"work\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\nimage = \"0.25\"\ntokio = \"1\"\n";
const HEAVY: &str = "async fn handler(png: Vec<u8>) -> Result<u32, Box<dyn std::error::Error>> {\n    Ok(image::load_from_memory(&png)?.width())\n}\n";
const CLEAN: &str = "fn main() {}\n";

fn write(folder: &Path, name: &str, content: &str) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().expect("it has one")).expect("a folder");
    std::fs::write(path, content).expect("a file");
}

/// A crate with one finding.
fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "Cargo.toml", MANIFEST);
    write(folder.path(), "src/main.rs", HEAVY);
    folder
}

fn stdout(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn check(path: &Path, words: &[&str]) -> std::process::Output {
    let mut args = vec!["check", text(path)];
    args.extend(words);
    run(&args)
}

#[test]
fn exit_codes_tell_clean_from_found_from_not_run() {
    let folder = project();
    assert_eq!(code(&check(folder.path(), &[])), 1);
    write(folder.path(), "src/main.rs", CLEAN);
    let clean = check(folder.path(), &[]);
    assert_eq!(code(&clean), 0);
    assert!(stdout(&clean).starts_with("nothing found in 1 file"), "{}", stdout(&clean));
    let typo = check(&folder.path().join("srcs"), &[]);
    assert_eq!(code(&typo), 2);
    assert!(stderr(&typo).contains("srcs") && stdout(&typo).is_empty(), "{}", stderr(&typo));
    let unknown = check(folder.path(), &["--select", "BR999"]);
    assert_eq!(code(&unknown), 2);
    assert!(stderr(&unknown).contains("BR999") && stderr(&unknown).contains("hint:"));
    assert_eq!(code(&run(&["check"])), 2);
}

#[test]
fn a_path_is_a_workspace_a_crate_a_folder_without_manifest_or_one_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    write(path, "Cargo.toml", "[workspace]\nmembers = [\"a\", \"b\"]\n");
    write(path, "a/Cargo.toml", MANIFEST);
    write(path, "a/src/main.rs", HEAVY);
    write(path, "b/Cargo.toml", &MANIFEST.replace("work", "other"));
    write(path, "b/src/main.rs", HEAVY);
    write(path, "loose/one.rs", HEAVY);
    let lines = |path: &Path| stdout(&check(path, &["--format", "short"])).lines().count();
    assert_eq!(lines(path), 2, "the members of a workspace");
    assert_eq!(lines(&path.join("a")), 1, "a crate");
    assert_eq!(lines(&path.join("b/Cargo.toml")), 1, "a manifest");
    assert_eq!(lines(&path.join("loose")), 1, "a folder of sources");
    assert_eq!(lines(&path.join("loose/one.rs")), 1, "a file");
    let two = run(&["check", text(&path.join("a")), text(&path.join("b")), "--format", "short"]);
    assert_eq!(stdout(&two).lines().count(), 2);
    write(path, "notes.txt", "");
    let other = check(&path.join("notes.txt"), &[]);
    assert_eq!((code(&other), stderr(&other).contains("notes.txt")), (2, true));
}

#[test]
fn a_file_that_does_not_parse_is_named_and_the_others_are_checked() {
    let folder = project();
    write(folder.path(), "src/broken.rs", "fn broken( {");
    let done = check(folder.path(), &[]);
    assert_eq!(code(&done), 1);
    let said = stdout(&done);
    assert!(said.contains("error[BR102]"), "{said}");
    assert!(
        said.contains("skipped: ") && said.contains("broken.rs: does not parse at 1:"),
        "{said}"
    );
}

#[test]
fn every_format_is_what_it_says() {
    let folder = project();
    let of = |format| stdout(&check(folder.path(), &["--format", format]));
    let json: Value = serde_json::from_str(&of("json")).expect("JSON");
    assert_eq!(json["findings"][0]["code"], "BR102");
    assert_eq!(json["summary"]["errors"], 1);
    let sarif: Value = serde_json::from_str(&of("sarif")).expect("JSON");
    assert_eq!(sarif["version"], "2.1.0");
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "BR102");
    assert!(of("github").starts_with("::error file="));
    assert!(of("short").contains("main.rs:2:8: error BR102 "));
    assert!(of("text").starts_with("error[BR102]: "), "no colours in a pipe");
}

#[test]
fn rules_are_explained_selected_and_ignored() {
    let page = run(&["check", "--explain", "BR102"]);
    assert_eq!(code(&page), 0);
    assert!(stdout(&page).starts_with("BR102 heavy-call-in-async (error)"));
    let by_name = run(&["check", "--explain", "heavy-call-in-async"]);
    assert_eq!(by_name.stdout, page.stdout);
    assert_eq!(code(&run(&["check", "--explain", "BR999"])), 2);
    let folder = project();
    for (words, expected) in [
        (&["--select", "BR1,BR2"][..], 1),
        (&["--select", "BR2"], 0),
        (&["--ignore", "error"], 0),
        (&["--select", "all", "--ignore", "BR102"], 0),
    ] {
        assert_eq!(code(&check(folder.path(), words)), expected, "{words:?}");
    }
}

#[test]
fn a_baseline_keeps_what_is_known_out() {
    let folder = project();
    let known = folder.path().join("known.txt");
    let written = check(folder.path(), &["--write-baseline", text(&known)]);
    assert_eq!(code(&written), 0);
    let quiet = check(folder.path(), &["--baseline", text(&known)]);
    assert_eq!(code(&quiet), 0);
    assert!(stdout(&quiet).contains("1 in the baseline"), "{}", stdout(&quiet));
    write(folder.path(), "src/main.rs", &format!("{HEAVY}{}", HEAVY.replace("handler", "second")));
    // The same text twice is known once.
    assert_eq!(code(&check(folder.path(), &["--baseline", text(&known)])), 1);
    assert_eq!(code(&check(folder.path(), &["--baseline", "/no/such/file"])), 2);
}

#[test]
fn fixes_are_shown_first_and_written_where_git_can_undo_them() {
    let folder = project();
    let main = folder.path().join("src/main.rs");
    let diff = check(folder.path(), &["--diff"]);
    assert_eq!(code(&diff), 1);
    let said = stdout(&diff);
    assert!(
        said.contains("+    Ok(tokio::task::spawn_blocking(move || image::load_from_memory(&png)).await??.width())"),
        "{said}"
    );
    let source = || std::fs::read_to_string(&main).expect("readable");
    assert_eq!(source(), HEAVY, "a diff writes nothing");

    let refused = check(folder.path(), &["--fix"]);
    assert_eq!(code(&refused), 1);
    assert!(stdout(&refused).contains("not fixed: "), "{}", stdout(&refused));
    assert_eq!(source(), HEAVY, "no Git holds it");

    let git = |words: &[&str]| {
        let done = Command::new("git")
            .args(["-c", "user.name=a", "-c", "user.email=a@b", "-C", text(folder.path())])
            .args(words)
            .output();
        done.is_ok_and(|done| done.status.success())
    };
    if !git(&["init"]) {
        println!("skipped: no git on this machine");
        return;
    }
    assert!(git(&["add", "."]) && git(&["commit", "-m", "as it was"]));
    write(folder.path(), "src/main.rs", &format!("{HEAVY}// not committed\n"));
    assert_eq!(code(&check(folder.path(), &["--fix"])), 1);
    assert!(source().ends_with("// not committed\n") && source().starts_with(HEAVY));
    write(folder.path(), "src/main.rs", HEAVY);
    let fixed = check(folder.path(), &["--fix"]);
    assert_eq!(code(&fixed), 0, "{}", stdout(&fixed));
    assert!(stdout(&fixed).contains("main.rs: 1 place"), "{}", stdout(&fixed));
    assert!(source().contains("spawn_blocking"));
    assert_eq!(code(&check(folder.path(), &["--diff"])), 0);

    write(folder.path(), "src/main.rs", HEAVY);
    assert_eq!(code(&check(folder.path(), &["--fix", "--allow-dirty"])), 0);
    assert!(source().contains("spawn_blocking"));
}

#[test]
fn the_checklist_says_line_by_line_what_was_found() {
    let folder = project();
    let done = check(folder.path(), &["--checklist"]);
    assert_eq!(code(&done), 1);
    let said = stdout(&done);
    let lines: Vec<&str> = said.lines().filter(|line| line.starts_with('[')).collect();
    assert_eq!(lines.len(), 11, "{said}");
    assert_eq!(lines[0], "[ ] CPU work goes through `spawn_blocking` or `brawn::compute`");
    assert!(said.contains("main.rs:2: BR102 "), "{said}");
    write(folder.path(), "src/main.rs", CLEAN);
    assert_eq!(code(&check(folder.path(), &["--checklist"])), 0);
}

#[test]
fn what_nobody_could_read_is_no_clean_bill() {
    let folder = tempfile::tempdir().expect("a folder");
    let nothing = check(folder.path(), &[]);
    assert_eq!((code(&nothing), stderr(&nothing).contains("no Rust file")), (2, true));
    std::fs::write(folder.path().join("broken.rs"), "fn (").expect("written");
    let broken = check(folder.path(), &[]);
    assert_eq!((code(&broken), stderr(&broken).contains("broken.rs")), (2, true));
}
