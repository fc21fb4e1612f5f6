//! What Lambda gets to see of an error.

use std::fmt;

use brawn_core::{Error, ErrorKind};
use lambda_runtime::Diagnostic;

/// An error as Lambda gets to see it: a stable type, a short message. The chain is in the log.
pub(super) struct Reply(pub(super) Error);

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.chain())
    }
}

impl From<Reply> for Diagnostic {
    fn from(Reply(error): Reply) -> Diagnostic {
        Diagnostic {
            error_type: error_type(error.kind()).to_owned(),
            error_message: error.to_string(),
        }
    }
}

/// The error type that Lambda shows and that Step Functions can match on.
pub fn error_type(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::InvalidOptions => "Brawn.InvalidOptions",
        ErrorKind::InvalidInput => "Brawn.InvalidInput",
        ErrorKind::Unsupported => "Brawn.Unsupported",
        ErrorKind::LimitExceeded => "Brawn.LimitExceeded",
        ErrorKind::OutOfMemory => "Brawn.OutOfMemory",
        ErrorKind::OutOfTime => "Brawn.OutOfTime",
        ErrorKind::Cancelled => "Brawn.Cancelled",
        ErrorKind::Busy => "Brawn.Busy",
        ErrorKind::Panicked => "Brawn.Panicked",
        ErrorKind::NotFound => "Brawn.NotFound",
        ErrorKind::AlreadyExists => "Brawn.AlreadyExists",
        ErrorKind::Unavailable => "Brawn.Unavailable",
        _ => "Brawn.Storage",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lambda_sees_a_stable_type_and_no_causes() {
        let error = Error::new(ErrorKind::OutOfMemory, "needs 3 GB")
            .with_source(std::io::Error::other("secret detail"));
        let diagnostic = Diagnostic::from(Reply(error));
        assert_eq!(diagnostic.error_type, "Brawn.OutOfMemory");
        assert_eq!(diagnostic.error_message, "needs 3 GB");
    }
}
