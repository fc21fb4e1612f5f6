//! The places of a run: what it reads, what it writes, and that the two never meet.

use std::sync::{Arc, Mutex, PoisonError};

use brawn_core::{Error, ErrorKind, Result};

use super::{Claims, Written};
use crate::fetch::Identity;
use crate::location::Location;
use crate::select::Inputs;
use crate::stop::Stop;

/// What a run reads and writes.
#[derive(Debug)]
pub(crate) struct Places {
    claims: Mutex<Claims>,
    pub(super) inputs: Inputs,
    pub(super) written: Arc<Written>,
}

/// Where an output comes from.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    /// The source as the user knows it.
    pub(crate) name: Arc<str>,
    /// Which file it is.
    pub(crate) identity: Option<Identity>,
}

impl Places {
    pub(crate) fn new(inputs: Inputs, written: Arc<Written>) -> Arc<Places> {
        Arc::new(Places { claims: Mutex::default(), inputs, written })
    }

    /// Takes `targets` for the outputs of `source`, so that no other object of this run writes there. `false`: the run
    /// names that source more than once (`a.jpg *.jpg`), and the first of them has taken the places.
    pub(crate) fn claim(&self, targets: &[Location], source: &Arc<str>) -> Result<bool> {
        let mut claims = self.claims.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free = true;
        for target in targets {
            free &= claims.writes(target, source)?;
        }
        Ok(free)
    }

    /// Refuses to put an output over the file `there`, found at `target`, where it is an input. Blocks.
    pub(super) fn spare(
        &self,
        there: Identity,
        target: &Location,
        origin: &Origin,
        stop: &Stop,
    ) -> Result<()> {
        if origin.identity == Some(there) {
            return Err(Error::new(
                ErrorKind::AlreadyExists,
                format!("`{target}` is the input itself and would be written over"),
            )
            .with_hint(ELSEWHERE));
        }
        if self.inputs.file(there, stop)? {
            return Err(is_input(target, origin));
        }
        Ok(())
    }
}

const ELSEWHERE: &str = "write to another folder or prefix";

pub(super) fn is_input(target: &Location, origin: &Origin) -> Error {
    let source = &origin.name;
    Error::new(
        ErrorKind::AlreadyExists,
        format!("`{source}` would be written over `{target}`, which is an input of this run"),
    )
    .with_hint(ELSEWHERE)
}
