//! The async edges of brawn: where objects come from, where results go, and the flow of many objects through one job.
//!
//! ```no_run
//! use std::sync::Arc;
//! use brawn_core::{Budget, Job, Memory, Pool};
//! use brawn_edge::{Destination, Flow, Location, Stores};
//!
//! # async fn example(job: Arc<dyn Job>) -> Result<(), brawn_core::Error> {
//! let sources: Vec<Location> = vec!["photos/".parse()?, "s3://in/2024/*.jpg".parse()?];
//! let to = Destination::resolve("thumbs/".parse()?, &sources)?;
//! let budget = Budget::unlimited().within(Memory::limited(1 << 30));
//! let summary = Flow::new(job, Pool::global().clone(), Stores::from_env(), to)
//!     .skip_existing(true)
//!     .run(&sources, &budget, |done| println!("{} {:?}", done.report.source, done.report.status))
//!     .await;
//! println!("{} of {} done", summary.ok, summary.items);
//! # Ok(())
//! # }
//! ```

mod attributes;
mod buffers;
mod deliver;
pub mod events;
mod fetch;
mod flow;
mod input;
mod local_file;
mod location;
mod pipe;
mod recursion;
mod retry;
mod route;
mod select;
mod stop;
mod store;
#[cfg_attr(
    not(any(feature = "sqlite", feature = "postgres")),
    allow(unreachable_code, unused, reason = "locations are told apart in every build")
)]
mod tables;

pub use deliver::Destination;
pub use flow::{Flow, Outcome, Progress};
pub use location::{Address, Location, Scheme};
pub use retry::Retry;
pub use route::Route;
pub use select::Item;
pub use store::Stores;
pub use tables::{Database, Mode, PostgresUrl, Tables};
