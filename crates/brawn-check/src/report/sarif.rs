//! SARIF 2.1.0, which code hosts show beside the code.

use serde_json::{Value, json};

use super::Report;
use crate::finding::{Finding, Tier};
use crate::rules::RULES;

pub(super) fn render(report: &Report) -> String {
    let rules: Vec<Value> = RULES
        .iter()
        .map(|rule| {
            json!({
                "id": rule.code,
                "name": rule.name,
                "shortDescription": { "text": rule.summary() },
                "fullDescription": { "text": rule.summary() },
                "help": { "text": rule.page(), "markdown": rule.page() },
                "defaultConfiguration": { "level": level(rule.tier) },
            })
        })
        .collect();
    let skipped: Vec<Value> = report
        .skipped
        .iter()
        .map(|skipped| {
            json!({
                "level": "warning",
                "message": { "text": skipped.why },
                "locations": [{ "physicalLocation": { "artifactLocation": { "uri": uri(&skipped.path) } } }],
            })
        })
        .collect();
    let whole = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "brawn check",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "invocations": [{ "executionSuccessful": true, "toolExecutionNotifications": skipped }],
            "results": report.findings.iter().map(one).collect::<Vec<_>>(),
        }],
    });
    format!("{whole:#}\n")
}

fn level(tier: Tier) -> &'static str {
    match tier {
        Tier::Error => "error",
        Tier::Warning => "warning",
        Tier::Advice => "note",
    }
}

/// A relative reference: forward slashes, what a URI cannot hold escaped.
fn uri(path: &std::path::Path) -> String {
    let mut out = String::new();
    for byte in path.to_string_lossy().replace('\\', "/").bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' | b'+' => {
                out.push(byte as char);
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

fn one(finding: &Finding) -> Value {
    let place = |path: &std::path::Path, region: Value| json!({ "artifactLocation": { "uri": uri(path) }, "region": region });
    let region = json!({
        "startLine": finding.line, "startColumn": finding.column,
        "endLine": finding.end_line, "endColumn": finding.end_column,
    });
    let related: Vec<Value> = finding
        .chain
        .iter()
        .enumerate()
        .map(|(index, link)| {
            let region = json!({ "startLine": link.line, "startColumn": link.column });
            json!({
                "id": index + 1,
                "physicalLocation": place(&link.path, region),
                "message": { "text": format!("calls `{}`", link.text) },
            })
        })
        .collect();
    let mut text = finding.message.clone();
    if let Some(help) = &finding.help {
        text.push_str(". Help: ");
        text.push_str(help);
        if let Some(instead) = &finding.instead {
            text.push_str(&format!(": `{instead}`"));
        }
    }
    json!({
        "ruleId": finding.code,
        "ruleIndex": RULES.iter().position(|rule| rule.code == finding.code),
        "level": level(finding.tier),
        "message": { "text": text },
        "locations": [{ "physicalLocation": place(&finding.path, region) }],
        "relatedLocations": related,
        "partialFingerprints": { "brawnCheck/v1": crate::baseline::fingerprint(finding) },
    })
}
