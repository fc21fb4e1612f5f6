//! A lock that is held while Rayon works.
//!
//! ## What
//! A guard of `lock()` or `write()` that is still alive where `par_iter`, `join`, `scope` or `install` is called.
//!
//! ## Why it matters on Lambda
//! While it waits, a Rayon thread steals other work. If that takes the same lock, the thread waits for itself: the function
//! hangs until its timeout (rayon issue 592). With two threads this is no rare case.
//!
//! ## Example
//! ```text
//! let mut cache = cache.lock().unwrap();
//! let sizes: Vec<_> = files.par_iter().map(measure).collect();
//! cache.extend(sizes);
//! ```
//!
//! ## Instead
//! ```text
//! let sizes: Vec<_> = files.par_iter().map(measure).collect();
//! cache.lock().unwrap().extend(sizes);
//! ```
//!
//! ## When to allow
//! When no work of the pool ever takes this lock.

use super::{Rule, Run};
use crate::calls::Call;
use crate::catalogue::CallKind;
use crate::finding::{Finding, Tier};
use crate::program::View;
use crate::tree::{ExprId, Kind, Name};

pub(super) const RULE: Rule = Rule {
    code: "BR204",
    name: "lock-across-rayon",
    tier: Tier::Error,
    file: include_str!("lock_across_rayon.rs"),
    run: Run::Function(check),
};

fn check(view: &View<'_>, rule: &Rule, out: &mut Vec<Finding>) {
    let parallel = |call: &&Call| {
        view.kind(call) == Some(CallKind::Parallel) && !call.path.ends_with("thread::scope")
    };
    for call in view.facts.calls.iter().filter(parallel) {
        if let Some(name) = guard_alive(view, call.at) {
            let message = format!(
                "the guard `{name}` is held while the pool works: a stolen task that takes the same lock \
                 waits forever"
            );
            let mut finding = view.finding(rule, view.call_span(call.at), message);
            finding.help =
                Some(format!("take the lock after the parallel work, or `drop({name})` before it"));
            out.push(finding);
            return;
        }
    }
}

/// The name of a guard that a statement before `at`, in a block around it, binds.
pub(crate) fn guard_alive(view: &View<'_>, at: ExprId) -> Option<Name> {
    let tree = view.tree();
    let (mut child, mut parent) = (at, tree[at].parent);
    while let Some(id) = parent {
        if let Kind::Block(statements) = &tree[id].kind {
            let index = statements.iter().position(|statement| *statement == child).unwrap_or(0);
            for (place, statement) in statements[..index].iter().enumerate().rev().take(64) {
                let Kind::Let { pattern, init: Some(init), .. } = &tree[*statement].kind else {
                    continue;
                };
                let Some(name) = pattern.as_name() else { continue };
                if !is_guard(view, *init) {
                    continue;
                }
                let dropped = format!("drop({name})");
                let between = &statements[place + 1..index];
                if !between.iter().any(|row| view.text().slice(tree[*row].span).contains(&dropped))
                {
                    return Some(Name::clone(name));
                }
            }
        }
        if matches!(tree[id].kind, Kind::Closure { .. }) {
            return None;
        }
        (child, parent) = (id, tree[id].parent);
    }
    None
}

/// `x.lock().unwrap()` and its like, with nothing taken out of the guard.
fn is_guard(view: &View<'_>, mut id: ExprId) -> bool {
    loop {
        match &view.tree()[id].kind {
            Kind::Method { receiver, name, args, .. } => match &**name {
                "lock" | "write" if args.is_empty() => return true,
                "unwrap" | "expect" | "unwrap_or_else" | "map_err" => id = *receiver,
                _ => return false,
            },
            Kind::Try(inner) | Kind::Await(inner) => id = *inner,
            _ => return false,
        }
    }
}
