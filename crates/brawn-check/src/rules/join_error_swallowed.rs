//! A panic of off-loaded work that looks like an empty result.
//!
//! ## What
//! `.ok()`, `.unwrap_or_default()` or `.unwrap_or(..)` on what awaiting `spawn_blocking` gives.
//!
//! ## Why it matters on Lambda
//! A record whose work panicked counts as done: the message is deleted from the queue, and nothing is in the log.
//!
//! ## Example
//! ```text
//! let rows = tokio::task::spawn_blocking(move || parse(&bytes)).await.unwrap_or_default();
//! ```
//!
//! ## Instead
//! ```text
//! let rows = tokio::task::spawn_blocking(move || parse(&bytes)).await?;
//! ```
//!
//! ## When to allow
//! When losing the result is meant.

use super::{Rule, Run};
use crate::finding::{Finding, Tier};
use crate::program::View;
use crate::tree::Kind;

pub(super) const RULE: Rule = Rule {
    code: "BR207",
    name: "join-error-swallowed",
    tier: Tier::Warning,
    file: include_str!("join_error_swallowed.rs"),
    run: Run::Function(check),
};

fn check(view: &View<'_>, rule: &Rule, out: &mut Vec<Finding>) {
    for id in view.rows() {
        let Kind::Method { receiver, name, .. } = &view.tree()[id].kind else { continue };
        if !matches!(&**name, "ok" | "unwrap_or" | "unwrap_or_default") {
            continue;
        }
        // `.unwrap_or(Err(..))` is no success.
        if view.text().slice(view.call_span(id)).contains("Err") {
            continue;
        }
        let Kind::Await(work) = view.tree()[*receiver].kind else { continue };
        if view.is_off_load(work) {
            let message =
                format!("`.{name}` makes a panic of the off-loaded work look like a result");
            let mut finding = view.finding(rule, view.call_span(id), message);
            finding.help =
                Some("pass the `JoinError` on with `?`, or log it and fail the record".to_owned());
            out.push(finding);
        }
    }
}
