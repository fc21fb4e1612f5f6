//! The options of the hash job: one struct for flags, JSON and code.

use brawn_core::{ByteSize, Error, Result};
use serde::{Deserialize, Serialize};

use super::Algorithm;
use crate::values;

/// Which checksums of an object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct Options {
    /// Checksums to compute, all in one pass: `sha256` or `blake3,crc64nvme`. Of a list that is checked, the lines of these
    /// alone. [default: sha256, and what each line of a list is]
    #[serde(deserialize_with = "values::one_or_many")]
    #[cfg_attr(
        feature = "clap",
        arg(long, short = 'a', value_name = "NAME", value_delimiter = ',')
    )]
    pub algorithm: Vec<Algorithm>,

    /// What S3 shows for an object that was uploaded in parts of this size (`8MB`): the ETag for md5, and its checksums
    /// of checksums for crc32, crc32c, sha1 and sha256. An object smaller than one part is taken as put in one request.
    #[serde(with = "values::maybe_size")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "SIZE"))]
    pub part_size: Option<ByteSize>,

    /// Checksums of the whole object beside those of its parts, for lists that have both. No part of a recipe.
    #[serde(skip)]
    #[cfg_attr(feature = "clap", arg(skip))]
    pub whole: Vec<Algorithm>,

    /// Write each checksum as a file too, `a.jpg.sha256` for `a.jpg`, which `sha256sum -c` reads. Off: it is in the
    /// report alone.
    #[cfg_attr(feature = "clap", arg(skip))]
    pub sums: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            algorithm: vec![Algorithm::Sha256],
            part_size: None,
            whole: Vec::new(),
            sums: false,
        }
    }
}

impl Options {
    /// Whether they make sense together.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidOptions`](brawn_core::ErrorKind::InvalidOptions), with the field, its value and what would be
    /// right.
    pub fn validate(&self) -> Result<()> {
        if self.algorithm.is_empty() {
            return Err(Error::invalid_options("`algorithm` is empty: takes one name at least"));
        }
        for (index, algorithm) in self.algorithm.iter().enumerate() {
            if self.algorithm.iter().take(index).any(|before| before == algorithm) {
                return Err(Error::invalid_options(format!(
                    "`algorithm` has `{algorithm}` twice: takes each name once"
                )));
            }
        }
        if self.part_size.is_some_and(|size| size.0 == 0) {
            return Err(Error::invalid_options(
                "`part_size` is 0: takes the size of a part, such as 8MB",
            ));
        }
        Ok(())
    }
}
