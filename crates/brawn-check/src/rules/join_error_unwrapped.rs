//! The error of off-loaded work made a panic, or passed on without saying whose it is.
//!
//! ## What
//! `.await.unwrap()` or `.await.expect(..)` on the handle of off-loaded work, and `.await??` on it within a loop over records.
//!
//! ## Why it matters on Lambda
//! `unwrap` makes one record's panic the panic of the handler: the invocation fails with a text about a `JoinError`, and the
//! whole batch comes again. `??` in a loop says that a record failed, and not which one.
//!
//! ## Example
//! ```text
//! let picture = tokio::task::spawn_blocking(move || decode(&bytes)).await.unwrap();
//! ```
//!
//! ## Instead
//! ```text
//! let picture = tokio::task::spawn_blocking(move || decode(&bytes))
//!     .await
//!     .map_err(|error| format!("{key}: {error}"))??;
//! ```
//!
//! ## When to allow
//! When the panic is meant to end the invocation.

use super::{Rule, Run};
use crate::finding::{Finding, Tier};
use crate::program::View;
use crate::tree::{ExprId, Kind};

pub(super) const RULE: Rule = Rule {
    code: "BR210",
    name: "join-error-unwrapped",
    tier: Tier::Advice,
    file: include_str!("join_error_unwrapped.rs"),
    run: Run::Function(check),
};

fn check(view: &View<'_>, rule: &Rule, out: &mut Vec<Finding>) {
    for id in view.rows() {
        let (message, span, help) = match &view.tree()[id].kind {
            Kind::Method { receiver, name, .. }
                if matches!(&**name, "unwrap" | "expect") && awaits_off_load(view, *receiver) =>
            {
                (
                    format!(
                        "`.{name}` makes a panic of the off-loaded work a panic of the handler"
                    ),
                    view.call_span(id),
                    "pass the `JoinError` on with `?`",
                )
            }
            Kind::Try(outer) => {
                let Kind::Try(inner) = view.tree()[*outer].kind else { continue };
                let names_record =
                    |text: &str| text.contains("context(") || text.contains("map_err");
                let text = view.text().slice(view.tree()[id].span);
                if !awaits_off_load(view, inner)
                    || view.loop_around(id).is_none()
                    || names_record(text)
                {
                    continue;
                }
                (
                    "this error does not say which record failed".to_owned(),
                    view.tree()[id].span,
                    "name the record with `map_err` or `with_context` before `?`",
                )
            }
            _ => continue,
        };
        let mut finding = view.finding(rule, span, message);
        finding.help = Some(help.to_owned());
        out.push(finding);
    }
}

fn awaits_off_load(view: &View<'_>, id: ExprId) -> bool {
    matches!(view.tree()[id].kind, Kind::Await(work) if view.is_off_load(work))
}
