//! Checksums: several algorithms in one pass, on all cores where the algorithm allows it.
//!
//! BLAKE3 is a tree and one object keeps every core busy; of the others each algorithm has a core, and many objects run
//! side by side. MD5 and SHA-1 are broken and here for compatibility only.

mod algorithm;
mod job;
mod options;
mod parts;
mod sha;
mod state;
mod sums;
mod tree;

pub use algorithm::Algorithm;
pub use job::HashJob;
pub use options::Options;
pub use sums::{Sum, line, tagged};
