//! Values of the command line as people write them.

use std::any::TypeId;
use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use brawn_core::Error;
use brawn_edge::Location;
use clap::Arg;
use clap::builder::{OsStringValueParser, StringValueParser, TypedValueParser};

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

/// The same flag; if it takes a number, what is none is told what would be right, and not how reading it failed.
pub(super) fn numbers(flag: Arg) -> Arg {
    let kind = flag.get_value_parser().type_id();
    let is = |number| kind == number;
    // `--quality <1-100>`.
    let named = flag.get_value_names().and_then(|names| names.first()).map(ToString::to_string);
    let range = named.filter(|name| name.starts_with(|first: char| first.is_ascii_digit()));
    let whole = |which: &str| format!("a whole number, {}", range.as_deref().unwrap_or(which));
    match flag.get_id().as_str() {
        "level" if is(TypeId::of::<u8>()) => {
            let levels = "1 to 19 for zstd, 1 to 9 for gzip and bgzf, 1 for lz4";
            flag.value_parser(number::<u8>(whole(levels)))
        }
        _ if is(TypeId::of::<u8>()) => flag.value_parser(number::<u8>(whole("255 at most"))),
        _ if is(TypeId::of::<u16>()) => flag.value_parser(number::<u16>(whole("65535 at most"))),
        _ if is(TypeId::of::<u32>()) => {
            flag.value_parser(number::<u32>(whole("4294967295 at most")))
        }
        _ if is(TypeId::of::<usize>()) => flag.value_parser(number::<usize>(whole("0 or more"))),
        _ if is(TypeId::of::<NonZeroUsize>()) => {
            flag.value_parser(number::<NonZeroUsize>(whole("1 or more")))
        }
        _ if is(TypeId::of::<f64>()) => flag.value_parser(number::<f64>("a number".to_owned())),
        _ => flag,
    }
}

fn number<T: FromStr + Clone + Send + Sync + 'static>(
    right: String,
) -> impl TypedValueParser<Value = T> {
    StringValueParser::new().try_map(move |text| {
        let none = |_| Error::invalid_options(format!("takes {right}"));
        text.parse::<T>().map_err(none)
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
