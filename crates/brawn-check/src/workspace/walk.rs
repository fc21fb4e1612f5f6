//! Finding files.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::error::Error;

/// What the paths of a check hold, each file once, in the order of their paths.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) manifests: Vec<PathBuf>,
    pub(super) sources: Vec<PathBuf>,
    pub(super) deployments: Vec<PathBuf>,
    seen: BTreeSet<PathBuf>,
}

/// Deeper than any project; stops a loop that a file system makes without symlinks (bind mounts).
const DEEPEST: usize = 64;
const MOST_FILES: usize = 200_000;

impl Found {
    /// A workspace, a crate, a folder of sources, or one file.
    pub(super) fn add(&mut self, path: &Path) -> Result<(), Error> {
        let cannot = |error: std::io::Error| {
            Error::new(format!("cannot read `{}`: {error}", path.display()))
        };
        let facts = std::fs::metadata(path).map_err(cannot)?;
        if facts.is_dir() {
            std::fs::read_dir(path).map_err(cannot)?;
            self.folder(path, 0);
            return Ok(());
        }
        if path.file_name() == Some(OsStr::new("Cargo.toml")) {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            self.folder(folder.unwrap_or(Path::new(".")), 0);
            return Ok(());
        }
        if !self.file(path) {
            return Err(Error::new(format!(
                "`{}` is neither Rust source nor a file that deploys",
                path.display()
            ))
            .with_hint("give a workspace, a crate, a folder of sources, or one .rs file"));
        }
        Ok(())
    }

    pub(super) fn settle(&mut self) {
        for list in [&mut self.manifests, &mut self.sources, &mut self.deployments] {
            list.sort_unstable();
            list.dedup();
        }
    }

    fn folder(&mut self, folder: &Path, depth: usize) {
        // By its real path, so that a symlink to a folder above ends here.
        let Ok(real) = std::fs::canonicalize(folder) else { return };
        if depth > DEEPEST || self.seen.len() > MOST_FILES || !self.seen.insert(real) {
            return;
        }
        let Ok(entries) = std::fs::read_dir(folder) else { return };
        let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        paths.sort_unstable();
        for path in paths {
            let name = path.file_name().and_then(OsStr::to_str).unwrap_or("");
            let Ok(facts) = std::fs::metadata(&path) else { continue };
            if facts.is_dir() {
                if !is_left_out(&path, name) {
                    self.folder(&path, depth + 1);
                }
            } else if facts.is_file() && !name.starts_with('.') {
                self.file(&path);
            }
        }
    }

    fn file(&mut self, path: &Path) -> bool {
        let name = path.file_name().and_then(OsStr::to_str).unwrap_or("");
        let list = match path.extension().and_then(OsStr::to_str) {
            _ if name == "Cargo.toml" => &mut self.manifests,
            Some("rs") => &mut self.sources,
            Some("yaml" | "yml" | "tf") => &mut self.deployments,
            Some("json") if name.ends_with(".template.json") || name == "template.json" => {
                &mut self.deployments
            }
            Some("json") if name == "cdk.json" || name.ends_with(".tf.json") => return false,
            _ => return false,
        };
        list.push(path.to_owned());
        true
    }
}

/// Built, fetched or hidden; and what only tests run.
fn is_left_out(path: &Path, name: &str) -> bool {
    let beside = |file: &str| path.parent().is_some_and(|parent| parent.join(file).is_file());
    match name {
        "node_modules" | "vendor" | "__pycache__" => true,
        // `cdk.out` holds the synthesized templates.
        "target" => beside("Cargo.toml") || path.join("CACHEDIR.TAG").is_file(),
        "tests" | "benches" | "fuzz" => beside("Cargo.toml"),
        _ => name.starts_with('.') && name.len() > 1,
    }
}
