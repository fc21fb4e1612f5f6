//! What people read: errors, hints, progress, the summary. All on stderr; stdout is data.

use std::cell::RefCell;
use std::collections::HashSet;
use std::io::{IsTerminal, Write};
use std::time::Duration;

use brawn_core::{ByteSize, Error, Status, Summary};
use brawn_edge::Outcome;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::flags;
use crate::visible::visible;

/// Prints `brawn: ...` and, where something is known to help, `hint: ...`.
pub(crate) fn complain(error: &Error) {
    let mut stderr = std::io::stderr().lock();
    // Nobody to tell when stderr is gone.
    let _ = writeln!(stderr, "brawn: {}", visible(&flags::reason(error)));
    if let Some(hint) = flags::hint(error) {
        let _ = writeln!(stderr, "{}", advice(&hint));
    }
}

/// A hint as it is shown. Its lines are ours: commands to copy.
fn advice(hint: &str) -> String {
    let lines: Vec<_> = hint.lines().map(visible).collect();
    format!("hint: {}", lines.join("\n"))
}

/// Prints `brawn: warning: ...`.
pub(crate) fn warn(text: &str) {
    let _ = writeln!(std::io::stderr(), "brawn: warning: {}", visible(text));
}

/// Progress on a terminal, errors always, a summary at the end.
pub(crate) struct Stderr {
    bar: ProgressBar,
    quiet: bool,
    /// Why files were passed over, where it is told what was not taken.
    passed_over: Option<String>,
    /// Hints given so far: a thousand files that are too large need to be told once what raises the limit.
    hints: RefCell<HashSet<String>>,
    /// The first items that were not done.
    undone: RefCell<Vec<String>>,
}

/// Why items were not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// The deadline was reached.
    Time,
    /// A signal came.
    Signal,
    /// Nothing more could be written to stdout.
    Stdout,
    /// Nobody reads the outputs on stdout any more.
    Unread,
}

/// So many of the items that were not done are named; `--json` names all.
const NAMED: usize = 5;

impl Stderr {
    /// Draws progress only when `quiet` is off and stderr is a terminal.
    pub(crate) fn new(quiet: bool, passed_over: Option<String>) -> Stderr {
        let bar = if !quiet && std::io::stderr().is_terminal() {
            ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10))
                .with_style(counting())
        } else {
            ProgressBar::hidden()
        };
        bar.enable_steady_tick(Duration::from_millis(200));
        Stderr { bar, quiet, passed_over, hints: RefCell::default(), undone: RefCell::default() }
    }

    /// How many items there will be, once that is known.
    pub(crate) fn total(&self, items: u64) {
        if self.bar.length() != Some(items) {
            self.bar.set_length(items);
            self.bar.set_style(counting_down());
        }
    }

    /// One item is done.
    pub(crate) fn item(&self, outcome: &Outcome) {
        let (item, error) = (&outcome.report, outcome.error.as_ref());
        self.bar.inc(1);
        let word = match item.status {
            Status::Rejected => "rejected",
            Status::Failed => "failed",
            Status::Skipped if error.is_some() => "skipped",
            // Named one by one only in --json: after Ctrl-C there may be thousands.
            Status::Deadline => {
                if outcome.torn {
                    self.line(&format!("brawn: {}: stdout has a part of it", item.source));
                }
                let mut undone = self.undone.borrow_mut();
                if undone.len() < NAMED {
                    undone.push(item.source.clone());
                }
                return;
            }
            Status::Ok | Status::Skipped => {
                for warning in &item.warnings {
                    self.line(&format!("brawn: {}: warning: {warning}", item.source));
                }
                return;
            }
        };
        let reason = error.map(flags::reason).or_else(|| item.reason.clone()).unwrap_or_default();
        let torn = if outcome.torn { "; stdout has a part of it" } else { "" };
        self.line(&format!("brawn: {}: {word}: {reason}{torn}", item.source));
        if let Some(hint) = error.and_then(flags::hint)
            && self.hints.borrow_mut().insert(hint.clone())
        {
            self.write(&advice(&hint));
        }
    }

    /// A line above the progress bar.
    fn line(&self, text: &str) {
        self.write(&visible(text));
    }

    fn write(&self, text: &str) {
        self.bar.suspend(|| {
            let _ = writeln!(std::io::stderr(), "{text}");
        });
    }

    /// The end; `resumes` is whether `--skip-existing` goes on.
    pub(crate) fn summary(&self, summary: &Summary, why: Why, resumes: bool) {
        self.bar.finish_and_clear();
        let undone = self.undone.borrow();
        // Who closed the pipe knows that lines are missing; outputs that are missing are another matter.
        let is_stdout = matches!(why, Why::Stdout | Why::Unread);
        if !undone.is_empty() && (!is_stdout || resumes) {
            let more = summary.deadline.saturating_sub(undone.len() as u64);
            let more = if more > 0 {
                format!(" and {more} more (--json names all)")
            } else {
                String::new()
            };
            let words = match why {
                Why::Time => "not done in time",
                Why::Signal => "interrupted, not done",
                Why::Stdout | Why::Unread => "stdout takes no more, not done",
            };
            let mut stderr = std::io::stderr().lock();
            let _ = writeln!(stderr, "brawn: {words}: {}{more}", visible(&undone.join(", ")));
            if resumes && !is_stdout {
                let _ = writeln!(stderr, "hint: the same command with --skip-existing goes on");
            }
        }
        if why == Why::Unread {
            return;
        }
        if summary.incomplete {
            let words = "brawn: not all was found yet: there may be more than is named here";
            let _ = writeln!(std::io::stderr(), "{words}");
        }
        if !self.quiet {
            let _ = writeln!(std::io::stderr(), "{}", describe(summary));
        }
        if let Some(why) = self.passed_over.as_ref().filter(|_| summary.passed_over > 0) {
            let _ = writeln!(std::io::stderr(), "{} passed over: {why}", summary.passed_over);
        }
        if summary.ignored > 0 && self.passed_over.is_some() {
            let ignored = summary.ignored;
            let _ = writeln!(std::io::stderr(), "{ignored} left alone: hidden, or no file");
        }
    }
}

