//! `brawn keygen`: a key and its recipient, as age-keygen writes them.

use std::fs::{self, File};
use std::io::{ErrorKind as IoErrorKind, IsTerminal as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use brawn_core::{Error, ErrorKind, Result};
use brawn_jobs::encrypt::secrecy::ExposeSecret as _;
use brawn_jobs::encrypt::{KeyPair, recipients_of};

use crate::args::encrypt::Keygen;
use crate::verdict::Verdict;

/// Does it.
pub(crate) fn keygen(words: &Keygen) -> Result<Verdict> {
    if let Some(file) = &words.recipients_of {
        for recipient in recipients_of(file)? {
            print(&format!("{recipient}\n"))?;
        }
        return Ok(Verdict::Done);
    }
    let pair = KeyPair::generate()?;
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let text = pair.file(&rfc3339(since.as_secs()));
    match &words.output {
        Some(path) => write(path, text.expose_secret())?,
        None => print(text.expose_secret())?,
    }
    if words.output.is_some() || !std::io::stdout().is_terminal() {
        let _ = writeln!(std::io::stderr(), "Public key: {}", pair.recipient());
    }
    Ok(Verdict::Done)
}

/// Readable by its owner alone, and never over what is there.
fn write(path: &Path, text: &str) -> Result<()> {
    let mut file =
        File::options().write(true).create_new(true).mode(0o600).open(path).map_err(|error| {
            if error.kind() == IoErrorKind::AlreadyExists {
                return Error::new(
                    ErrorKind::AlreadyExists,
                    format!("`{}` is there already", path.display()),
                )
                .with_hint("a key that is lost cannot be made again: give another name");
            }
            Error::new(ErrorKind::Storage, format!("cannot write `{}`", path.display()))
                .with_source(error)
        })?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(|error| {
        // Half a key is none.
        let _ = fs::remove_file(path);
        Error::new(ErrorKind::Storage, format!("cannot write `{}`", path.display()))
            .with_source(error)
    })
}

fn print(text: &str) -> Result<()> {
    std::io::stdout().write_all(text.as_bytes()).map_err(|error| {
        Error::new(ErrorKind::Storage, "cannot write to standard output").with_source(error)
    })
}

/// `2026-11-27T13:24:54Z`. Source of the calendar: Howard Hinnant, "chrono-compatible low-level date algorithms"
/// (`civil_from_days`), for days since 1970.
fn rfc3339(seconds: u64) -> String {
    let (days, second) = (seconds / 86_400 + 719_468, seconds % 86_400);
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute) = (second / 3600, second / 60 % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{:02}Z", second % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_date() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_795_785_894, "2026-11-27T13:24:54Z"),
        ] {
            assert_eq!(rfc3339(seconds), text);
        }
    }
}
