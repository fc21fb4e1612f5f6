//! `lambda::run` as Lambda meets it: a process that polls a Runtime API over HTTP.

mod concurrent;
mod function;
mod serving;
#[cfg(unix)]
mod signals;
