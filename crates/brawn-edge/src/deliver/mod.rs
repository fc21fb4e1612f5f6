//! Where results go: whole or not at all, and never outside.

mod claims;
mod destination;
mod local;
mod name;

use std::path::PathBuf;

use brawn_core::{Error, ErrorKind, Output, OutputReport, Result};
use bytes::Bytes;

use crate::fetch::{Identity, blocking};
use crate::location::Location;
use crate::stop::Stop;
use crate::store::Stores;

pub(crate) use claims::Claims;
pub use destination::Destination;

/// Delivers the outputs of one run.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    pub(crate) stores: Stores,
    pub(crate) destination: Destination,
    pub(crate) cache_control: Option<String>,
    pub(crate) job: &'static str,
}

impl Delivery {
    /// Whether something is at `target` already.
    pub(crate) async fn exists(&self, target: &Location, stop: &Stop) -> Result<bool> {
        match target {
            Location::Stdio => Ok(false),
            Location::Path(path) => {
                let path = path.clone();
                // `kill -9` leaves no partial file behind, so a file that is there is complete.
                stop.guard(blocking(move || Ok(path.is_file()))).await?
            }
            Location::Object(address) => {
                Ok(self.stores.object(address)?.size(stop).await?.is_some())
            }
        }
    }

    /// Puts `output` at `target`, atomically, but never over the file `source`.
    pub(crate) async fn put(
        &self,
        target: Location,
        output: Output,
        source: Option<Identity>,
        stop: &Stop,
    ) -> Result<OutputReport> {
        let report = OutputReport {
            location: target.to_string(),
            bytes: output.bytes.len() as u64,
            content_type: output.content_type.to_owned(),
        };
        match target {
            Location::Stdio => {
                stop.guard(blocking(move || write_stdout(&output.bytes))).await??;
            }
            Location::Path(path) => {
                let root = self.destination.root().map(PathBuf::from);
                let end = stop.clone();
                let write = move || {
                    if let Some(root) = root {
                        local::stays_inside(&root, &path)?;
                    }
                    local::write(&path, &output.bytes, source, &end)
                };
                stop.guard(blocking(write)).await??;
            }
            Location::Object(address) => {
                let object = self.stores.object(&address)?;
                let cache_control = self.cache_control.as_deref();
                let bytes = Bytes::from(output.bytes);
                object.put(bytes, output.content_type, cache_control, Some(self.job), stop).await?;
            }
        }
        Ok(report)
    }
}

fn write_stdout(bytes: &[u8]) -> Result<()> {
    use std::io::Write as _;
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(bytes).and_then(|()| stdout.flush()).map_err(|error| {
        Error::new(ErrorKind::Storage, "cannot write to standard output").with_source(error)
    })
}
