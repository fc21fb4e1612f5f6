//! Values of the command line as people write them.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use brawn_core::Error;
use brawn_edge::Location;
use clap::builder::{OsStringValueParser, TypedValueParser};

/// Where outputs go: names in a bucket and in reports are text.
pub(super) fn destination() -> impl TypedValueParser<Value = String> {
    in_text("write to another one")
}

/// A file of keys or a passphrase: a recipe names it, which is text.
pub(super) fn secrets() -> impl TypedValueParser<Value = String> {
    in_text("rename it, or give it as `-` on stdin")
}

fn in_text(instead: &'static str) -> impl TypedValueParser<Value = String> {
    OsStringValueParser::new().try_map(move |name| {
        let refused = |name: OsString| {
            let shown = Location::from(PathBuf::from(name));
            Error::invalid_options(format!("the name `{shown}` is not UTF-8: {instead}"))
        };
        name.into_string().map_err(refused)
    })
}

/// `90s`, `5m`, `1.5h`, `800ms`; a bare number is seconds.
pub(super) fn parse_duration(text: &str) -> Result<Duration, Error> {
    let bad = || {
        Error::invalid_options(format!(
            "`{text}` is not a time: a number with an optional unit, such as 90s, 5m or 800ms"
        ))
    };
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let factor = match unit.trim() {
        "ms" => 1e-3,
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err(bad()),
    };
    let seconds = number.parse::<f64>().map_err(|_| bad())? * factor;
    Duration::try_from_secs_f64(seconds).map_err(|_| bad())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_as_people_write_them() {
        for (text, millis) in
            [("90", 90_000), ("90s", 90_000), ("1.5m", 90_000), ("800ms", 800), ("2h", 7_200_000)]
        {
            assert_eq!(parse_duration(text).expect(text), Duration::from_millis(millis));
        }
        for text in ["", "soon", "-3s", "3 weeks", "1e999"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }
}
