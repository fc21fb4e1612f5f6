//! From files to module trees: which file is which module of which crate.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use toml::Value;

use super::{Crate, Manifest};
use crate::source::Source;

/// A module of a crate.
#[derive(Debug)]
pub(crate) struct ModuleNode {
    /// `crate_name::a::b`
    pub(crate) path: String,
    pub(crate) krate: u32,
    pub(crate) parent: Option<u32>,
    pub(crate) source: usize,
    /// Which module of the file.
    pub(crate) module: u32,
    pub(crate) is_test: bool,
}

#[derive(Debug, Default)]
pub(super) struct Linked {
    pub(super) crates: Vec<Crate>,
    pub(super) modules: Vec<ModuleNode>,
    /// Files that a `#[path]` names and that have not been read.
    pub(super) missing: Vec<PathBuf>,
}

struct Linker<'a> {
    sources: &'a [Source],
    files: &'a [(PathBuf, PathBuf)],
    by_path: &'a HashMap<&'a Path, usize>,
    out: Linked,
    /// Files that are a module already: each is one module of one crate, so a cycle ends.
    taken: HashSet<usize>,
}

pub(super) fn link(
    manifests: &[Manifest],
    sources: &[Source],
    files: &[(PathBuf, PathBuf)],
    by_path: &HashMap<&Path, usize>,
) -> Linked {
    let mut linker =
        Linker { sources, files, by_path, out: Linked::default(), taken: HashSet::new() };
    for (index, manifest) in manifests.iter().enumerate() {
        for (name, path) in targets(manifest, files) {
            if let Some(&source) = by_path.get(path.as_path()) {
                linker.krate(name, Some(index), source);
            }
        }
    }
    // Sources without a manifest, or with one that cannot be read: `main.rs` and `lib.rs` first, then whatever they do not name.
    let loose = |index: &usize| {
        let path = &files[*index].0;
        let around = manifests.iter().filter(|manifest| path.starts_with(&manifest.folder));
        around
            .max_by_key(|manifest| manifest.folder.components().count())
            .is_none_or(|nearest| nearest.broken.is_some())
    };
    let mut rest: Vec<usize> = (0..files.len()).filter(loose).collect();
    rest.sort_by_key(|index| {
        let name = files[*index].0.file_name();
        (name != Some("main.rs".as_ref()) && name != Some("lib.rs".as_ref()), *index)
    });
    for source in rest {
        if !linker.taken.contains(&source) {
            let name = files[source].0.file_stem().and_then(|name| name.to_str());
            linker.krate(name.unwrap_or("main").replace('-', "_"), None, source);
        }
    }
    linker.out
}

/// The crate roots that Cargo would build, tests and benches left out.
fn targets(manifest: &Manifest, files: &[(PathBuf, PathBuf)]) -> Vec<(String, PathBuf)> {
    let Some(package) = manifest.package() else { return Vec::new() };
    let package = package.replace('-', "_");
    let folder = &manifest.folder;
    let mut found: Vec<(String, PathBuf)> = Vec::new();
    let mut add = |name: String, path: PathBuf| {
        if !found.iter().any(|(_, other)| *other == path) {
            found.push((name, path));
        }
    };
    let named = |table: &Value| table.get("name").and_then(Value::as_str).map(str::to_owned);
    let library = manifest.at("lib");
    let library_name = library.and_then(|table| table.get("name")?.as_str());
    let library_path = library.and_then(|table| table.get("path")?.as_str());
    add(
        library_name.unwrap_or(&package).replace('-', "_"),
        clean(&folder.join(library_path.unwrap_or("src/lib.rs"))),
    );
    for kind in ["bin", "example"] {
        let list = manifest.table.get(kind).and_then(Value::as_array);
        for target in list.into_iter().flatten() {
            let Some(name) = named(target) else { continue };
            let name = format!("{kind} {name}");
            if let Some(path) = target.get("path").and_then(Value::as_str) {
                add(name, clean(&folder.join(path)));
            }
        }
    }
    add(format!("bin {package}"), folder.join("src/main.rs"));
    for (within, kind) in [("src/bin", "bin"), ("examples", "example")] {
        let within = folder.join(within);
        for (path, _) in files {
            let Ok(rest) = path.strip_prefix(&within) else { continue };
            let stem = rest.file_stem().and_then(|stem| stem.to_str()).unwrap_or("");
            match rest.components().count() {
                1 => add(format!("{kind} {stem}"), path.clone()),
                2 if stem == "main" => {
                    let name = rest.components().next().map(|part| part.as_os_str());
                    let name = name.and_then(|name| name.to_str()).unwrap_or("");
                    add(format!("{kind} {name}"), path.clone());
                }
                _ => {}
            }
        }
    }
    found
}

