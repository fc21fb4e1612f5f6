//! A release profile that trades speed for size, under code that computes.
//!
//! ## What
//! `opt-level` of `"s"`, `"z"`, 0 or 1 in `[profile.release]` of a Lambda function that does heavy or parallel work.
//!
//! ## Why it matters on Lambda
//! A smaller binary loads some milliseconds faster, once for each environment. Loops that are no longer vectorised cost two to
//! five times the CPU in every invocation.
//!
//! ## Example
//! ```text
//! [profile.release]
//! opt-level = "z"
//! ```
//!
//! ## Instead
//! ```text
//! [profile.release]
//! opt-level = 3
//! ```
//!
//! ## When to allow
//! When measured: cold starts are most invocations, and the work is short.

use super::{Rule, Run};
use crate::calls::Call;
use crate::catalogue::CallKind;
use crate::finding::{Finding, Tier};
use crate::fix::Edit;
use crate::program::{Program, finding};

pub(super) const RULE: Rule = Rule {
    code: "BR402",
    name: "small-profile",
    tier: Tier::Warning,
    file: include_str!("small_profile.rs"),
    run: Run::Project(check),
};

fn check(program: &Program, rule: &Rule, out: &mut Vec<Finding>) {
    for (index, manifest) in program.workspace.manifests.iter().enumerate() {
        let computes = |call: &Call| {
            matches!(program.kind_of(call), Some(CallKind::Heavy | CallKind::Parallel))
        };
        if !manifest.is_lambda() || !program.calls_of_package(index).any(computes) {
            continue;
        }
        let profile = &program.workspace.manifests[manifest.workspace];
        let level = profile.value("profile.release", "opt-level").map(|level| match level {
            toml::Value::String(text) => format!("\"{text}\""),
            level => level.as_integer().map_or(String::new(), |level| level.to_string()),
        });
        let Some(level) = level.filter(|level| matches!(&**level, "\"s\"" | "\"z\"" | "0" | "1"))
        else {
            continue;
        };
        let line = profile.line_of("profile.release", "opt-level");
        let span = profile.text.line_span(line);
        let message = format!("`opt-level = {level}` in a function that computes");
        let mut finding = finding(rule, &profile.text, span, message);
        finding.help = Some("write".to_owned());
        finding.instead = Some("opt-level = 3".to_owned());
        finding.fix = Some(Edit::line(&profile.text, line, "opt-level = 3"));
        out.push(finding);
    }
    out.dedup();
}
