//! Decryption of the age format, chunk by chunk on all cores.
//!
//! Nothing is written that is not authentic: neither a chunk that was changed nor one out of its place. A file that ends
//! early is known at its end; what came before has then gone out where the output is a pipe, and nowhere else.

mod identities;
mod job;
mod options;

pub use identities::AnyIdentity;
pub use job::DecryptJob;
pub use options::Options;
