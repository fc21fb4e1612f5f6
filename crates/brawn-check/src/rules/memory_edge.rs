//! A memory size just above the edge where one more core shows.
//!
//! ## What
//! A memory size at most 64 MB above 3008, 5307, 7076 or 8845 MB for a function whose code uses Rayon.
//!
//! ## Why it matters on Lambda
//! At these sizes Lambda shows one more core, and the share hardly grows: a pool sized by what is visible has a thread whose
//! core is not paid for, and all of them are stopped more often.
//!
//! ## Example
//! ```text
//! MemorySize: 3072
//! ```
//!
//! ## Instead
//! ```text
//! MemorySize: 3008
//! ```
//!
//! ## When to allow
//! When the pool is sized by the memory, as `brawn::compute`'s is.

use super::{Rule, Run};
use crate::deploy::{self, Deployed};
use crate::finding::{Finding, Tier};
use crate::program::{Program, finding};
use crate::source::Text;

pub(super) const RULE: Rule = Rule {
    code: "BR502",
    name: "memory-edge",
    tier: Tier::Warning,
    file: include_str!("memory_edge.rs"),
    run: Run::Deployed(check),
};

fn check(program: &Program, rule: &Rule, text: &Text, function: &Deployed) -> Option<Finding> {
    const EDGES: [u64; 4] = [3008, 5307, 7076, 8845];
    let memory = function.memory.as_ref()?;
    let edge = EDGES.into_iter().find(|edge| (edge + 1..=edge + 64).contains(&memory.value))?;
    let package = deploy::package_of(program, text, function)?;
    if !program.is_parallel(package) || program.workspace.manifests[package].depends_on("brawn") {
        return None;
    }
    let message = format!(
        "`{}` has {} MB, just above {edge} MB, where one more core shows that is not paid for",
        function.name, memory.value
    );
    let mut finding = finding(rule, text, text.line_span(memory.line), message);
    finding.help = Some(format!("take {edge} MB, or enough for the next vCPU"));
    Some(finding)
}
