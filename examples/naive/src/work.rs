//! What is computed.

use serde::{Deserialize, Serialize};

/// How many rows, and how much work each is.
#[derive(Clone, Debug, Deserialize)]
pub struct Request {
    /// The rows.
    pub rows: Vec<u64>,
    /// Steps for each row.
    pub steps: u64,
}

/// One number for each row.
#[derive(Debug, PartialEq, Serialize)]
pub struct Response {
    /// In the order of the rows.
    pub results: Vec<u64>,
}

/// Some nanoseconds for each step.
pub fn crunch(row: u64, steps: u64) -> u64 {
    (0..steps).fold(row, |value, step| {
        std::hint::black_box((value ^ step).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    })
}
