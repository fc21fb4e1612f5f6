//! Files in `/tmp` under a new name for each invocation, which nobody removes.
//!
//! ## What
//! A path of the form `format!("/tmp/{..}")` that is created or written in a Lambda function whose code removes no file and uses
//! no temporary file that removes itself.
//!
//! ## Why it matters on Lambda
//! `/tmp` has 512 MB by default and lives as long as the environment, which serves thousands of invocations. Some hours in, writing
//! fails with "No space left on device", and goes on failing until Lambda replaces the environment.
//!
//! ## Example
//! ```text
//! let path = format!("/tmp/{}", record.key);
//! tokio::fs::write(&path, &bytes).await?;
//! ```
//!
//! ## Instead
//! ```text
//! let mut file = tempfile::NamedTempFile::new()?;
//! ```
//! which removes itself; or `std::fs::remove_file(&path)` at the end, on errors too.
//!
//! ## When to allow
//! When the file is a cache whose size is bounded.

use super::{Rule, Run};
use crate::finding::{Finding, Tier};
use crate::program::View;
use crate::tree::{ExprId, Kind};

pub(super) const RULE: Rule = Rule {
    code: "BR308",
    name: "scratch-file-left",
    tier: Tier::Advice,
    file: include_str!("scratch_file.rs"),
    run: Run::Function(check),
};

fn check(view: &View<'_>, rule: &Rule, out: &mut Vec<Finding>) {
    const REMOVES: [&str; 8] = [
        "remove_file",
        "remove_dir",
        "tempfile",
        "TempDir",
        "tempdir",
        "temp_dir",
        "unlink",
        "exists()",
    ];
    if !view.is_lambda() || view.is_init() || view.crate_mentions(&REMOVES) {
        return;
    }
    for call in &view.facts.calls {
        const WRITES: [&str; 5] =
            ["fs::write", "fs::File::create", "fs::copy", "File::create", "fs::File::create_new"];
        let writes = WRITES.iter().any(|end| call.path.ends_with(end));
        let args = match &view.tree()[call.at].kind {
            Kind::Call { args, .. } if writes => args,
            _ => continue,
        };
        let at = if call.path.ends_with("copy") { args.get(1) } else { args.first() };
        if at.is_some_and(|at| is_new_name(view, *at)) {
            let message = "a file with a name of its own in `/tmp`, and nothing removes it";
            let mut finding = view.finding(rule, view.call_span(call.at), message.to_owned());
            finding.help = Some(
                "use `tempfile`, whose files remove themselves, or remove it on all ways out"
                    .to_owned(),
            );
            out.push(finding);
        }
    }
}

/// `format!("/tmp/{}", ..)`, at once or by way of a variable.
fn is_new_name(view: &View<'_>, id: ExprId) -> bool {
    let mut id = id;
    loop {
        match &view.tree()[id].kind {
            Kind::Through(inner) => id = *inner,
            Kind::Method { receiver, name, .. }
                if matches!(&**name, "clone" | "as_str" | "as_ref") =>
            {
                id = *receiver;
            }
            Kind::Path { .. } => match view.scope.value_of(id) {
                Some(value) => id = value,
                None => return false,
            },
            Kind::Macro { path, .. } => {
                let text = view.text().slice(view.tree()[id].span);
                return path.last().is_some_and(|name| &**name == "format")
                    && text.split_once('"').is_some_and(|(_, text)| text.starts_with("/tmp/"))
                    && text.contains('{');
            }
            _ => return false,
        }
    }
}
