//! `brawn check`: words to a check, a report to stdout, findings to an exit code.

use std::fmt::Write as _;
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use brawn_check::{Check, Fixed, Format, Report};
use brawn_core::{Error, ErrorKind, Result};

use crate::args::{self, CheckFormat};
use crate::verdict::Verdict;

/// Checks, or explains one rule.
pub(crate) fn check(words: &args::Check) -> Result<Verdict> {
    if let Some(code) = &words.explain {
        return print(&brawn_check::explain(code).map_err(refused)?, Verdict::Done);
    }
    if words.checklist {
        let list = prepare(words)?.checklist().map_err(refused)?;
        let verdict = if list.is_clean() { Verdict::Done } else { Verdict::SomeFailed };
        return print(&list.render(), verdict);
    }
    let report = prepare(words)?.run().map_err(refused)?;
    if words.diff {
        let diffs: String = report.fixed().map_err(refused)?.iter().map(Fixed::diff).collect();
        return print(&diffs, if diffs.is_empty() { Verdict::Done } else { Verdict::SomeFailed });
    }
    if words.fix {
        return fix(words, &report);
    }
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
    if report.files + report.templates == 0 && report.is_clean() {
        nothing_read(&report)?;
    }
    print(&report.render(format, colour()), verdict(&report))
}

/// A path that holds nothing to check, or only what cannot be read, is no clean bill.
fn nothing_read(report: &Report) -> Result<()> {
    let Some(first) = report.skipped.first() else {
        return Err(Error::invalid_options("nothing was checked: there is no Rust file")
            .with_hint("name a workspace, a crate, a folder of sources, or a file"));
    };
    let more = match report.skipped.len() - 1 {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    Err(Error::invalid_options(format!(
        "nothing could be checked: `{}`: {}{more}",
        first.path.display(),
        first.why
    )))
}

/// Writes the fixes, file by file; what is left to people is reported as usual.
fn fix(words: &args::Check, report: &Report) -> Result<Verdict> {
    let mut out = String::new();
    for fixed in report.fixed().map_err(refused)? {
        let path = fixed.path.display();
        if !words.allow_dirty && !is_committed(&fixed.path) {
            let _ = writeln!(
                out,
                "not fixed: {path} has changes that Git does not hold; commit them, or say `--allow-dirty`"
            );
            continue;
        }
        if let Err(error) = fixed.write() {
            // What is rewritten by now is told all the same.
            print(&out, Verdict::SomeFailed)?;
            return Err(refused(error));
        }
        let _ = match fixed.edits.len() {
            1 => writeln!(out, "fixed: {path}: 1 place"),
            count => writeln!(out, "fixed: {path}: {count} places"),
        };
    }
    if !out.is_empty() {
        out.push('\n');
    }
    let left = prepare(words)?.run().map_err(refused)?;
    out.push_str(&left.render(Format::Text, colour()));
    print(&out, verdict(&left))
}

/// Whether Git's last commit holds a file as it is, so that a rewrite can be looked at and undone.
fn is_committed(path: &Path) -> bool {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let Some(name) = path.file_name() else { return false };
    // A stranger's configuration must not make Git run anything: `git status` runs filters, these two do not.
    let git = |words: &[&str]| {
        let done = Command::new("git")
            .args(["--literal-pathspecs", "-c", "core.fsmonitor=false"])
            .args(words)
            .arg("--")
            .arg(name)
            .current_dir(folder.unwrap_or(Path::new(".")))
            .stdin(Stdio::null())
            .output()
            .ok()
            .filter(|done| done.status.success())?;
        String::from_utf8(done.stdout).ok()
    };
    let held = git(&["ls-tree", "HEAD"]);
    let held = held.as_deref().and_then(|line| line.split_whitespace().nth(2));
    let now = git(&["hash-object", "--no-filters"]);
    held.is_some() && held == now.as_deref().map(str::trim)
}

fn colour() -> bool {
    std::io::stdout().is_terminal()
        && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
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
        check = check.baseline_from(path, text);
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
