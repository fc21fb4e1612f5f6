//! Failures are reported to a trigger that does not read them.
//!
//! ## What
//! A queue or stream without `ReportBatchItemFailures` that invokes a function whose code returns `SqsBatchResponse` or its like.
//!
//! ## Why it matters on Lambda
//! Without it Lambda does not read the response: a batch with failures counts as done, and the failed messages are deleted.
//!
//! ## Example
//! ```text
//! Events:
//!   Jobs:
//!     Type: SQS
//! ```
//!
//! ## Instead
//! ```text
//! FunctionResponseTypes: [ReportBatchItemFailures]
//! ```
//!
//! ## When to allow
//! Never.

use super::{Rule, Run};
use crate::deploy::{self, Deployed};
use crate::finding::{Finding, Tier};
use crate::program::{Program, finding};
use crate::source::Text;

pub(super) const RULE: Rule = Rule {
    code: "BR506",
    name: "partial-not-reported",
    tier: Tier::Error,
    file: include_str!("partial_not_reported.rs"),
    run: Run::Deployed(check),
};

fn check(program: &Program, rule: &Rule, text: &Text, function: &Deployed) -> Option<Finding> {
    let package = deploy::package_of(program, text, function)?;
    let trigger = function.queues.iter().find(|queue| !queue.reports_failures)?;
    if !program.reports_partial_batches(package) {
        return None;
    }
    let message = format!(
        "the code of `{}` reports failed records, and this trigger does not read them: they are lost",
        function.name
    );
    let mut finding = finding(rule, text, text.line_span(trigger.line), message);
    finding.help = Some("set".to_owned());
    finding.instead = Some("FunctionResponseTypes: [ReportBatchItemFailures]".to_owned());
    Some(finding)
}
