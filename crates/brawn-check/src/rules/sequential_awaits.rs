//! Records that wait for each other.
//!
//! ## What
//! An `.await` within the loop over `records`.
//!
//! ## Why it matters on Lambda
//! A batch of ten downloads takes ten times as long as one, and all of it is paid for.
//!
//! ## Example
//! ```text
//! for record in event.payload.records {
//!     store(&record).await?;
//! }
//! ```
//!
//! ## Instead
//! ```text
//! futures::stream::iter(event.payload.records).map(store).buffer_unordered(8)
//! ```
//!
//! ## When to allow
//! When the order matters, as in a FIFO queue.

use super::{Rule, Run};
use crate::finding::{Finding, Tier};
use crate::program::View;
use crate::tree::Kind;

pub(super) const RULE: Rule = Rule {
    code: "BR306",
    name: "sequential-awaits",
    tier: Tier::Advice,
    file: include_str!("sequential_awaits.rs"),
    run: Run::Function(check),
};

fn check(view: &View<'_>, rule: &Rule, out: &mut Vec<Finding>) {
    if !view.is_lambda() {
        return;
    }
    for id in view.rows() {
        let Kind::For { over, body, .. } = &view.tree()[id].kind else { continue };
        let text = view.text().slice(view.tree()[*body].span);
        if view.is_records(*over) && text.contains(".await") && !text.contains("spawn") {
            let message = "one record after the other: each waits for all before it".to_owned();
            let mut finding = view.finding(rule, view.tree()[*over].span, message);
            finding.help = Some("run a few at a time, with `buffer_unordered`".to_owned());
            out.push(finding);
        }
    }
}
