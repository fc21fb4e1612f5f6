//! Run CPU-heavy work from async Rust, made for AWS Lambda: async at the edges, sync in the middle.
//!
//! [`compute`] hands a closure to one rayon pool that is sized to the vCPUs you pay for, and gives back a `Result`: a
//! panic keeps its message, dropping the future cancels the work, the tracing span and the invocation's deadline
//! travel along.
//!
//! ```
//! use brawn::Error;
//! use rayon::prelude::*;
//!
//! async fn mean(values: Vec<f64>) -> Result<f64, Error> {
//!     if values.is_empty() {
//!         return Err(Error::invalid_input("no values"));
//!     }
//!     // Any rayon code in here runs on brawn's pool, off the async threads.
//!     let sum = brawn::compute({
//!         let values = values.clone();
//!         move |budget| {
//!             // Chunks of a fixed size, summed in order: the same answer for any number of workers.
//!             let sums = values
//!                 .par_chunks(4096)
//!                 .map(|chunk| budget.check().map(|()| chunk.iter().sum::<f64>()))
//!                 .collect::<Result<Vec<f64>, Error>>()?;
//!             Ok::<f64, Error>(sums.iter().sum())
//!         }
//!     })
//!     .await??;
//!     Ok(sum / values.len() as f64)
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Error> {
//! assert_eq!(mean(vec![1.0, 2.0, 6.0]).await?, 3.0);
//! # Ok(())
//! # }
//! ```

//!
//! Where to go from here:
//!
//! - [`compute`]: what the closure may capture (what it owns), what dropping the future does, what the errors are. `.await??`: the
//!   first is what ended the work from outside, the second what the closure returned.
//! - [`Budget::par_iter`], [`Budget::par_chunks`], [`Budget::par_range`]: parallel work without knowing Rayon. Maps and filters
//!   are lazy; [`collect`](ParIter::collect), [`fold`](ParIter::fold) and [`finished`](ParIter::finished) run them. Nothing has to be locked:
//!   a `fold` merges the chunks' values.
#![cfg_attr(
    feature = "lambda",
    doc = "- [`lambda::run`]: a Lambda function; [`lambda::run_concurrent`] for managed instances; [`lambda::init`] for what is loaded once;\n  [`lambda::logs`] for what is logged.\n- [`metrics`]: the record that each invocation leaves, and numbers of your own beside it."
)]
//! - Errors of other crates do not become an [`Error`] by `?`: say what they mean to the caller by
//!   `Error::new(ErrorKind::Unavailable, "the table cannot be read").with_source(error)`.
//! - A task of its own (`tokio::spawn`) does not inherit the invocation's budget: wrap its future in [`with_budget`].

mod compute;
mod invocation;
#[cfg(feature = "lambda")]
pub mod lambda;
mod meters;
pub mod metrics;
#[cfg(feature = "otel")]
pub mod otel;

pub use brawn_core::{
    Budget, ByteSize, Chunks, Computing, Deadline, Error, ErrorKind, Finished, Items, Memory,
    ParIter, Pool, Reservation, Result, Vcpus,
};
pub use compute::{INLINE_BELOW, compute, compute_on, compute_sized};
pub use invocation::{budget, pool, with_budget};
