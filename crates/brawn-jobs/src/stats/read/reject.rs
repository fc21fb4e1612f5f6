//! Records that are no rows, in DuckDB's words.

use std::fmt;

/// One bad record: a line of the rejects file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reject {
    /// Bytes of the (decoded) file before the record.
    pub(crate) at: u64,
    /// The line, from 1, on which it begins.
    pub(crate) line: u64,
    /// The column at fault, from 0.
    pub(crate) column: Option<usize>,
    pub(crate) fault: Fault,
    /// What was found and what would be right.
    pub(crate) message: String,
    /// The record as it stands, its first 4 KB.
    pub(crate) text: String,
}

/// DuckDB's `error_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Cast,
    MissingColumns,
    TooManyColumns,
    UnquotedValue,
    LineSizeOverMaximum,
    InvalidEncoding,
    InvalidJson,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Fault::Cast => "CAST",
            Fault::MissingColumns => "MISSING COLUMNS",
            Fault::TooManyColumns => "TOO MANY COLUMNS",
            Fault::UnquotedValue => "UNQUOTED VALUE",
            Fault::LineSizeOverMaximum => "LINE SIZE OVER MAXIMUM",
            Fault::InvalidEncoding => "INVALID ENCODING",
            Fault::InvalidJson => "INVALID JSON",
        })
    }
}

/// As much of a record as is shown.
const SHOWN: usize = 4 << 10;

/// `record` without its end, shortened.
pub(crate) fn shown(record: &[u8]) -> String {
    let record = record.get(..record.len().min(SHOWN)).unwrap_or_default();
    // No text of a database has a NUL.
    String::from_utf8_lossy(record).trim_end_matches(['\r', '\n']).replace('\0', "\u{fffd}")
}

/// A field in a message: short, on one line.
pub(crate) fn field(text: &[u8]) -> String {
    const FIELD: usize = 60;
    let text = String::from_utf8_lossy(text);
    match text.char_indices().nth(FIELD) {
        Some((end, _)) => format!("{:?}...", text.get(..end).unwrap_or_default()),
        None => format!("{text:?}"),
    }
}
