//! As `rustc` writes: the place, the line, a caret, notes.

use std::fmt::Write;

use super::Report;
use crate::finding::{Finding, Tier};

struct Paint(bool);

impl Paint {
    fn with(&self, code: &str, text: &str) -> String {
        if self.0 { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

pub(super) fn render(report: &Report, colour: bool) -> String {
    let paint = Paint(colour);
    let mut out = String::new();
    for finding in &report.findings {
        one(&mut out, finding, &paint);
    }
    for skipped in &report.skipped {
        let head = paint.with("1;33", "skipped");
        let _ = writeln!(out, "{head}: {}: {}", skipped.path.display(), skipped.why);
    }
    if !report.skipped.is_empty() {
        out.push('\n');
    }
    out.push_str(&summary(report));
    out
}

/// `3 errors, 1 warning in 12 files (3,400 lines); 2 allowed`
fn summary(report: &Report) -> String {
    let mut counts = Vec::new();
    for (tier, word) in
        [(Tier::Error, "error"), (Tier::Warning, "warning"), (Tier::Advice, "piece of advice")]
    {
        match (report.count(tier), word) {
            (0, _) => {}
            (1, word) => counts.push(format!("1 {word}")),
            (count, "piece of advice") => counts.push(format!("{count} pieces of advice")),
            (count, word) => counts.push(format!("{count} {word}s")),
        }
    }
    let found = if counts.is_empty() { "nothing found".to_owned() } else { counts.join(", ") };
    let plural = |count: usize, word: &str| match count {
        1 => format!("1 {word}"),
        count => format!("{count} {word}s"),
    };
    let mut line =
        format!("{found} in {} ({})", plural(report.files, "file"), plural(report.lines, "line"));
    for (count, word) in [
        (report.allowed, "allowed"),
        (report.known, "in the baseline"),
        (report.skipped.len(), "skipped"),
    ] {
        if count > 0 {
            let _ = write!(line, "; {count} {word}");
        }
    }
    line.push('\n');
    line
}

fn one(out: &mut String, finding: &Finding, paint: &Paint) {
    let colour = match finding.tier {
        Tier::Error => "1;31",
        Tier::Warning => "1;33",
        Tier::Advice => "1;36",
    };
    let head = paint.with(colour, &format!("{}[{}]", finding.tier.name(), finding.code));
    let _ = writeln!(out, "{head}: {}", paint.with("1", &finding.message));
    let width = finding.line.to_string().len();
    let gutter = |mark: &str| paint.with("1;34", &format!("{:width$} {mark}", ""));
    let place = format!("{}:{}:{}", finding.path.display(), finding.line, finding.column);
    let _ = writeln!(out, "{} {place}", paint.with("1;34", &format!("{:width$}-->", "")));
    let line = finding.excerpt.replace('\t', "    ");
    let before: String = finding.excerpt.chars().take(finding.column - 1).collect();
    let pad = before.replace('\t', "    ").chars().count();
    let length = if finding.end_line == finding.line {
        finding.end_column.saturating_sub(finding.column)
    } else {
        line.trim_end().chars().count().saturating_sub(pad)
    };
    let caret = paint.with(colour, &"^".repeat(length.max(1)));
    let _ = writeln!(out, "{}", gutter("|"));
    let number = paint.with("1;34", &format!("{} |", finding.line));
    let _ = writeln!(out, "{number} {}", line.trim_end());
    let _ = writeln!(out, "{} {:pad$}{caret}", gutter("|"), "");
    for link in &finding.chain {
        let place = format!("{}:{}:{}", link.path.display(), link.line, link.column);
        let _ = writeln!(out, "{} calls `{}` at {place}", gutter("="), link.text);
    }
    if let Some(help) = &finding.help {
        let _ = write!(out, "{} help: {help}", gutter("="));
        match &finding.instead {
            Some(code) if !code.contains('\n') => {
                let _ = writeln!(out, ": `{code}`");
            }
            Some(code) => {
                out.push_str(":\n");
                for line in code.lines() {
                    let _ = writeln!(out, "{}     {line}", gutter(" "));
                }
            }
            None => out.push('\n'),
        }
    }
    out.push('\n');
}
