//! `brawn check`: words to a check, a report to stdout, findings to an exit code.

use std::io::{IsTerminal, Write};

use brawn_check::{Check, Format, Report};
use brawn_core::{Error, ErrorKind, Result};

use crate::args;
use crate::verdict::Verdict;

/// Checks, or explains one rule.
pub(crate) fn check(words: &args::Check) -> Result<Verdict> {
    if let Some(code) = &words.explain {
        return print(&brawn_check::explain(code).map_err(refused)?, Verdict::Done);
    }
    let report = prepare(words).run().map_err(refused)?;
    let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    print(&report.render(Format::Text, colour), verdict(&report))
}

fn prepare(words: &args::Check) -> Check {
    let mut check = Check::new(&words.paths);
    if let Some(threads) = words.threads {
        check = check.threads(threads.get());
    }
    check
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
