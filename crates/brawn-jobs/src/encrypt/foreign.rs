//! Recipients and identities of the `age` crate: SSH keys, and tagged ones of hardware.

use std::collections::HashSet;

use age_core::secrecy::ExposeSecret as _;
use brawn_core::{Error, ErrorKind, Result};

use super::format::{FileKey, Stanza};
use super::header::malformed;
use super::wrapping::{Identity, Recipient};

/// One of the `age` crate.
pub(crate) struct Foreign<T>(pub(crate) T);

impl<T: age::Recipient> Recipient for Foreign<T> {
    fn wrap_file_key(&self, key: &FileKey) -> Result<(Vec<Stanza>, HashSet<String>)> {
        let key = age_core::format::FileKey::new(Box::new(*key.expose()));
        let (stanzas, labels) = self.0.wrap_file_key(&key).map_err(|_| {
            Error::new(ErrorKind::Storage, "the file key could not be wrapped for a recipient")
        })?;
        let own = |stanza: age_core::format::Stanza| Stanza {
            tag: stanza.tag,
            args: stanza.args,
            body: stanza.body,
        };
        Ok((stanzas.into_iter().map(own).collect(), labels))
    }
}

impl<T: age::Identity> Identity for Foreign<T> {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey>> {
        let stanza = age_core::format::Stanza {
            tag: stanza.tag.clone(),
            args: stanza.args.clone(),
            body: stanza.body.clone(),
        };
        let unwrapped = self.0.unwrap_stanza(&stanza)?;
        Some(match unwrapped {
            Ok(key) => FileKey::try_new(|own| {
                *own = *key.expose_secret();
                Ok(())
            }),
            Err(age::DecryptError::DecryptionFailed | age::DecryptError::KeyDecryptionFailed) => {
                Err(super::no_match())
            }
            Err(_) => Err(malformed("a stanza is malformed")),
        })
    }
}
