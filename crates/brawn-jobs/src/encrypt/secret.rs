//! Secrets from where options say that they are. Nothing of what is read appears in an error.

use std::fs::File;
use std::io::{Read as _, stdin};
use std::os::fd::AsFd as _;

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

/// The file that `option` names; `-` is standard input.
///
/// # Errors
/// [`ErrorKind::InvalidOptions`](brawn_core::ErrorKind::InvalidOptions) where it cannot be read, or is larger than 1 MiB.
pub(crate) fn file(option: &str, path: &str) -> Result<Zeroizing<Vec<u8>>> {
    read(&format!("`{option}`: "), path)
}

/// The file at `path`, where no option of a job names it; `-` is standard input.
///
/// # Errors
/// As [`file`].
pub(super) fn contents(path: &str) -> Result<Zeroizing<Vec<u8>>> {
    read("", path)
}

/// Errors begin with `whose`.
fn read(whose: &str, path: &str) -> Result<Zeroizing<Vec<u8>>> {
    let cannot = |error: std::io::Error| {
        Error::invalid_options(format!("{whose}cannot read `{path}`")).with_source(error)
    };
    let file = match path {
        // Its own handle: the buffer of the usual one would keep what went through it.
        "-" => stdin().as_fd().try_clone_to_owned().map(File::from),
        path => File::open(path),
    };
    let file = file.map_err(cannot)?;
    // Never grown: a vector that moves leaves its bytes behind.
    let mut bytes = Zeroizing::new(Vec::new());
    let known = file.metadata().ok().filter(|metadata| metadata.is_file());
    let size = known.map_or(LARGEST, |metadata| metadata.len().min(LARGEST));
    bytes.reserve_exact(usize::try_from(size).unwrap_or_default() + 64);
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(cannot)?;
    if bytes.len() as u64 > LARGEST {
        return Err(Error::invalid_options(format!("{whose}`{path}` is larger than 1 MiB")));
    }
    Ok(bytes)
}
