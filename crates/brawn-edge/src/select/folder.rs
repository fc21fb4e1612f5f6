//! A folder, walked in a fixed order on a thread that may wait.

use std::path::Path;

use brawn_core::{Error, ErrorKind};
use walkdir::{DirEntry, WalkDir};

use super::glob::Pattern;
use super::{GoOn, Item, Listing, Missed};
use crate::fetch::Identity;
use crate::location::Location;

/// What takes the files that are found, and says whether to go on.
pub(super) type Each<'a> = &'a mut dyn FnMut(Result<Item, Missed>) -> GoOn;

/// Gives `each` the files below `root`, sorted by name within each folder, and says how many; `None` when it, or `listens`,
/// said that nobody listens any more. What cannot be read is one failed item, not the end.
///
/// Hidden files are passed over, and so are the destination, what the run itself wrote, and folders that a link leads
/// back up to.
pub(super) fn walk(
    listing: &Listing,
    root: &Path,
    pattern: Option<&Pattern>,
    each: Each<'_>,
    listens: &dyn Fn() -> GoOn,
) -> Option<u64> {
    let hidden = pattern.is_some_and(Pattern::names_hidden);
    let destination = listing.destination.local_folder();
    let beside_outputs = destination.is_some_and(|destination| is_within(root, destination));
    let enter = |entry: &DirEntry| {
        let below = entry.depth() > 0;
        let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        // Asked here, as nothing may be found for long: from then on nothing is entered.
        listens()
            && !(below
                && (is_hidden && !hidden
                    || entry.file_type().is_dir() && is_same(entry, destination)))
    };
    let mut walk = WalkDir::new(root).follow_links(true).sort_by_file_name();
    if let Some(depth) = pattern.and_then(Pattern::depth) {
        walk = walk.max_depth(depth);
    }
    let mut count = 0;
    for entry in walk.into_iter().filter_entry(enter) {
        let found = match entry {
            Ok(entry) if !entry.file_type().is_file() => continue,
            Ok(entry) => {
                let name = relative(root, entry.path());
                let wanted = match pattern {
                    Some(pattern) => pattern.matches(&name),
                    None => listing.accepts(&name),
                };
                if !wanted || beside_outputs && is_own(listing, entry.path()) {
                    continue;
                }
                // Not its size: that is one more system call for each file, and opening it tells.
                let location = Location::Path(entry.into_path());
                Ok(Item { name, ..Item::new(location) })
            }
            Err(error) if error.loop_ancestor().is_some() => continue,
            Err(error) if pattern.is_some() && error.depth() == 0 => {
                tracing::debug!(%error, "nothing to match in");
                continue;
            }
            Err(error) => {
                let path = error.path().unwrap_or(root).display().to_string();
                let cause = error.io_error().map(ToString::to_string).unwrap_or_default();
                let error =
                    Error::new(ErrorKind::Storage, format!("cannot read `{path}`: {cause}"));
                Err(Missed { source: path, error })
            }
        };
        count += 1;
        if !each(found) {
            return None;
        }
    }
    listens().then_some(count)
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
    let identity = std::fs::metadata(path).ok().and_then(|metadata| Identity::of(&metadata));
    identity.is_some_and(|identity| listing.written.has_file(identity))
}

/// `path` relative to `root`, with `/` between folders whatever the system writes.
fn relative(root: &Path, path: &Path) -> String {
    let relative = path.strip_prefix(root).unwrap_or(path);
    let parts: Vec<_> =
        relative.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}
