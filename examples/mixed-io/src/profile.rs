//! The sync middle: bytes in, numbers out. Nothing here knows of S3 or of async.

use brawn::{Budget, Error, Result};
use serde::Serialize;

pub(crate) const CHUNK: usize = 64 << 10;

/// The Shannon entropy of each 64 KB of a file, in bits a byte: text has 4 to 5, what is compressed or encrypted almost
/// 8.
#[derive(Debug, Serialize)]
pub(crate) struct Profile {
    bytes: usize,
    entropy: Vec<f64>,
    highest: f64,
}

pub(crate) fn of(bytes: &[u8], budget: &Budget) -> Result<Profile> {
    if bytes.is_empty() {
        return Err(Error::invalid_input("it is empty, and nothing has no entropy"));
    }
    let entropy = budget.par_chunks(bytes, CHUNK).map(entropy).collect()?;
    let highest = entropy.iter().copied().fold(0.0, f64::max);
    Ok(Profile { bytes: bytes.len(), entropy, highest })
}

impl Profile {
    pub(crate) fn to_json(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(self)
            .map_err(|error| Error::unsupported("the result is no JSON").with_source(error))
    }
}

fn entropy(chunk: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in chunk {
        counts[usize::from(*byte)] += 1;
    }
    let part = |count: &u32| f64::from(*count) / chunk.len() as f64;
    // `max` turns the -0.0 of a single value into 0.
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|n| -part(n) * part(n).log2())
        .sum::<f64>()
        .max(0.0)
}
