//! One object: findings, what was skipped, counts.

use serde_json::{Value, json};

use super::Report;
use crate::finding::{Finding, Tier};

pub(super) fn render(report: &Report) -> String {
    let skipped: Vec<Value> = report
        .skipped
        .iter()
        .map(|skipped| json!({ "path": skipped.path.to_string_lossy(), "why": skipped.why }))
        .collect();
    let whole = json!({
        "version": 1,
        "findings": report.findings.iter().map(one).collect::<Vec<_>>(),
        "skipped": skipped,
        "summary": {
            "errors": report.count(Tier::Error),
            "warnings": report.count(Tier::Warning),
            "advice": report.count(Tier::Advice),
            "allowed": report.allowed,
            "baseline": report.known,
            "files": report.files,
            "lines": report.lines,
        },
    });
    format!("{whole:#}\n")
}

fn one(finding: &Finding) -> Value {
    let chain: Vec<Value> = finding
        .chain
        .iter()
        .map(|link| {
            json!({
                "path": link.path.to_string_lossy(), "line": link.line, "column": link.column,
                "calls": link.text,
            })
        })
        .collect();
    json!({
        "code": finding.code,
        "rule": finding.rule,
        "tier": finding.tier.name(),
        "path": finding.path.to_string_lossy(),
        "line": finding.line,
        "column": finding.column,
        "end_line": finding.end_line,
        "end_column": finding.end_column,
        "message": finding.message,
        "chain": chain,
        "help": finding.help,
        "instead": finding.instead,
    })
}
