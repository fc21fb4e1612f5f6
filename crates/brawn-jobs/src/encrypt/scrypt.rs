//! Passphrases as recipient and identity.
//!
//! <https://c2sp.org/age>, "The scrypt recipient type".

use std::collections::HashSet;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use brawn_core::{Error, ErrorKind, Result};
use scrypt::Params;
use secrecy::ExposeSecret as _;
use secrecy::zeroize::Zeroizing;

use super::Passphrase;
use super::format::{FileKey, Stanza, base64};
use super::header::malformed;
use super::passphrase::{SCRYPT, work_factor};
use super::wrapping::{Identity, Recipient, SEALED_KEY, open_key, random, seal_key};

const LABEL: &[u8] = b"age-encryption.org/v1/scrypt";
const SALT: usize = 16;

/// One call that nothing ends: a second and 256 MiB for 2^18 rounds.
fn derived(
    passphrase: &Passphrase,
    salt: &[u8; SALT],
    work_factor: u8,
) -> Result<Zeroizing<[u8; 32]>> {
    let cannot = || {
        let why = format!("2^{work_factor} rounds of scrypt cannot be done on this machine");
        Error::new(ErrorKind::LimitExceeded, why)
    };
    let params = Params::new(work_factor, 8, 1).map_err(|_| cannot())?;
    let salt = [LABEL, salt].concat();
    let mut key = Zeroizing::new([0; 32]);
    let secret = passphrase.secret();
    scrypt::scrypt(secret.expose_secret().as_bytes(), &salt, &params, &mut *key)
        .map_err(|_| cannot())?;
    Ok(key)
}

/// Whoever knows the passphrase.
pub(crate) struct Knower {
    pub(crate) passphrase: Passphrase,
    /// log2 of the rounds: those of what is written, and the most of what is read.
    pub(crate) work_factor: u8,
}

impl Recipient for Knower {
    fn wrap_file_key(&self, key: &FileKey) -> Result<(Vec<Stanza>, HashSet<String>)> {
        let (mut salt, mut label) = ([0; SALT], [0; SALT]);
        random(&mut salt)?;
        random(&mut label)?;
        let stanza = Stanza {
            tag: SCRYPT.to_owned(),
            args: vec![BASE64_STANDARD_NO_PAD.encode(salt), self.work_factor.to_string()],
            body: seal_key(&*derived(&self.passphrase, &salt, self.work_factor)?, key)?,
        };
        // A label that no other has: it stands alone.
        Ok((vec![stanza], HashSet::from([BASE64_STANDARD_NO_PAD.encode(label)])))
    }
}

impl Identity for Knower {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey>> {
        if stanza.tag != SCRYPT {
            return None;
        }
        let unwrapped = || {
            let wrong = || malformed("its passphrase stanza is malformed");
            let factor = work_factor(std::slice::from_ref(stanza))?.ok_or_else(wrong)?;
            let salt: Option<[u8; SALT]> =
                stanza.args.first().and_then(|salt| base64(salt)?.try_into().ok());
            let salt = salt.ok_or_else(wrong)?;
            let body: &[u8; SEALED_KEY] = stanza.body.as_slice().try_into().map_err(|_| wrong())?;
            if factor > self.work_factor {
                return Err(malformed("its passphrase asks for more work than is allowed"));
            }
            open_key(&*derived(&self.passphrase, &salt, factor)?, body)?.ok_or_else(|| {
                Error::invalid_input("the passphrase does not match that of the file")
            })
        };
        Some(unwrapped())
    }
}
