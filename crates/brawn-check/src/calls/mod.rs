//! Every call of the workspace: what it calls, in which context, and what it reaches.

mod context;
mod facts;
mod init;
mod reach;

pub(crate) use context::Context;
pub(crate) use facts::{Call, Facts, gather};
pub(crate) use init::init_only;
pub(crate) use reach::{Reach, Step, reach};
