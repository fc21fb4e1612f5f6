//! Encryption in the age format, chunk by chunk on all cores.
//!
//! <https://c2sp.org/age>, version 1. Who can read an object is in its header; the payload is sealed in chunks of 64 KiB, many at
//! once. The ciphers and curves are AWS-LC's, scrypt is that of RustCrypto, and SSH keys are read by the `age` crate. `age` and `rage` read what is written, and
//! [`decrypt`](crate::decrypt) what they write.
//!
//! Deriving a key from a passphrase is one call of scrypt, some second and 256 MiB, which no deadline ends; it is begun
//! only where its memory can be had.

mod armor;
mod blocks;
#[cfg(feature = "ssh")]
mod foreign;
mod format;
mod header;
mod job;
mod keys;
mod kms;
mod on_pool;
mod options;
mod passphrase;
mod payload;
mod recipients;
mod scrypt;
mod secret;
#[cfg(test)]
mod tests;
mod wrapping;
pub mod x25519;

use brawn_core::{Budget, Error};

pub use format::{FileKey, Stanza};
pub use job::EncryptJob;
pub use keys::{KeyPair, recipients_of};
pub use kms::{KeyService, ServiceKey};
pub use options::Options;
pub use passphrase::Passphrase;
pub use recipients::AnyRecipient;
pub use secrecy;
pub use wrapping::{Identity, Recipient};

pub(crate) use armor::{dearmored, maybe_armored};
pub(crate) use blocks::{Blocks, Counted};
#[cfg(feature = "ssh")]
pub(crate) use foreign::Foreign;
pub(crate) use header::{Header, malformed};
pub(crate) use keys::{identities, is_encrypted};
pub(crate) use on_pool::on_pool;
pub(crate) use options::not_stdin;
pub(crate) use passphrase::{MAX_WORK_FACTOR, memory, named, work_factor};
pub(crate) use payload::{CHUNK, CHUNKS, NONCE, PayloadKey, Place, SEALED};
#[cfg(not(feature = "ssh"))]
pub(crate) use recipients::without;
pub(crate) use scrypt::Knower;
pub(crate) use secret::{file, variable};

/// What is put behind the name.
pub(crate) const SUFFIX: &str = ".age";

/// The same as an extension: what is called so is encrypted already.
pub(crate) const EXTENSIONS: &[&str] = &["age"];

/// Blocks in flight of `for_one` bytes each, with `beside` bytes apart from them, that fit the budget's memory: one at
/// least.
pub(crate) fn in_flight(budget: &Budget, beside: u64, for_one: u64) -> u64 {
    let fit = budget.memory().limit().saturating_sub(beside) / for_one;
    (brawn_core::blocks::ahead(budget.workers()) as u64).min(fit).max(1)
}

/// That a file is for somebody else.
pub(crate) fn no_match() -> Error {
    Error::invalid_input("no identity matched any of the recipients")
}
