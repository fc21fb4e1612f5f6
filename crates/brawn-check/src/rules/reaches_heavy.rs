//! An async function that reaches heavy or waiting work through functions of the workspace.
//!
//! ## What
//! A call, in an async context, of a function of this workspace that is not async and that computes (BR101, BR102) or
//! waits (BR104, BR105), itself or through what it calls. The chain of calls is printed.
//!
//! ## Why it matters on Lambda
//! It is the same as the call itself, one file further away: the thread that should poll the S3 client decodes a
//! picture.
//!
//! ## Example
//! ```text
//! async fn handler(event: LambdaEvent<S3Event>) -> Result<(), Error> {
//!     let small = thumbnail(&download(&event).await?)?;
//! }
//! fn thumbnail(bytes: &[u8]) -> Result<Vec<u8>, Error> {
//!     let picture = image::load_from_memory(bytes)?;
//! ```
//!
//! ## Instead
//! ```text
//!     let bytes = download(&event).await?;
//!     let small = brawn::compute(move |_| thumbnail(&bytes)).await??;
//! ```
//!
//! ## When to allow
//! When the branch that computes is never taken from here.

use super::{Rule, Run};
use crate::calls::{Call, Step};
use crate::finding::{Finding, Link, Tier};
use crate::program::{View, short};
use crate::resolve::FnId;

pub(super) const RULE: Rule = Rule {
    code: "BR103",
    name: "reaches-heavy-work",
    tier: Tier::Warning,
    file: include_str!("reaches_heavy.rs"),
    run: Run::Function(check),
};

fn check(view: &View<'_>, rule: &Rule, out: &mut Vec<Finding>) {
    for call in &view.facts.calls {
        if call.entry.is_some() || !view.on_runtime(call.context) {
            continue;
        }
        let reaches = |id: &&FnId| view.program.reach[id.0 as usize].is_some();
        if let Some(to) = call.functions.iter().find(reaches) {
            out.push(say(view, rule, call, *to));
        }
    }
}

fn say(view: &View<'_>, rule: &Rule, call: &Call, to: FnId) -> Finding {
    let (chain, does) = chain(view, to);
    let first = name_of(view, to);
    let last = chain.last().map_or("", |link| &link.text);
    let message =
        format!("`{first}` reaches `{last}`, which {does}, on a thread of the async runtime");
    let mut finding = view.finding(rule, view.call_span(call.at), message);
    finding.chain = chain;
    finding.help = Some("hand the whole call to the pool and await it".to_owned());
    finding.instead = super::heavy_in_async::off_loaded(view, call.at);
    finding
}

fn name_of(view: &View<'_>, id: FnId) -> String {
    let function = view.scope.resolver.function(id);
    match &function.owner {
        Some(owner) if !owner.last().is_empty() => format!("{}::{}", owner.last(), function.name),
        _ => function.name.to_string(),
    }
}

/// Each call on the way from `from` to what computes or waits, and what that does.
fn chain(view: &View<'_>, from: FnId) -> (Vec<Link>, String) {
    const LONGEST: usize = 32;
    let mut links = Vec::new();
    let mut at = from;
    for _ in 0..LONGEST {
        match view.program.reach[at.0 as usize] {
            Some(Step::Through(call, next)) => {
                links.push(view.link(at, call, name_of(view, next)));
                at = next;
            }
            Some(Step::Here(index)) => {
                let call = &view.program.facts[at.0 as usize].calls[index];
                let does = view.program.entry_of(call).map_or("", |entry| &entry.does);
                let text = if call.path.is_empty() {
                    view.program.view(at).short(call)
                } else {
                    short(&call.path)
                };
                links.push(view.link(at, call.at, text));
                return (links, does.to_owned());
            }
            None => break,
        }
    }
    (links, "computes".to_owned())
}
