//! Names that stay inside their destination.

use brawn_core::{Error, Result};

/// Longest file name that Linux, macOS and Windows file systems take.
const LONGEST: usize = 255;

/// Checks that `name`, relative with `/` between folders, means something inside the folder it is joined to.
///
/// Nothing is decoded: `..%2Fup` is a name like any other, for here as for what comes after.
pub(super) fn check(name: &str) -> Result<()> {
    let refuse = |why: &str| {
        Err(Error::invalid_options(format!("the output name `{}` {why}", name.escape_debug())))
    };
    if name.is_empty() {
        return refuse("is empty");
    }
    if name.starts_with('/') {
        return refuse("is absolute, it must be relative to the destination");
    }
    if name.chars().any(char::is_control) {
        return refuse("contains a control character");
    }
    for part in name.split('/') {
        match part {
            "" => return refuse("has an empty part between two slashes or at its end"),
            "." | ".." => {
                return refuse("has a `.` or `..` part, it must stay inside the destination");
            }
            _ => {}
        }
        if part.len() > LONGEST {
            return refuse("has a part longer than 255 bytes");
        }
        if cfg!(windows) && foreign_to_windows(part) {
            return refuse("has a part that Windows reads as a drive, a path or a device");
        }
    }
    Ok(())
}

/// Separators, drive letters and streams, trailing dots and spaces (which Windows drops), device names.
fn foreign_to_windows(part: &str) -> bool {
    const DEVICES: [&str; 4] = ["CON", "PRN", "AUX", "NUL"];
    let stem = part.split('.').next().unwrap_or(part).trim_end().to_ascii_uppercase();
    let numbered = stem.strip_prefix("COM").or(stem.strip_prefix("LPT"));
    part.contains(['\\', ':', '<', '>', '"', '|', '?', '*'])
        || part.ends_with(['.', ' '])
        || DEVICES.contains(&stem.as_str())
        || numbered.is_some_and(|number| number.len() == 1 && number != "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_could_escape_is_refused() {
        let long = "x".repeat(256);
        for name in [
            "",
            "/",
            "/etc/passwd",
            "..",
            ".",
            "../up",
            "a/../../b",
            "a/..",
            "a/./b",
            "a//b",
            "a/",
            "a\0b",
            "a\nb",
            "\u{7f}",
            "a/\u{85}b",
            long.as_str(),
        ] {
            check(name).expect_err(name);
        }
    }

    #[test]
    fn an_unusual_name_is_still_a_name() {
        let long = "é".repeat(127);
        for name in [
            "a b.jpg",
            " lead.jpg",
            "-rf",
            "...",
            "..a",
            "a..",
            "a/.hidden",
            "..%2Fup.jpg",
            "%2e%2e",
            "a#b?.jpg",
            "a+b%20c.jpg",
            "été/写真 1.jpg",
            "C:",
            "a\\b",
            long.as_str(),
        ] {
            if !cfg!(windows) {
                check(name).expect(name);
            }
        }
    }

    #[test]
    fn what_windows_reads_differently_is_known() {
        for part in ["C:", "a\\b", "a:stream", "nul", "NUL.txt", "com1.jpg", "a.", "a ", "a?"] {
            assert!(foreign_to_windows(part), "{part}");
        }
        for part in ["a.jpg", "COM0", "COM10", "console", "été"] {
            assert!(!foreign_to_windows(part), "{part}");
        }
    }
}
