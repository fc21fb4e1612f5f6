//! The keys that open a file.

use std::io::{Cursor, Read};

use brawn_core::{Budget, Error, ErrorKind, Result};
use secrecy::zeroize::Zeroizing;

use super::Options;
use crate::encrypt::{
    FileKey, Header, Identity, Knower, NONCE, Passphrase, PayloadKey, Place, SEALED, dearmored,
    file, identities, is_encrypted, named, no_match, variable, work_factor,
};

/// Unwraps file keys; on any thread.
pub type AnyIdentity = Box<dyn Identity + Send + Sync>;

/// The longest file of keys that is encrypted itself, in chunks.
const LONGEST: usize = 16;

/// The keys that `options` name.
///
/// # Errors
/// [`ErrorKind::InvalidOptions`] where one cannot be read, or holds no key.
pub(super) fn named_by(options: &Options) -> Result<Vec<AnyIdentity>> {
    let passphrase = named(
        options.passphrase.as_ref(),
        options.passphrase_env.as_deref(),
        options.passphrase_file.as_deref(),
    )?;
    let mut identities = Vec::new();
    for path in &options.identity_file {
        let text = file("identity_file", path)?;
        identities.extend(parse(&format!("`{path}`"), &text, passphrase.as_ref(), options)?);
    }
    for name in &options.identity_env {
        let text = Zeroizing::new(variable("identity_env", name)?.into_bytes());
        let place = format!("the environment variable `{name}`");
        identities.extend(parse(&place, &text, passphrase.as_ref(), options)?);
    }
    if let Some(passphrase) = &passphrase {
        identities.push(Box::new(derived(passphrase, options)));
    }
    Ok(identities)
}

fn derived(passphrase: &Passphrase, options: &Options) -> Knower {
    Knower { passphrase: passphrase.clone(), work_factor: options.max_work_factor() }
}

/// Keys as text; `place` is where it was found. None of it is in an error.
fn parse(
    place: &str,
    text: &[u8],
    passphrase: Option<&Passphrase>,
    options: &Options,
) -> Result<Vec<AnyIdentity>> {
    if is_encrypted(text) {
        let Some(passphrase) = passphrase else {
            return Err(Error::invalid_options(format!("{place} is encrypted with a passphrase"))
                .with_hint("give the passphrase too: `passphrase`"));
        };
        let plain = decrypted(text, &derived(passphrase, options), options)
            .map_err(|error| Error::invalid_options(format!("{place}: {error}")))?;
        return keys(place, &plain);
    }
    if text.starts_with(b"-----BEGIN ") {
        return ssh(place, text, passphrase).map(|identity| vec![identity]);
    }
    keys(place, text)
}

fn keys(place: &str, text: &[u8]) -> Result<Vec<AnyIdentity>> {
    let has_line =
        |start: &[u8]| text.split(|byte| *byte == b'\n').any(|line| line.starts_with(start));
    if has_line(b"AGE-SECRET-KEY-PQ-") {
        return Err(Error::unsupported(format!(
            "{place} holds a post-quantum key, which this build does not have"
        )));
    }
    if has_line(b"AGE-PLUGIN-") {
        return Err(Error::unsupported(format!(
            "{place} holds a key of a plugin, and plugins are not run"
        )));
    }
    // The file may be the wrong one, and secret: none of it is shown.
    let keys = identities(text).map_err(|line| {
        Error::invalid_options(format!("{place} holds no age keys: line {line} is none"))
    })?;
    if keys.is_empty() {
        return Err(Error::invalid_options(format!("{place} holds no key")));
    }
    Ok(keys.into_iter().map(|key| Box::new(key) as AnyIdentity).collect())
}

#[cfg(feature = "ssh")]
fn ssh(place: &str, text: &[u8], passphrase: Option<&Passphrase>) -> Result<AnyIdentity> {
    use age::ssh::Identity as Key;

    use crate::encrypt::Foreign;
    let no_key = || Error::invalid_options(format!("{place} holds no SSH private key"));
    match Key::from_buffer(text, None).map_err(|_| no_key())? {
        Key::Encrypted(key) => {
            let Some(passphrase) = passphrase else {
                return Err(Error::invalid_options(format!("{place} has a passphrase"))
                    .with_hint("give the passphrase too: `passphrase`"));
            };
            let key = key.decrypt(passphrase.secret().clone()).map_err(|_| {
                Error::invalid_options(format!("the passphrase does not open {place}"))
            })?;
            Ok(Box::new(Foreign(Key::from(key))))
        }
        Key::Unsupported(_) => {
            Err(Error::unsupported(format!("{place} holds an SSH key of a kind that age lacks"))
                .with_hint("ssh-ed25519 and ssh-rsa are known"))
        }
        key @ Key::Unencrypted(_) => Ok(Box::new(Foreign(key))),
    }
}

#[cfg(not(feature = "ssh"))]
fn ssh(place: &str, _: &[u8], _: Option<&Passphrase>) -> Result<AnyIdentity> {
    Err(crate::encrypt::without(format!("{place} holds an SSH key")))
}

/// The file key, by the first identity that opens one of the stanzas.
///
/// # Errors
/// [`ErrorKind::InvalidInput`] where none does, or the header is malformed; what a [`KeyService`](crate::encrypt::KeyService)
/// fails with.
pub(super) fn unwrap(
    header: &Header,
    identities: &[&(dyn Identity + Sync)],
    budget: &Budget,
) -> Result<FileKey> {
    /// A header of a megabyte has ten thousand, of 50 us each and identity.
    const AT_ONCE: usize = 32;
    let is_passphrase = work_factor(&header.stanzas)?.is_some();
    for identity in identities {
        for some in header.stanzas.chunks(AT_ONCE) {
            budget.check()?;
            if let Some(unwrapped) = identity.unwrap_stanzas(some) {
                return unwrapped;
            }
        }
    }
    match () {
        () if is_passphrase => {
            Err(Error::invalid_input("no identity matched: it is encrypted with a passphrase")
                .with_hint("give the passphrase: `passphrase`"))
        }
        () if header.stanzas.iter().any(|stanza| stanza.tag == "mlkem768x25519") => {
            Err(Error::unsupported(
                "no identity matched any of the recipients: one is post-quantum, which this build does not have",
            ))
        }
        () => Err(no_match()),
    }
}

/// A small file that is encrypted with a passphrase: keys.
fn decrypted(text: &[u8], identity: &Knower, options: &Options) -> Result<Zeroizing<Vec<u8>>> {
    let budget = Budget::unlimited();
    let mut input = dearmored(Cursor::new(text))?;
    let header = Header::read(&mut input)?;
    super::job::bounded(&header, options.max_work_factor())?;
    let key = unwrap(&header, &[identity], &budget)?;
    header.verify(&key)?;
    let unreadable =
        |error| Error::new(ErrorKind::InvalidInput, "it ends early").with_source(error);
    let mut nonce = [0; NONCE];
    input.read_exact(&mut nonce).map_err(unreadable)?;
    let mut sealed = Vec::new();
    let most = LONGEST * SEALED;
    input.take(most as u64 + 1).read_to_end(&mut sealed).map_err(unreadable)?;
    if sealed.len() > most || sealed.is_empty() {
        return Err(Error::invalid_input("it has no keys, or is longer than 1 MiB"));
    }
    let mut plain = Zeroizing::new(Vec::with_capacity(sealed.len()));
    PayloadKey::derive(&key, &nonce)?.open(
        Place { first: 0, is_last: true },
        &sealed,
        header.length + NONCE as u64,
        &mut plain,
        &budget,
    )?;
    Ok(plain)
}
