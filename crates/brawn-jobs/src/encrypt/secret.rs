//! Secrets from where options say that they are. Nothing of what is read appears in an error.

use std::fs::File;
use std::io::Read as _;

use brawn_core::{Error, Result};
use secrecy::zeroize::Zeroizing;

/// The largest file of keys or passphrase that is read.
const LARGEST: u64 = 1 << 20;

/// The value of the environment variable that `option` names.
///
/// # Errors
/// [`ErrorKind::InvalidOptions`](brawn_core::ErrorKind::InvalidOptions) where there is none.
pub(crate) fn variable(option: &str, name: &str) -> Result<String> {
    std::env::var(name).map_err(|error| {
        let why = match error {
            std::env::VarError::NotPresent => "is not set",
            std::env::VarError::NotUnicode(_) => "is not UTF-8",
        };
        Error::invalid_options(format!("`{option}`: the environment variable `{name}` {why}"))
    })
}

/// The file that `option` names.
///
/// # Errors
/// [`ErrorKind::InvalidOptions`](brawn_core::ErrorKind::InvalidOptions) where it cannot be read, or is larger than 1 MiB.
pub(crate) fn file(option: &str, path: &str) -> Result<Zeroizing<Vec<u8>>> {
    let cannot = |error: std::io::Error| {
        Error::invalid_options(format!("`{option}`: cannot read `{path}`")).with_source(error)
    };
    let file = File::open(path).map_err(cannot)?;
    // Never grown: a vector that moves leaves its bytes behind.
    let mut bytes = Zeroizing::new(Vec::new());
    let size = file.metadata().map_or(0, |metadata| metadata.len());
    bytes.reserve_exact(usize::try_from(size.min(LARGEST)).unwrap_or_default() + 64);
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(cannot)?;
    if bytes.len() as u64 > LARGEST {
        return Err(Error::invalid_options(format!("`{option}`: `{path}` is larger than 1 MiB")));
    }
    Ok(bytes)
}
