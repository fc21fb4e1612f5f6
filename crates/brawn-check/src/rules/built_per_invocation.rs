//! A client, a model or an expression that is made anew for each invocation.
//!
//! ## What
//! `aws_config::load_from_env`, `Client::new`, `Regex::new`, model loading and their like in a handler or in async code that
//! handlers reach.
//!
//! ## Why it matters on Lambda
//! An environment serves thousands of invocations. Made once, before `run`, a client keeps its connections and credentials; made
//! in the handler, each invocation pays a TLS handshake (2 to 4 round trips and some milliseconds of CPU, which at 128 MB are
//! fourteen times as many).
//!
//! ## Example
//! ```text
//! async fn handler(event: LambdaEvent<Request>) -> Result<Response, Error> {
//!     let config = aws_config::load_from_env().await;
//!     let client = aws_sdk_s3::Client::new(&config);
//! ```
//!
//! ## Instead
//! Make it in `main` and hand it to the handler by reference; or a `tokio::sync::OnceCell`, a `LazyLock`.
//!
//! ## When to allow
//! When each invocation needs another one, such as credentials of the caller.

use super::{Rule, Run};
use crate::catalogue::CallKind;
use crate::finding::{Finding, Tier};
use crate::program::View;

pub(super) const RULE: Rule = Rule {
    code: "BR305",
    name: "built-per-invocation",
    tier: Tier::Warning,
    file: include_str!("built_per_invocation.rs"),
    run: Run::Function(check),
};

fn check(view: &View<'_>, rule: &Rule, out: &mut Vec<Finding>) {
    if !view.is_lambda() {
        return;
    }
    let loads_config = view
        .on_runtime_calls(CallKind::Build)
        .any(|(call, _)| call.path.starts_with("aws_config::"));
    for (call, entry) in view.on_runtime_calls(CallKind::Build) {
        // Of the configuration and the client made of it, the first is said.
        if loads_config && call.path.starts_with("aws_sdk_") {
            continue;
        }
        if call.is_value || is_constructor(view) {
            continue;
        }
        let message = format!(
            "`{}` {} for each invocation",
            view.short(call),
            entry.does.replace(" anew", "")
        );
        let mut finding = view.finding(rule, view.call_span(call.at), message);
        finding.help = Some(
            "make it once, in `main` before `run`, and hand it to the handler by reference"
                .to_owned(),
        );
        out.push(finding);
    }
}

/// What makes something may itself be called once; only its callers know.
fn is_constructor(view: &View<'_>) -> bool {
    const MAKES: [&str; 10] = [
        "new",
        "init",
        "build",
        "create",
        "setup",
        "connect",
        "load",
        "from_env",
        "get_or_init",
        "default",
    ];
    let name = &*view.scope.function.name;
    MAKES.iter().any(|word| {
        name == *word || name.strip_prefix(word).is_some_and(|rest| rest.starts_with('_'))
    }) || name.ends_with("_client")
        || name.ends_with("_config")
}
