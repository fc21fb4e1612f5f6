//! Blocks from a reader.

use std::io::{self, Read};

use crate::{Error, ErrorKind, Result};

/// Reads the next `size` bytes into `block`, in the place of what it holds; fewer where there are no more.
///
/// # Errors
/// The reader's own [`Error`] where it carries one, else [`ErrorKind::Storage`].
pub fn fill(reader: &mut (impl Read + ?Sized), block: &mut Vec<u8>, size: usize) -> Result<()> {
    // A block that was that long before costs nothing here.
    block.resize(size, 0);
    let filled = fill_slice(reader, block)?;
    block.truncate(filled);
    Ok(())
}

/// Reads the next `size` bytes behind what `block` holds; fewer where there are no more. Says how many came.
///
/// # Errors
/// As [`fill`].
pub fn append(
    reader: &mut (impl Read + ?Sized),
    block: &mut Vec<u8>,
    size: usize,
) -> Result<usize> {
    let held = block.len();
    block.resize(held + size, 0);
    let filled = fill_slice(reader, block.get_mut(held..).unwrap_or_default());
    block.truncate(held + filled.as_ref().map_or(0, |filled| *filled));
    filled
}

/// Reads into `place` until it is full or there is no more; says how many bytes these were.
///
/// # Errors
/// As [`fill`].
pub fn fill_slice(reader: &mut (impl Read + ?Sized), place: &mut [u8]) -> Result<usize> {
    let mut filled = 0;
    while let Some(rest) = place.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match reader.read(rest) {
            Ok(0) => break,
            Ok(read) => filled += read.min(rest.len()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(fault(error)),
        }
    }
    Ok(filled)
}

/// A reader can only fail with an [`io::Error`]; what the edges put into it comes out again.
pub(crate) fn fault(error: io::Error) -> Error {
    let failed = |error: io::Error| {
        Error::new(ErrorKind::Storage, "reading the input failed").with_source(error)
    };
    if error.get_ref().is_some_and(|inner| inner.is::<Error>()) {
        match error.into_inner().map(|inner| inner.downcast::<Error>()) {
            Some(Ok(own)) => *own,
            Some(Err(other)) => failed(io::Error::other(other)),
            None => failed(io::ErrorKind::Other.into()),
        }
    } else {
        failed(error)
    }
}
