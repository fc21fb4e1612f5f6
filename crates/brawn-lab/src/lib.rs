//! A local Lambda: it runs any bootstrap or command as a function, speaks the Runtime API to it, and enforces what Lambda
//! enforces: the CPU share of a memory size, the memory itself, the timeout, the init limit, payload sizes, and freezing
//! between invocations.
//!
//! [`Emulator`] runs a function; [`serve`] puts Lambda's invoke API in front of it, [`source`] what sends events by itself. How strictly the limits bind depends
//! on the machine: [`Enforcement`] says which way was asked for, [`Emulator::enforced`] what was got.

mod client;
mod clock;
mod cores;
mod emulator;
mod environment;
mod log;
mod metadata;
mod output;
mod process;
mod runtime_api;
mod samples;
mod sandbox;
mod serve;
mod settings;
pub mod source;
mod stream;
pub mod tune;

pub use client::{InvocationType, Invoked, invoke};
pub use emulator::{Emulator, Pending};
pub use environment::{Reply, ReplyBody, Report, Status};
pub use log::{Discard, Log, Stdout};
pub use samples::{sample, sample_names};
pub use sandbox::Enforcement;
pub use serve::{Server, serve};
pub use settings::Settings;
pub use stream::{Broken, Chunks};
