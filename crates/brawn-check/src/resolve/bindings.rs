//! Which `let`, parameter or pattern a name in a body means.

use std::collections::HashMap;

use crate::tree::{ExprId, Function, Kind, Name, Pattern, Tree};

/// Where a name gets its value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Binding {
    /// The row that binds it: a `let`, a closure, a loop, a `match`; none for the function's parameters.
    pub(super) by: Option<ExprId>,
    /// Which parameter, or which arm.
    pub(super) index: usize,
    /// The row within which it can be seen.
    scope: Option<ExprId>,
}

/// The bindings of one function, by name, in the order of the text.
#[derive(Debug, Default)]
pub(super) struct Bindings {
    by_name: HashMap<Name, Vec<Binding>>,
}

/// How many shadowed bindings are tried.
const MOST_TRIED: usize = 32;

impl Bindings {
    pub(super) fn of(tree: &Tree, function: &Function) -> Bindings {
        let mut bindings = Bindings::default();
        for (index, (pattern, _)) in function.params.iter().enumerate() {
            bindings.add(pattern, Binding { by: None, index, scope: None });
        }
        for row in function.rows.clone() {
            let id = ExprId(row);
            let scope_of = |id: ExprId| tree[id].parent;
            match &tree[id].kind {
                Kind::Let { pattern, .. } => {
                    // `if let` binds within the `if`; a statement within its block.
                    let scope = scope_of(id);
                    bindings.add(pattern, Binding { by: Some(id), index: 0, scope });
                }
                Kind::Closure { params, .. } => {
                    for (index, (pattern, _)) in params.iter().enumerate() {
                        bindings.add(pattern, Binding { by: Some(id), index, scope: Some(id) });
                    }
                }
                Kind::For { pattern, .. } => {
                    bindings.add(pattern, Binding { by: Some(id), index: 0, scope: Some(id) });
                }
                Kind::Match { arms, .. } => {
                    for (index, arm) in arms.iter().enumerate() {
                        let scope = Some(arm.body);
                        bindings.add(&arm.pattern, Binding { by: Some(id), index, scope });
                    }
                }
                _ => {}
            }
        }
        bindings
    }

    fn add(&mut self, pattern: &Pattern, binding: Binding) {
        pattern.names(&mut |name| {
            self.by_name.entry(Name::clone(name)).or_default().push(binding);
        });
    }

    /// The binding that a use of `name` at `at` sees.
    pub(super) fn find(&self, tree: &Tree, name: &Name, at: ExprId) -> Option<Binding> {
        let all = self.by_name.get(name)?;
        let before = all.partition_point(|binding| binding.by.is_none_or(|by| by < at));
        let sees = |binding: &&Binding| {
            let Some(scope) = binding.scope else { return true };
            let around = is_around(tree, scope, at);
            // Not in its own initialiser.
            around && binding.by.is_none_or(|by| !initialises(tree, by, at))
        };
        all[..before].iter().rev().take(MOST_TRIED).find(sees).copied()
    }
}

fn initialises(tree: &Tree, by: ExprId, at: ExprId) -> bool {
    match &tree[by].kind {
        Kind::Let { init: Some(init), .. } => is_around(tree, *init, at),
        Kind::For { over, .. } => is_around(tree, *over, at),
        _ => false,
    }
}

/// Whether `outer` is `inner` or one of its parents.
pub(crate) fn is_around(tree: &Tree, outer: ExprId, inner: ExprId) -> bool {
    let mut at = Some(inner);
    while let Some(id) = at {
        if id <= outer {
            return id == outer;
        }
        at = tree[id].parent;
    }
    false
}
