//! Finding files.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::error::Error;

/// What the paths of a check hold, each file once, in the order of their paths.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) manifests: Vec<PathBuf>,
    pub(super) sources: Vec<PathBuf>,
    pub(super) deployments: Vec<PathBuf>,
    /// Files that were given themselves.
    pub(super) given: BTreeSet<PathBuf>,
    /// Folders that cannot be looked into, and why.
    pub(super) skipped: Vec<(PathBuf, String)>,
    seen: BTreeSet<PathBuf>,
}

/// Deeper than any project; stops a loop that a file system makes without symlinks (bind mounts).
const DEEPEST: usize = 64;
const MOST_FILES: usize = 200_000;

impl Found {
    /// A workspace, a crate, a folder of sources, or one file.
    pub(super) fn add(&mut self, path: &Path) -> Result<(), Error> {
        let cannot =
            |error: io::Error| Error::new(format!("cannot read `{}`: {error}", path.display()));
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
        self.given.insert(path.to_owned());
        Ok(())
    }

    pub(super) fn settle(&mut self) {
        self.skipped.sort_unstable();
        self.skipped.dedup();
        for list in [&mut self.manifests, &mut self.sources, &mut self.deployments] {
            list.sort_unstable();
            list.dedup();
        }
    }

    fn folder(&mut self, folder: &Path, depth: usize) {
        // By its real path, so that a symlink to a folder above ends here.
        let real = match std::fs::canonicalize(folder) {
            Ok(real) => real,
            Err(error) => return self.cannot(folder, &error),
        };
        if depth > DEEPEST || self.seen.len() > MOST_FILES || !self.seen.insert(real) {
            return;
        }
        let entries = std::fs::read_dir(folder);
        let paths = entries.map(|entries| entries.map(|entry| entry.map(|entry| entry.path())));
        for path in self.list(folder, paths) {
            let name = path.file_name().and_then(OsStr::to_str).unwrap_or("");
            let facts = match std::fs::metadata(&path) {
                Ok(facts) => facts,
                // A folder that may be listed and not entered, once; a link to nowhere is nothing.
                Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                    self.cannot(folder, &error);
                    continue;
                }
                Err(_) => continue,
            };
            if facts.is_dir() {
                if !is_left_out(&path, name) {
                    self.folder(&path, depth + 1);
                }
            } else if facts.is_file() && !name.starts_with('.') {
                self.file(&path);
            }
        }
    }

    /// What a folder holds, in the order of the paths; an entry that cannot be read leaves the others.
    fn list(
        &mut self,
        folder: &Path,
        entries: io::Result<impl Iterator<Item = io::Result<PathBuf>>>,
    ) -> Vec<PathBuf> {
        let mut paths = Vec::new();
        match entries {
            Ok(entries) => {
                for entry in entries {
                    match entry {
                        Ok(path) => paths.push(path),
                        Err(error) => self.cannot(folder, &error),
                    }
                }
            }
            Err(error) => self.cannot(folder, &error),
        }
        paths.sort_unstable();
        paths
    }

    fn cannot(&mut self, folder: &Path, error: &io::Error) {
        if self.skipped.last().is_none_or(|(path, _)| path != folder) {
            self.skipped.push((folder.to_owned(), format!("cannot be read: {error}")));
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Fed with errors: nothing is unreadable to root, as which some tests run.
    #[test]
    fn a_folder_that_cannot_be_listed_is_named() {
        let mut found = Found::default();
        let denied = || io::Error::from(ErrorKind::PermissionDenied);
        let none = Err::<std::iter::Empty<io::Result<PathBuf>>, _>(denied());
        assert!(found.list(Path::new("src/m"), none).is_empty());
        let some = [Ok(PathBuf::from("b/y.rs")), Err(denied()), Ok(PathBuf::from("b/x.rs"))];
        let paths = found.list(Path::new("b"), Ok(some.into_iter()));
        assert_eq!(paths, [Path::new("b/x.rs"), Path::new("b/y.rs")]);
        found.settle();
        let why = "cannot be read: permission denied".to_owned();
        assert_eq!(found.skipped, [("b".into(), why.clone()), ("src/m".into(), why)]);
    }
}
