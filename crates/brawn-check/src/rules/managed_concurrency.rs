//! Managed instances with the default concurrency, for CPU work.
//!
//! ## What
//! A function on managed instances that leaves its concurrency at the default, and computes.
//!
//! ## Why it matters on Lambda
//! The default is eight requests at a time for each vCPU: eight pictures are decoded at once on one core, each eight times as
//! slowly, in eight times the memory. AWS asks for one for each vCPU where work is bound by the CPU.
//!
//! ## Example
//! ```text
//! CapacityProviderConfig:
//!   LambdaManagedInstancesCapacityProviderConfig: { .. }
//! ```
//!
//! ## Instead
//! ```text
//! PerExecutionEnvironmentMaxConcurrency: 1
//! ```
//!
//! ## When to allow
//! When most of each request is waiting.

use super::{Rule, Run};
use crate::deploy::{self, Deployed};
use crate::finding::{Finding, Tier};
use crate::program::{Program, finding};
use crate::source::Text;

pub(super) const RULE: Rule = Rule {
    code: "BR507",
    name: "managed-concurrency",
    tier: Tier::Warning,
    file: include_str!("managed_concurrency.rs"),
    run: Run::Deployed(check),
};

fn check(program: &Program, rule: &Rule, text: &Text, function: &Deployed) -> Option<Finding> {
    let managed = function.managed.as_ref().filter(|managed| !managed.value)?;
    let package = deploy::package_of(program, text, function)?;
    if !program.computes(package) {
        return None;
    }
    let message =
        format!("`{}` computes, and takes eight requests at a time for each vCPU", function.name);
    let mut finding = finding(rule, text, text.line_span(managed.line), message);
    finding.help =
        Some("set `PerExecutionEnvironmentMaxConcurrency` to the number of vCPUs".to_owned());
    Some(finding)
}
