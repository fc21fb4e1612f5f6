//! Blocks from a reader.

use std::io::{self, Read};

use crate::{Error, ErrorKind, Result};

/// Reads on until `block` holds `size` bytes or there are no more.
///
/// # Errors
/// The reader's own [`Error`] where it carries one, else [`ErrorKind::Storage`].
pub fn fill(reader: &mut (impl Read + ?Sized), block: &mut Vec<u8>, size: usize) -> Result<()> {
    let more = size.saturating_sub(block.len());
    block.reserve_exact(more);
    reader.take(more as u64).read_to_end(block).map(drop).map_err(fault)
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
