//! A timeout or a `select!` around off-loaded work that nothing tells to stop.
//!
//! ## What
//! `tokio::time::timeout` or `select!` over a `spawn_blocking` handle, in a function that has no token or flag to stop the work.
//!
//! ## Why it matters on Lambda
//! The timeout drops the handle, not the work: it runs on, takes the CPU from the next invocation, and is frozen and thawed
//! with the environment. What was to protect the deadline makes the next one miss its own.
//!
//! ## Example
//! ```text
//! let work = tokio::task::spawn_blocking(move || render(&page));
//! match tokio::time::timeout(Duration::from_secs(5), work).await {
//! ```
//!
//! ## Instead
//! ```text
//! brawn::compute(move |budget| render(&page, budget))
//! ```
//! whose budget ends when the future is dropped; or a `CancellationToken` that the work asks in its loop.
//!
//! ## When to allow
//! When the work is certain to end soon after the timeout.

use super::{Rule, Run};
use crate::finding::{Finding, Tier};
use crate::program::View;
use crate::tree::{ExprId, Kind};

pub(super) const RULE: Rule = Rule {
    code: "BR201",
    name: "timeout-without-cancel",
    tier: Tier::Error,
    file: include_str!("timeout_without_cancel.rs"),
    run: Run::Function(check),
};

fn check(view: &View<'_>, rule: &Rule, out: &mut Vec<Finding>) {
    const STOPS: [&str; 7] =
        ["cancel", "Cancel", "AtomicBool", "abort_flag", "should_stop", "stop_flag", "shutdown"];
    if STOPS.iter().any(|word| view.mentions(word)) {
        return;
    }
    for id in view.rows() {
        let (what, futures): (&str, Vec<ExprId>) = match &view.tree()[id].kind {
            Kind::Call { callee, args } => match view.scope.as_path(*callee).as_deref() {
                Some("tokio::time::timeout" | "tokio::time::timeout_at") => {
                    ("timeout", args.iter().skip(1).copied().collect())
                }
                _ => continue,
            },
            Kind::Macro { path, args } if path.last().is_some_and(|name| &**name == "select") => {
                let on = args.iter().filter_map(|arm| match &view.tree()[*arm].kind {
                    Kind::Match { on, .. } => Some(*on),
                    _ => None,
                });
                ("select!", on.collect())
            }
            _ => continue,
        };
        for future in futures {
            if view.is_off_load(future) {
                let message = format!(
                    "`{what}` gives up on off-loaded work that keeps running: nothing tells it to stop"
                );
                let mut finding = view.finding(rule, view.tree()[future].span, message);
                finding.help = Some(
                    "give the work a token that it asks in its loop, or use `brawn::compute`, which stops \
                     when it is dropped"
                        .to_owned(),
                );
                out.push(finding);
            }
        }
    }
}
