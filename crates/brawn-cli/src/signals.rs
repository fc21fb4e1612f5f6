//! The signals that ask a command to stop.

use brawn_core::{Error, ErrorKind, Result};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::verdict::{INTERRUPT, TERMINATE};

/// `SIGINT` and `SIGTERM`.
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    pub(crate) fn listen() -> Result<Signals> {
        let listen = |kind| {
            signal(kind).map_err(|error| {
                Error::new(ErrorKind::Unavailable, "cannot listen for signals").with_source(error)
            })
        };
        Ok(Signals {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
        })
    }

    /// Waits for one, and gives its number.
    pub(crate) async fn next(&mut self) -> u8 {
        tokio::select! {
            _ = self.interrupt.recv() => INTERRUPT,
            _ = self.terminate.recv() => TERMINATE,
        }
    }
}
