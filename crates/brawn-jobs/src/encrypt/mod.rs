//! Encryption in the age format, chunk by chunk on all cores.
//!
//! <https://c2sp.org/age>, version 1. Who can read an object is in its header, wrapped by the `age` crate; the payload is
//! sealed in chunks of 64 KiB by AWS-LC, many at once. `age` and `rage` read what is written, and
//! [`decrypt`](crate::decrypt) what they write.
//!
//! Deriving a key from a passphrase is one call of scrypt, some second and 256 MiB, which no deadline ends; it is begun
//! only where its memory can be had.

mod armor;
mod blocks;
mod header;
mod job;
mod keys;
mod kms;
mod on_pool;
mod options;
mod passphrase;
mod payload;
mod recipients;
mod secret;
#[cfg(test)]
mod tests;

use brawn_core::Budget;

pub use age::secrecy;
pub use age::{Identity, Recipient};
pub use job::EncryptJob;
pub use keys::{KeyPair, recipients_of};
pub use kms::{KeyService, ServiceKey};
pub use options::Options;
pub use passphrase::Passphrase;
pub use recipients::AnyRecipient;

pub(crate) use armor::dearmored;
pub(crate) use blocks::{Blocks, Counted};
pub(crate) use header::{Header, malformed};
pub(crate) use kms::own;
pub(crate) use on_pool::on_pool;
pub(crate) use passphrase::{MAX_WORK_FACTOR, memory, named, work_factor};
pub(crate) use payload::{CHUNK, CHUNKS, NONCE, PayloadKey, Place, SEALED};
pub(crate) use secret::{file, variable};

/// What is put behind the name.
pub(crate) const SUFFIX: &str = ".age";

/// Blocks in flight of `for_one` bytes each, with `beside` bytes apart from them, that fit the budget's memory: one at
/// least.
pub(crate) fn in_flight(budget: &Budget, beside: u64, for_one: u64) -> u64 {
    let fit = budget.memory().limit().saturating_sub(beside) / for_one;
    (brawn_core::blocks::ahead(budget.workers()) as u64).min(fit).max(1)
}
