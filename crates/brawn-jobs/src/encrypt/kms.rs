//! A key service as a recipient: the file key is wrapped where its key never leaves.
//!
//! The stanza is `-> brawn-kms KEY`, with the service's own bytes as its body. Other age tools pass over it; a file can have
//! age keys beside it.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use brawn_core::{Error, Result};
use secrecy::zeroize::Zeroizing;

use super::format::{FileKey, Stanza, is_argument};
use super::header::malformed;
use super::wrapping::{Identity, Recipient};

/// The type of its stanza.
const TAG: &str = "brawn-kms";

/// Wraps and unwraps 16 bytes under a key of its own, as `Encrypt` and `Decrypt` of AWS KMS do. It is asked once for each
/// object, on a thread of the pool; it bounds its own time.
pub trait KeyService: Send + Sync {
    /// What only [`unwrap`](KeyService::unwrap) of the same key makes `key` again.
    ///
    /// # Errors
    /// When the service does not answer, or will not.
    fn wrap(&self, key: &[u8]) -> Result<Vec<u8>>;

    /// What was wrapped.
    ///
    /// # Errors
    /// When the service does not answer, or will not.
    fn unwrap(&self, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>>;
}

/// A key of a [`KeyService`]: what is encrypted to it, it decrypts.
#[derive(Clone)]
pub struct ServiceKey {
    id: String,
    service: Arc<dyn KeyService>,
}

impl ServiceKey {
    /// The key that `service` knows as `id`, such as the ARN of a key of AWS KMS. It is readable in each file.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidOptions`](brawn_core::ErrorKind::InvalidOptions) where `id` is empty, or has spaces or other than ASCII characters.
    pub fn new(id: impl Into<String>, service: Arc<dyn KeyService>) -> Result<ServiceKey> {
        let id = id.into();
        if !is_argument(&id) {
            return Err(Error::invalid_options(format!("`{id}` cannot name a key in an age file"))
                .with_hint("visible ASCII characters, without spaces"));
        }
        Ok(ServiceKey { id, service })
    }
}

impl fmt::Debug for ServiceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceKey").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Recipient for ServiceKey {
    fn wrap_file_key(&self, key: &FileKey) -> Result<(Vec<Stanza>, HashSet<String>)> {
        let body = self.service.wrap(key.expose())?;
        let stanza = Stanza { tag: TAG.to_owned(), args: vec![self.id.clone()], body };
        Ok((vec![stanza], HashSet::new()))
    }
}

impl Identity for ServiceKey {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey>> {
        if stanza.tag != TAG || stanza.args != [self.id.as_str()] {
            return None;
        }
        Some(self.service.unwrap(&stanza.body).and_then(|unwrapped| {
            FileKey::try_new(|key| {
                *key = unwrapped
                    .as_slice()
                    .try_into()
                    .map_err(|_| malformed("a key service gave a key of another length"))?;
                Ok(())
            })
        }))
    }
}
