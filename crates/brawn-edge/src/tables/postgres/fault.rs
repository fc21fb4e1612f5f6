//! What the server and the connection say, in brawn's words.

use brawn_core::{Error, ErrorKind};
use tokio_postgres::error::SqlState;

/// Whether the same transaction may succeed when it is tried again.
pub(super) fn is_conflict(error: &tokio_postgres::Error) -> bool {
    let code = error.code();
    code == Some(&SqlState::T_R_SERIALIZATION_FAILURE)
        || code == Some(&SqlState::T_R_DEADLOCK_DETECTED)
}

/// Whether nobody knows what became of the last statement.
pub(super) fn is_lost(error: &tokio_postgres::Error) -> bool {
    match error.code() {
        None => true,
        // The server is going down, or a connection exception.
        Some(code) => code.code().starts_with("57P") || code.code().starts_with("08"),
    }
}

/// brawn's error for one of the server `shown`, or of the way to it.
pub(super) fn fault(error: tokio_postgres::Error, shown: &str) -> Error {
    let Some(said) = error.as_db_error() else {
        return Error::new(ErrorKind::Unavailable, format!("the connection to `{shown}` was lost"))
            .with_source(error);
    };
    let mut message = said.message().to_owned();
    if let Some(detail) = said.detail() {
        message = format!("{message} ({detail})");
    }
    let code = said.code().code();
    let kind = match code.get(..2).unwrap_or_default() {
        // Conflicts, a server that is busy, restarting or gone, a statement that was ended by someone else.
        "40" | "08" | "57" | "55" => ErrorKind::Unavailable,
        "53" if code != "53100" => ErrorKind::Unavailable,
        "3D" => ErrorKind::NotFound,
        "22" => ErrorKind::InvalidInput,
        _ => ErrorKind::Storage,
    };
    let error = Error::new(kind, format!("`{shown}` says: {message} ({code})"));
    match code.get(..2) {
        Some("28") => error.with_hint(
            "the user is that of the location, of PGUSER or of the system; the password that of the location, of \
             PGPASSWORD, or of PGPASSFILE or ~/.pgpass",
        ),
        Some("42") => error.with_hint("the user needs to create tables, or they have to be there"),
        _ => error,
    }
}

/// brawn's error for a server that cannot be connected to.
pub(super) fn unreachable(error: tokio_postgres::Error, shown: &str) -> Error {
    if error.as_db_error().is_some() {
        return fault(error, shown);
    }
    let io =
        std::error::Error::source(&error).and_then(|cause| cause.downcast_ref::<std::io::Error>());
    let kind = match io.map(std::io::Error::kind) {
        // A certificate that is not believed, options that do not fit.
        None | Some(std::io::ErrorKind::InvalidData | std::io::ErrorKind::InvalidInput) => {
            ErrorKind::Storage
        }
        Some(_) => ErrorKind::Unavailable,
    };
    Error::new(kind, format!("`{shown}` cannot be reached")).with_source(error)
}
