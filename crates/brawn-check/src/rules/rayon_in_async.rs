//! Parallel work that is driven on a thread of the async runtime.
//!
//! ## What
//! `par_iter()` and its kind, `rayon::join`, `scope`, `ThreadPool::install` and `std::thread::scope` in an async
//! function, block or closure. All of them wait, on the thread that calls them, until every part is done.
//!
//! ## Why it matters on Lambda
//! The runtime of a Lambda function has two threads or one. While one of them waits, timers, the S3 client, the
//! telemetry flush and the deadline's own timeout stand still, and a `timeout` around the work cannot fire. Below 1769 MB
//! the waiting thread also takes CPU from the pool.
//!
//! ## Example
//! ```text
//! async fn handler(event: LambdaEvent<Request>) -> Result<Response, Error> {
//!     let sums: Vec<f64> = event.payload.rows.par_iter().map(total).collect();
//! ```
//!
//! ## Instead
//! ```text
//!     let rows = event.payload.rows;
//!     let sums = brawn::compute(move |_| rows.par_iter().map(total).collect::<Vec<_>>()).await?;
//! ```
//! Without brawn: `tokio::task::spawn_blocking(move || ..).await?`.
//!
//! ## When to allow
//! When the work is known to take less than some 50 microseconds.

use super::{Rule, Run};
use crate::catalogue::CallKind;
use crate::finding::{Finding, Tier};
use crate::program::View;

pub(super) const RULE: Rule = Rule {
    code: "BR101",
    name: "rayon-in-async",
    tier: Tier::Error,
    file: include_str!("rayon_in_async.rs"),
    run: Run::Function(check),
};

fn check(view: &View<'_>, rule: &Rule, out: &mut Vec<Finding>) {
    for (call, entry) in view.on_runtime_calls(CallKind::Parallel) {
        // `a.par_iter().zip(b.par_iter())` is one piece of work.
        if view.scope.is_parallel_chain(call.at)
            || view
                .scope
                .argument_of(call.at)
                .is_some_and(|outer| view.scope.is_parallel_chain(outer))
        {
            continue;
        }
        let message = format!(
            "`{}` {}",
            view.short(call),
            entry.does.replace("this thread", "a thread of the async runtime")
        );
        let mut finding = view.finding(rule, view.call_span(call.at), message);
        finding.help = Some("hand the work to the pool and await it".to_owned());
        finding.instead = super::heavy_in_async::off_loaded(view, call.at);
        out.push(finding);
    }
}
