//! From names as written to paths that mean the same everywhere: `use` aliases, re-exports, globs, types of receivers.

mod bindings;
mod infer;
mod names;
mod types;

pub(crate) use infer::{Callee, Scope};
pub(crate) use names::{FnId, Names, Resolver};
pub(crate) use types::Type;
