//! An object of any size, taken into memory whole.
//!
//! ## What
//! The body of `get_object` collected, in a function that serves S3 events and never asks how large the object is.
//!
//! ## Why it matters on Lambda
//! One object larger than the function's memory ends the process ("signal: killed"), is delivered again, and ends it again.
//!
//! ## Example
//! ```text
//! let bytes = client.get_object().bucket(b).key(k).send().await?.body.collect().await?.into_bytes();
//! ```
//!
//! ## Instead
//! ```text
//! let object = client.get_object().bucket(b).key(k).send().await?;
//! if object.content_length().unwrap_or(0) > LIMIT { return Err(too_large(k)); }
//! ```
//! or read the body as a stream.
//!
//! ## When to allow
//! When the uploads are limited elsewhere, such as by a presigned POST policy.

use super::{Rule, Run};
use crate::finding::{Finding, Tier};
use crate::program::View;
use crate::tree::Kind;

pub(super) const RULE: Rule = Rule {
    code: "BR303",
    name: "whole-object-in-memory",
    tier: Tier::Warning,
    file: include_str!("whole_object.rs"),
    run: Run::Function(check),
};

fn check(view: &View<'_>, rule: &Rule, out: &mut Vec<Finding>) {
    const ASKS: [&str; 6] = ["content_length", "head_object", ".size", "range(", "MAX_", "limit"];
    if !view.is_lambda() || !view.crate_mentions(&["S3Event"]) || view.crate_mentions(&ASKS[..2]) {
        return;
    }
    if ASKS.iter().any(|word| view.mentions(word)) || !view.mentions("get_object") {
        return;
    }
    for id in view.rows() {
        let Kind::Method { receiver, name, .. } = &view.tree()[id].kind else { continue };
        let is_body =
            matches!(&view.tree()[*receiver].kind, Kind::Field { name, .. } if &**name == "body");
        if &**name == "collect" && is_body {
            let message = "the whole object is taken into memory, however large it is".to_owned();
            let mut finding = view.finding(rule, view.call_span(id), message);
            finding.help =
                Some("look at `content_length` first, or read the body as a stream".to_owned());
            out.push(finding);
        }
    }
}
