//! A gzip file of which only the first part is read.
//!
//! ## What
//! `flate2`'s `GzDecoder`, or `async_compression`'s `GzipDecoder` without `multiple_members(true)`, on objects from S3.
//!
//! ## Why it matters on Lambda
//! Log shippers, `bgzip`, `pigz` and `cat a.gz b.gz` write several members. These decoders stop after the first and report
//! success: the rest of the data is lost without an error.
//!
//! ## Example
//! ```text
//! let mut reader = flate2::read::GzDecoder::new(&object[..]);
//! ```
//!
//! ## Instead
//! ```text
//! let mut reader = flate2::read::MultiGzDecoder::new(&object[..]);
//! ```
//!
//! ## When to allow
//! When the files are known to have one member, as those of CloudWatch Logs subscriptions do.

use super::{Rule, Run};
use crate::finding::{Finding, Tier};
use crate::program::View;

pub(super) const RULE: Rule = Rule {
    code: "BR304",
    name: "first-member-gzip",
    tier: Tier::Warning,
    file: include_str!("first_member_gzip.rs"),
    run: Run::Function(check),
};

fn check(view: &View<'_>, rule: &Rule, out: &mut Vec<Finding>) {
    const ONE_MEMBER: [&str; 4] = ["awslogs", "LogData", "cloudwatch_logs", "CloudWatchLogs"];
    if !view.is_lambda()
        || view.crate_mentions(&ONE_MEMBER)
        || !view.crate_mentions(&["get_object"])
    {
        return;
    }
    for call in &view.facts.calls {
        let path = call.path.as_str();
        let flate = path.starts_with("flate2::") && path.ends_with("::GzDecoder::new");
        let asynchronous = path.starts_with("async_compression::")
            && path.ends_with("::GzipDecoder::new")
            && !view.mentions("multiple_members");
        if flate || asynchronous {
            let message =
                "reads the first member of a gzip file and drops the others without an error"
                    .to_owned();
            let mut finding = view.finding(rule, view.call_span(call.at), message);
            let instead = if flate { "`MultiGzDecoder`" } else { "`multiple_members(true)`" };
            finding.help = Some(format!("use {instead}"));
            out.push(finding);
        }
    }
}
