//! A call that computes for milliseconds, on a thread of the async runtime.
//!
//! ## What
//! Password hashing, image decoding, scaling and encoding, compression, models, documents and queries over columns, called
//! in an async function, block or closure. Which calls are meant stands in a table that `brawn-check.toml` extends:
//! ```text
//! [[call]]
//! kind = "heavy"
//! does = "renders a map tile"
//! paths = ["tiles::render", "tiles::Renderer::draw"]
//! ```
//!
//! ## Why it matters on Lambda
//! The runtime has one thread for each visible core, two at most sizes, and the CPU share is smaller still: at 512 MB a
//! decode of 100 ms takes 350. Until it ends no other future on that thread moves: downloads stall and time out,
//! `tokio::time::timeout` does not fire, and the function runs into its deadline without a word.
//!
//! ## Example
//! ```text
//! async fn handler(event: LambdaEvent<S3Event>) -> Result<(), Error> {
//!     let bytes = download(&event).await?;
//!     let picture = image::load_from_memory(&bytes)?;
//! ```
//!
//! ## Instead
//! ```text
//!     let picture = brawn::compute(move |_| image::load_from_memory(&bytes)).await??;
//! ```
//! Without brawn: `tokio::task::spawn_blocking(move || ..).await??`.
//!
//! ## When to allow
//! When the input is known to be tiny, such as an icon that the function itself made.

use super::{Rule, Run};
use crate::calls::Call;
use crate::catalogue::{CallKind, Entry};
use crate::finding::{Finding, Tier};
use crate::fix;
use crate::program::View;
use crate::tree::{ExprId, Kind};

pub(super) const RULE: Rule = Rule {
    code: "BR102",
    name: "heavy-call-in-async",
    tier: Tier::Error,
    file: include_str!("heavy_in_async.rs"),
    run: Run::Function(check),
};

fn check(view: &View<'_>, rule: &Rule, out: &mut Vec<Finding>) {
    for (call, entry) in view.on_runtime_calls(CallKind::Heavy) {
        out.push(say(view, rule, call, entry));
    }
}

fn say(view: &View<'_>, rule: &Rule, call: &Call, entry: &Entry) -> Finding {
    let message =
        format!("`{}` {}, on a thread of the async runtime", view.short(call), entry.does);
    let mut finding = view.finding(rule, view.call_span(call.at), message);
    finding.help = Some("hand it to the pool and await it".to_owned());
    finding.instead = off_loaded(view, call.at);
    finding.fix = fix::off_load(view, call);
    finding
}

/// The expression around a call, wrapped; short ones only.
pub(super) fn off_loaded(view: &View<'_>, at: ExprId) -> Option<String> {
    const LONGEST: usize = 90;
    let around = whole(view, at);
    let text = view.text().slice(view.tree()[around].span);
    let wrapper =
        if view.program.manifest_of(view.id()).is_some_and(|manifest| manifest.depends_on("brawn"))
        {
            "brawn::compute(move |_|"
        } else {
            "tokio::task::spawn_blocking(move ||"
        };
    let short = text.len() <= LONGEST && !text.contains('\n') && !text.contains(".await");
    let text = if short { text } else { ".." };
    Some(format!("{wrapper} {text}).await?"))
}

/// The method chain that a call stands in, up to what is awaited or asked with `?`.
pub(super) fn whole(view: &View<'_>, at: ExprId) -> ExprId {
    let tree = view.tree();
    let mut at = at;
    while let Some(parent) = tree[at].parent {
        match &tree[parent].kind {
            Kind::Method { receiver, .. } if *receiver == at => at = parent,
            _ => break,
        }
    }
    at
}
