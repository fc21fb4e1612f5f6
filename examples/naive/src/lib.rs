//! The same work, three ways: as most functions do it, as guides say, and with brawn.
//!
//! `src/main.rs` deploys the right one; `src/bin/measure.rs` runs all three and prints what differs.

pub mod naive;
pub mod right;
pub mod work;
