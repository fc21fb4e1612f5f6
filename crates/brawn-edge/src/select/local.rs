//! The files that a path names: a file, what is in a folder, what a pattern matches.

use std::path::{Path, PathBuf};

use brawn_core::{Error, Result};

use super::folder::{self, Each};
use super::glob::{self, Pattern};
use super::{GoOn, Item, Listing, Missed, nothing};
use crate::location::Location;

/// Calls `each` with what `path` names until it answers that nobody listens any more; `listens` answers the same before
/// anything is found. Blocks.
pub(super) fn find(
    listing: &Listing,
    path: PathBuf,
    each: Each<'_>,
    listens: &dyn Fn() -> GoOn,
) -> GoOn {
    let text = path.to_string_lossy().into_owned();
    let found = match std::fs::metadata(&path) {
        Ok(metadata) if metadata.is_dir() => {
            match folder::walk(listing, &path, None, each, listens) {
                None => return false,
                Some(0) => Err(nothing_in(&text, listing.accepts)),
                Some(_) => return true,
            }
        }
        Ok(metadata) => {
            let size = metadata.is_file().then_some(metadata.len());
            Ok(Item { size, ..Item::new(Location::Path(path)) })
        }
        Err(_) if glob::is_pattern(&text) => match matching(listing, &text, each, listens) {
            Ok(None) => return false,
            Ok(Some(0)) => Err(nothing(format!("`{text}` matches no file"))),
            Ok(Some(_)) => return true,
            Err(error) => Err(error),
        },
        Err(error) => Err(crate::fetch::file_fault(&error, "read", &path)),
    };
    each(found.map_err(|error| Missed { source: text, error }))
}

fn matching(
    listing: &Listing,
    text: &str,
    each: Each<'_>,
    listens: &dyn Fn() -> GoOn,
) -> Result<Option<u64>> {
    let pattern = Pattern::new(text)?;
    let folder: &Path = &pattern.folder();
    Ok(folder::walk(listing, folder, Some(&pattern), each, listens))
}

fn nothing_in(folder: &str, accepts: Option<&[&str]>) -> Error {
    let kinds = accepts.map(|kinds| format!(" ({})", kinds.join(", "))).unwrap_or_default();
    nothing(format!("`{folder}` contains no file of a kind this job reads{kinds}"))
}
