//! The calls of each function, gathered in parallel.

use super::Context;
use crate::resolve::{FnId, Resolver, Scope};
use crate::threads;
use crate::tree::{ExprId, Kind};

/// One call, or a function named as a value.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) at: ExprId,
    pub(crate) path: String,
    /// What it may call of the workspace.
    pub(crate) functions: Vec<FnId>,
    /// Its entry in the catalogue.
    pub(crate) entry: Option<usize>,
    pub(crate) context: Context,
    /// `f` in `.map(f)`, rather than `f()`.
    pub(crate) is_value: bool,
}

/// What is known of one function's body.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    pub(crate) calls: Vec<Call>,
}

/// The facts of all functions, in the order of their ids.
pub(crate) fn gather(resolver: Resolver<'_>, count: usize) -> Vec<Facts> {
    threads::each(resolver.names.places.len(), count, |id| one(resolver, FnId(id as u32)))
}

fn one(resolver: Resolver<'_>, id: FnId) -> Facts {
    let scope = Scope::new(resolver, id);
    let mut facts = Facts::default();
    if scope.function.is_test || resolver.is_in_test(id) {
        return facts;
    }
    for row in scope.function.rows.clone() {
        let at = ExprId(row);
        match &scope.tree[at].kind {
            Kind::Call { .. } | Kind::Method { .. } => {
                let Some(callee) = scope.callee(at) else { continue };
                let entry = scope.entry_of(at, &callee);
                if entry.is_some() || !callee.functions.is_empty() || !callee.path.is_empty() {
                    let context = scope.context(at);
                    let (path, functions) = (callee.path, callee.functions);
                    facts.calls.push(Call { at, path, functions, entry, context, is_value: false });
                }
            }
            Kind::Path { .. } if !is_callee(&scope, at) => {
                let Some(callee) = scope.as_function(at) else { continue };
                let entry = resolver.catalogue.find(&callee.path);
                if callee.functions.is_empty() && entry.is_none() {
                    continue;
                }
                let context = match scope.argument_of(at) {
                    Some(call) => match scope.given_to(call) {
                        Some(context) => context,
                        None => scope.context(at),
                    },
                    None => Context::Unknown,
                };
                let (path, functions) = (callee.path, callee.functions);
                facts.calls.push(Call { at, path, functions, entry, context, is_value: true });
            }
            _ => {}
        }
    }
    facts
}

fn is_callee(scope: &Scope<'_>, at: ExprId) -> bool {
    let Some(parent) = scope.tree[at].parent else { return false };
    matches!(&scope.tree[parent].kind, Kind::Call { callee, .. } if *callee == at)
}
