//! The files that a path names: a file, what is in a folder, what a pattern matches.

use std::path::{Path, PathBuf};

use brawn_core::Result;

use super::folder::{self, Each};
use super::glob::{self, Pattern};
use super::kinds::Count;
use super::{GoOn, Item, Listing, Missed, nothing};
use crate::location::{Location, is_text, shown};

/// Calls `each` with what `path` names until it answers that nobody listens any more; `listens` answers the same before
/// anything is found. Blocks.
pub(super) fn find(
    listing: &Listing,
    path: PathBuf,
    each: Each<'_>,
    listens: &dyn Fn() -> GoOn,
) -> GoOn {
    let text = shown(&path);
    let found = match std::fs::metadata(&path) {
        Ok(metadata) if metadata.is_dir() => {
            match folder::walk(listing, &path, None, each, listens) {
                None => return false,
                Some(Count { taken: 0, passed_over }) => {
                    Err(nothing(listing.kinds.nothing(&text, false, "file", passed_over)))
                }
                Some(_) => return true,
            }
        }
        Ok(metadata) => {
            let size = metadata.is_file().then_some(metadata.len());
            Ok(Item { size, ..Item::new(Location::Path(path)) })
        }
        Err(_) if glob::is_pattern(&text) => match matching(listing, &path, each, listens) {
            Ok(None) => return false,
            Ok(Some(Count { taken: 0, passed_over })) => {
                Err(nothing(listing.kinds.nothing(&text, true, "file", passed_over)))
            }
            Ok(Some(_)) => return true,
            Err(error) => Err(error),
        },
        Err(error) => Err(crate::fetch::file_fault(&error, "read", &path)),
    };
    each(found.map_err(|error| Missed { source: text, error }))
}

fn matching(
    listing: &Listing,
    path: &Path,
    each: Each<'_>,
    listens: &dyn Fn() -> GoOn,
) -> Result<Option<Count>> {
    is_text(path, "a `*` stands for what is not UTF-8 too")?;
    let pattern = Pattern::new(&shown(path))?;
    let folder: &Path = &pattern.folder();
    Ok(folder::walk(listing, folder, Some(&pattern), each, listens))
}
