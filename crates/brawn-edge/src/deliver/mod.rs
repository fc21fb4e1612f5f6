//! Where results go: whole or not at all, never outside, and never over an input of the same run.
//!
//! A file gets its name when it is complete and is not synced to the disk: whatever happens to the process, what is
//! there is whole; after a power failure the last files of a run may be missing or empty. Syncing each would cost more
//! than making it, and a run can be repeated.

mod claims;
mod destination;
mod local;
mod name;
mod outputs;
mod places;
mod probe;
mod stdout;
mod written;

use std::path::PathBuf;
use std::sync::Arc;

use brawn_core::{Error, ErrorKind, Output, OutputReport, Result};
use bytes::Bytes;

use crate::fetch::blocking;
use crate::location::{Address, Location};
use crate::select::Reads;
use crate::stop::Stop;
use crate::store::Stores;
use crate::tables::Database;
use claims::Claims;

pub use destination::Destination;
pub(crate) use outputs::{Outputs, unplanned};
pub(crate) use places::{Origin, Places};
pub(crate) use stdout::is_closed;
pub(crate) use written::Written;

/// What outputs may be written over, if it is neither read nor written by the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Replace {
    /// Whatever is there.
    Any,
    /// What is empty, and counts as not there where a run goes on.
    Empty,
    /// Nothing.
    Nothing,
}

impl Replace {
    /// Whether a file or an object of `size` may be written over.
    fn takes(self, size: u64) -> bool {
        match self {
            Replace::Any => true,
            Replace::Empty => size == 0,
            Replace::Nothing => false,
        }
    }
}

/// Delivers the outputs of one run.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    pub(crate) stores: Stores,
    pub(crate) destination: Destination,
    pub(crate) cache_control: Option<String>,
    pub(crate) job: &'static str,
    pub(crate) places: Arc<Places>,
    /// What is there, and is no input, that is written over.
    pub(crate) replace: Replace,
}

impl Delivery {
    /// Whether something is at `target` already. What is empty does not count: a power failure leaves such files, and no
    /// job is done by writing nothing.
    pub(crate) async fn exists(&self, target: &Location, stop: &Stop) -> Result<bool> {
        match target {
            Location::Stdio | Location::Database(_) => Ok(false),
            Location::Path(path) => {
                let path = path.clone();
                // `kill -9` leaves no partial file behind, so a file that is there is complete.
                let look = move || {
                    Ok(std::fs::metadata(path)
                        .is_ok_and(|there| there.is_file() && there.len() > 0))
                };
                stop.guard(blocking(look)).await?
            }
            Location::Object(address) => {
                Ok(self.stores.object(address)?.size(stop).await?.is_some_and(|size| size > 0))
            }
        }
    }

    /// Refuses a `target` where an input of the run lies.
    pub(crate) async fn spare(
        &self,
        target: &Location,
        origin: &Origin,
        stop: &Stop,
    ) -> Result<()> {
        match target {
            Location::Stdio | Location::Database(_) => Ok(()),
            Location::Path(path) => {
                let (places, path, end) = (Arc::clone(&self.places), path.clone(), stop.clone());
                let origin = origin.clone();
                let look = move || local::spare(&path, &places, &origin, &end);
                stop.guard(blocking(look)).await?
            }
            Location::Object(address) => self.spare_object(address, origin, stop).await,
        }
    }

    /// Refuses a `target` where something is that shall stay.
    pub(crate) async fn keep(&self, target: &Location, stop: &Stop) -> Result<()> {
        let stays = |size| !self.replace.takes(size);
        let there = match target {
            _ if self.replace == Replace::Any => false,
            Location::Stdio | Location::Database(_) => false,
            Location::Path(path) => {
                let path = path.clone();
                let look = move || {
                    let there = std::fs::metadata(path).ok().filter(|there| there.is_file());
                    Ok(there.map(|there| there.len()))
                };
                stop.guard(blocking(look)).await??.is_some_and(stays)
            }
            Location::Object(address) => {
                self.stores.object(address)?.size(stop).await?.is_some_and(stays)
            }
        };
        if there { Err(exists(target)) } else { Ok(()) }
    }

    async fn spare_object(&self, address: &Address, origin: &Origin, stop: &Stop) -> Result<()> {
        let is_input = match self.places.inputs.object(address) {
            Reads::Never => false,
            Reads::ByName => true,
            Reads::IfThere => self.stores.object(address)?.size(stop).await?.is_some(),
        };
        match is_input {
            true => Err(places::is_input(&address.clone().into(), origin)),
            false => Ok(()),
        }
    }

    /// Puts `output` at `target`, atomically, but never over an input.
    pub(crate) async fn put(
        &self,
        target: Location,
        output: Output,
        origin: &Origin,
        stop: &Stop,
    ) -> Result<OutputReport> {
        let report = OutputReport {
            location: target.to_string(),
            bytes: output.bytes.len() as u64,
            content_type: output.content_type.to_owned(),
            rows: None,
        };
        match target {
            Location::Stdio => {
                stop.guard(blocking(move || write_stdout(&output.bytes))).await??;
            }
            Location::Path(path) => {
                let root = self.destination.root().map(PathBuf::from);
                let replace = self.replace;
                let (places, origin, end) =
                    (Arc::clone(&self.places), origin.clone(), stop.clone());
                let write = move || {
                    if let Some(root) = root {
                        local::stays_inside(&root, &path)?;
                    }
                    local::write(&path, &output.bytes, &places, &origin, &end, replace)
                };
                stop.guard(blocking(write)).await??;
            }
            Location::Object(address) => {
                self.spare_object(&address, origin, stop).await?;
                if self.places.inputs.object(&address) != Reads::Never {
                    // Before it is there: a listing that comes to it knows whose it is.
                    self.places.written.add_object(address.clone());
                }
                let object = self.stores.object(&address)?;
                let cache_control = self.cache_control.as_deref();
                let bytes = Bytes::from(output.bytes);
                object.put(bytes, output.content_type, cache_control, Some(self.job), stop).await?;
            }
            Location::Database(database) => return Err(takes_rows(&database, self.job)),
        }
        Ok(report)
    }
}

/// The error for a file that would go into a database.
fn takes_rows(database: &Database, job: &str) -> Error {
    Error::invalid_options(format!("`{database}` takes rows, and the job `{job}` writes files"))
        .with_hint("give a folder, a file or a bucket as `to`")
}

/// The error for something that is there and shall stay.
fn exists(target: &Location) -> Error {
    Error::new(ErrorKind::AlreadyExists, format!("`{target}` is there already"))
        .with_hint("write elsewhere, or say that it may be replaced (`--force`)")
}

fn write_stdout(bytes: &[u8]) -> Result<()> {
    use std::io::Write as _;
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(bytes).and_then(|()| stdout.flush()).map_err(stdout::fault)
}
