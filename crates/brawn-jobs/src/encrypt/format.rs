//! What stands in a header: file keys, and stanzas that hold one wrapped.
//!
//! <https://c2sp.org/age>, "Recipient stanza".

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretBox};

/// Bytes of a file key.
pub(crate) const KEY: usize = 16;

/// Characters of a whole line of a body.
const COLUMNS: usize = 64;

/// The key of one file, which is wrapped for each recipient; wiped when dropped.
pub struct FileKey(SecretBox<[u8; KEY]>);

impl FileKey {
    /// The key that `fill` writes.
    ///
    /// # Errors
    /// Of `fill`.
    pub fn try_new<E>(fill: impl FnOnce(&mut [u8; KEY]) -> Result<(), E>) -> Result<FileKey, E> {
        let mut bytes = Zeroizing::new([0; KEY]);
        fill(&mut bytes)?;
        Ok(FileKey(SecretBox::init_with_mut(|key: &mut [u8; KEY]| *key = *bytes)))
    }

    /// Its bytes.
    pub fn expose(&self) -> &[u8; KEY] {
        self.0.expose_secret()
    }
}

impl std::fmt::Debug for FileKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FileKey(..)")
    }
}

/// A file key as wrapped for one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stanza {
    /// Its type: the first argument.
    pub tag: String,
    /// The other arguments.
    pub args: Vec<String>,
    /// The wrapped key.
    pub body: Vec<u8>,
}

/// Whether `text` can be an argument: visible ASCII characters, one at least.
pub(crate) fn is_argument(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| matches!(byte, 33..=126))
}

/// Base64 as the format has it: canonical, and without padding.
pub(crate) fn base64(text: &str) -> Option<Vec<u8>> {
    BASE64_STANDARD_NO_PAD.decode(text).ok()
}

impl Stanza {
    /// The stanza that `text` begins with, and what is behind it.
    pub(crate) fn parse(text: &[u8]) -> Option<(Stanza, &[u8])> {
        let (first, mut rest) = line(text)?;
        let mut args = first.strip_prefix("-> ")?.split(' ').map(str::to_owned);
        let tag = args.next()?;
        let args: Vec<String> = args.collect();
        if !std::iter::once(&tag).chain(&args).all(|arg| is_argument(arg)) {
            return None;
        }
        let mut body = Vec::new();
        loop {
            let (encoded, behind) = line(rest)?;
            rest = behind;
            if encoded.len() > COLUMNS {
                return None;
            }
            body.extend(base64(encoded)?);
            // The last line is short, and empty where all before are whole.
            if encoded.len() < COLUMNS {
                return Some((Stanza { tag, args, body }, rest));
            }
        }
    }

    /// Appends it to `text`.
    pub(crate) fn write(&self, text: &mut Vec<u8>) {
        text.extend_from_slice(b"-> ");
        text.extend_from_slice(self.tag.as_bytes());
        for arg in &self.args {
            text.push(b' ');
            text.extend_from_slice(arg.as_bytes());
        }
        text.push(b'\n');
        let encoded = BASE64_STANDARD_NO_PAD.encode(&self.body);
        let mut lines = encoded.as_bytes().chunks_exact(COLUMNS);
        for line in &mut lines {
            text.extend_from_slice(line);
            text.push(b'\n');
        }
        text.extend_from_slice(lines.remainder());
        text.push(b'\n');
    }
}

/// The first line without its end, and what is behind it.
fn line(text: &[u8]) -> Option<(&str, &[u8])> {
    let end = text.iter().position(|byte| *byte == b'\n')?;
    let (line, rest) = text.split_at_checked(end)?;
    Some((std::str::from_utf8(line).ok()?, rest.get(1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for len in [0, 1, 32, 47, 48, 49, 96, 100] {
            let body = (0..len).collect();
            let stanza = Stanza { tag: "X".to_owned(), args: vec!["a+/".to_owned()], body };
            let mut text = Vec::new();
            stanza.write(&mut text);
            let ends = text.len();
            text.extend_from_slice(b"---");
            let (read, rest) = Stanza::parse(&text).expect("a stanza");
            assert_eq!((&read, rest), (&stanza, &b"---"[..]));
            assert!((0..ends).all(|end| Stanza::parse(&text[..end]).is_none()));
        }
    }

    #[test]
    fn what_is_not_as_the_format_has_it_is_none() {
        for text in [
            "-> X \n\n",
            "->  X\n\n",
            "-> \n\n",
            "X\n\n",
            "-> X\u{e9}\n\n",
            "-> X\n====\n",
            "-> X\nAB\n",
            "-> X\nAAA=\n",
            "-> X\nA A\n",
        ] {
            assert_eq!(Stanza::parse(text.as_bytes()), None, "{text:?}");
        }
        let long = format!("-> X\n{}\n\n", "A".repeat(68));
        assert_eq!(Stanza::parse(long.as_bytes()), None);
    }
}
