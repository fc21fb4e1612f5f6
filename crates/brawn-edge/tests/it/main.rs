//! What the edges promise, over memory, over folders, and over an S3 server in this process.

mod checksums;
mod destination;
mod events;
mod flow;
mod inputs;
mod listing;
mod memory;
mod pipes;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod rows;
mod s3;
mod select;
#[cfg(feature = "sqlite")]
mod sqlite;
mod stopping;
mod streams;
mod support;
