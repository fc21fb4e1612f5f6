//! One thread with far more than one vCPU.
//!
//! ## What
//! 3008 MB or more for a function whose code has no threads: no Rayon, no off-loading, no `tokio::spawn`.
//!
//! ## Why it matters on Lambda
//! One thread uses one vCPU at most, and that comes with 1769 MB. What is above is paid for and idle, unless the memory itself
//! is needed.
//!
//! ## Example
//! ```text
//! MemorySize: 10240
//! ```
//!
//! ## Instead
//! ```text
//! MemorySize: 1769
//! ```
//!
//! ## When to allow
//! When the function needs the memory: look at `Max Memory Used` in the log.

use super::{Rule, Run};
use crate::deploy::{self, Deployed};
use crate::finding::{Finding, Tier};
use crate::program::{Program, finding};
use crate::source::Text;

pub(super) const RULE: Rule = Rule {
    code: "BR503",
    name: "memory-too-large",
    tier: Tier::Advice,
    file: include_str!("memory_too_large.rs"),
    run: Run::Deployed(check),
};

fn check(program: &Program, rule: &Rule, text: &Text, function: &Deployed) -> Option<Finding> {
    let memory = function.memory.as_ref()?;
    let package = deploy::package_of(program, text, function)?;
    if memory.value < 3008 || program.has_threads(package) {
        return None;
    }
    let message = format!(
        "`{}` has {} MB, {:.1} vCPUs, and its code uses one",
        function.name,
        memory.value,
        memory.value as f64 / 1769.0
    );
    let mut finding = finding(rule, text, text.line_span(memory.line), message);
    finding.help = Some("try 1769 MB, and look at `Max Memory Used`".to_owned());
    Some(finding)
}