impl Linker<'_> {
    fn krate(&mut self, name: String, manifest: Option<usize>, source: usize) {
        let krate = self.out.crates.len() as u32;
        // Examples of different packages share names; paths must not.
        let taken = self.out.crates.iter().any(|other| other.name == name);
        let name = if taken { format!("{name} #{krate}") } else { name };
        self.out.crates.push(Crate { name: name.clone(), manifest });
        let folder = self.files[source].0.parent().unwrap_or(Path::new("")).to_owned();
        // Each open entry is a file: its module path, its parent, and the folder of its `mod x;`.
        let mut open = vec![(name, None, source, folder, false)];
        while let Some((path, parent, source, folder, is_test)) = open.pop() {
            if self.taken.insert(source) {
                self.file(krate, path, parent, source, &folder, is_test, &mut open);
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one open entry")]
    fn file(
        &mut self,
        krate: u32,
        path: String,
        parent: Option<u32>,
        source: usize,
        folder: &Path,
        is_test: bool,
        open: &mut Vec<(String, Option<u32>, usize, PathBuf, bool)>,
    ) {
        let modules = &self.sources[source].lowered.modules;
        let first = self.out.modules.len() as u32;
        if modules.is_empty() {
            // A file that did not parse is still a module.
            let node = ModuleNode { path, krate, parent, source, module: 0, is_test };
            self.out.modules.push(node);
            return;
        }
        for (index, module) in modules.iter().enumerate() {
            let mut name = path.clone();
            module.path.iter().for_each(|part| {
                name.push_str("::");
                name.push_str(part);
            });
            // An inner module's parent is the one whose path is one shorter: the last such before it.
            let above = module.path.len().checked_sub(1).and_then(|length| {
                let is_above = |other: &usize| modules[*other].path == module.path[..length];
                (0..index).rev().find(is_above).map(|other| first + other as u32)
            });
            let node = ModuleNode {
                path: name.clone(),
                krate,
                parent: above.or(parent),
                source,
                module: index as u32,
                is_test: is_test || module.is_test,
            };
            let id = self.out.modules.len() as u32;
            self.out.modules.push(node);
            let within = module.path.iter().fold(folder.to_owned(), |at, part| at.join(&**part));
            for child in &module.children {
                let candidates = match &child.path {
                    Some(path) => {
                        let beside = self.files[source].0.parent().unwrap_or(Path::new(""));
                        vec![clean(&beside.join(path))]
                    }
                    None => vec![
                        within.join(format!("{}.rs", child.name)),
                        within.join(&*child.name).join("mod.rs"),
                    ],
                };
                let read = candidates.iter().find_map(|path| self.by_path.get(path.as_path()));
                match read {
                    Some(&file) => {
                        let below = below(&self.files[file].0, child.path.is_some());
                        let path = format!("{name}::{}", child.name);
                        let is_test = is_test || module.is_test || child.is_test;
                        open.push((path, Some(id), file, below, is_test));
                    }
                    None => {
                        let exists = candidates.into_iter().find(|path| path.is_file());
                        self.out.missing.extend(exists);
                    }
                }
            }
        }
    }
}

/// The folder in which a file's `mod x;` are looked for.
fn below(file: &Path, by_attribute: bool) -> PathBuf {
    let folder = file.parent().unwrap_or(Path::new(""));
    let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or("");
    if by_attribute || stem == "mod" { folder.to_owned() } else { folder.join(stem) }
}

/// Without `.` and `..`, as the walk writes paths.
fn clean(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::CurDir if out.as_os_str().is_empty() => out.push(part),
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir if out.file_name().is_some() => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out
}
