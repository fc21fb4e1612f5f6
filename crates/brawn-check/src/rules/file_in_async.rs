//! A whole file read or written on a thread of the async runtime.
//!
//! ## What
//! `std::fs::read`, `write`, `copy` and their like in an async function, block or closure.
//!
//! ## Why it matters on Lambda
//! `/tmp` is a local disk and small files hardly matter; a file of 100 MB, or one on EFS, stops the thread for as long as the
//! disk takes.
//!
//! ## Example
//! ```text
//! let model = std::fs::read("/mnt/efs/model.onnx")?;
//! ```
//!
//! ## Instead
//! `tokio::fs`, or `spawn_blocking` around all of the file work.
//!
//! ## When to allow
//! When the file is small.

use super::{Rule, Run};
use crate::catalogue::CallKind;
use crate::finding::{Finding, Tier};
use crate::program::View;

pub(super) const RULE: Rule = Rule {
    code: "BR106",
    name: "file-in-async",
    tier: Tier::Advice,
    file: include_str!("file_in_async.rs"),
    run: Run::Function(check),
};

fn check(view: &View<'_>, rule: &Rule, out: &mut Vec<Finding>) {
    for (call, entry) in view.on_runtime_calls(CallKind::File) {
        let message =
            format!("`{}` {}, on a thread of the async runtime", view.short(call), entry.does);
        let mut finding = view.finding(rule, view.call_span(call.at), message);
        finding.help = entry.instead.as_deref().map(|instead| format!("use {instead}"));
        out.push(finding);
    }
}
