//! Log lines of off-loaded work that have lost their request.
//!
//! ## What
//! A closure given to `spawn_blocking` or a pool that logs through `tracing` and does not enter the span it came from.
//!
//! ## Why it matters on Lambda
//! The span of the invocation, with its request id, stays behind on the async thread: such lines cannot be told apart by
//! request in CloudWatch.
//!
//! ## Example
//! ```text
//! tokio::task::spawn_blocking(move || {
//!     tracing::info!("decoding");
//! ```
//!
//! ## Instead
//! ```text
//! let span = tracing::Span::current();
//! tokio::task::spawn_blocking(move || span.in_scope(|| {
//! ```
//! `brawn::compute` carries the span along.
//!
//! ## When to allow
//! When the lines name their request themselves.

use super::{Rule, Run};
use crate::catalogue::CallKind;
use crate::finding::{Finding, Tier};
use crate::program::View;

pub(super) const RULE: Rule = Rule {
    code: "BR208",
    name: "span-not-carried",
    tier: Tier::Advice,
    file: include_str!("span_not_carried.rs"),
    run: Run::Function(check),
};

fn check(view: &View<'_>, rule: &Rule, out: &mut Vec<Finding>) {
    for (call, _) in view.on_runtime_calls(CallKind::OffLoad) {
        let text = view.text().slice(view.tree()[call.at].span);
        let logs =
            ["info!(", "warn!(", "error!(", "debug!("].iter().any(|word| text.contains(word));
        let carries =
            view.mentions("Span::current") || text.contains("in_scope") || text.contains(".enter");
        if logs && !carries && view.file_mentions("tracing") && !call.path.starts_with("brawn::") {
            let message = "log lines in here have lost the span of their invocation".to_owned();
            let mut finding = view.finding(rule, view.call_span(call.at), message);
            finding.help =
                Some("take `Span::current()` along and run the closure `in_scope`".to_owned());
            out.push(finding);
        }
    }
}
