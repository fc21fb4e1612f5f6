//! Outputs that are written in pieces, from a driver on a thread that may wait.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use brawn_core::{Draft, Error, ErrorKind, Output, OutputReport, Result, Sink};
use tokio::runtime::Handle;

use super::local;
use super::places::{Origin, Places};
use super::stdout::Stdout;
use super::{Delivery, Replace};
use crate::attributes::Attributes;
use crate::location::Location;
use crate::select::Reads;
use crate::stop::Stop;
use crate::store::Upload;

/// The sink of one object's job: each output goes to the place that was taken for it.
pub(crate) struct Outputs {
    delivery: Delivery,
    places: VecDeque<(String, Location)>,
    origin: Origin,
    stop: Stop,
    /// What local outputs are given of their input's.
    attributes: Option<Attributes>,
    runtime: Handle,
    /// Is told whether standard output has a part of an output and not the rest of it.
    torn: Arc<AtomicBool>,
    pub(crate) written: Vec<OutputReport>,
}

impl Outputs {
    /// For the planned outputs, by name, and where they go. To be called inside of the async runtime.
    pub(crate) fn new(
        delivery: Delivery,
        places: VecDeque<(String, Location)>,
        origin: Origin,
        stop: Stop,
        attributes: Option<Attributes>,
        torn: Arc<AtomicBool>,
    ) -> Outputs {
        let (runtime, written) = (Handle::current(), Vec::new());
        Outputs { delivery, places, origin, stop, attributes, runtime, torn, written }
    }
}

impl Sink for Outputs {
    fn put(&mut self, output: Output) -> Result<()> {
        let mut draft = self.open(&output.name, output.content_type)?;
        draft.write(&output.bytes)?;
        draft.finish()
    }

    fn open(&mut self, name: &str, content_type: &'static str) -> Result<Box<dyn Draft + '_>> {
        let place = self.places.iter().position(|(planned, _)| planned == name);
        let Some((_, target)) = place.and_then(|place| self.places.remove(place)) else {
            return Err(unplanned(name));
        };
        let report = OutputReport {
            location: target.to_string(),
            bytes: 0,
            content_type: content_type.to_owned(),
            rows: None,
        };
        let (delivery, origin, stop) = (&self.delivery, &self.origin, &self.stop);
        let to = match target {
            Location::Stdio => To::Stdout(Stdout::new()?),
            Location::Path(path) => {
                if let Some(root) = delivery.destination.root().map(PathBuf::from) {
                    local::stays_inside(&root, &path)?;
                }
                let begun = local::begin(&path, &delivery.places, origin, stop)?;
                if let Some(attributes) = &self.attributes {
                    begun.is_as_private_as(attributes);
                }
                To::File {
                    begun,
                    places: Arc::clone(&delivery.places),
                    origin: origin.clone(),
                    replace: delivery.replace,
                    attributes: self.attributes.clone(),
                }
            }
            Location::Object(address) => {
                self.runtime.block_on(delivery.spare_object(&address, origin, stop))?;
                if delivery.places.inputs.object(&address) != Reads::Never {
                    // Before it is there: a listing that comes to it knows whose it is.
                    delivery.places.written.add_object(address.clone());
                }
                let _runtime = self.runtime.enter();
                To::Object(Box::new(delivery.stores.upload(
                    &address,
                    content_type,
                    delivery.cache_control.as_deref(),
                    delivery.job,
                    stop.clone(),
                )?))
            }
            Location::Database(database) => {
                return Err(super::takes_rows(&database, delivery.job));
            }
        };
        let (stop, torn, written) = (stop.clone(), &*self.torn, &mut self.written);
        Ok(Box::new(OpenOutput { to, report, stop, torn, written }))
    }
}

/// The error of a job that writes what its plan does not name.
pub(crate) fn unplanned(name: &str) -> Error {
    Error::new(ErrorKind::Storage, format!("the job wrote `{name}`, which its plan does not name"))
}

struct OpenOutput<'a> {
    to: To,
    report: OutputReport,
    stop: Stop,
    torn: &'a AtomicBool,
    written: &'a mut Vec<OutputReport>,
}

enum To {
    Stdout(Stdout),
    File {
        begun: local::Begun,
        places: Arc<Places>,
        origin: Origin,
        replace: Replace,
        attributes: Option<Attributes>,
    },
    Object(Box<Upload>),
}

impl Draft for OpenOutput<'_> {
    fn write(&mut self, piece: &[u8]) -> Result<()> {
        if let Some(ended) = self.stop.reason() {
            return Err(ended);
        }
        match &mut self.to {
            To::Stdout(_) if piece.is_empty() => {}
            To::Stdout(stdout) => {
                // What fails may have written a part of the piece.
                self.torn.store(true, Ordering::Relaxed);
                stdout.write(piece)?;
            }
            To::File { begun, .. } => begun.write(piece)?,
            To::Object(upload) => upload.write(piece)?,
        }
        self.report.bytes += piece.len() as u64;
        Ok(())
    }

    fn never_waits(&self) -> bool {
        match &self.to {
            To::Stdout(stdout) => stdout.is_file(),
            To::File { begun, .. } => begun.is_file(),
            To::Object(_) => false,
        }
    }

    fn finish(self: Box<Self>) -> Result<()> {
        let OpenOutput { to, report, stop, torn, written } = *self;
        match to {
            To::Stdout(stdout) => {
                stdout.finish()?;
                torn.store(false, Ordering::Relaxed);
            }
            To::File { begun, places, origin, replace, attributes } => {
                begun.publish(&places, &origin, &stop, replace, attributes.as_ref())?;
            }
            To::Object(upload) => upload.finish()?,
        }
        written.push(report);
        Ok(())
    }
}
