//! Standard output, past the buffer that looks for ends of lines.

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
    Error::new(ErrorKind::Storage, "cannot write to standard output").with_source(error)
}
