//! The native keys: `age1...` and `AGE-SECRET-KEY-1...`.
//!
//! <https://c2sp.org/age>, "The X25519 recipient type". The curve is AWS-LC's.

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

use aws_lc_rs::agreement::{PrivateKey, UnparsedPublicKey, X25519, agree};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use bech32::primitives::decode::CheckedHrpstring;
use bech32::{Bech32, Hrp};
use brawn_core::{Error, ErrorKind, Result};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret as _, SecretBox, SecretString};

use super::format::{FileKey, Stanza, base64};
use super::header::malformed;
use super::wrapping::{self, SEALED_KEY, hkdf, open_key, random, seal_key};

const TAG: &str = "X25519";
const LABEL: &[u8] = b"age-encryption.org/v1/X25519";

const RECIPIENT: Hrp = Hrp::parse_unchecked("age");
const SECRET: Hrp = Hrp::parse_unchecked("age-secret-key-");

/// 32 bytes in Bech32 with the prefix `wanted`; why not, where it is something else.
fn decoded(text: &str, wanted: Hrp) -> Result<Zeroizing<[u8; 32]>, &'static str> {
    let checked = CheckedHrpstring::new::<Bech32>(text).map_err(|_| "it is no Bech32")?;
    // Recipients are written in small letters, secret keys in capitals.
    let shown = if wanted == SECRET { "AGE-SECRET-KEY-1" } else { "age1" };
    if checked.hrp() != wanted || !text.starts_with(shown) {
        return Err("it has another prefix");
    }
    checked.validate_segwit_padding().map_err(|_| "it is no canonical Bech32")?;
    let mut bytes = Zeroizing::new([0; 32]);
    let mut decoded = checked.byte_iter();
    for place in bytes.iter_mut() {
        *place = decoded.next().ok_or("it is too short")?;
    }
    if decoded.next().is_some() { Err("it is too long") } else { Ok(bytes) }
}

fn no_curve<E>(_: E) -> Error {
    Error::new(ErrorKind::Unavailable, "a key could not be agreed upon")
}

/// The key by which a file key is wrapped; nothing where the other's share is no point that gives a secret.
fn wrapping_key(
    secret: &PrivateKey,
    other: &[u8; 32],
    salt: &[[u8; 32]; 2],
) -> Result<Option<Zeroizing<[u8; 32]>>> {
    let peer = UnparsedPublicKey::new(&X25519, &other[..]);
    let agreed = agree(secret, peer, None, |shared| {
        // A point of low order, which anybody could have sent.
        let is_zero = shared.iter().fold(0, |bits, byte| bits | byte) == 0;
        if is_zero { Err(None) } else { Ok(hkdf(&salt.concat(), LABEL, shared)) }
    });
    match agreed {
        Ok(key) => key.map(Some),
        Err(None) => Ok(None),
        Err(Some(error)) => Err(error),
    }
}

fn public(secret: &PrivateKey) -> Result<[u8; 32]> {
    secret.compute_public_key().map_err(no_curve)?.as_ref().try_into().map_err(no_curve)
}

/// A secret key.
pub struct Identity(SecretBox<[u8; 32]>);

impl Identity {
    /// A key of 32 random bytes of the system.
    ///
    /// # Errors
    /// [`ErrorKind::Unavailable`] where the system gives none.
    pub fn generate() -> Result<Identity> {
        let mut bytes = Zeroizing::new([0; 32]);
        random(&mut *bytes)?;
        Ok(Identity::of(&bytes))
    }

    fn of(bytes: &[u8; 32]) -> Identity {
        Identity(SecretBox::init_with_mut(|key: &mut [u8; 32]| *key = *bytes))
    }

    fn key(&self) -> Result<PrivateKey> {
        PrivateKey::from_private_key(&X25519, self.0.expose_secret()).map_err(no_curve)
    }

    /// It as the text `AGE-SECRET-KEY-1...`.
    ///
    /// # Errors
    /// None that the library is known to have.
    pub fn to_text(&self) -> Result<SecretString> {
        // What grows leaves a part of it behind.
        let mut text = String::with_capacity(80);
        bech32::encode_upper_to_fmt::<Bech32, _>(&mut text, SECRET, self.0.expose_secret())
            .map_err(|_| Error::new(ErrorKind::Unavailable, "a key could not be written"))?;
        Ok(SecretString::from(text))
    }

    /// Whom others encrypt to.
    ///
    /// # Errors
    /// None that the library is known to have.
    pub fn to_recipient(&self) -> Result<Recipient> {
        public(&self.key()?).map(Recipient)
    }
}

impl Clone for Identity {
    fn clone(&self) -> Identity {
        Identity::of(self.0.expose_secret())
    }
}

impl FromStr for Identity {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Identity, &'static str> {
        decoded(text, SECRET).map(|bytes| Identity::of(&bytes))
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(..)")
    }
}

impl wrapping::Identity for Identity {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey>> {
        if stanza.tag != TAG {
            return None;
        }
        let wrong = || Some(Err(malformed("a stanza for an X25519 key is malformed")));
        let [share] = stanza.args.as_slice() else { return wrong() };
        let share: Option<[u8; 32]> = base64(share).and_then(|share| share.try_into().ok());
        let body: Result<&[u8; SEALED_KEY], _> = stanza.body.as_slice().try_into();
        let (Some(share), Ok(body)) = (share, body) else { return wrong() };
        let unwrapped = || {
            let secret = self.key()?;
            let salt = [share, public(&secret)?];
            match wrapping_key(&secret, &share, &salt)? {
                Some(key) => open_key(&key, body),
                None => Err(malformed("a share of an X25519 key is of low order")),
            }
        };
        // One that does not open is for somebody else: nothing tells them apart before.
        unwrapped().transpose()
    }
}

/// A public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recipient([u8; 32]);

impl FromStr for Recipient {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Recipient, &'static str> {
        decoded(text, RECIPIENT).map(|bytes| Recipient(*bytes))
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        bech32::encode_lower_to_fmt::<Bech32, _>(f, RECIPIENT, &self.0).map_err(|_| fmt::Error)
    }
}

impl wrapping::Recipient for Recipient {
    fn wrap_file_key(&self, key: &FileKey) -> Result<(Vec<Stanza>, HashSet<String>)> {
        // Not `PrivateKey::generate`: that takes its bytes of AWS-LC's own generator, for which see `random`.
        let secret = Identity::generate()?.key()?;
        let share = public(&secret)?;
        let Some(with) = wrapping_key(&secret, &self.0, &[share, self.0])? else {
            return Err(Error::invalid_options(format!("`{self}` is no key: it is of low order")));
        };
        let stanza = Stanza {
            tag: TAG.to_owned(),
            args: vec![BASE64_STANDARD_NO_PAD.encode(share)],
            body: seal_key(&with, key)?,
        };
        Ok((vec![stanza], HashSet::new()))
    }
}
