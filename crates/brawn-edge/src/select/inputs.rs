//! Whether a place is one that the run reads from.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use brawn_core::{Error, Result};

use super::search::Search;
use super::{Item, Listing, Missed, glob, local};
use crate::fetch::Identity;
use crate::location::{Address, Location};
use crate::stop::Stop;

/// What a run reads, asked before anything is written over something that is there.
///
/// The answer does not depend on how far listing has come, so a source is safe however late it is listed. An object
/// is told by its key: a bucket has one spelling for each. A file has many (links, `a/../a`, upper and lower case on
/// some disks) and is told by its device and inode.
#[derive(Debug)]
pub(crate) struct Inputs {
    listing: Listing,
    paths: Vec<PathBuf>,
    keys: HashSet<Address>,
    searches: Vec<Search>,
    /// Of every file that `paths` name, once it was asked for: some 30 bytes for each.
    files: Mutex<Option<HashSet<Identity>>>,
}

/// What a run has to do with an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reads {
    /// It does not read it.
    Never,
    /// A source is this very object.
    ByName,
    /// A source is a prefix or pattern that takes this object, if it is there.
    IfThere,
}

impl Inputs {
    pub(crate) fn new<'a>(
        listing: Listing,
        sources: impl IntoIterator<Item = &'a Location>,
    ) -> Inputs {
        let (mut paths, mut keys, mut searches) = (Vec::new(), HashSet::new(), Vec::new());
        for source in sources {
            match source {
                Location::Stdio | Location::Database(_) => {}
                Location::Path(path) => paths.push(path.clone()),
                Location::Object(address) => {
                    if !address.is_prefix() {
                        keys.insert(address.clone());
                    }
                    if address.is_prefix() || glob::is_pattern(&address.key) {
                        // A pattern that is none fails as a source.
                        searches.extend(Search::of(address).ok());
                    }
                }
            }
        }
        // Its own census: what it passes over is counted by the run.
        let listing = Listing { listed: Arc::default(), ..listing };
        Inputs { listing, paths, keys, searches, files: Mutex::default() }
    }

    /// What the run has to do with the object at `address`.
    pub(crate) fn object(&self, address: &Address) -> Reads {
        if self.keys.contains(address) {
            Reads::ByName
        } else if self.searches.iter().any(|search| search.takes(&self.listing, address)) {
            Reads::IfThere
        } else {
            Reads::Never
        }
    }

    /// Whether the run reads the file with this identity. The first time all of its files are looked up; blocks.
    ///
    /// # Errors
    /// When the budget ends meanwhile.
    pub(crate) fn file(&self, identity: Identity, stop: &Stop) -> Result<bool> {
        if self.paths.is_empty() {
            return Ok(false);
        }
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if files.is_none() {
            *files = Some(self.census(stop)?);
        }
        Ok(files.as_ref().is_some_and(|files| files.contains(&identity)))
    }

    fn census(&self, stop: &Stop) -> Result<HashSet<Identity>> {
        let mut files = HashSet::new();
        for path in &self.paths {
            let mut each = |found: Result<Item, Missed>| {
                if let Ok(item) = found
                    && let Location::Path(path) = &item.location
                    && let Ok(metadata) = std::fs::metadata(path)
                {
                    files.extend(Identity::of(&metadata));
                }
                stop.reason().is_none()
            };
            let listens = || stop.reason().is_none();
            if !local::find(&self.listing, path.clone(), &mut each, &listens) {
                return Err(stop.reason().unwrap_or_else(Error::cancelled));
            }
        }
        Ok(files)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use brawn_core::Budget;

    use crate::deliver::{Destination, Written};
    use crate::select::{Kinds, Listed};
    use crate::store::Stores;

    #[tokio::test]
    async fn a_census_that_finds_nothing_ends_with_the_budget_too() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("a.txt"), "a").expect("written");
        let budget = Budget::unlimited();
        let (stop, _watch) = Stop::watch(&budget);
        let listing = Listing {
            stores: Stores::from_variables([]),
            kinds: Kinds { accepts: Some(&["jpg"]), ..Kinds::default() },
            destination: Destination::folder(Location::from(&*folder.path().join("out"))),
            written: Arc::new(Written::default()),
            listed: Arc::new(Listed::default()),
            stop: stop.clone(),
        };
        let inputs = Inputs::new(listing, [&Location::from(folder.path())]);
        assert_eq!(inputs.census(&stop).expect("time is left").len(), 0);
        budget.cancel();
        assert!(inputs.census(&stop).is_err_and(|error| error.is_cancelled()));
    }
}
