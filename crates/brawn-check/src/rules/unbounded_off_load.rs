//! Work off-loaded once for each record, with no bound.
//!
//! ## What
//! `spawn_blocking` in a loop without an `.await` of its handle in the loop, and without a semaphore.
//!
//! ## Why it matters on Lambda
//! `spawn_blocking` starts up to 512 threads. Ten thousand records mean 512 decoded pictures in memory at once, on a share of
//! two cores, and Lambda ends a process that passes 1,024 threads.
//!
//! ## Example
//! ```text
//! for record in records {
//!     tasks.push(tokio::task::spawn_blocking(move || shrink(record)));
//! }
//! ```
//!
//! ## Instead
//! ```text
//! brawn::compute(move |_| records.par_iter().map(shrink).collect::<Vec<_>>()).await?
//! ```
//! or a `Semaphore` with as many permits as there are vCPUs.
//!
//! ## When to allow
//! When the loop is known to be short.

use super::{Rule, Run};
use crate::catalogue::CallKind;
use crate::finding::{Finding, Tier};
use crate::program::View;

pub(super) const RULE: Rule = Rule {
    code: "BR203",
    name: "unbounded-off-load",
    tier: Tier::Warning,
    file: include_str!("unbounded_off_load.rs"),
    run: Run::Function(check),
};

fn check(view: &View<'_>, rule: &Rule, out: &mut Vec<Finding>) {
    const BOUNDS: [&str; 5] =
        ["Semaphore", "semaphore", "acquire", "buffer_unordered", "buffered("];
    if BOUNDS.iter().any(|word| view.mentions(word)) {
        return;
    }
    for (call, _) in view.on_runtime_calls(CallKind::OffLoad) {
        let Some(around) = view.loop_around(call.at) else { continue };
        if !view.is_blocking_off_load(call.at) || view.is_awaited(call.at) {
            continue;
        }
        // `let task = spawn_blocking(..); task.await` in the loop.
        let text = view.text().slice(view.tree()[around].span);
        let after = text.split("spawn").last().unwrap_or("");
        if after.contains(".await") || after.contains("join()") {
            continue;
        }
        let message =
            "one off-loaded task for each turn of the loop, with no bound on how many run at once";
        let mut finding = view.finding(rule, view.call_span(call.at), message.to_owned());
        finding.help = Some(
            "off-load the loop as a whole, or take a permit of a `Semaphore` first".to_owned(),
        );
        out.push(finding);
    }
}
