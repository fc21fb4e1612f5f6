//! A future that is run to its end on a thread which already runs futures.
//!
//! ## What
//! `block_on`, a new runtime, `blocking_recv` and `blocking_lock` in an async context; `block_in_place` in a program whose
//! runtime has one thread.
//!
//! ## Why it matters on Lambda
//! Tokio panics ("cannot start a runtime from within a runtime") or, with another executor's `block_on`, the thread waits
//! for a future that only this thread could have polled: the function hangs until its timeout, and is paid for until then.
//!
//! ## Example
//! ```text
//! async fn handler(event: LambdaEvent<Request>) -> Result<Response, Error> {
//!     let rows = futures::executor::block_on(query(&event.payload))?;
//! ```
//!
//! ## Instead
//! ```text
//!     let rows = query(&event.payload).await?;
//! ```
//!
//! ## When to allow
//! In a function that is `async` by its signature only and is never run by a runtime.

use super::{Rule, Run};
use crate::catalogue::CallKind;
use crate::finding::{Finding, Tier};
use crate::program::View;

pub(super) const RULE: Rule = Rule {
    code: "BR104",
    name: "block-on-in-async",
    tier: Tier::Error,
    file: include_str!("block_on_in_async.rs"),
    run: Run::Function(check),
};

fn check(view: &View<'_>, rule: &Rule, out: &mut Vec<Finding>) {
    for (call, entry) in view.on_runtime_calls(CallKind::BlockOn) {
        let does = entry.does.replace("this thread", "a thread that runs futures");
        let message = format!("`{}` {does}", view.short(call));
        let mut finding = view.finding(rule, view.call_span(call.at), message);
        finding.help = Some("await it".to_owned());
        out.push(finding);
    }
    for (call, _) in view.on_runtime_calls(CallKind::InPlace) {
        if view.is_current_thread() {
            let message = "`block_in_place` panics on a runtime with one thread".to_owned();
            let mut finding = view.finding(rule, view.call_span(call.at), message);
            finding.help = Some("hand the closure to `spawn_blocking` and await it".to_owned());
            out.push(finding);
        }
    }
}
