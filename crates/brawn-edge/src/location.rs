//! Where things live.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use brawn_core::{Error, Result};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::tables::Database;

/// Where an object lives, or where one is to go: a path, `file://`, `s3://bucket/key`, `memory://name/key`, or `-`; and
/// where rows go: `sqlite:PATH`, `postgres://user@host/name`.
///
/// A path that merely does not exist is still a path. `Display` gives back what a user would write, but for the password
/// of a database, and for bytes of a path that are not UTF-8: they are shown as escapes (`caf\xE9.txt`), for people to
/// read. No flow reads or writes such a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Location {
    /// `-`: standard input as a source, standard output as a destination.
    Stdio,
    /// A file or folder of this machine.
    Path(PathBuf),
    /// An object, or a prefix of objects, in a bucket.
    Object(Address),
    /// A database, which takes rows and is never a source.
    Database(Database),
}

/// An object or a prefix in a bucket. The key is verbatim: nothing in it is percent-decoded.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// What kind of store.
    pub scheme: Scheme,
    /// The bucket, or the name of a store in memory.
    pub bucket: String,
    /// The key without a leading slash; empty, or with a `/` at the end, it means everything under it.
    pub key: String,
}

/// The kinds of object store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// S3 and what speaks its protocol.
    S3,
    /// Held by this process, gone with it; for tests.
    Memory,
}

impl Address {
    /// `s3://bucket/key`.
    pub fn s3(bucket: impl Into<String>, key: impl Into<String>) -> Address {
        Address { scheme: Scheme::S3, bucket: bucket.into(), key: key.into() }
    }

    /// Another key of the same bucket.
    #[must_use]
    pub fn with_key(&self, key: impl Into<String>) -> Address {
        Address { key: key.into(), ..self.clone() }
    }

    /// Whether this means everything under it and not one object.
    pub fn is_prefix(&self) -> bool {
        self.key.is_empty() || self.key.ends_with('/')
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.scheme {
            Scheme::S3 => "s3",
            Scheme::Memory => "memory",
        };
        write!(f, "{scheme}://{}/{}", self.bucket, self.key)
    }
}

impl Location {
    /// The extension of the last name, lower case, without the dot.
    pub fn extension(&self) -> Option<String> {
        let extension = match self {
            Location::Stdio | Location::Database(_) => return None,
            Location::Path(path) => path.extension()?.to_string_lossy().into_owned(),
            Location::Object(address) => extension(&address.key)?.to_owned(),
        };
        Some(extension.to_ascii_lowercase())
    }

    /// Whether the text says "folder": it ends with a separator, or is a bucket without a key.
    pub fn is_folder_by_name(&self) -> bool {
        match self {
            Location::Stdio | Location::Database(_) => false,
            Location::Path(path) => {
                path.as_os_str().as_encoded_bytes().last().is_some_and(|last| *last == b'/')
                    || path.file_name().is_none()
            }
            Location::Object(address) => address.is_prefix(),
        }
    }
}

impl From<PathBuf> for Location {
    fn from(path: PathBuf) -> Location {
        Location::Path(path)
    }
}

impl From<&Path> for Location {
    fn from(path: &Path) -> Location {
        Location::Path(path.to_owned())
    }
}

impl From<Database> for Location {
    fn from(database: Database) -> Location {
        Location::Database(database)
    }
}

impl From<Address> for Location {
    fn from(address: Address) -> Location {
        Location::Object(address)
    }
}

/// `path` with escapes where it is not UTF-8: `caf\xE9.txt`.
pub(crate) fn shown(path: &Path) -> String {
    let mut text = String::new();
    for chunk in path.as_os_str().as_encoded_bytes().utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02X}")));
    }
    text
}

/// Refuses a `path` that is not UTF-8: names of outputs, lines of checksums and reports are text, and another name would
/// stand for another file.
///
/// # Errors
/// [`ErrorKind::InvalidOptions`](brawn_core::ErrorKind::InvalidOptions), with the path as [`shown`]; `hint` says what to do.
pub(crate) fn is_text(path: &Path, hint: &'static str) -> Result<()> {
    if path.to_str().is_some() {
        return Ok(());
    }
    let shown = shown(path);
    Err(Error::invalid_options(format!("the name `{shown}` is not UTF-8")).with_hint(hint))
}

/// The part of the last name after its last dot; a leading dot (`.profile`) starts no extension.
pub(crate) fn extension(key: &str) -> Option<&str> {
    let name = key.rsplit('/').next().unwrap_or(key);
    name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).map(|(_, extension)| extension)
}

impl FromStr for Location {
    type Err = Error;

    fn from_str(text: &str) -> Result<Location> {
        if text.is_empty() {
            return Err(Error::invalid_options("a location is empty").with_hint(UNDERSTOOD));
        }
        if text.contains('\0') {
            return Err(Error::invalid_options(format!("the location {text:?} contains a NUL")));
        }
        if text == "-" {
            return Ok(Location::Stdio);
        }
        if let Some(database) = Database::parse(text) {
            return database.map(Location::Database);
        }
        let Some((scheme, rest)) = split_scheme(text) else {
            return Ok(Location::Path(PathBuf::from(text)));
        };
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "s3" => Scheme::S3,
            "memory" => Scheme::Memory,
            "file" => return file_url(text, rest),
            other => {
                return Err(Error::invalid_options(format!(
                    "`{text}`: `{other}://` is not a kind of location this build knows"
                ))
                .with_hint(UNDERSTOOD));
            }
        };
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            return Err(Error::invalid_options(format!("`{text}` names no bucket"))
                .with_hint("write it as `s3://bucket/key`"));
        }
        Ok(Location::Object(Address { scheme, bucket: bucket.to_owned(), key: key.to_owned() }))
    }
}

