//! Passphrases: where they are, and what they cost.

use std::fmt;

use brawn_core::{Error, Result};
use secrecy::{ExposeSecret as _, SecretString};

use super::format::Stanza;
use super::header::malformed;
use super::secret;

/// The type of the stanza for a passphrase.
pub(crate) const SCRYPT: &str = "scrypt";

/// log2 of the rounds of scrypt for what is encrypted, as `age` has it: a second, and 256 MiB.
pub(crate) const WORK_FACTOR: u8 = 18;

/// log2 of the most rounds for what is decrypted, unless said otherwise: four seconds, and 1 GiB.
pub(crate) const MAX_WORK_FACTOR: u8 = 20;

/// Memory of scrypt with `2^work_factor` rounds (r = 8): RFC 7914, 128 bytes for each r and round.
pub(crate) fn memory(work_factor: u8) -> u64 {
    1024_u64.checked_shl(u32::from(work_factor)).unwrap_or(u64::MAX)
}

/// The work factor that a header asks for; nothing where it has no passphrase.
///
/// # Errors
/// [`ErrorKind::InvalidInput`](brawn_core::ErrorKind::InvalidInput) where it is not a number as the format has it.
pub(crate) fn work_factor(stanzas: &[Stanza]) -> Result<Option<u8>> {
    let [Stanza { tag, args, .. }] = stanzas else { return Ok(None) };
    if tag != SCRYPT {
        return Ok(None);
    }
    let [_, factor] = args.as_slice() else {
        return Err(malformed("its passphrase stanza has not two arguments"));
    };
    let is_plain = factor.bytes().all(|digit| digit.is_ascii_digit()) && !factor.starts_with('0');
    match factor.parse::<u8>() {
        Ok(factor @ 1..64) if is_plain => Ok(Some(factor)),
        _ => Err(malformed("the work factor of its passphrase is not a number from 1 to 63")),
    }
}

/// A passphrase, which no format or log shows.
#[derive(Clone)]
pub struct Passphrase(SecretString);

impl Passphrase {
    /// Takes what a person typed.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidOptions`](brawn_core::ErrorKind::InvalidOptions) where it is empty.
    pub fn new(text: String) -> Result<Passphrase> {
        let text = SecretString::from(text);
        if text.expose_secret().is_empty() {
            return Err(Error::invalid_options("the passphrase is empty"));
        }
        Ok(Passphrase(text))
    }

    pub(crate) fn secret(&self) -> &SecretString {
        &self.0
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(..)")
    }
}

impl PartialEq for Passphrase {
    fn eq(&self, other: &Passphrase) -> bool {
        self.0.expose_secret() == other.0.expose_secret()
    }
}

/// The passphrase that options name, if they name one.
///
/// # Errors
/// [`ErrorKind::InvalidOptions`](brawn_core::ErrorKind::InvalidOptions) where it is not there, empty, or named twice.
pub(crate) fn named(
    typed: Option<&Passphrase>,
    variable: Option<&str>,
    file: Option<&str>,
) -> Result<Option<Passphrase>> {
    match (typed, variable, file) {
        (None, None, None) => Ok(None),
        (Some(typed), None, None) => Ok(Some(typed.clone())),
        (None, Some(variable), None) => {
            secret::variable("passphrase_env", variable).and_then(Passphrase::new).map(Some)
        }
        (None, None, Some(file)) => {
            let text = secret::file("passphrase_file", file)?;
            let text = std::str::from_utf8(&text).map_err(|_| {
                Error::invalid_options(format!("`passphrase_file`: `{file}` is not UTF-8"))
            })?;
            let line = text.strip_suffix('\n').unwrap_or(text);
            let line = line.strip_suffix('\r').unwrap_or(line);
            Passphrase::new(line.to_owned()).map(Some)
        }
        _ => Err(Error::invalid_options("the passphrase is given in more than one way")
            .with_hint("one of the terminal, `passphrase_env` and `passphrase_file`")),
    }
}
