//! One line for each finding: for people who grep, and for GitHub's annotations.

use std::fmt::Write;

use super::Report;
use crate::finding::Tier;

/// `path:line:column: error BR102 message`
pub(super) fn short(report: &Report) -> String {
    let mut out = String::new();
    for finding in &report.findings {
        let _ = writeln!(
            out,
            "{}:{}:{}: {} {} {}",
            finding.path.display(),
            finding.line,
            finding.column,
            finding.tier.name(),
            finding.code,
            finding.message
        );
    }
    for skipped in &report.skipped {
        let _ = writeln!(out, "{}:1:1: skipped {}", skipped.path.display(), skipped.why);
    }
    out
}

/// Workflow commands: <https://docs.github.com/actions/reference/workflow-commands-for-github-actions>
pub(super) fn github(report: &Report) -> String {
    let mut out = String::new();
    for finding in &report.findings {
        let level = match finding.tier {
            Tier::Error => "error",
            Tier::Warning => "warning",
            Tier::Advice => "notice",
        };
        let _ = writeln!(
            out,
            "::{level} file={},line={},endLine={},col={},endColumn={},title={}::{}",
            property(&finding.path.to_string_lossy()),
            finding.line,
            finding.end_line,
            finding.column,
            finding.end_column,
            property(&format!("{} {}", finding.code, finding.rule)),
            data(&finding.message)
        );
    }
    for skipped in &report.skipped {
        let path = property(&skipped.path.to_string_lossy());
        let _ = writeln!(out, "::warning file={path},title=skipped::{}", data(&skipped.why));
    }
    out
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
