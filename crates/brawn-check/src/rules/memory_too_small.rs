//! Parallel code with less than one vCPU.
//!
//! ## What
//! A memory size below 1769 MB for a function whose code uses Rayon.
//!
//! ## Why it matters on Lambda
//! CPU comes with memory: `memory / 1769` of a vCPU. Below that, two threads share less than one core, and take turns at being
//! stopped by the quota: they are no faster than one. At twice the memory the same work takes half the time for the same price.
//!
//! ## Example
//! ```text
//! MemorySize: 512
//! ```
//!
//! ## Instead
//! ```text
//! MemorySize: 3538
//! ```
//!
//! ## When to allow
//! When the parallel part is a small part of the work.

use super::{Rule, Run};
use crate::deploy::{self, Deployed};
use crate::finding::{Finding, Tier};
use crate::program::{Program, finding};
use crate::source::Text;

pub(super) const RULE: Rule = Rule {
    code: "BR501",
    name: "memory-too-small",
    tier: Tier::Warning,
    file: include_str!("memory_too_small.rs"),
    run: Run::Deployed(check),
};

fn check(program: &Program, rule: &Rule, text: &Text, function: &Deployed) -> Option<Finding> {
    let memory = function.memory.as_ref()?;
    let package = deploy::package_of(program, text, function)?;
    if memory.value >= 1769 || !program.is_parallel(package) {
        return None;
    }
    let message = format!(
        "`{}` runs parallel code with {} MB: {:.2} of a vCPU",
        function.name,
        memory.value,
        memory.value as f64 / 1769.0
    );
    let mut finding = finding(rule, text, text.line_span(memory.line), message);
    finding.help = Some(
        "give it 1769 MB for each vCPU that it can use; the price of the same work stays"
            .to_owned(),
    );
    Some(finding)
}
