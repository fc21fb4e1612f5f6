//! One error for every brawn crate: a kind that a handler can ask for, a text that states facts, a hint apart from it.

use std::any::Any;
use std::borrow::Cow;
use std::fmt;

/// A result whose error is brawn's own.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, as far as a caller can act on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// An option, flag, recipe field or location is wrong: the caller must change the request.
    InvalidOptions,
    /// The bytes are not what they claim to be: empty, truncated, corrupt.
    InvalidInput,
    /// The format or feature is known but not handled by this build.
    Unsupported,
    /// A limit set by the caller (pixels, bytes, frames) refuses this input.
    LimitExceeded,
    /// The work does not fit the memory it was given.
    OutOfMemory,
    /// The deadline, less its reserve, has passed.
    OutOfTime,
    /// Nobody wants the answer any more.
    Cancelled,
    /// More work waits for the pool than its queue limit allows.
    Busy,
    /// The work panicked; the text is the panic's message.
    Panicked,
    /// The object or file does not exist.
    NotFound,
    /// An output exists already, or would be written over its own input.
    AlreadyExists,
    /// Reading or writing failed and trying again will not help.
    Storage,
    /// Reading or writing failed in a way that often passes: throttling, 5xx, a broken connection.
    Unavailable,
}

/// The error of every brawn crate.
///
/// `Display` states facts in lower case and does not repeat [`source`](std::error::Error::source); what to do next is
/// the [`hint`](Error::hint), so that libraries state facts and a command line gives advice.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: Cow<'static, str>,
    hint: Option<Cow<'static, str>>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error of `kind` that says `message`.
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Error {
        Error(Box::new(Inner { kind, message: message.into(), hint: None, source: None }))
    }

    /// [`ErrorKind::InvalidInput`].
    pub fn invalid_input(message: impl Into<Cow<'static, str>>) -> Error {
        Error::new(ErrorKind::InvalidInput, message)
    }

    /// [`ErrorKind::InvalidOptions`].
    pub fn invalid_options(message: impl Into<Cow<'static, str>>) -> Error {
        Error::new(ErrorKind::InvalidOptions, message)
    }

    /// [`ErrorKind::Unsupported`].
    pub fn unsupported(message: impl Into<Cow<'static, str>>) -> Error {
        Error::new(ErrorKind::Unsupported, message)
    }

    /// [`ErrorKind::LimitExceeded`].
    pub fn limit_exceeded(message: impl Into<Cow<'static, str>>) -> Error {
        Error::new(ErrorKind::LimitExceeded, message)
    }

    /// [`ErrorKind::OutOfMemory`].
    pub fn out_of_memory(message: impl Into<Cow<'static, str>>) -> Error {
        Error::new(ErrorKind::OutOfMemory, message)
    }

    /// [`ErrorKind::OutOfTime`].
    pub fn out_of_time() -> Error {
        Error::new(ErrorKind::OutOfTime, "the deadline was reached")
    }

    /// [`ErrorKind::Cancelled`].
    pub fn cancelled() -> Error {
        Error::new(ErrorKind::Cancelled, "cancelled")
    }

    /// [`ErrorKind::Panicked`], with the message out of a payload caught by [`std::panic::catch_unwind`].
    pub fn panicked(payload: &(dyn Any + Send)) -> Error {
        let message = payload
            .downcast_ref::<&'static str>()
            .map(|text| (*text).to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "a panic without a message".to_owned());
        Error::new(ErrorKind::Panicked, format!("panicked: {message}"))
    }

    /// The same error with what to try next.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<Cow<'static, str>>) -> Error {
        self.0.hint = Some(hint.into());
        self
    }

    /// The same error with its cause.
    #[must_use]
    pub fn with_source(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Error {
        self.0.source = Some(source.into());
        self
    }

    /// What kind of error this is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What to try next, where something is known to help.
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// Whether the deadline ended the work.
    pub fn is_out_of_time(&self) -> bool {
        self.kind() == ErrorKind::OutOfTime
    }

    /// Whether the work did not fit its memory.
    pub fn is_out_of_memory(&self) -> bool {
        self.kind() == ErrorKind::OutOfMemory
    }

    /// Whether the work was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.kind() == ErrorKind::Cancelled
    }

    /// Whether the pool had no room for more waiting work.
    pub fn is_busy(&self) -> bool {
        self.kind() == ErrorKind::Busy
    }

    /// Whether the work panicked.
    pub fn is_panic(&self) -> bool {
        self.kind() == ErrorKind::Panicked
    }

    /// Whether the input, not the machine or the network, is the reason: trying again gives the same answer.
    pub fn is_rejection(&self) -> bool {
        matches!(
            self.kind(),
            ErrorKind::InvalidInput | ErrorKind::Unsupported | ErrorKind::LimitExceeded
        )
    }

    /// Whether trying again later is likely to help.
    pub fn is_transient(&self) -> bool {
        matches!(self.kind(), ErrorKind::Unavailable | ErrorKind::Busy)
    }

    /// The message and every cause behind it, on one line, joined by `: `. For logs.
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut next = std::error::Error::source(self);
        while let Some(cause) = next {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            next = cause.source();
        }
        text
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("message", &self.0.message)
            .field("hint", &self.0.hint)
            .field("source", &self.0.source)
            .finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

// Errors travel from a pool thread to the handler; a field that cannot is a build error.
const _: () = {
    const fn crosses_threads<T: Send + Sync + 'static>() {}
    crosses_threads::<Error>();
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_keeps_its_message() {
        let payload =
            std::panic::catch_unwind(|| panic!("row {} is odd", 7)).expect_err("it panics");
        let error = Error::panicked(payload.as_ref());
        assert!(error.is_panic());
        assert_eq!(error.to_string(), "panicked: row 7 is odd");
    }

    #[test]
    fn the_chain_names_every_cause_once() {
        let error = Error::new(ErrorKind::Storage, "cannot read `a.jpg`")
            .with_source(std::io::Error::other("disk on fire"));
        assert_eq!(error.to_string(), "cannot read `a.jpg`");
        assert_eq!(error.chain(), "cannot read `a.jpg`: disk on fire");
    }
}
