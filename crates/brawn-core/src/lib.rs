//! The vocabulary and the pool of brawn: what CPU-heavy work may spend, where it runs, and what it is.
//!
//! Nothing in this crate knows an async runtime. Async code reaches the [`Pool`] through the `brawn` crate; jobs are
//! plain synchronous functions that read a [`Source`], ask a [`Budget`] and write to a [`Sink`].
//!
//! ```
//! use brawn_core::{Budget, Pool};
//! use std::num::NonZeroUsize;
//!
//! let pool = Pool::new(NonZeroUsize::MIN.saturating_add(1))?;
//! let budget = Budget::unlimited();
//! let sum = pool.run(|| (1..=10_u64).try_fold(0, |sum, n| budget.check().map(|()| sum + n)))??;
//! assert_eq!(sum, 55);
//! # Ok::<(), brawn_core::Error>(())
//! ```

pub mod blocks;
mod budget;
mod byte_size;
mod cgroup;
#[cfg(feature = "conformance")]
pub mod conformance;
mod deadline;
mod error;
mod granted;
mod job;
mod memory;
mod parallel;
mod pool;
pub mod price;
mod queue;
mod report;
pub mod rows;
mod sink;
mod source;
mod timekeeper;
mod turns;
mod usage;
mod vcpu;

pub use budget::{Budget, CancelOnDrop, Computing};
pub use byte_size::ByteSize;
pub use deadline::Deadline;
pub use error::{Error, ErrorKind, Result};
pub use job::{Head, Job, Plan, PlannedOutput, Planning, Tally};
pub use memory::{Admission, Memory, Reservation};
pub use parallel::{Chunks, Finished, Items, ParIter};
pub use pool::Pool;
pub use report::{ItemReport, OutputReport, Status, Summary};
pub use sink::{Draft, MemorySink, Output, Sink};
pub use source::{ReadAt, Source};
pub use usage::{Stopwatch, Usage, peak_resident};
pub use vcpu::{Origin, Vcpus};
