//! Rows into PostgreSQL, by binary COPY.
//!
//! Where rows are added, they are copied into the table itself, in a transaction that also notes the version of the object.
//! For an upsert they are copied into a temporary table first, and from there inserted with `ON CONFLICT`; that
//! transaction is tried again after a deadlock or a serialisation failure. Loads of one object wait for each other by an
//! advisory lock.

mod commit;
mod copy;
mod fault;
mod link;
mod load;
mod pgpass;
mod server;
mod settings;
mod sql;
mod tls;

pub(super) use load::PostgresLoad;
pub(super) use server::Server;