const UNDERSTOOD: &str = "a location is a path, `file:///path`, `s3://bucket/key` or `-`, and for rows also \
     `sqlite:FILE` or `postgres://user@host/name`";

/// `scheme://rest`, where it starts like a URL. A drive letter (`C:\`) has no `//` after its colon.
fn split_scheme(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once("://")?;
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    (scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.chars().all(legal))
        .then_some((scheme, rest))
}

/// File URLs are percent-encoded (RFC 8089), unlike everything else that is written as a location.
fn file_url(text: &str, rest: &str) -> Result<Location> {
    let path = rest.strip_prefix("localhost").unwrap_or(rest);
    if !path.starts_with('/') {
        return Err(Error::invalid_options(format!("`{text}` does not name an absolute path"))
            .with_hint("write it as `file:///path`, or as the path alone"));
    }
    let decoded = percent_decode(path, false)
        .filter(|decoded| !decoded.contains('\0'))
        .ok_or_else(|| Error::invalid_options(format!("`{text}` is not percent-encoded UTF-8")))?;
    Ok(Location::Path(PathBuf::from(decoded)))
}

/// Decodes `%XX`, and `+` as a space where a form is decoded. `None` where that gives no UTF-8 or a `%` is not
/// followed by two hexadecimal digits.
pub(crate) fn percent_decode(text: &str, form: bool) -> Option<String> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let high = char::from(bytes.next()?).to_digit(16)?;
                let low = char::from(bytes.next()?).to_digit(16)?;
                u8::try_from(high * 16 + low).ok()?
            }
            b'+' if form => b' ',
            other => other,
        });
    }
    String::from_utf8(decoded).ok()
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Location::Stdio => f.write_str("-"),
            Location::Path(path) => f.write_str(&shown(path)),
            Location::Object(address) => address.fmt(f),
            Location::Database(database) => database.fmt(f),
        }
    }
}

impl Serialize for Location {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Location::Path(path) = self {
            // What is shown of it would be read as another path.
            is_text(path, "").map_err(serde::ser::Error::custom)?;
        }
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Location {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Location, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Location {
        text.parse().expect("a location")
    }

    #[test]
    fn what_is_parsed_is_displayed_as_it_was_written() {
        for text in [
            "-",
            "a.jpg",
            "./-",
            "../up/a b.jpg",
            "/abs/été#1%20+.png",
            "C:\\photos\\a.jpg",
            "photos/*.jpg",
            "s3://bucket/",
            "sqlite:out/a b.db",
            "postgres://ann@host:5433/sales?sslmode=require",
            "s3://bucket/a key/with%20#and+?.jpg",
            "memory://test/a",
        ] {
            assert_eq!(parse(text).to_string(), text);
        }
        assert_eq!(parse("s3://bucket").to_string(), "s3://bucket/");
    }

    #[test]
    fn a_key_is_verbatim_and_a_file_url_is_percent_encoded() {
        assert_eq!(parse("s3://b/a%20b+c"), Address::s3("b", "a%20b+c").into());
        assert_eq!(parse("file:///a%20b+c"), Location::Path("/a b+c".into()));
        assert_eq!(parse("file://localhost/a"), Location::Path("/a".into()));
    }

    #[test]
    fn what_is_not_a_location_is_named_with_what_would_be() {
        for (text, says) in [
            ("", "empty"),
            ("s3://", "names no bucket"),
            ("s3:///key", "names no bucket"),
            ("gs://bucket/key", "`gs://`"),
            ("https://host/a.jpg", "`https://`"),
            ("file://host/a", "absolute path"),
            ("file:///a%zz", "percent-encoded"),
            ("a\0b", "NUL"),
        ] {
            let error = text.parse::<Location>().expect_err(text);
            assert!(error.to_string().contains(says), "{text}: {error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_path_that_is_not_utf_8_is_shown_with_escapes_and_never_written_down() {
        use std::os::unix::ffi::OsStrExt as _;
        let path = Path::new(std::ffi::OsStr::from_bytes(b"d\xff/caf\xe9 \xe2\x82.txt"));
        assert_eq!(Location::from(path).to_string(), "d\\xFF/caf\\xE9 \\xE2\\x82.txt");
        let error = serde_json::to_string(&Location::from(path)).expect_err("not text");
        assert!(error.to_string().contains("is not UTF-8"), "{error}");
    }

    #[test]
    fn a_folder_is_told_by_its_name() {
        for (text, folder) in
            [("out/", true), ("out", false), ("/", true), ("s3://b", true), ("s3://b/a", false)]
        {
            assert_eq!(parse(text).is_folder_by_name(), folder, "{text}");
        }
        assert_eq!(parse("s3://b/x.y/a.JPG").extension().as_deref(), Some("jpg"));
        assert_eq!(parse("s3://b/x.y/a").extension(), None);
    }
}
