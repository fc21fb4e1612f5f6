//! `brawn check`: words to a check, a report to stdout, findings to an exit code.

use std::io::{IsTerminal, Write};

use brawn_check::{Check, Format, Report};
use brawn_core::{Error, ErrorKind, Result};

use crate::args::{self, CheckFormat};
use crate::verdict::Verdict;

/// Checks, or explains one rule.
pub(crate) fn check(words: &args::Check) -> Result<Verdict> {
    if let Some(code) = &words.explain {
        return print(&brawn_check::explain(code).map_err(refused)?, Verdict::Done);
    }
    let report = prepare(words)?.run().map_err(refused)?;
    if let Some(path) = &words.write_baseline {
        std::fs::write(path, report.baseline()).map_err(|error| {
            Error::new(ErrorKind::Storage, format!("cannot write `{}`", path.display()))
                .with_source(error)
        })?;
        return Ok(Verdict::Done);
    }
    let format = match words.format {
        CheckFormat::Text => Format::Text,
        CheckFormat::Json => Format::Json,
        CheckFormat::Sarif => Format::Sarif,
        CheckFormat::Github => Format::Github,
        CheckFormat::Short => Format::Short,
    };
    let colour = std::io::stdout().is_terminal()
        && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    print(&report.render(format, colour), verdict(&report))
}

fn prepare(words: &args::Check) -> Result<Check> {
    let mut check = Check::new(&words.paths).select(&words.select).ignore(&words.ignore);
    if let Some(threads) = words.threads {
        check = check.threads(threads.get());
    }
    if let Some(path) = &words.baseline {
        let text = std::fs::read_to_string(path).map_err(|error| {
            Error::new(
                ErrorKind::NotFound,
                format!("cannot read the baseline `{}`", path.display()),
            )
            .with_source(error)
            .with_hint("`--write-baseline FILE` makes one")
        })?;
        check = check.baseline(text);
    }
    Ok(check)
}

fn verdict(report: &Report) -> Verdict {
    if report.is_clean() { Verdict::Done } else { Verdict::SomeFailed }
}

fn refused(error: brawn_check::Error) -> Error {
    let hint = error.hint().map(str::to_owned);
    let refused = Error::invalid_options(error.to_string());
    match hint {
        Some(hint) => refused.with_hint(hint),
        None => refused,
    }
}

fn print(text: &str, verdict: Verdict) -> Result<Verdict> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Error::new(ErrorKind::Storage, "cannot write to stdout").with_source(error))
        }
        _ => Ok(verdict),
    }
}
