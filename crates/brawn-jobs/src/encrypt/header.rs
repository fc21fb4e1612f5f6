//! The header of an age file: who can read it, and proof that it was not changed.
//!
//! <https://c2sp.org/age>, "Header".

use std::io::Read;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use brawn_core::{Error, Result, blocks};

use super::format::{FileKey, Stanza};
use super::passphrase::SCRYPT;
use super::wrapping::hkdf;

const FAMILY: &[u8] = b"age-encryption.org/";
const VERSION: &[u8] = b"age-encryption.org/v1\n";
const END: &[u8] = b"---";

/// The longest header that is read: some ten thousand recipients.
const LONGEST: usize = 1 << 20;

/// A header that was read.
#[derive(Debug)]
pub(crate) struct Header {
    /// For each recipient, the file key as wrapped for it.
    pub(crate) stanzas: Vec<Stanza>,
    /// Bytes up to and with the last line.
    pub(crate) length: u64,
    mac: [u8; 32],
    covered: Vec<u8>,
}

impl Header {
    /// Reads a header and not a byte more.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](brawn_core::ErrorKind::InvalidInput) where it is not one, or ends early;
    /// [`ErrorKind::Unsupported`](brawn_core::ErrorKind::Unsupported) for another version.
    pub(crate) fn read(input: &mut impl Read) -> Result<Header> {
        let mut text = Vec::new();
        line(input, &mut text)?;
        if text != VERSION {
            return Err(if text.is_empty() {
                malformed("it is empty")
            } else if text.starts_with(FAMILY) && text.ends_with(b"\n") {
                Error::unsupported("the header is of a version that is not v1")
            } else {
                malformed("its first line is not `age-encryption.org/v1`")
            });
        }
        loop {
            let start = text.len();
            line(input, &mut text)?;
            let line = text.get(start..).unwrap_or_default();
            if !line.ends_with(b"\n") {
                return Err(malformed("it ends early"));
            }
            if line.starts_with(END) {
                return Header::parse(&text, start);
            }
        }
    }

    /// `text` whose last line, the one with the MAC, starts at `last`.
    fn parse(text: &[u8], last: usize) -> Result<Header> {
        let mac = text
            .get(last..)
            .and_then(|line| line.strip_prefix(b"--- ")?.strip_suffix(b"\n"))
            .and_then(|mac| BASE64_STANDARD_NO_PAD.decode(mac).ok())
            .and_then(|mac| <[u8; 32]>::try_from(mac).ok())
            .ok_or_else(|| malformed("its last line is not `--- ` and 32 bytes of base64"))?;
        let mut rest = text.get(VERSION.len()..last).unwrap_or_default();
        let mut stanzas = Vec::new();
        while !rest.is_empty() {
            let (stanza, after) = Stanza::parse(rest)
                .ok_or_else(|| malformed(&format!("stanza {} is malformed", stanzas.len() + 1)))?;
            stanzas.push(stanza);
            rest = after;
        }
        if stanzas.is_empty() {
            return Err(malformed("it has no stanza"));
        }
        if stanzas.len() > 1 && stanzas.iter().any(|stanza| stanza.tag == SCRYPT) {
            return Err(malformed("a passphrase is not the only recipient"));
        }
        let covered = text.get(..last + END.len()).unwrap_or_default().to_vec();
        Ok(Header { stanzas, length: text.len() as u64, mac, covered })
    }

    /// Whether it is the header that was written with `key`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](brawn_core::ErrorKind::InvalidInput) where it is not.
    pub(crate) fn verify(&self, key: &FileKey) -> Result<()> {
        hmac::verify(&mac_key(key)?, &self.covered, &self.mac)
            .map_err(|_| Error::invalid_input("the HMAC of the header is wrong: it was changed"))
    }
}

/// The header for `stanzas`, as bytes.
///
/// # Errors
/// None that the library is known to have.
pub(crate) fn header(stanzas: &[Stanza], key: &FileKey) -> Result<Vec<u8>> {
    let mut text = VERSION.to_vec();
    for stanza in stanzas {
        stanza.write(&mut text);
    }
    text.extend_from_slice(END);
    let mac = hmac::sign(&mac_key(key)?, &text);
    text.push(b' ');
    text.extend_from_slice(BASE64_STANDARD_NO_PAD.encode(mac).as_bytes());
    text.push(b'\n');
    Ok(text)
}

fn mac_key(key: &FileKey) -> Result<hmac::Key> {
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &*hkdf(&[], b"header", key.expose())?))
}

/// Appends the next line with its end; less where the input ends.
fn line(input: &mut impl Read, text: &mut Vec<u8>) -> Result<()> {
    let mut byte = Vec::with_capacity(1);
    loop {
        blocks::fill(input, &mut byte, 1)?;
        let Some(&next) = byte.first() else { return Ok(()) };
        text.push(next);
        if next == b'\n' {
            return Ok(());
        }
        let is_age = text.len() < FAMILY.len() || text.starts_with(FAMILY);
        if text.len() > LONGEST || !is_age {
            return Err(malformed(if is_age {
                "it is longer than 1 MiB"
            } else {
                "its first line is not `age-encryption.org/v1`"
            }));
        }
    }
}

/// What is wrong with a header.
pub(crate) fn malformed(what: &str) -> Error {
    Error::invalid_input(format!("the header is not one of an age file: {what}"))
}
