//! From what a user names to a stream of objects: files, folders, globs, prefixes, keys, standard input.

mod folder;
mod glob;
mod inputs;
mod kinds;
mod listing;
mod local;
mod search;

use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use brawn_core::{Error, ErrorKind, Result, Summary};
use bytes::Bytes;
use futures::FutureExt as _;
use tokio::sync::mpsc;

use crate::deliver::{Destination, Written};
use crate::location::{Address, Location, shown};
use crate::stop::Stop;
use crate::store::Stores;
use kinds::Count;
use search::Search;

pub(crate) use inputs::{Inputs, Reads};
pub(crate) use kinds::Kinds;

/// How far listing may run ahead: far enough that the total of most runs is known at once, and some 3 MB at most.
const AHEAD: usize = 1 << 14;

/// One object to work on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Where it is.
    pub location: Location,
    /// Its name relative to where it was looked for, with `/` between folders: `2024/beach.jpg`.
    pub name: String,
    /// Its size, where listing told it.
    pub size: Option<u64>,
    /// Set by whoever made the item, handed back in its [`Outcome`](crate::Outcome): which message it came with.
    pub tag: usize,
    /// Whether an event named it: then an object that carries brawn's own mark is left alone.
    pub from_event: bool,
    /// Its bytes, where they came with the recipe and lie nowhere: `location` is not read then.
    pub content: Option<Bytes>,
}

impl Item {
    /// The object at `location`, called by its last name.
    pub fn new(location: Location) -> Item {
        let name = match &location {
            Location::Stdio => "stdin".to_owned(),
            Location::Path(path) => shown(path.file_name().map_or(path, Path::new)),
            Location::Object(address) => {
                address.key.rsplit('/').next().unwrap_or_default().to_owned()
            }
            Location::Database(database) => database.to_string(),
        };
        Item { location, name, size: None, tag: 0, from_event: false, content: None }
    }

    /// An object that is given with the recipe, called `name`.
    pub fn given(name: impl Into<String>, content: Bytes) -> Item {
        let size = Some(content.len() as u64);
        Item { name: name.into(), size, content: Some(content), ..Item::new(Location::Stdio) }
    }

    /// What reports call it: where it is, or its name where it is nowhere.
    pub(crate) fn source(&self) -> String {
        if self.content.is_some() { self.name.clone() } else { self.location.to_string() }
    }
}

/// A source, or part of one, that gives no item.
#[derive(Debug)]
pub(crate) struct Missed {
    pub(crate) source: String,
    pub(crate) error: Error,
}

/// What a run listed so far.
#[derive(Debug, Default)]
pub(crate) struct Listed {
    pub(crate) found: AtomicU64,
    pub(crate) complete: AtomicBool,
    passed_over: AtomicU64,
    ignored: AtomicU64,
}

impl Listed {
    /// Nothing to list: so many are given.
    pub(crate) fn given(count: usize) -> Listed {
        let (found, complete) = (AtomicU64::new(count as u64), AtomicBool::new(true));
        Listed { found, complete, ..Listed::default() }
    }

    /// A file was met and not taken, for its extension.
    fn pass_over(&self) {
        self.passed_over.fetch_add(1, Ordering::Relaxed);
    }

    /// Something was met that is hidden, or is no file.
    fn ignore(&self) {
        self.ignored.fetch_add(1, Ordering::Relaxed);
    }

    /// Tells `summary` what was met and not taken, and whether there may be more.
    fn tell(&self, summary: &mut Summary) {
        summary.passed_over = self.passed_over.load(Ordering::Relaxed);
        summary.ignored = self.ignored.load(Ordering::Relaxed);
        summary.incomplete = !self.complete.load(Ordering::Acquire);
    }
}

/// Whether `sources` are one object, as far as their names and the local file system tell.
pub(crate) fn is_one_object(sources: &[Location]) -> bool {
    let [source] = sources else { return false };
    match source {
        Location::Stdio | Location::Database(_) => true,
        Location::Path(path) => {
            path.is_file()
                || !(path.exists() || source.is_folder_by_name() || glob::is_pattern(&shown(path)))
        }
        Location::Object(address) => !address.is_prefix() && !glob::is_pattern(&address.key),
    }
}

/// Objects as they are found.
#[derive(Debug)]
pub(crate) enum Selection {
    Found(mpsc::Receiver<Result<Item, Missed>>, Arc<Listed>),
    Given(std::vec::IntoIter<Item>),
}

