//! Off-loaded work that nobody waits for.
//!
//! ## What
//! The handle of `spawn_blocking` or `std::thread::spawn` is dropped at once, as a statement or by `let _ =`, in a Lambda
//! function, and the closure sends its result nowhere.
//!
//! ## Why it matters on Lambda
//! Lambda freezes the environment when the response is sent. The work stops where it is and goes on in somebody else's
//! invocation, minutes later or never.
//!
//! ## Example
//! ```text
//! tokio::task::spawn_blocking(move || write_report(&rows));
//! Ok(Response::accepted())
//! ```
//!
//! ## Instead
//! ```text
//! tokio::task::spawn_blocking(move || write_report(&rows)).await?;
//! ```
//!
//! ## When to allow
//! When the work may be lost, such as warming a cache.

use super::{Rule, Run};
use crate::finding::{Finding, Tier};
use crate::program::View;
use crate::tree::{Kind, Pattern};

pub(super) const RULE: Rule = Rule {
    code: "BR202",
    name: "off-load-dropped",
    tier: Tier::Error,
    file: include_str!("off_load_dropped.rs"),
    run: Run::Function(check),
};

fn check(view: &View<'_>, rule: &Rule, out: &mut Vec<Finding>) {
    if !view.is_lambda() || view.is_init() {
        return;
    }
    for id in view.rows() {
        let dropped = match &view.tree()[id].kind {
            Kind::Statement(inner) => *inner,
            Kind::Let { pattern: Pattern::Wild, init: Some(init), .. } => *init,
            _ => continue,
        };
        if !view.is_blocking_off_load(dropped) || !view.on_runtime(view.scope.context(dropped)) {
            continue;
        }
        let span = view.tree()[dropped].span;
        // A channel, or shared state, brings the result back.
        let text = view.text().slice(span);
        if ["send", "tx", "notify", "store(", "lock(", "sender"]
            .iter()
            .any(|word| text.contains(word))
        {
            continue;
        }
        let message = "nobody waits for this work: it is frozen after the response, and goes on in a later \
                       invocation or never";
        let mut finding = view.finding(rule, view.call_span(dropped), message.to_owned());
        finding.help = Some("await the handle before the handler returns".to_owned());
        out.push(finding);
    }
}
