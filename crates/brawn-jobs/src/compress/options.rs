//! The options of the compress job: one struct for flags, JSON and code.

use brawn_core::{Error, Result};
use serde::{Deserialize, Serialize};

use super::Format;

/// Extensions, in lower case, of formats that other tools write.
const FOREIGN: &[&str] = &[
    "7z", "br", "bz2", "lz", "lzma", "lzo", "rar", "sz", "tbz", "tbz2", "tlz4", "txz", "xz", "z",
    "zip",
];

/// How an object is compressed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct Options {
    /// The format. [default: what the name of the one output says, or zstd]
    #[cfg_attr(feature = "clap", arg(long, value_name = "FORMAT"))]
    pub format: Option<Format>,

    /// How hard to try: 1 to 19 for zstd, 1 to 9 for gzip and bgzf, 1 for lz4. [default: 3, 6, 1]
    #[cfg_attr(feature = "clap", arg(long, value_name = "N"))]
    pub level: Option<u8>,
}

impl Options {
    /// Whether they make sense together.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidOptions`](brawn_core::ErrorKind::InvalidOptions), with the field, its value and what would be
    /// right.
    pub fn validate(&self) -> Result<()> {
        let highest = self.format().highest_level();
        match self.level {
            Some(level) if !(1..=highest).contains(&level) => Err(Error::invalid_options(format!(
                "`level` is {level}: {} takes {}",
                self.format(),
                if highest == 1 { "1".to_owned() } else { format!("1 to {highest}") }
            ))),
            _ => Ok(()),
        }
    }

    /// The same for one exact output whose name ends with `extension`: `out.gz` is gzip, whatever the default is.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidOptions`](brawn_core::ErrorKind::InvalidOptions) where the format that was asked for has another
    /// extension.
    pub fn written_to(self, to: &str, extension: &str) -> Result<Options> {
        let own = match extension {
            "zst" | "zstd" | "tzst" => Format::Zstd,
            "gz" | "tgz" => Format::Gzip,
            "bgz" => Format::Bgzf,
            "lz4" => Format::Lz4,
            _ if FOREIGN.contains(&extension) => {
                return Err(Error::invalid_options(format!(
                    "`{to}` ends with `.{extension}`, a format that is not written here"
                ))
                .with_hint("what is written is `.zst`, `.gz`, `.bgz` (BGZF) or `.lz4`"));
            }
            // `.bin`, `.backup`: says nothing of how it is compressed.
            _ => return Ok(self),
        };
        match (own, self.format) {
            // The default, or what is gzip too.
            (Format::Zstd, None) => Ok(self),
            (own, None) => Ok(Options { format: Some(own), ..self }),
            (Format::Bgzf, Some(Format::Gzip)) => Ok(Options { format: Some(own), ..self }),
            (Format::Gzip, Some(Format::Bgzf)) => Ok(self),
            (own, Some(format)) if own == format => Ok(self),
            (own, Some(format)) => Err(Error::invalid_options(format!(
                "`{to}` ends with `.{extension}` and the format is {format}"
            ))
            .with_hint(format!("give it another name, or the format {own}"))),
        }
    }

    /// The format that is written.
    pub fn format(&self) -> Format {
        self.format.unwrap_or_default()
    }

    pub(super) fn level(&self) -> u8 {
        self.level.unwrap_or_else(|| self.format().usual_level())
    }
}
