//! Who wraps and unwraps file keys, and by what.
//!
//! <https://c2sp.org/age>, "Conventions used in this document": HKDF-SHA-256, and ChaCha20-Poly1305 with a nonce of zeros,
//! since each key seals one message.

use std::collections::HashSet;

use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use brawn_core::{Error, ErrorKind, Result};
use secrecy::zeroize::Zeroizing;

use super::format::{FileKey, KEY, Stanza};

/// What sealing adds to a file key.
const TAG: usize = 16;

/// Bytes of a file key that is sealed.
pub(crate) const SEALED_KEY: usize = KEY + TAG;

/// Whom a file can be encrypted to.
pub trait Recipient {
    /// The key, wrapped in stanzas, and labels. Recipients stand in one file only where they have the same labels.
    ///
    /// # Errors
    /// When it cannot be wrapped; the file is not written then.
    fn wrap_file_key(&self, key: &FileKey) -> Result<(Vec<Stanza>, HashSet<String>)>;
}

/// Who can decrypt what was encrypted to him.
pub trait Identity {
    /// The key in `stanza`; nothing where it is not for this identity.
    ///
    /// # Errors
    /// Where it is, and is not as it has to be.
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey>>;

    /// The key in the first of `stanzas` that is for this identity.
    ///
    /// # Errors
    /// As [`unwrap_stanza`](Identity::unwrap_stanza).
    fn unwrap_stanzas(&self, stanzas: &[Stanza]) -> Option<Result<FileKey>> {
        stanzas.iter().find_map(|stanza| self.unwrap_stanza(stanza))
    }
}

fn impossible<E>(_: E) -> Error {
    Error::new(ErrorKind::Unavailable, "a key could not be derived")
}

/// 32 bytes of HKDF-SHA-256.
///
/// # Errors
/// None that the library is known to have.
pub(crate) fn hkdf(salt: &[u8], label: &[u8], secret: &[u8]) -> Result<Zeroizing<[u8; 32]>> {
    let mut derived = Zeroizing::new([0; 32]);
    Salt::new(HKDF_SHA256, salt)
        .extract(secret)
        .expand(&[label], HKDF_SHA256)
        .and_then(|okm| okm.fill(&mut *derived))
        .map_err(impossible)?;
    Ok(derived)
}

fn one_time(key: &[u8; 32]) -> Result<(LessSafeKey, Nonce)> {
    let key = UnboundKey::new(&CHACHA20_POLY1305, key).map_err(impossible)?;
    Ok((LessSafeKey::new(key), Nonce::assume_unique_for_key([0; NONCE_LEN])))
}

/// A file key, sealed under a key that seals nothing else.
///
/// # Errors
/// None that the library is known to have.
pub(crate) fn seal_key(with: &[u8; 32], key: &FileKey) -> Result<Vec<u8>> {
    let (aead, nonce) = one_time(with)?;
    // What grows leaves a copy of the key behind.
    let mut body = Vec::with_capacity(SEALED_KEY);
    body.extend_from_slice(&key.expose()[..]);
    aead.seal_in_place_append_tag(nonce, Aad::empty(), &mut body).map_err(impossible)?;
    Ok(body)
}

/// The file key that was sealed; nothing where it was not sealed under this key.
///
/// # Errors
/// None that the library is known to have.
pub(crate) fn open_key(with: &[u8; 32], body: &[u8; SEALED_KEY]) -> Result<Option<FileKey>> {
    let (aead, nonce) = one_time(with)?;
    let mut bytes = Zeroizing::new(*body);
    let Ok(opened) = aead.open_in_place(nonce, Aad::empty(), &mut *bytes) else { return Ok(None) };
    FileKey::try_new(|key| {
        let opened: &[u8] = opened;
        *key = opened.try_into().map_err(impossible)?;
        Ok(())
    })
    .map(Some)
}

/// Fills `bytes` with random ones of the system.
///
/// # Errors
/// [`ErrorKind::Unavailable`] where the system gives none.
pub(crate) fn random(bytes: &mut [u8]) -> Result<()> {
    // AWS-LC's own generator first measures the jitter of the CPU: 57 ms of it at every start (2026-11-28, encrypting a tiny file).
    getrandom::fill(bytes)
        .map_err(|_| Error::new(ErrorKind::Unavailable, "the system gives no random bytes"))
}
