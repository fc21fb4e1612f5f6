//! Sizes in bytes, as people write them.

use std::fmt;
use std::str::FromStr;

use crate::Error;

/// A number of bytes that reads and prints as people write it: `512MB`, `1.5 GiB`, `800`.
///
/// Units are powers of 1024 whether written `MB`, `MiB` or `M`, as AWS counts memory (platform: 1 MB is 1,024 KB).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteSize(pub u64);

impl ByteSize {
    /// `count` times 1024 squared.
    pub const fn mib(count: u64) -> ByteSize {
        ByteSize(count * 1024 * 1024)
    }

    /// The number of bytes.
    pub const fn bytes(self) -> u64 {
        self.0
    }
}

const UNITS: [(&str, u64); 4] = [("K", 1 << 10), ("M", 1 << 20), ("G", 1 << 30), ("T", 1 << 40)];

impl FromStr for ByteSize {
    type Err = Error;

    fn from_str(text: &str) -> Result<ByteSize, Error> {
        let bad = || {
            Error::invalid_options(format!(
                "`{text}` is not a size: a number with an optional unit, such as 800, 512MB or 1.5GiB"
            ))
        };
        let trimmed = text.trim();
        let end = trimmed.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(trimmed.len());
        let (number, unit) = trimmed.split_at(end);
        let number: f64 = number.parse().map_err(|_| bad())?;
        let unit = unit.trim().to_ascii_uppercase();
        let unit = unit.strip_suffix("IB").or_else(|| unit.strip_suffix('B')).unwrap_or(&unit);
        let factor = match unit {
            "" => 1,
            unit => UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(bad)?.1,
        };
        let bytes = number * factor as f64;
        if bytes.is_finite() && bytes <= u64::MAX as f64 {
            Ok(ByteSize(bytes as u64))
        } else {
            Err(bad())
        }
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match UNITS.iter().rev().find(|(_, factor)| self.0 >= *factor) {
            None => f.pad(&format!("{} B", self.0)),
            Some((name, factor)) => {
                let count = self.0 as f64 / *factor as f64;
                let digits = if count >= 100.0 || count.fract() == 0.0 { 0 } else { 1 };
                f.pad(&format!("{count:.digits$} {name}B"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_as_people_write_them() {
        for (text, bytes) in [
            ("800", 800),
            ("1KB", 1024),
            ("512MB", 512 << 20),
            ("512 MiB", 512 << 20),
            ("1.5g", 3 << 29),
            ("0", 0),
        ] {
            assert_eq!(text.parse::<ByteSize>().expect(text), ByteSize(bytes), "{text}");
        }
        for text in ["", "MB", "12XB", "-1", "1..5", "1e400"] {
            assert!(text.parse::<ByteSize>().is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_print_short() {
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1536, "1.5 KB"),
            (512 << 20, "512 MB"),
            (3 << 29, "1.5 GB"),
        ] {
            assert_eq!(ByteSize(bytes).to_string(), text);
        }
    }
}