impl Selection {
    /// Starts to list `sources`, one after the other.
    pub(crate) fn start(listing: Listing, sources: Vec<Location>) -> Selection {
        let (sender, receiver) = mpsc::channel(AHEAD);
        let listed = Arc::clone(&listing.listed);
        tokio::spawn(async move {
            let finder = Finder { sender, listing };
            for source in sources {
                // What is not listed is not done: a panic in here must not look like an empty bucket.
                let found = AssertUnwindSafe(finder.source(source.clone())).catch_unwind().await;
                let go_on = match found {
                    Ok(go_on) => go_on,
                    Err(payload) => finder.miss(&source, Error::panicked(payload.as_ref())).await,
                };
                if !go_on {
                    return;
                }
            }
            finder.listing.listed.complete.store(true, Ordering::Release);
        });
        Selection::Found(receiver, listed)
    }

    /// Whether objects are still being looked for, so that the next one may take its time.
    pub(crate) fn is_listing(&self) -> bool {
        matches!(self, Selection::Found(..))
    }

    /// Tells `summary` what was met and not taken, and whether there may be more.
    pub(crate) fn tell(&self, summary: &mut Summary) {
        if let Selection::Found(_, listed) = self {
            listed.tell(summary);
        }
    }

    pub(crate) async fn next(&mut self) -> Option<Result<Item, Missed>> {
        match self {
            Selection::Found(receiver, _) => receiver.recv().await,
            Selection::Given(items) => items.next().map(Ok),
        }
    }
}

/// How to list.
#[derive(Clone, Debug)]
pub(crate) struct Listing {
    pub(crate) stores: Stores,
    pub(crate) kinds: Kinds,
    /// What the run writes to and must not read from.
    pub(crate) destination: Destination,
    /// What the run has written so far and must not take for its input.
    pub(crate) written: Arc<Written>,
    pub(crate) listed: Arc<Listed>,
    pub(crate) stop: Stop,
}

/// Whoever listens may have gone: then there is nothing more to do.
type GoOn = bool;

#[derive(Clone, Debug)]
pub(crate) struct Finder {
    sender: mpsc::Sender<Result<Item, Missed>>,
    listing: Listing,
}

impl Finder {
    fn note(&self) {
        self.listing.listed.found.fetch_add(1, Ordering::Relaxed);
    }

    async fn send(&self, found: Result<Item, Missed>) -> GoOn {
        self.note();
        self.sender.send(found).await.is_ok()
    }

    async fn miss(&self, source: impl ToString, error: Error) -> GoOn {
        self.send(Err(Missed { source: source.to_string(), error })).await
    }

    async fn source(&self, source: Location) -> GoOn {
        match source {
            Location::Stdio => self.send(Ok(Item::new(Location::Stdio))).await,
            Location::Path(path) => {
                let finder = self.clone();
                let folder = path.clone();
                let walk = tokio::task::spawn_blocking(move || {
                    let mut each = |found| {
                        finder.note();
                        finder.sender.blocking_send(found).is_ok()
                    };
                    local::find(&finder.listing, path, &mut each, &|| !finder.sender.is_closed())
                });
                match walk.await.map_err(tokio::task::JoinError::try_into_panic) {
                    Ok(go_on) => go_on,
                    Err(Ok(payload)) => {
                        let error = Error::panicked(payload.as_ref());
                        self.miss(shown(&folder), error).await
                    }
                    // The runtime is shutting down.
                    Err(Err(_)) => false,
                }
            }
            Location::Object(address) => self.address(address).await,
            Location::Database(database) => self.miss(&database, database.is_no_source()).await,
        }
    }

    async fn address(&self, address: Address) -> GoOn {
        if !address.is_prefix() {
            if !glob::is_pattern(&address.key) {
                return self.send(Ok(Item::new(address.into()))).await;
            }
            // `a[1].jpg` may be the very name of an object.
            if let Ok(object) = self.listing.stores.object(&address)
                && let Ok(Some(size)) = object.size(&self.listing.stop).await
            {
                return self.send(Ok(Item { size: Some(size), ..Item::new(address.into()) })).await;
            }
        }
        match Search::of(&address) {
            Ok(search) => self.search(&address, &search).await,
            Err(error) => self.miss(&address, error).await,
        }
    }

    async fn search(&self, source: &Address, search: &Search) -> GoOn {
        match listing::list(self, search).await {
            Ok(None) => false,
            Ok(Some(Count { taken: 0, passed_over })) => {
                let (kinds, named) = (&self.listing.kinds, source.to_string());
                let matched = !source.is_prefix();
                let error = nothing(kinds.nothing(&named, matched, "object", passed_over));
                self.miss(source, error).await
            }
            Ok(Some(_)) => true,
            Err(error) => self.miss(source, error).await,
        }
    }
}

fn nothing(message: String) -> Error {
    Error::new(ErrorKind::NotFound, message)
}
