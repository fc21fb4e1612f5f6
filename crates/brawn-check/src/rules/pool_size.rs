//! A pool sized by the cores that are visible.
//!
//! ## What
//! `ThreadPoolBuilder::num_threads` with `num_cpus::get()` or `available_parallelism()`, in a Lambda function.
//!
//! ## Why it matters on Lambda
//! A function sees two cores from 128 MB on and six from 8846 MB on, whatever it pays for: at 1769 MB two threads share one
//! vCPU, and each is stopped by the quota half of the time. The share is `AWS_LAMBDA_FUNCTION_MEMORY_SIZE / 1769`.
//!
//! ## Example
//! ```text
//! ThreadPoolBuilder::new().num_threads(num_cpus::get())
//! ```
//!
//! ## Instead
//! `brawn::compute`, whose pool has as many threads as there are vCPUs paid for; or a count made of
//! `AWS_LAMBDA_FUNCTION_MEMORY_SIZE`.
//!
//! ## When to allow
//! When the function runs just below an edge (5307, 7076, 8845 MB), where both are the same.

use super::{Rule, Run};
use crate::finding::{Finding, Tier};
use crate::program::View;
use crate::tree::Kind;

pub(super) const RULE: Rule = Rule {
    code: "BR205",
    name: "pool-size",
    tier: Tier::Warning,
    file: include_str!("pool_size.rs"),
    run: Run::Function(check),
};

fn check(view: &View<'_>, rule: &Rule, out: &mut Vec<Finding>) {
    if !view.is_lambda() || view.crate_mentions(&["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]) {
        return;
    }
    let pools = "rayon::ThreadPoolBuilder::num_threads";
    for call in view.facts.calls.iter().filter(|call| call.path == pools) {
        let Kind::Method { args, .. } = &view.tree()[call.at].kind else { continue };
        let counts =
            |text: &str| text.contains("num_cpus::") || text.contains("available_parallelism");
        let Some(arg) = args.first() else { continue };
        let direct = counts(view.text().slice(view.tree()[*arg].span));
        let named = view
            .scope
            .value_of(*arg)
            .is_some_and(|value| counts(view.text().slice(view.tree()[value].span)));
        if direct || named {
            let message = "a pool with a thread for each visible core: Lambda shows two cores from 128 MB on, \
                           whatever share is paid for";
            let mut finding = view.finding(rule, view.call_span(call.at), message.to_owned());
            finding.help = Some(
                "use `brawn::compute`, or count by `AWS_LAMBDA_FUNCTION_MEMORY_SIZE` / 1769"
                    .to_owned(),
            );
            out.push(finding);
        }
    }
}
