//! `Cargo.toml`, as far as the rules ask: targets, dependencies, profiles, `[package.metadata.lambda]`.
//!
//! Read here rather than asked of `cargo metadata`: that would run in a stranger's folder whatever its
//! `rust-toolchain.toml` and `.cargo/config.toml` name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use crate::source::Text;

#[derive(Debug)]
pub(crate) struct Manifest {
    pub(crate) text: Text,
    pub(crate) folder: PathBuf,
    pub(crate) table: Table,
    /// Why its table is empty.
    pub(crate) broken: Option<String>,
    /// The name in the code to the package's name, for all dependencies but those of tests.
    pub(crate) dependencies: BTreeMap<String, String>,
    /// The manifest whose profiles count: its workspace's, or itself.
    pub(crate) workspace: usize,
}

/// What `[profile.release] panic` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PanicMode {
    Abort,
    Unwind,
    Unset,
}

impl Manifest {
    pub(crate) fn parse(path: &Path, text: Text) -> Manifest {
        let (table, broken) = match text.text.parse::<Table>() {
            Ok(table) => (table, None),
            Err(error) => (Table::new(), Some(format!("not TOML: {}", error.message()))),
        };
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        let mut manifest =
            Manifest { text, folder, table, broken, dependencies: BTreeMap::new(), workspace: 0 };
        manifest.dependencies = manifest.read_dependencies();
        manifest
    }

    /// One of which nothing is known but where it stands.
    pub(super) fn broken(path: &Path, text: Text, why: String) -> Manifest {
        Manifest { broken: Some(why), ..Manifest::parse(path, text) }
    }

    fn read_dependencies(&self) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        let mut tables: Vec<&Table> =
            ["dependencies", "build-dependencies"].iter().filter_map(|key| self.at(key)).collect();
        if let Some(targets) = self.at("target") {
            let targets = targets.values().filter_map(Value::as_table);
            tables.extend(targets.filter_map(|target| target.get("dependencies")?.as_table()));
        }
        for (name, value) in tables.into_iter().flatten() {
            let package = value.get("package").and_then(Value::as_str).unwrap_or(name);
            found.insert(name.replace('-', "_"), package.to_owned());
        }
        found
    }

    /// The table at a dotted path.
    pub(crate) fn at(&self, path: &str) -> Option<&Table> {
        path.split('.').try_fold(&self.table, |table, key| table.get(key)?.as_table())
    }

    pub(crate) fn value(&self, path: &str, key: &str) -> Option<&Value> {
        self.at(path)?.get(key)
    }

    pub(crate) fn package(&self) -> Option<&str> {
        self.value("package", "name")?.as_str()
    }

    pub(crate) fn depends_on(&self, package: &str) -> bool {
        self.dependencies.values().any(|name| name == package)
    }

    /// Whether this package runs as a Lambda function.
    pub(crate) fn is_lambda(&self) -> bool {
        const RUNTIMES: [&str; 8] = [
            "lambda_runtime",
            "lambda_http",
            "lambda-http",
            "lambda-extension",
            "lambda-web",
            "aws_lambda_events",
            "poem-lambda",
            "vercel_runtime",
        ];
        RUNTIMES.iter().any(|name| self.depends_on(name))
            || self.at("package.metadata.lambda").is_some()
    }

    pub(crate) fn panic_mode(&self) -> PanicMode {
        match self.value("profile.release", "panic").and_then(Value::as_str) {
            Some("abort") => PanicMode::Abort,
            Some(_) => PanicMode::Unwind,
            None => PanicMode::Unset,
        }
    }

    /// The line of `key` in `[table]`, or of the table, or the first; from 1.
    pub(crate) fn line_of(&self, table: &str, key: &str) -> usize {
        let mut within = false;
        let mut header = 1;
        for (index, line) in self.text.text.lines().enumerate() {
            let line = line.trim();
            if line.starts_with('[') {
                within =
                    line.trim_start_matches('[').split(']').next().map(str::trim) == Some(table);
                if within {
                    header = index + 1;
                }
            } else if within && line.split('=').next().map(str::trim) == Some(key) {
                return index + 1;
            }
        }
        header
    }
}

/// Gives each manifest its workspace: the nearest folder above with `[workspace]`.
pub(super) fn inherit(manifests: &mut [Manifest]) {
    for index in 0..manifests.len() {
        let own = &manifests[index];
        let root = (0..manifests.len())
            .filter(|other| {
                let other = &manifests[*other];
                other.at("workspace").is_some() && own.folder.starts_with(&other.folder)
            })
            .max_by_key(|other| manifests[*other].folder.components().count());
        manifests[index].workspace = root.unwrap_or(index);
    }
}

/// Reads the workspace manifest above a member that was given alone: its profiles are the ones that Cargo uses.
pub(super) fn adopt(manifests: &mut Vec<Manifest>, read: impl Fn(&Path) -> Option<Text>) {
    let mut above: Vec<(PathBuf, usize)> = Vec::new();
    for index in 0..manifests.len() {
        let own = &manifests[index];
        if own.workspace != index || own.at("workspace").is_some() || own.broken.is_some() {
            continue;
        }
        let Ok(folder) = std::path::absolute(&own.folder) else { continue };
        let Some((path, text)) = folder.ancestors().skip(1).find_map(|above| {
            let path = above.join("Cargo.toml");
            let text = read(&path)?;
            text.text.contains("[workspace").then_some((path, text))
        }) else {
            continue;
        };
        if let Some((_, root)) = above.iter().find(|(known, _)| *known == path) {
            manifests[index].workspace = *root;
            continue;
        }
        let root = Manifest::parse(&path, text);
        if root.at("workspace").is_none() || !root.has_member(&folder) {
            continue;
        }
        manifests[index].workspace = manifests.len();
        above.push((path, manifests.len()));
        let own = manifests.len();
        manifests.push(Manifest { workspace: own, ..root });
    }
}

impl Manifest {
    /// Whether a folder is a member of this workspace, as `members` and `exclude` say.
    fn has_member(&self, folder: &Path) -> bool {
        let Ok(below) = folder.strip_prefix(&self.folder) else { return false };
        let parts: Vec<_> = below.iter().filter_map(|part| part.to_str()).collect();
        let any = |key: &str, fits: &dyn Fn(&[&str]) -> bool| {
            let list = self.value("workspace", key).and_then(Value::as_array);
            list.into_iter().flatten().filter_map(Value::as_str).any(|pattern| {
                let pattern: Vec<&str> =
                    pattern.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
                fits(&pattern)
            })
        };
        let matches = |pattern: &[&str], parts: &[&str]| {
            pattern.len() == parts.len()
                && pattern.iter().zip(parts).all(|(pattern, part)| crate::glob::fits(pattern, part))
        };
        any("members", &|pattern| matches(pattern, &parts))
            && !any("exclude", &|pattern| parts.starts_with(pattern))
    }
}
