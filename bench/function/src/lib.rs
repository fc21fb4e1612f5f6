//! What all functions take and give.

use serde::{Deserialize, Serialize};

/// The event.
#[derive(Debug, Deserialize)]
pub struct Request {
    /// Who is greeted, or what is summed up.
    pub values: Vec<f64>,
}

/// The reply.
#[derive(Debug, Serialize)]
pub struct Response {
    /// The sum.
    pub sum: f64,
}
