//! A call that sleeps or waits, on a thread of the async runtime.
//!
//! ## What
//! `std::thread::sleep`, waiting for a process, blocking HTTP, database and mail clients, waiting for a thread or a channel
//! of `std`, in an async function, block or closure.
//!
//! ## Why it matters on Lambda
//! The thread does nothing, is paid for, and no other future on it moves. With one or two threads in all that is half of
//! the function or the whole of it.
//!
//! ## Example
//! ```text
//! async fn handler(event: LambdaEvent<Request>) -> Result<Response, Error> {
//!     let output = std::process::Command::new("gs").args(&args).output()?;
//! ```
//!
//! ## Instead
//! ```text
//!     let output = tokio::process::Command::new("gs").args(&args).output().await?;
//! ```
//!
//! ## When to allow
//! When nothing else can be going on: no download, no upload, no telemetry, one invocation at a time.

use super::{Rule, Run};
use crate::catalogue::CallKind;
use crate::finding::{Finding, Tier};
use crate::program::View;

pub(super) const RULE: Rule = Rule {
    code: "BR105",
    name: "blocking-call-in-async",
    tier: Tier::Error,
    file: include_str!("blocking_in_async.rs"),
    run: Run::Function(check),
};

fn check(view: &View<'_>, rule: &Rule, out: &mut Vec<Finding>) {
    for (call, entry) in view.on_runtime_calls(CallKind::Blocking) {
        // Awaited, it is another crate's method of that name.
        let parent = view.tree()[call.at].parent.map(|parent| &view.tree()[parent].kind);
        if matches!(parent, Some(crate::tree::Kind::Await(_))) {
            continue;
        }
        let message =
            format!("`{}` {}, on a thread of the async runtime", view.short(call), entry.does);
        let mut finding = view.finding(rule, view.call_span(call.at), message);
        let instead = entry.instead.as_deref().unwrap_or("`spawn_blocking` around it");
        finding.help = Some(format!("use {instead}"));
        out.push(finding);
    }
}
