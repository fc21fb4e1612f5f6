//! One bad record that fails the whole batch, in a function that reports failures one by one.
//!
//! ## What
//! `?` within the loop over `records`, in a function that returns `SqsBatchResponse` or its like for streams.
//!
//! ## Why it matters on Lambda
//! `?` leaves the function with an error: every message of the batch comes back, those that were done already too, and is
//! done again, until the bad one reaches the dead-letter queue with its neighbours.
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
//! for record in event.payload.records {
//!     if let Err(error) = store(&record).await {
//!         tracing::warn!(%error, "record failed");
//!         failures.push(BatchItemFailure { item_identifier: record.message_id.unwrap_or_default() });
//!     }
//! }
//! ```
//!
//! ## When to allow
//! When the error concerns all records, such as a missing table.

use super::{Rule, Run};
use crate::finding::{Finding, Tier};
use crate::program::{View, is_partial_response};
use crate::tree::{ExprId, Kind, Span};

pub(super) const RULE: Rule = Rule {
    code: "BR301",
    name: "question-mark-in-batch",
    tier: Tier::Error,
    file: include_str!("question_mark_in_batch.rs"),
    run: Run::Function(check),
};

fn check(view: &View<'_>, rule: &Rule, out: &mut Vec<Finding>) {
    if !is_partial_response(&view.scope.function.returns) {
        return;
    }
    for id in view.rows() {
        let Kind::For { over, body, .. } = &view.tree()[id].kind else { continue };
        if !view.is_records(*over) {
            continue;
        }
        let fails = |row: &ExprId| {
            matches!(view.tree()[*row].kind, Kind::Try(_)) && leaves_function(view, *row, *body)
        };
        let rows = (body.0..view.scope.function.rows.end).map(ExprId);
        for row in rows
            .take_while(|row| view.tree()[*body].span.holds(view.tree()[*row].span))
            .filter(fails)
        {
            let span = view.tree()[row].span;
            let span = Span { start: span.end - 1, end: span.end };
            let message = "`?` on one record fails the whole batch, although this function reports failures one by one";
            let mut finding = view.finding(rule, span, message.to_owned());
            finding.help =
                Some("push the record's id to `batch_item_failures` and go on".to_owned());
            out.push(finding);
        }
    }
}

/// Whether nothing between a `?` and the loop's body takes the error: no closure, no async block.
fn leaves_function(view: &View<'_>, at: ExprId, body: ExprId) -> bool {
    let mut at = at;
    while let Some(parent) = view.tree()[at].parent {
        if parent == body {
            return true;
        }
        if matches!(view.tree()[parent].kind, Kind::Closure { .. } | Kind::Async(_)) {
            return false;
        }
        at = parent;
    }
    false
}
