//! A loop in off-loaded work that cannot be stopped.
//!
//! ## What
//! A closure given to `spawn_blocking` or a pool with a loop in it, and no token, flag or budget that the loop asks.
//!
//! ## Why it matters on Lambda
//! When the deadline comes, the work is cut off with nothing delivered; when the caller gives up, it runs on.
//!
//! ## Example
//! ```text
//! tokio::task::spawn_blocking(move || {
//!     for row in &rows { total += price(row); }
//! ```
//!
//! ## Instead
//! ```text
//! brawn::compute(move |budget| {
//!     for rows in rows.chunks(1000) { budget.check()?; .. }
//! ```
//!
//! ## When to allow
//! When the loop is short.

use super::{Rule, Run};
use crate::catalogue::CallKind;
use crate::finding::{Finding, Tier};
use crate::program::View;
use crate::tree::Kind;

pub(super) const RULE: Rule = Rule {
    code: "BR209",
    name: "no-cancel-check",
    tier: Tier::Advice,
    file: include_str!("no_cancel_check.rs"),
    run: Run::Function(check),
};

fn check(view: &View<'_>, rule: &Rule, out: &mut Vec<Finding>) {
    const STOPS: [&str; 7] = ["cancel", "budget", "deadline", "stop", "abort", "load(", "elapsed"];
    for (call, _) in view.on_runtime_calls(CallKind::OffLoad) {
        let span = view.tree()[call.at].span;
        let text = view.text().slice(span);
        if STOPS.iter().any(|word| text.contains(word)) {
            continue;
        }
        let within = |id: &crate::tree::ExprId| span.holds(view.tree()[*id].span);
        let is_loop = |id: &crate::tree::ExprId| {
            matches!(view.tree()[*id].kind, Kind::For { .. } | Kind::While { .. } | Kind::Loop(_))
        };
        if view.rows().filter(within).any(|id| is_loop(&id)) {
            let message = "this loop cannot be stopped at the deadline".to_owned();
            let mut finding = view.finding(rule, view.call_span(call.at), message);
            finding.help = Some("ask a token or a budget every so many turns".to_owned());
            out.push(finding);
        }
    }
}
