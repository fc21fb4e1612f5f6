//! What the edges promise, over memory, over folders, and over an S3 server in this process.

mod destination;
mod events;
mod flow;
mod inputs;
mod memory;
mod pipes;
#[cfg(feature = "sqlite")]
mod rows;
mod s3;
mod select;
#[cfg(feature = "sqlite")]
mod sqlite;
mod stopping;
mod streams;
mod support;
