//! From what a user names to a stream of objects: files, folders, globs, prefixes, keys, standard input.

mod folder;
mod glob;
mod listing;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use brawn_core::{Error, ErrorKind, Result};
use tokio::sync::mpsc;

use crate::deliver::{Claims, Destination};
use crate::location::{Address, Location, extension};
use crate::stop::Stop;
use crate::store::Stores;
use glob::Pattern;

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
}

impl Item {
    /// The object at `location`, called by its last name.
    pub fn new(location: Location) -> Item {
        let name = match &location {
            Location::Stdio => "stdin".to_owned(),
            Location::Path(path) => path
                .file_name()
                .map_or_else(|| path.to_string_lossy(), |name| name.to_string_lossy())
                .into_owned(),
            Location::Object(address) => {
                address.key.rsplit('/').next().unwrap_or_default().to_owned()
            }
        };
        Item { location, name, size: None, tag: 0, from_event: false }
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
}

impl Listed {
    /// Nothing to list: so many are given.
    pub(crate) fn given(count: usize) -> Listed {
        Listed { found: AtomicU64::new(count as u64), complete: AtomicBool::new(true) }
    }
}

/// Whether `sources` are one object, as far as their names and the local file system tell.
pub(crate) fn is_one_object(sources: &[Location]) -> bool {
    let [source] = sources else { return false };
    match source {
        Location::Stdio => true,
        Location::Path(path) => {
            path.is_file()
                || !(path.exists()
                    || source.is_folder_by_name()
                    || glob::is_pattern(&path.to_string_lossy()))
        }
        Location::Object(address) => !address.is_prefix() && !glob::is_pattern(&address.key),
    }
}

/// Objects as they are found.
#[derive(Debug)]
pub(crate) enum Selection {
    Found(mpsc::Receiver<Result<Item, Missed>>),
    Given(std::vec::IntoIter<Item>),
}

impl Selection {
    /// Starts to list `sources`, one after the other.
    pub(crate) fn start(listing: Listing, sources: Vec<Location>) -> Selection {
        let (sender, receiver) = mpsc::channel(AHEAD);
        tokio::spawn(async move {
            let finder = Finder { sender, listing };
            for source in sources {
                if !finder.source(source).await {
                    return;
                }
            }
            finder.listing.listed.complete.store(true, Ordering::Release);
        });
        Selection::Found(receiver)
    }

    pub(crate) async fn next(&mut self) -> Option<Result<Item, Missed>> {
        match self {
            Selection::Found(receiver) => receiver.recv().await,
            Selection::Given(items) => items.next().map(Ok),
        }
    }
}

/// How to list.
#[derive(Clone, Debug)]
pub(crate) struct Listing {
    pub(crate) stores: Stores,
    /// Extensions, lower case, that folders and prefixes are searched for.
    pub(crate) accepts: Option<&'static [&'static str]>,
    /// What the run writes to and must not read from.
    pub(crate) destination: Destination,
    /// What the run reads, noted here as it is found, so that nothing is written over it later.
    pub(crate) claims: Arc<Mutex<Claims>>,
    pub(crate) listed: Arc<Listed>,
    pub(crate) stop: Stop,
}

impl Listing {
    fn accepts(&self, name: &str) -> bool {
        self.accepts.is_none_or(|accepted| {
            extension(name)
                .is_some_and(|this| accepted.iter().any(|one| this.eq_ignore_ascii_case(one)))
        })
    }
}

/// Whoever listens may have gone: then there is nothing more to do.
type GoOn = bool;

#[derive(Clone, Debug)]
pub(crate) struct Finder {
    sender: mpsc::Sender<Result<Item, Missed>>,
    listing: Listing,
}

impl Finder {
    fn note(&self, found: &Result<Item, Missed>) {
        self.listing.listed.found.fetch_add(1, Ordering::Relaxed);
        if let Ok(item) = found {
            let claims = &self.listing.claims;
            claims.lock().unwrap_or_else(PoisonError::into_inner).reads(&item.location);
        }
    }

    async fn send(&self, found: Result<Item, Missed>) -> GoOn {
        self.note(&found);
        self.sender.send(found).await.is_ok()
    }

    async fn miss(&self, source: impl ToString, error: Error) -> GoOn {
        self.send(Err(Missed { source: source.to_string(), error })).await
    }

    /// [`send`](Finder::send) for a thread that may wait.
    fn send_blocking(&self, found: Result<Item, Missed>) -> GoOn {
        self.note(&found);
        self.sender.blocking_send(found).is_ok()
    }

    async fn source(&self, source: Location) -> GoOn {
        match source {
            Location::Stdio => self.send(Ok(Item::new(Location::Stdio))).await,
            Location::Path(path) => {
                let finder = self.clone();
                let walk = tokio::task::spawn_blocking(move || finder.path(path));
                walk.await.unwrap_or(false)
            }
            Location::Object(address) => self.address(address).await,
        }
    }

    /// Blocks.
    fn path(&self, path: PathBuf) -> GoOn {
        let text = path.to_string_lossy().into_owned();
        let found = match std::fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() => {
                let found = folder::walk(self, &path, None);
                let Some(count) = found else { return false };
                if count > 0 {
                    return true;
                }
                let kinds = self.listing.accepts.map(|kinds| format!(" ({})", kinds.join(", ")));
                let kinds = kinds.unwrap_or_default();
                Err(nothing(format!("`{text}` contains no file of a kind this job reads{kinds}")))
            }
            Ok(metadata) => {
                let size = metadata.is_file().then_some(metadata.len());
                Ok(Item { size, ..Item::new(Location::Path(path)) })
            }
            Err(_) if glob::is_pattern(&text) => match Pattern::new(&text) {
                Ok(pattern) => {
                    let Some(count) = folder::walk(self, &pattern.folder(), Some(&pattern)) else {
                        return false;
                    };
                    if count > 0 {
                        return true;
                    }
                    Err(nothing(format!("`{text}` matches no file")))
                }
                Err(error) => Err(error),
            },
            Err(error) => Err(crate::fetch::file_fault(&error, "read", &path)),
        };
        self.send_blocking(found.map_err(|error| Missed { source: text, error }))
    }

    async fn address(&self, address: Address) -> GoOn {
        if address.is_prefix() {
            return self.prefix(&address, None).await;
        }
        if !glob::is_pattern(&address.key) {
            return self.send(Ok(Item::new(address.into()))).await;
        }
        // `a[1].jpg` may be the very name of an object.
        if let Ok(object) = self.listing.stores.object(&address)
            && let Ok(Some(size)) = object.size(&self.listing.stop).await
        {
            return self.send(Ok(Item { size: Some(size), ..Item::new(address.into()) })).await;
        }
        match Pattern::new(&address.key) {
            Ok(pattern) => self.prefix(&address, Some(&pattern)).await,
            Err(error) => self.miss(&address, error).await,
        }
    }

    async fn prefix(&self, source: &Address, pattern: Option<&Pattern>) -> GoOn {
        match listing::list(self, source, pattern).await {
            Ok(None) => false,
            Ok(Some(0)) => {
                let error = match pattern {
                    Some(_) => nothing(format!("`{source}` matches no object")),
                    None => {
                        nothing(format!("`{source}` contains no object of a kind this job reads"))
                    }
                };
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
