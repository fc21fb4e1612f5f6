//! Standard output, past the buffer that looks for ends of lines.

use std::fmt;
use std::fs::File;
use std::io::{self, Write as _};

use brawn_core::{Error, ErrorKind, Result};

/// Standard output as a place for large pieces.
pub(super) struct Stdout {
    /// Its own handle, where the system has files for it.
    file: Option<File>,
    is_file: bool,
}

impl Stdout {
    /// What was written to the buffered one before comes before.
    pub(super) fn new() -> Result<Stdout> {
        io::stdout().lock().flush().map_err(fault)?;
        let file = handle().map_err(fault)?;
        let is_file = match &file {
            Some(file) => file.metadata().map_err(fault)?.is_file(),
            None => false,
        };
        Ok(Stdout { file, is_file })
    }

    /// Whether it is a file, and no pipe, terminal or device.
    pub(super) fn is_file(&self) -> bool {
        self.is_file
    }

    pub(super) fn write(&mut self, piece: &[u8]) -> Result<()> {
        match &mut self.file {
            Some(file) => file.write_all(piece),
            None => io::stdout().lock().write_all(piece),
        }
        .map_err(fault)
    }

    pub(super) fn finish(self) -> Result<()> {
        io::stdout().lock().flush().map_err(fault)
    }
}

#[cfg(unix)]
fn handle() -> io::Result<Option<File>> {
    use std::os::fd::AsFd as _;
    io::stdout().as_fd().try_clone_to_owned().map(|own| Some(File::from(own)))
}

#[cfg(not(unix))]
fn handle() -> io::Result<Option<File>> {
    Ok(None)
}

pub(super) fn fault(error: io::Error) -> Error {
    let fault = Error::new(ErrorKind::Storage, "cannot write to standard output");
    match error.kind() {
        io::ErrorKind::BrokenPipe => fault.with_source(Closed(error)),
        _ => fault.with_source(error),
    }
}

/// Tells standard output from whatever else is a pipe.
#[derive(Debug)]
struct Closed(io::Error);

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Closed {}

/// Whether `error` is, whatever a job made of it, that nobody reads standard output any more.
pub(crate) fn is_closed(error: &Error) -> bool {
    let first = std::error::Error::source(error);
    std::iter::successors(first, |cause| cause.source()).any(|cause| cause.is::<Closed>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_pipe_is_told_from_a_full_disk_and_from_other_pipes() {
        let closed = || fault(io::ErrorKind::BrokenPipe.into());
        assert_eq!(closed().chain(), "cannot write to standard output: broken pipe");
        assert!(is_closed(&closed()));
        assert!(is_closed(&Error::invalid_input("of a job").with_source(closed())));
        assert!(!is_closed(&fault(io::ErrorKind::StorageFull.into())));
        let other = Error::new(ErrorKind::Storage, "cannot write `pipe`");
        assert!(!is_closed(&other.with_source(io::Error::from(io::ErrorKind::BrokenPipe))));
    }
}
