//! A release profile that aborts on panic, under code that relies on unwinding.
//!
//! ## What
//! `panic = "abort"` in `[profile.release]`, or a profile that says nothing and is built by cargo-lambda, in a Lambda function
//! that catches panics: `catch_unwind`, `JoinError::is_panic`, a Rayon `panic_handler`.
//!
//! ## Why it matters on Lambda
//! The panic of one record ends the process instead of being that record's error: the invocation fails, the environment is
//! lost, and the next one pays a cold start.
//!
//! ## Example
//! ```text
//! [profile.release]
//! panic = "abort"
//! ```
//!
//! ## Instead
//! ```text
//! [profile.release]
//! panic = "unwind"
//! ```
//! Written out, since `cargo lambda build` sets `abort` for profiles that say nothing.
//!
//! ## When to allow
//! Never, while the code catches panics.

use super::{Rule, Run};
use crate::calls::Call;
use crate::catalogue::CallKind;
use crate::finding::{Finding, Tier};
use crate::fix::Edit;
use crate::program::{Program, finding};
use crate::workspace::PanicMode;

pub(super) const RULE: Rule = Rule {
    code: "BR401",
    name: "panic-abort",
    tier: Tier::Error,
    file: include_str!("panic_abort.rs"),
    run: Run::Project(check),
};

fn check(program: &Program, rule: &Rule, out: &mut Vec<Finding>) {
    for (index, manifest) in program.workspace.manifests.iter().enumerate() {
        if !manifest.is_lambda() {
            continue;
        }
        let catches = |call: &&Call| program.kind_of(call) == Some(CallKind::Unwinding);
        let Some(call) = program.calls_of_package(index).find(catches) else { continue };
        let profile = &program.workspace.manifests[manifest.workspace];
        let mode = profile.panic_mode();
        let aborts = match mode {
            PanicMode::Abort => "the release profile aborts on panic",
            PanicMode::Unset if program.is_built_by_cargo_lambda(index) => {
                "`cargo lambda build` makes the release profile abort on panic"
            }
            _ => continue,
        };
        let line = profile.line_of("profile.release", "panic");
        let message = format!(
            "{aborts}, and `{}` relies on unwinding",
            if call.path.is_empty() { "catch_unwind" } else { &call.path }
        );
        let mut finding = finding(rule, &profile.text, profile.text.line_span(line), message);
        finding.help = Some("write".to_owned());
        const UNWIND: &str = "panic = \"unwind\"";
        finding.instead = Some(UNWIND.to_owned());
        finding.fix = match mode {
            PanicMode::Abort => Some(Edit::line(&profile.text, line, UNWIND)),
            _ => Edit::profile_lines(profile, &[UNWIND]),
        };
        out.push(finding);
    }
    out.dedup();
}
