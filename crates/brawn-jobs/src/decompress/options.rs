//! The options of the decompress job: one struct for flags, JSON and code.

use brawn_core::{ByteSize, Error, Result};
use serde::{Deserialize, Serialize};

use crate::values;

/// How an object is decompressed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct Options {
    /// Refuse what becomes longer than this [default: no limit]
    #[serde(with = "values::maybe_size")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "SIZE", help_heading = "Limits"))]
    pub max_output_bytes: Option<ByteSize>,

    /// Refuse what becomes more than 64 MB and so many times as long as its input [default: 2000, and only beyond 16 GB]. gzip cannot
    /// pass 1032; of zstd only long repetitions do.
    #[cfg_attr(feature = "clap", arg(long, value_name = "N", help_heading = "Limits"))]
    pub max_ratio: Option<u32>,

    /// Refuse zstd frames that need a larger window, which is memory.
    #[serde(with = "values::size")]
    #[cfg_attr(
        feature = "clap",
        arg(long, value_name = "SIZE", default_value_t = MAX_WINDOW, help_heading = "Limits")
    )]
    pub max_window: ByteSize,

    /// Check that all of it can be decompressed, and write nothing
    #[cfg_attr(feature = "clap", arg(long, short = 't', conflicts_with = "list"))]
    pub test: bool,

    /// Say how long it is, compressed and not, and write nothing; what the headers say is taken from them
    #[cfg_attr(feature = "clap", arg(long, short = 'l'))]
    pub list: bool,

    /// Take inputs without a suffix of a format too; their outputs have the same name.
    #[cfg_attr(feature = "clap", arg(skip))]
    pub any_name: bool,
}

/// What `zstd -d` takes, and `zstd --long` makes.
const MAX_WINDOW: ByteSize = ByteSize::mib(128);

impl Default for Options {
    fn default() -> Options {
        Options {
            max_output_bytes: None,
            max_ratio: None,
            max_window: MAX_WINDOW,
            test: false,
            list: false,
            any_name: false,
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
        if self.test && self.list {
            return Err(Error::invalid_options("`test` and `list` are both set: takes one"));
        }
        if self.max_ratio == Some(0) {
            return Err(Error::invalid_options("`max_ratio` is 0: takes 1 and more"));
        }
        Ok(())
    }

    /// Whether an output is written.
    pub fn writes(&self) -> bool {
        !(self.test || self.list)
    }
}
