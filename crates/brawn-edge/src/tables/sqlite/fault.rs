//! What SQLite says, in brawn's words.

use std::path::Path;

use brawn_core::{Error, ErrorKind};
use rusqlite::ErrorCode;

/// Whether another connection has the lock.
pub(super) fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// brawn's error for one of SQLite about the database at `path`.
pub(super) fn fault(error: rusqlite::Error, path: &Path) -> Error {
    let shown = format!("sqlite:{}", path.display());
    let storage = |what: &str| Error::new(ErrorKind::Storage, format!("`{shown}` {what}"));
    match error.sqlite_error_code() {
        Some(ErrorCode::CannotOpen) => {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            match folder.filter(|folder| !folder.is_dir()) {
                Some(folder) => Error::new(
                    ErrorKind::NotFound,
                    format!("`{shown}` cannot be made: there is no folder `{}`", folder.display()),
                ),
                None => storage("cannot be opened").with_source(error),
            }
        }
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => storage("may not be written to")
            .with_hint("SQLite writes the file, and beside it in the same folder"),
        Some(ErrorCode::NotADatabase) => storage("is no database of SQLite"),
        Some(ErrorCode::DatabaseCorrupt) => storage("is corrupt").with_source(error),
        Some(ErrorCode::DiskFull) => storage("does not fit the disk"),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            Error::new(ErrorKind::Unavailable, format!("`{shown}` is locked by another connection"))
        }
        _ => storage("refuses the rows").with_source(error),
    }
}
