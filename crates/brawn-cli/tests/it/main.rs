//! The command line as its users meet it: the real binary, real files.

mod bad_input;
mod check;
mod closed;
mod compress;
mod decompress;
#[cfg(feature = "aws")]
mod deployed;
#[cfg(feature = "encrypt")]
mod encrypt;
mod hash;
mod joined;
mod lab;
#[cfg(feature = "aws")]
mod moto;
mod names;
mod outcome;
mod places;
mod points;
mod stats;
mod stopping;
mod words;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// The photos that are shipped with the repository.
fn photos() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../photos")
}

/// `brawn` with a clean environment for its own variables.
fn brawn(args: impl IntoIterator<Item = impl AsRef<std::ffi::OsStr>>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_brawn"));
    command.args(args).stdin(Stdio::null());
    for name in ["BRAWN_THREADS", "WORKER_COUNT", "RAYON_NUM_THREADS", "BRAWN_MEMORY_LIMIT_MB"] {
        command.env_remove(name);
    }
    command
}

/// Runs to the end.
fn run(args: &[&str]) -> Output {
    brawn(args).output().expect("the binary starts")
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("it exits by itself")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The lines of `--json`: items, then the summary.
fn json_lines(output: &Output) -> (Vec<Value>, Value) {
    let text = std::str::from_utf8(&output.stdout).expect("JSON is UTF-8");
    let mut lines: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect();
    let last = lines.pop().expect("a summary");
    (lines, last["summary"].clone())
}

/// Every file below `folder`, relative to it, sorted.
fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&next) else { continue };
        for entry in entries {
            let path = entry.expect("readable").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let relative = path.strip_prefix(folder).expect("below the folder");
                found.push(relative.to_string_lossy().into_owned());
            }
        }
    }
    found.sort();
    found
}

/// A folder with `count` copies of the shipped photos under different names.
fn many_photos(folder: &Path, count: usize) {
    std::fs::create_dir_all(folder).expect("a folder");
    let originals = ["china.jpg", "flower.jpg", "rocket.jpg", "hubble_deep_field.jpg"];
    for index in 0..count {
        let original = photos().join(originals[index % originals.len()]);
        std::fs::copy(original, folder.join(format!("{index:05}.jpg"))).expect("a copy");
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("test paths are UTF-8")
}

/// Width and height of a picture file, by the `image` crate.
fn size_of(path: &Path) -> (u32, u32) {
    image::ImageReader::open(path)
        .expect("the file opens")
        .with_guessed_format()
        .expect("the file reads")
        .into_dimensions()
        .expect("a picture")
}
