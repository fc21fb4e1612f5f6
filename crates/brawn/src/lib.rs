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

mod compute;
mod invocation;
#[cfg(feature = "lambda")]
pub mod lambda;
mod meters;
pub mod metrics;
#[cfg(feature = "otel")]
pub mod otel;

pub use brawn_core::{
    Budget, ByteSize, Chunks, Deadline, Error, ErrorKind, Finished, Items, Memory, ParIter, Pool,
    Reservation, Result, Vcpus,
};
pub use compute::{INLINE_BELOW, compute, compute_on, compute_sized};
pub use invocation::{budget, pool, with_budget};
