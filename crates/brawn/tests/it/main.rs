//! `lambda::run` as Lambda meets it: a process that polls a Runtime API over HTTP.

mod concurrent;
mod function;
#[cfg(feature = "otel")]
mod otel;
#[cfg(feature = "otel")]
mod protobuf;
mod serving;
#[cfg(unix)]
mod signals;
