//! A visibility timeout below six times the function's timeout.
//!
//! ## What
//! A queue whose visibility timeout is less than six times the timeout of the function it invokes.
//!
//! ## Why it matters on Lambda
//! Lambda retries while it is throttled, and holds a batch back while it collects one. AWS asks for six times; with less,
//! messages come up again while they are worked on, and are done twice.
//!
//! ## Example
//! ```text
//! Timeout: 60
//! VisibilityTimeout: 60
//! ```
//!
//! ## Instead
//! ```text
//! VisibilityTimeout: 360
//! ```
//!
//! ## When to allow
//! When the work may be done twice and never takes long.

use super::{Rule, Run};
use crate::deploy::Deployed;
use crate::finding::{Finding, Tier};
use crate::program::{Program, finding};
use crate::source::Text;

pub(super) const RULE: Rule = Rule {
    code: "BR505",
    name: "visibility-timeout",
    tier: Tier::Warning,
    file: include_str!("visibility_timeout.rs"),
    run: Run::Deployed(check),
};

fn check(_: &Program, rule: &Rule, text: &Text, function: &Deployed) -> Option<Finding> {
    // The default of Lambda.
    let timeout = function.timeout.unwrap_or(3);
    let visibility = function.queues.iter().find_map(|queue| queue.visibility.as_ref())?;
    if visibility.value >= 6 * timeout {
        return None;
    }
    let message = format!(
        "messages come up again after {} s, less than 6 times the {timeout} s that `{}` may take",
        visibility.value, function.name
    );
    let mut finding = finding(rule, text, text.line_span(visibility.line), message);
    finding.help = Some(format!("set it to {} s or more", 6 * timeout));
    Some(finding)
}
