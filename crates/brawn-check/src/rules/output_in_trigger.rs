//! A function that writes where its own trigger looks.
//!
//! ## What
//! A function that a bucket's notification invokes, and whose code puts objects back into the bucket they came from, under a key
//! that begins as the notification's prefix does. (Without a prefix every key does.)
//!
//! ## Why it matters on Lambda
//! Each output is a new event, whose output is a new event. Lambda stops loops that it can see after some 16 rounds; others run
//! until somebody looks at the bill.
//!
//! ## Example
//! ```text
//! client.get_object().bucket(&bucket).key(&key).send().await?;
//! client.put_object().bucket(&bucket).key(format!("thumbs/{key}")).body(small).send().await?;
//! ```
//! with a notification for all of the bucket.
//!
//! ## Instead
//! ```text
//! Filter: {S3Key: {Rules: [{Name: prefix, Value: originals/}]}}
//! ```
//! and outputs elsewhere; best in a bucket of their own.
//!
//! ## When to allow
//! When the code passes over its own outputs in a way that is not seen here.

use super::{Rule, Run};
use crate::deploy::{self, Deployed, Notification};
use crate::finding::{Finding, Tier};
use crate::program::{Program, View, finding};
use crate::source::Text;
use crate::tree::{ExprId, Kind};

pub(super) const RULE: Rule = Rule {
    code: "BR508",
    name: "output-in-trigger",
    tier: Tier::Warning,
    file: include_str!("output_in_trigger.rs"),
    run: Run::Deployed(check),
};

fn check(program: &Program, rule: &Rule, text: &Text, function: &Deployed) -> Option<Finding> {
    let package = deploy::package_of(program, text, function)?;
    let (notification, put, key) = program.functions_of_package(package).find_map(|id| {
        let view = program.view(id);
        let key = output_key(&view)?;
        let within = function.buckets.iter().find(|notification| falls_in(notification, &key))?;
        let at = view.text().place(view.tree()[key.at].span.start);
        Some((within, (view.text().path.clone(), at), key))
    })?;
    let prefix = notification.prefix.as_deref().unwrap_or("");
    let all = "every key".to_owned();
    let which = if prefix.is_empty() { all } else { format!("keys that begin with `{prefix}`") };
    let message = format!("`{}` is invoked for {which}, its own outputs among them", function.name);
    let mut finding = finding(rule, text, text.line_span(notification.line), message);
    finding.chain.push(crate::finding::Link {
        path: put.0,
        line: put.1.0,
        column: put.1.1,
        text: format!("put_object().key({})", key.text),
    });
    finding.help =
        Some("write to another bucket, or filter by a prefix that no output has".to_owned());
    Some(finding)
}

/// The key of a `put_object`, as far as it is written out.
struct Key {
    at: ExprId,
    text: String,
    /// What every such key begins with.
    head: String,
    /// What every such key ends with.
    tail: String,
    /// Whether nothing stands before or after what the variables bring.
    is_whole: bool,
}

fn falls_in(notification: &Notification, key: &Key) -> bool {
    let (Some(prefix), Some(suffix)) = (&notification.prefix, &notification.suffix) else {
        return false;
    };
    // A key made of the input's key ends as the input does, unless something else stands behind it.
    let ends = suffix.is_empty() || key.tail.ends_with(suffix.as_str()) || key.tail.is_empty();
    let begins = key.head.starts_with(prefix.as_str()) || key.is_whole && key.head.is_empty();
    begins && ends
}

/// The key under which a function puts an object into the bucket that it got one from.
fn output_key(view: &View<'_>) -> Option<Key> {
    // Whoever looks at how a key begins passes over something, and what it is cannot be told.
    if view.crate_mentions(&["starts_with(", "strip_prefix("]) || !view.is_lambda() {
        return None;
    }
    let argument = |request: &str, name: &str| {
        view.rows().find_map(|id| match &view.tree()[id].kind {
            Kind::Method { receiver, name: own, args, .. }
                if &**own == name && chain_has(view, *receiver, request) =>
            {
                args.first().copied()
            }
            _ => None,
        })
    };
    let text = |id: ExprId| {
        let text = view.text().slice(view.tree()[id].span);
        text.trim_start_matches('&').trim_end_matches(".clone()").trim_end_matches(".to_string()")
    };
    let from = text(argument("get_object", "bucket")?);
    let to = text(argument("put_object", "bucket")?);
    if from != to || from.starts_with('"') {
        return None;
    }
    let at = argument("put_object", "key")?;
    let (value, source) = literal(view, at)?;
    if source == text(argument("get_object", "key")?) {
        return None;
    }
    let (head, tail) = match (value.find('{'), value.rfind('}')) {
        (Some(open), Some(close)) => (&value[..open], &value[close + 1..]),
        _ => (value, value),
    };
    let is_whole = value.starts_with('{') && value.contains('}');
    Some(Key {
        at,
        text: text(at).to_owned(),
        head: head.to_owned(),
        tail: tail.to_owned(),
        is_whole,
    })
}

fn chain_has(view: &View<'_>, id: ExprId, request: &str) -> bool {
    let mut id = id;
    loop {
        match &view.tree()[id].kind {
            Kind::Method { name, .. } if &**name == request => return true,
            Kind::Method { receiver, .. } => id = *receiver,
            Kind::Through(inner) | Kind::Try(inner) | Kind::Await(inner) => id = *inner,
            _ => return false,
        }
    }
}

/// The text of a literal or of a `format!`, and the expression itself.
fn literal<'a>(view: &View<'a>, id: ExprId) -> Option<(&'a str, &'a str)> {
    let mut id = id;
    loop {
        let whole = view.text().slice(view.tree()[id].span);
        match &view.tree()[id].kind {
            Kind::Through(inner) => id = *inner,
            Kind::Method { receiver, name, .. }
                if matches!(&**name, "clone" | "as_str" | "to_string" | "to_owned" | "into") =>
            {
                id = *receiver;
            }
            Kind::Path { .. } => id = view.scope.value_of(id)?,
            Kind::Str(_) => return Some((whole.trim_matches('"'), whole)),
            Kind::Macro { path, .. } if path.last().is_some_and(|name| &**name == "format") => {
                let value = whole.split_once('"')?.1;
                return Some((value.split_once('"')?.0, whole));
            }
            _ => return None,
        }
    }
}
