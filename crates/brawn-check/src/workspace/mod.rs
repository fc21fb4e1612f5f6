//! What stands at a path: manifests, crates, their files and module trees, deployment files.

mod manifest;
mod modules;
mod walk;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

pub(crate) use manifest::{Manifest, PanicMode};
pub(crate) use modules::ModuleNode;

use crate::error::Error;
use crate::source::{self, Source, Text};

/// Everything that was found and read.
#[derive(Debug, Default)]
pub(crate) struct Workspace {
    pub(crate) sources: Vec<Source>,
    pub(crate) crates: Vec<Crate>,
    /// All crates' modules, parents before children.
    pub(crate) modules: Vec<ModuleNode>,
    pub(crate) manifests: Vec<Manifest>,
    /// YAML, JSON and Terraform files.
    pub(crate) deployments: Vec<Text>,
}

/// A binary, a library or an example.
#[derive(Debug)]
pub(crate) struct Crate {
    /// As paths name it: underscores. Binaries beside a library of the same package have names of their own.
    pub(crate) name: String,
    pub(crate) manifest: Option<usize>,
}

/// Reads what stands at `paths`, on `threads` threads.
pub(crate) fn read(paths: &[PathBuf], threads: usize) -> Result<Workspace, Error> {
    let mut found = walk::Found::default();
    for path in paths {
        found.add(path)?;
    }
    found.settle();
    let deployments = found.deployments.iter().filter_map(|path| text(path)).collect();
    let mut workspace = Workspace { deployments, ..Workspace::default() };
    for path in &found.manifests {
        if let Some(text) = text(path) {
            workspace.manifests.push(Manifest::parse(path, text));
        }
    }
    manifest::inherit(&mut workspace.manifests);
    manifest::adopt(&mut workspace.manifests, text);
    let mut files: Vec<(PathBuf, PathBuf)> =
        found.sources.iter().map(|path| (path.clone(), shown(path))).collect();
    workspace.sources = source::read(&files, threads);
    // `#[path]` may lead out of what was walked: once more for each such layer.
    for _ in 0..16 {
        let by_path: HashMap<&Path, usize> =
            files.iter().enumerate().map(|(index, (path, _))| (path.as_path(), index)).collect();
        let linked = modules::link(&workspace.manifests, &workspace.sources, &files, &by_path);
        let missing = linked.missing;
        (workspace.crates, workspace.modules) = (linked.crates, linked.modules);
        if missing.is_empty() {
            break;
        }
        let more: Vec<(PathBuf, PathBuf)> =
            missing.into_iter().map(|path| (path.clone(), shown(&path))).collect();
        workspace.sources.extend(source::read(&more, threads));
        files.extend(more);
    }
    Ok(workspace)
}

/// As it is shown: without a leading `./`, and from the current folder on.
fn shown(path: &Path) -> PathBuf {
    let here = path.is_absolute().then(std::env::current_dir).and_then(Result::ok);
    let path = here.as_deref().and_then(|here| path.strip_prefix(here).ok()).unwrap_or(path);
    path.strip_prefix(".").map_or_else(|_| path.to_owned(), Path::to_owned)
}

fn text(path: &Path) -> Option<Text> {
    const MOST: u64 = 8 << 20;
    let facts = std::fs::metadata(path).ok()?;
    if !facts.is_file() || facts.len() > MOST {
        return None;
    }
    Some(Text::new(shown(path), std::fs::read_to_string(path).ok()?))
}
