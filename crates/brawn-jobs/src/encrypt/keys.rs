//! Keys as files hold them.

use brawn_core::{Error, Result};
use secrecy::{ExposeSecret as _, SecretString};

use super::secret;
use super::x25519::{Identity, Recipient};

/// A new key, and who it is for others.
pub struct KeyPair {
    secret: SecretString,
    recipient: Recipient,
}

impl KeyPair {
    /// A key of 32 random bytes of the system.
    ///
    /// # Errors
    /// [`ErrorKind::Unavailable`](brawn_core::ErrorKind::Unavailable) where the system gives none.
    pub fn generate() -> Result<KeyPair> {
        let identity = Identity::generate()?;
        Ok(KeyPair { secret: identity.to_text()?, recipient: identity.to_recipient()? })
    }

    /// The recipient, `age1...`, to give to others.
    pub fn recipient(&self) -> String {
        self.recipient.to_string()
    }

    /// The text of the file that `brawn decrypt -i` and `age -i` read, as `age-keygen` writes it. `created` is the time in
    /// RFC 3339.
    pub fn file(&self, created: &str) -> SecretString {
        let comments = format!("# created: {created}\n# public key: {}\n", self.recipient());
        let secret = self.secret.expose_secret();
        // Never grown: a string that moves leaves its bytes behind.
        let mut text = String::with_capacity(comments.len() + secret.len() + 1);
        text.push_str(&comments);
        text.push_str(secret);
        text.push('\n');
        SecretString::from(text)
    }
}

impl std::fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyPair({})", self.recipient())
    }
}

/// The keys in `text`: one a line, `#` begins a comment.
///
/// # Errors
/// The number of the first line that is none, from 1.
pub(crate) fn identities(text: &[u8]) -> Result<Vec<Identity>, usize> {
    let mut identities = Vec::new();
    for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() || line.starts_with(b"#") {
            continue;
        }
        let identity = std::str::from_utf8(line).ok().and_then(|line| line.parse().ok());
        identities.push(identity.ok_or(index + 1)?);
    }
    Ok(identities)
}

/// Whether a file of keys is encrypted itself, with a passphrase.
pub(crate) fn is_encrypted(text: &[u8]) -> bool {
    text.starts_with(b"age-encryption.org/") || text.starts_with(b"-----BEGIN AGE ")
}

/// The recipients of the keys in the file at `path`, one for each, in its order.
///
/// # Errors
/// [`ErrorKind::InvalidOptions`](brawn_core::ErrorKind::InvalidOptions) where it cannot be read, is encrypted or holds none.
pub fn recipients_of(path: &str) -> Result<Vec<String>> {
    let text = secret::contents(path)?;
    if is_encrypted(&text) {
        return Err(Error::invalid_options(format!("`{path}` is encrypted with a passphrase"))
            .with_hint(format!("`brawn decrypt -p {path} -o - | brawn keygen -y -` asks for it")));
    }
    let identities = identities(&text).map_err(|line| {
        Error::invalid_options(format!("`{path}` is no file of age keys: line {line} is none"))
    })?;
    if identities.is_empty() {
        return Err(Error::invalid_options(format!("`{path}` holds no key")));
    }
    let recipient = |key: &Identity| key.to_recipient().map(|recipient| recipient.to_string());
    identities.iter().map(recipient).collect()
}
