//! A file that threads read where they want to.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use brawn_core::{Error, ErrorKind, ReadAt, Result};

use crate::stop::Stop;

/// As long as it was when it was opened: what is appended meanwhile is not read.
pub(crate) struct LocalFile {
    pub(crate) file: Arc<File>,
    pub(crate) size: u64,
    pub(crate) stop: Stop,
    /// Is told the bytes that were read.
    pub(crate) count: Arc<AtomicU64>,
}

impl ReadAt for LocalFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<()> {
        if let Some(ended) = self.stop.reason() {
            return Err(ended);
        }
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match some_at(&self.file, rest, offset + filled as u64) {
                Ok(0) => {
                    return Err(Error::new(
                        ErrorKind::Storage,
                        "the file became shorter while it was read",
                    ));
                }
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    return Err(Error::new(ErrorKind::Storage, "reading the file failed")
                        .with_source(error));
                }
            }
        }
        self.count.fetch_add(filled as u64, Ordering::Relaxed);
        Ok(())
    }
}

#[cfg(unix)]
fn some_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, offset)
}

#[cfg(windows)]
fn some_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, offset)
}
