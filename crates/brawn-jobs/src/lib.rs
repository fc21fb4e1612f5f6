//! The sync middles of brawn: CPU-heavy jobs over one object, free of any async runtime.
//!
//! Each job is a feature of this crate, so that a deployed function carries only what it runs.

#[cfg(feature = "image")]
pub mod image;
mod recipe;

pub use recipe::Recipe;
