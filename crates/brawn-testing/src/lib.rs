//! Servers for brawn's tests, and a browser. Each server listens on a free port of 127.0.0.1 and ends with its value.
//!
//! This crate panics where a library would return errors: its callers are tests.

mod browser;
mod http;
mod lambda_api;
mod postgres;
mod recorder;
mod runtime_api;
mod s3;

pub use browser::{Browser, Opened};
pub use lambda_api::{Behaviour, GoesWrong, LambdaApi, Ran, Runs, Wrong, out_of_memory};
pub use postgres::{Postgres, Session};
pub use recorder::Recorder;
pub use runtime_api::{Answer, Invocation, RuntimeApi};
pub use s3::{Fault, Kept, S3Server, Seen};
