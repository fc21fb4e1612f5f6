//! A thread pool that is built for each invocation.
//!
//! ## What
//! `ThreadPoolBuilder::build` in a handler, or in what a handler off-loads.
//!
//! ## Why it matters on Lambda
//! Starting and ending threads costs each invocation what one environment needs to pay once, and while two pools exist the
//! threads outnumber the vCPUs.
//!
//! ## Example
//! ```text
//! async fn handler(event: LambdaEvent<Request>) -> Result<Response, Error> {
//!     let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build()?;
//! ```
//!
//! ## Instead
//! A `static POOL: OnceLock<ThreadPool>`, or `brawn::compute`.
//!
//! ## When to allow
//! When the function is invoked once for each environment, such as a test tool.

use super::{Rule, Run};
use crate::calls::Context;
use crate::finding::{Finding, Tier};
use crate::program::View;

pub(super) const RULE: Rule = Rule {
    code: "BR206",
    name: "pool-per-invocation",
    tier: Tier::Warning,
    file: include_str!("pool_per_invocation.rs"),
    run: Run::Function(check),
};

fn check(view: &View<'_>, rule: &Rule, out: &mut Vec<Finding>) {
    if !view.is_lambda() || view.is_init() || !view.scope.function.is_async {
        return;
    }
    for call in
        view.facts.calls.iter().filter(|call| call.path == "rayon::ThreadPoolBuilder::build")
    {
        if matches!(call.context, Context::Once | Context::Unknown) {
            continue;
        }
        let message = "a thread pool built for each invocation".to_owned();
        let mut finding = view.finding(rule, view.call_span(call.at), message);
        finding.help = Some("build it once, in a `OnceLock`, or use `brawn::compute`".to_owned());
        out.push(finding);
    }
}