fn counting() -> ProgressStyle {
    style("{spinner} {pos} done  {per_sec}  {elapsed}")
}

fn counting_down() -> ProgressStyle {
    style("{wide_bar} {pos}/{len}  {per_sec}  ETA {eta}")
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

fn describe(summary: &Summary) -> String {
    let seconds = summary.wall_ms / 1e3;
    let mut counts = vec![format!("{} done", summary.ok)];
    for (count, word) in [
        (summary.skipped, "skipped"),
        (summary.rejected, "rejected"),
        (summary.failed, "failed"),
        (summary.deadline, "not done"),
    ] {
        if count > 0 {
            counts.push(format!("{count} {word}"));
        }
    }
    format!(
        "{} of {} items, {} outputs: {} in, {} out, {seconds:.2} s ({:.1}/s)\n\
         {} threads, {:.0} % of {:.2} vCPUs used, peak memory {:.0} MB",
        counts.join(", "),
        summary.items,
        summary.outputs,
        ByteSize(summary.bytes_in),
        ByteSize(summary.bytes_out),
        if seconds > 0.0 { summary.ok as f64 / seconds } else { 0.0 },
        summary.workers,
        summary.cpu_utilisation * 100.0,
        summary.vcpus,
        summary.peak_mb,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_keeps_its_lines_and_nothing_else_moves_the_cursor() {
        let hint = "if none is:\naws lambda delete-alias\naws lambda \u{1b}[2Jx\n";
        let wanted = "hint: if none is:\naws lambda delete-alias\naws lambda \\x1b[2Jx";
        assert_eq!(advice(hint), wanted);
    }

    #[test]
    fn the_summary_names_only_what_happened() {
        let summary = Summary {
            items: 3,
            ok: 2,
            rejected: 1,
            outputs: 2,
            bytes_in: 3 << 20,
            bytes_out: 1536,
            wall_ms: 500.0,
            cpu_utilisation: 0.9,
            peak_mb: 40.0,
            workers: 2,
            vcpus: 2.0,
            ..Summary::default()
        };
        assert_eq!(
            describe(&summary),
            "2 done, 1 rejected of 3 items, 2 outputs: 3 MB in, 1.5 KB out, 0.50 s (4.0/s)\n\
             2 threads, 90 % of 2.00 vCPUs used, peak memory 40 MB"
        );
    }
}
