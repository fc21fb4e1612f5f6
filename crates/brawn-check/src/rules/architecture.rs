//! x86_64 with no stated reason.
//!
//! ## What
//! `x86_64`, or no architecture, which means the same.
//!
//! ## Why it matters on Lambda
//! arm64 costs a fifth less for each GB-second, and Rust code compiles for it as it is.
//!
//! ## Example
//! ```text
//! Architectures: [x86_64]
//! ```
//!
//! ## Instead
//! ```text
//! Architectures: [arm64]
//! ```
//!
//! ## When to allow
//! When a native library exists for x86_64 only, or AVX2 is what makes it fast.

use super::{Rule, Run};
use crate::deploy::Deployed;
use crate::finding::{Finding, Tier};
use crate::program::{Program, finding};
use crate::source::Text;

pub(super) const RULE: Rule = Rule {
    code: "BR504",
    name: "architecture",
    tier: Tier::Advice,
    file: include_str!("architecture.rs"),
    run: Run::Deployed(check),
};

fn check(_: &Program, rule: &Rule, text: &Text, function: &Deployed) -> Option<Finding> {
    let line = match &function.architecture {
        Some(architecture) if architecture.value != "x86_64" => return None,
        Some(architecture) => architecture.line,
        None => function.line,
    };
    let message = format!("`{}` runs on x86_64; arm64 costs a fifth less", function.name);
    let mut finding = finding(rule, text, text.line_span(line), message);
    finding.help = Some("say `arm64`, or why not, in a comment with an allow".to_owned());
    Some(finding)
}
