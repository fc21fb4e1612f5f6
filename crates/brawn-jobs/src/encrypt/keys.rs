//! Keys as files hold them.

use age::secrecy::{ExposeSecret as _, SecretString};
use age::x25519::Identity;
use brawn_core::{Error, Result};
use zeroize::Zeroizing;

use super::secret;

/// A new key, and who it is for others.
pub struct KeyPair(Identity);

impl KeyPair {
    /// A key of 32 random bytes of the system.
    pub fn generate() -> KeyPair {
        KeyPair(Identity::generate())
    }

    /// The recipient, `age1...`, to give to others.
    pub fn recipient(&self) -> String {
        self.0.to_public().to_string()
    }

    /// The text of the file that `brawn decrypt -i` and `age -i` read, as `age-keygen` writes it. `created` is the time in
    /// RFC 3339.
    pub fn file(&self, created: &str) -> SecretString {
        let secret = self.0.to_string();
        let comments = format!("# created: {created}\n# public key: {}\n", self.recipient());
        let secret = secret.expose_secret();
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

/// The recipients of the keys in the file at `path`, one for each, in its order.
///
/// # Errors
/// [`ErrorKind::InvalidOptions`](brawn_core::ErrorKind::InvalidOptions) where it cannot be read or holds none.
pub fn recipients_of(path: &str) -> Result<Vec<String>> {
    let text = secret::file("identity_file", path)?;
    let mut text: &[u8] = &text;
    let not_keys = |error: std::io::Error| {
        Error::invalid_options(format!("`{path}` is no file of age keys")).with_source(error)
    };
    let keys = age::IdentityFile::from_buffer(&mut text).map_err(not_keys)?;
    let mut recipients = Zeroizing::new(Vec::new());
    keys.write_recipients_file(&mut *recipients)
        .map_err(|_| Error::invalid_options(format!("`{path}` holds no key")))?;
    Ok(String::from_utf8_lossy(&recipients).lines().map(str::to_owned).collect())
}
