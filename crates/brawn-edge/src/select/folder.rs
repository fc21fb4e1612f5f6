//! A folder, walked in a fixed order on a thread that may wait.

use std::ffi::OsStr;
use std::fs::Metadata;
use std::path::{Path, PathBuf};

use brawn_core::{Error, ErrorKind};
use walkdir::{DirEntry, WalkDir};

use super::glob::Pattern;
use super::kinds::Count;
use super::{GoOn, Item, Listing, Missed};
use crate::fetch::Identity;
use crate::location::{Location, shown};

/// What takes the files that are found, and says whether to go on.
pub(super) type Each<'a> = &'a mut dyn FnMut(Result<Item, Missed>) -> GoOn;

/// Gives `each` the files below `root`, sorted by name within each folder, and says how many; `None` when it, or `listens`,
/// said that nobody listens any more. What cannot be read, and would have been taken, is one failed item, not the end.
///
/// Hidden files are left alone and counted; left alone are also the destination, what the run itself wrote, and folders that a link leads
/// back up to.
pub(super) fn walk(
    listing: &Listing,
    root: &Path,
    pattern: Option<&Pattern>,
    each: Each<'_>,
    listens: &dyn Fn() -> GoOn,
) -> Option<Count> {
    let hidden = pattern.is_some_and(Pattern::names_hidden);
    let destination = listing.destination.local_folder();
    let beside_outputs = destination.is_some_and(|destination| is_within(root, destination));
    let is_hidden = |name: &OsStr| !hidden && name.as_encoded_bytes().starts_with(b".");
    let enter = |entry: &DirEntry| {
        // Asked here, as nothing may be found for long: from then on nothing is entered.
        if !listens() {
            return false;
        }
        if entry.depth() == 0 {
            return true;
        }
        if is_hidden(entry.file_name()) {
            // Of a pattern the shell would not say a word either.
            if pattern.is_none() {
                listing.listed.ignore();
            }
            return false;
        }
        !(entry.file_type().is_dir() && is_same(entry, destination))
    };
    let mut walk = WalkDir::new(root).follow_links(true).sort_by_file_name();
    if let Some(depth) = pattern.and_then(Pattern::depth) {
        walk = walk.max_depth(depth);
    }
    let matches = |name: &str, path: &Path| {
        pattern.is_none_or(|pattern| match path.to_str() {
            Some(_) => pattern.matches(name),
            // What is shown of it is another name.
            None => pattern.matches(path.strip_prefix(root).unwrap_or(path)),
        })
    };
    let takes = |name: &str| listing.kinds.take(name, pattern.is_some());
    let mut count = Count::default();
    for entry in walk.into_iter().filter_entry(enter) {
        let found = match entry {
            Ok(entry) if !entry.file_type().is_file() => {
                if !entry.file_type().is_dir() && pattern.is_none() {
                    listing.listed.ignore();
                }
                continue;
            }
            Ok(entry) => {
                let name = relative(root, entry.path());
                if !matches(&name, entry.path()) {
                    continue;
                }
                let is_taken = takes(&name);
                // Outputs that lie beside their inputs have extensions that are passed over, if any.
                if (beside_outputs || !is_taken) && is_own(listing, entry.path()) {
                    continue;
                }
                if !is_taken {
                    count.passed_over += 1;
                    listing.listed.pass_over();
                    continue;
                }
                // Not its size: that is one more system call for each file, and opening it tells.
                let location = Location::Path(called(entry.into_path(), &name, pattern));
                Ok(Item { name, ..Item::new(location) })
            }
            Err(error) if error.loop_ancestor().is_some() => continue,
            Err(error) if pattern.is_some() && error.depth() == 0 => {
                tracing::debug!(%error, "nothing to match in");
                continue;
            }
            Err(error) => {
                let path = error.path().unwrap_or(root);
                // A folder may hold anything; a file, or a link that leads nowhere, is looked at as any other.
                if error.depth() > 0 && is_no_folder(path) {
                    let name = relative(root, path);
                    let is_hidden = path.file_name().is_some_and(is_hidden);
                    if is_hidden || !matches(&name, path) || !takes(&name) {
                        continue;
                    }
                }
                let path = shown(path);
                let cause = error.io_error().map(ToString::to_string).unwrap_or_default();
                let error =
                    Error::new(ErrorKind::Storage, format!("cannot read `{path}`: {cause}"));
                Err(Missed { source: path, error })
            }
        };
        count.taken += 1;
        if !each(found) {
            return None;
        }
    }
    listens().then_some(count)
}

/// The file at `path`, found below the current folder by a pattern that names no folder, is called by its name, as a shell
/// would: where that means the same.
fn called(path: PathBuf, name: &str, pattern: Option<&Pattern>) -> PathBuf {
    if pattern.is_none_or(|pattern| !pattern.prefix().is_empty()) {
        return path;
    }
    let short = path.strip_prefix(".").unwrap_or(&path).to_owned();
    // `-` and `sqlite:x` are files of these names only with their `./`.
    let means_another = |location: Location| location != Location::Path(short.clone());
    if name.parse().is_ok_and(means_another) { path } else { short }
}

/// Whether what cannot be read is known to be no folder.
fn is_no_folder(path: &Path) -> bool {
    let is_folder = |found: std::io::Result<Metadata>| found.is_ok_and(|found| found.is_dir());
    std::fs::symlink_metadata(path).is_ok_and(|itself| !itself.is_dir())
        && !is_folder(std::fs::metadata(path))
}

/// Whether `entry` is the destination. Asked anew each time: the run itself may create it.
fn is_same(entry: &DirEntry, destination: Option<&Path>) -> bool {
    let Some(destination) = destination else { return false };
    match (std::fs::canonicalize(entry.path()), std::fs::canonicalize(destination)) {
        (Ok(entry), Ok(destination)) => entry == destination,
        _ => false,
    }
}

/// Whether `folder` is `destination` or lies in it.
fn is_within(folder: &Path, destination: &Path) -> bool {
    match (std::fs::canonicalize(folder), std::fs::canonicalize(destination)) {
        (Ok(folder), Ok(destination)) => folder.starts_with(destination),
        _ => false,
    }
}

/// Whether this run wrote the file.
fn is_own(listing: &Listing, path: &Path) -> bool {
    let look = || std::fs::metadata(path).ok().and_then(|metadata| Identity::of(&metadata));
    listing.written.has_file(look)
}

/// `path` relative to `root`, with `/` between folders whatever the system writes.
fn relative(root: &Path, path: &Path) -> String {
    let relative = path.strip_prefix(root).unwrap_or(path);
    let parts: Vec<_> =
        relative.components().map(|part| shown(Path::new(part.as_os_str()))).collect();
    parts.join("/")
}
