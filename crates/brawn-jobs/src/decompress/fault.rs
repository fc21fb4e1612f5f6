//! What can be wrong with an input, and where.

use brawn_core::Error;

pub(super) fn damaged(what: &str, start: u64, why: impl std::fmt::Display) -> Error {
    Error::invalid_input(format!("the {what} that begins at byte {start} is damaged: {why}"))
}

pub(super) fn ends_early(what: &str, start: u64, end: u64) -> Error {
    Error::invalid_input(format!(
        "the input is cut off: it ends at byte {end}, inside of the {what} that begins at byte {start}"
    ))
}

pub(super) fn trailing(what: &str, at: u64) -> Error {
    Error::invalid_input(format!("what begins at byte {at}, behind the last {what}, is no {what}"))
}
