//! Rows into a file of SQLite.
//!
//! SQLite has one writer at a time, so the objects of a run load one after the other, while others compute: an object
//! takes its turn when it has more rows than are kept for it, or when its job has ended. Another process waits for the end
//! of the transaction.

mod fault;
mod load;
mod sql;
mod writer;

pub(super) use load::SqliteLoad;
pub(super) use writer::Writer;
