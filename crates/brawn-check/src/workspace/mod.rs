//! What stands at a path: manifests, crates, their files and module trees, deployment files.

mod manifest;
mod modules;
mod walk;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

pub(crate) use manifest::{Manifest, PanicMode};
pub(crate) use modules::ModuleNode;

use crate::deploy::{self, Deployed};
use crate::error::Error;
use crate::report::Skipped;
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
    pub(crate) deployments: Vec<Deployment>,
    /// Folders and deployment files that could not be looked into, and why.
    pub(crate) skipped: Vec<Skipped>,
}

/// A file that may deploy functions.
#[derive(Debug)]
pub(crate) struct Deployment {
    pub(crate) text: Text,
    pub(crate) functions: Vec<Deployed>,
    /// Whether it parsed.
    pub(crate) is_read: bool,
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
    let mut workspace = Workspace::default();
    for (path, why) in found.skipped {
        workspace.skipped.push(Skipped { path: shown(&path), why });
    }
    for path in &found.deployments {
        workspace.deployment(path, found.given.contains(path));
    }
    for path in &found.manifests {
        workspace.manifests.push(match text(path) {
            Ok(text) => Manifest::parse(path, text),
            Err(why) => Manifest::broken(path, Text::new(shown(path), ""), why),
        });
    }
    manifest::inherit(&mut workspace.manifests);
    manifest::adopt(&mut workspace.manifests, |path| text(path).ok());
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

impl Workspace {
    /// Reads a file that may deploy. Most YAML of a project is something else, and some of it is not even YAML (Helm's
    /// templates): what cannot be read is named where it was given, or where its name or text says that it deploys.
    fn deployment(&mut self, path: &Path, is_given: bool) {
        let (text, why) = match text(path) {
            Ok(text) => (text, None),
            Err(why) => (Text::new(shown(path), ""), Some(why)),
        };
        let (functions, why) = match (why, deploy::functions(&text)) {
            (None, Ok(functions)) => (functions, None),
            (None, Err(why)) | (Some(why), _) => (Vec::new(), Some(why)),
        };
        let is_read = why.is_none();
        if let Some(why) = why
            && (is_given || deploy::is_template(path, &text.text))
        {
            self.skipped.push(Skipped { path: shown(path), why });
        }
        self.deployments.push(Deployment { text, functions, is_read });
    }
}

/// As it is shown: without a leading `./`, and from the current folder on.
fn shown(path: &Path) -> PathBuf {
    let here = path.is_absolute().then(std::env::current_dir).and_then(Result::ok);
    let path = here.as_deref().and_then(|here| path.strip_prefix(here).ok()).unwrap_or(path);
    path.strip_prefix(".").map_or_else(|_| path.to_owned(), Path::to_owned)
}

/// The text of a manifest or a template, or why there is none.
fn text(path: &Path) -> Result<Text, String> {
    const MOST: u64 = 8 << 20;
    let cannot = |error: std::io::Error| format!("cannot be read: {error}");
    let facts = std::fs::metadata(path).map_err(cannot)?;
    if !facts.is_file() {
        return Err("not a regular file".to_owned());
    }
    if facts.len() > MOST {
        return Err(format!("{} MB, more than {} MB", facts.len() >> 20, MOST >> 20));
    }
    let bytes = std::fs::read(path).map_err(cannot)?;
    let text = String::from_utf8(bytes).map_err(|_| "not UTF-8".to_owned())?;
    Ok(Text::new(shown(path), text))
}
