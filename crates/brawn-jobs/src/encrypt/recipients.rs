//! Who an object is encrypted to.

use std::collections::HashSet;

use brawn_core::{Error, Result};

use super::format::{FileKey, Stanza};
use super::wrapping::Recipient;
use super::{secret, x25519};

/// Wraps file keys; on any thread.
pub type AnyRecipient = Box<dyn Recipient + Send + Sync>;

/// The recipient that `text` names: `age1...`, or in builds with the feature `ssh` an SSH public key.
///
/// # Errors
/// [`ErrorKind::InvalidOptions`](brawn_core::ErrorKind::InvalidOptions) where it is none,
/// [`ErrorKind::Unsupported`](brawn_core::ErrorKind::Unsupported) where it is one of a kind that this build does not have. A secret key in its place is not shown.
pub(crate) fn parse(text: &str) -> Result<AnyRecipient> {
    named(text).map_err(|why| match why {
        Why::Secret => Error::invalid_options("a secret key stands where a recipient should be")
            .with_hint("`brawn keygen -y FILE` prints the recipient of a key"),
        Why::Unknown => Error::invalid_options(format!("`{text}` is not a recipient")).with_hint(
            if cfg!(feature = "ssh") {
                "age1..., or the text of an SSH public key"
            } else {
                "age1..., as `brawn keygen` prints it"
            },
        ),
        Why::Unsupported(kind) => Error::unsupported(format!("`{text}` is {kind}")),
        #[cfg(not(feature = "ssh"))]
        Why::Without(kind) => without(format!("`{text}` is {kind}")),
    })
}

/// The recipients in a file: one a line, `#` begins a comment.
///
/// # Errors
/// As [`parse`], with the number of the line in the place of its text: the file may be the wrong one, and secret.
pub(crate) fn file(path: &str) -> Result<Vec<AnyRecipient>> {
    let bytes = secret::file("recipients_file", path)?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| Error::invalid_options(format!("`recipients_file`: `{path}` is not UTF-8")))?;
    let mut recipients = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let number = index + 1;
        recipients.push(named(line).map_err(|why| {
            match why {
                Why::Secret => Error::invalid_options(format!(
                    "`{path}` has a secret key in line {number}, where a recipient should be"
                ))
                .with_hint("`brawn keygen -y FILE` prints the recipient of a key"),
                Why::Unknown => {
                    Error::invalid_options(format!("`{path}` has no recipient in line {number}"))
                }
                Why::Unsupported(kind) => Error::unsupported(format!(
                    "the recipient in line {number} of `{path}` is {kind}"
                )),
                #[cfg(not(feature = "ssh"))]
                Why::Without(kind) => {
                    without(format!("the recipient in line {number} of `{path}` is {kind}"))
                }
            }
        })?);
    }
    if recipients.is_empty() {
        return Err(Error::invalid_options(format!("`{path}` has no recipient")));
    }
    Ok(recipients)
}

enum Why {
    Secret,
    Unknown,
    Unsupported(&'static str),
    /// Other builds have it.
    #[cfg(not(feature = "ssh"))]
    Without(&'static str),
}

/// What only builds with the feature `ssh` have; `what` says what it is.
#[cfg(not(feature = "ssh"))]
pub(crate) fn without(what: String) -> Error {
    Error::unsupported(what + ", and this build is without the feature `ssh`")
        .with_hint("build brawn with `--features ssh`")
}

fn named(text: &str) -> Result<AnyRecipient, Why> {
    let text = text.trim();
    let lower = text.get(..24).unwrap_or(text).to_ascii_lowercase();
    if lower.starts_with("age-secret-key-") || lower.starts_with("age-plugin-") {
        return Err(Why::Secret);
    }
    if text.starts_with("ssh-") {
        return ssh(text);
    }
    if let Ok(recipient) = text.parse::<x25519::Recipient>() {
        return Ok(Box::new(recipient));
    }
    if text.starts_with("age1tag") {
        return tagged(text);
    }
    Err(if text.starts_with("age1pq1") {
        Why::Unsupported("a post-quantum recipient, which this build does not have")
    } else if text.starts_with("age1") && text.rfind('1') > Some(3) {
        Why::Unsupported("a recipient of a plugin, and plugins are not run")
    } else {
        Why::Unknown
    })
}

/// Recipients whose keys are in hardware, with a plugin to read them.
#[cfg(feature = "ssh")]
fn tagged(text: &str) -> Result<AnyRecipient, Why> {
    use super::foreign::Foreign;
    if let Ok(recipient) = text.parse::<age::tag::Recipient>() {
        return Ok(Box::new(Foreign(recipient)));
    }
    match text.parse::<age::tagpq::Recipient>() {
        Ok(recipient) => Ok(Box::new(Foreign(recipient))),
        Err(_) => Err(Why::Unknown),
    }
}

#[cfg(not(feature = "ssh"))]
fn tagged(_: &str) -> Result<AnyRecipient, Why> {
    Err(Why::Without("a tagged recipient"))
}

#[cfg(feature = "ssh")]
fn ssh(text: &str) -> Result<AnyRecipient, Why> {
    use age::ssh::ParseRecipientKeyError as Fault;
    match text.parse::<age::ssh::Recipient>() {
        Ok(recipient) => Ok(Box::new(super::foreign::Foreign(recipient))),
        Err(Fault::RsaModulusTooLarge) => {
            Err(Why::Unsupported("an RSA key of more than 4096 bits"))
        }
        Err(Fault::RsaModulusTooSmall) => {
            Err(Why::Unsupported("an RSA key of less than 2048 bits"))
        }
        Err(Fault::Unsupported(_)) => Err(Why::Unsupported("an SSH key of a kind that age lacks")),
        Err(_) => Err(Why::Unknown),
    }
}

#[cfg(not(feature = "ssh"))]
fn ssh(_: &str) -> Result<AnyRecipient, Why> {
    Err(Why::Without("an SSH key"))
}

/// The file key, wrapped for each.
///
/// # Errors
/// [`ErrorKind::InvalidOptions`](brawn_core::ErrorKind::InvalidOptions) where some may not stand beside others (a passphrase stands alone), or what a recipient
/// itself fails with.
pub(crate) fn wrap(recipients: &[AnyRecipient], key: &FileKey) -> Result<Vec<Stanza>> {
    let mut stanzas = Vec::new();
    let mut common: Option<HashSet<String>> = None;
    for recipient in recipients {
        let (more, labels) = recipient.wrap_file_key(key)?;
        if common.get_or_insert_with(|| labels.clone()) != &labels {
            return Err(Error::invalid_options("these recipients may not stand in one file")
                .with_hint("a passphrase stands alone, and so do recipients of different kinds that say so"));
        }
        stanzas.extend(more);
    }
    Ok(stanzas)
}
