//! On which thread an expression runs.

use crate::catalogue::CallKind;
use crate::resolve::Scope;
use crate::tree::{ExprId, Kind, Name};

/// Where an expression runs, as seen from the function it is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Context {
    /// Wherever the function itself runs.
    Base,
    /// In an async block or closure: on a thread of the runtime.
    Async,
    /// In a closure given to something that runs it elsewhere.
    OffLoaded,
    /// In a closure that `block_in_place` runs.
    InPlace,
    /// In a closure given to Rayon: elsewhere, while this thread waits.
    Pooled,
    /// In an initialiser that runs once for each environment.
    Once,
    /// In a closure that is handed on, nobody knows where to.
    Unknown,
}

/// Methods and functions that run the closure they are given at once, on this thread.
const INLINE: [&str; 68] = [
    "map",
    "map_err",
    "and_then",
    "or_else",
    "for_each",
    "filter",
    "filter_map",
    "flat_map",
    "fold",
    "try_fold",
    "try_for_each",
    "any",
    "all",
    "find",
    "find_map",
    "position",
    "inspect",
    "inspect_err",
    "take_while",
    "skip_while",
    "map_while",
    "max_by",
    "min_by",
    "max_by_key",
    "min_by_key",
    "sort_by",
    "sort_by_key",
    "sort_unstable_by",
    "sort_unstable_by_key",
    "sort_by_cached_key",
    "retain",
    "unwrap_or_else",
    "ok_or_else",
    "map_or",
    "map_or_else",
    "is_some_and",
    "is_ok_and",
    "is_none_or",
    "then",
    "with_context",
    "wrap_err_with",
    "reduce",
    "scan",
    "zip",
    "partition",
    "dedup_by",
    "dedup_by_key",
    "entry",
    "or_insert_with",
    "and_modify",
    "get_or_insert_with",
    "update",
    "replace_with",
    "in_scope",
    "with",
    "in_span",
    "catch_unwind",
    "from_fn",
    "repeat_with",
    "successors",
    "time",
    "binary_search_by",
    "chunk_by",
    "group_by",
    "extend_with",
    "split",
    "array_from_fn",
    "inspect_ok",
];

/// Initialisers of what is made once.
const ONCE: [&str; 6] = [
    "get_or_init",
    "get_or_try_init",
    "call_once",
    "get_or_init_async",
    "LazyLock::new",
    "Lazy::new",
];

impl Scope<'_> {
    /// Where `id` runs.
    pub(crate) fn context(&self, id: ExprId) -> Context {
        self.context_from(id, 0)
    }

    fn context_from(&self, id: ExprId, depth: usize) -> Context {
        if depth > 8 {
            return Context::Unknown;
        }
        let mut child = id;
        let mut at = self.tree[id].parent;
        while let Some(id) = at {
            match &self.tree[id].kind {
                Kind::Closure { is_async: true, .. } => return Context::Async,
                Kind::Closure { .. } => {
                    if let Some(context) = self.role(id, depth) {
                        return context;
                    }
                }
                Kind::Async(body) if *body == child => match self.taken_by(id) {
                    // The future runs where `block_on` stands, and that is the same thread.
                    Some(CallKind::BlockOn) => {}
                    Some(CallKind::OffLoad) => return Context::OffLoaded,
                    _ => return self.async_block(id, depth),
                },
                _ => {}
            }
            child = id;
            at = self.tree[id].parent;
        }
        Context::Base
    }

    /// An async block that is awaited where it stands runs there, whatever "there" is.
    fn async_block(&self, id: ExprId, depth: usize) -> Context {
        let mut at = self.tree[id].parent;
        while let Some(parent) = at {
            match &self.tree[parent].kind {
                Kind::Await(_) => {
                    let outer = self.context_from(parent, depth + 1);
                    return if outer == Context::Base { Context::Base } else { Context::Async };
                }
                Kind::Through(_) => at = self.tree[parent].parent,
                // `cell.get_or_init(|| async { .. })`
                Kind::Closure { .. } if self.role(parent, depth + 1) == Some(Context::Once) => {
                    return Context::Once;
                }
                Kind::Method { name, .. }
                    if matches!(&**name, "instrument" | "boxed" | "in_current_span") =>
                {
                    at = self.tree[parent].parent;
                }
                _ => return Context::Async,
            }
        }
        Context::Async
    }

    /// The kind of the call that takes `id` as an argument.
    fn taken_by(&self, id: ExprId) -> Option<CallKind> {
        let call = self.argument_of(id)?;
        let entry = self.entry(call)?;
        Some(self.resolver.catalogue.entries[entry].kind)
    }

    /// The call of which `id` is an argument, looked at through references and `move`.
    pub(crate) fn argument_of(&self, id: ExprId) -> Option<ExprId> {
        let mut id = id;
        let mut parent = self.tree[id].parent?;
        while matches!(self.tree[parent].kind, Kind::Through(_)) {
            (id, parent) = (parent, self.tree[parent].parent?);
        }
        match &self.tree[parent].kind {
            Kind::Call { args, .. } | Kind::Method { args, .. } if args.contains(&id) => {
                Some(parent)
            }
            _ => None,
        }
    }

    /// Where a closure runs; none when it runs right here.
    fn role(&self, closure: ExprId, depth: usize) -> Option<Context> {
        if let Some(call) = self.argument_of(closure) {
            return self.given_to(call);
        }
        let mut parent = self.tree[closure].parent?;
        while matches!(self.tree[parent].kind, Kind::Through(_)) {
            parent = self.tree[parent].parent?;
        }
        match &self.tree[parent].kind {
            // `(|| ..)()`
            Kind::Call { .. } => None,
            Kind::Let { pattern, .. } => match pattern.as_name() {
                Some(name) => Some(self.uses_of(name, parent, depth)),
                None => Some(Context::Unknown),
            },
            _ => Some(Context::Unknown),
        }
    }

    /// Where a closure that is given to `call` runs; none when it runs right here.
    pub(crate) fn given_to(&self, call: ExprId) -> Option<Context> {
        if let Some(entry) = self.entry(call) {
            return match self.resolver.catalogue.entries[entry].kind {
                CallKind::OffLoad => Some(Context::OffLoaded),
                CallKind::InPlace => Some(Context::InPlace),
                CallKind::Parallel => Some(Context::Pooled),
                CallKind::Unwinding => None,
                _ => Some(Context::Unknown),
            };
        }
        if self.is_parallel_chain(call) {
            return Some(Context::Pooled);
        }
        match &self.tree[call].kind {
            Kind::Method { name, .. } if ONCE.contains(&&**name) => Some(Context::Once),
            Kind::Method { name, .. } if INLINE.contains(&&**name) => None,
            Kind::Call { callee, .. } => {
                let path = self.as_path(*callee).unwrap_or_default();
                let mut parts = path.rsplit("::");
                let (last, owner) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
                if ONCE.contains(&last) || last == "new" && matches!(owner, "LazyLock" | "Lazy") {
                    Some(Context::Once)
                } else if last == "catch_unwind" || last == "from_fn" {
                    None
                } else if path == "AssertUnwindSafe" || path.ends_with("::AssertUnwindSafe") {
                    match self.argument_of(call) {
                        Some(outer) => self.given_to(outer),
                        None => Some(Context::Unknown),
                    }
                } else {
                    Some(Context::Unknown)
                }
            }
            _ => Some(Context::Unknown),
        }
    }

    /// Where a closure with a name runs: where it is given to, or where it is called.
    fn uses_of(&self, name: &Name, bound_by: ExprId, depth: usize) -> Context {
        let mut found = Context::Unknown;
        for row in bound_by.0 + 1..self.function.rows.end {
            let id = ExprId(row);
            let Kind::Path { segments, .. } = &self.tree[id].kind else { continue };
            if !matches!(&**segments, [one] if one == name) {
                continue;
            }
            if let Some(call) = self.argument_of(id) {
                match self.given_to(call) {
                    Some(context @ (Context::OffLoaded | Context::Pooled | Context::InPlace)) => {
                        return context;
                    }
                    Some(_) => {}
                    None => found = self.context_from(call, depth + 1),
                }
            } else if let Some(parent) = self.tree[id].parent
                && matches!(&self.tree[parent].kind, Kind::Call { callee, .. } if *callee == id)
            {
                found = self.context_from(parent, depth + 1);
            }
        }
        found
    }

    /// Whether a method call stands in a chain that `par_iter` or its like began.
    pub(crate) fn is_parallel_chain(&self, call: ExprId) -> bool {
        let mut at = call;
        for _ in 0..64 {
            match &self.tree[at].kind {
                Kind::Method { receiver, .. } => {
                    if at != call
                        && let Some(entry) = self.entry(at)
                        && self.resolver.catalogue.entries[entry].kind == CallKind::Parallel
                    {
                        return true;
                    }
                    at = *receiver;
                }
                Kind::Through(inner) | Kind::Try(inner) => at = *inner,
                _ => return false,
            }
        }
        false
    }

    /// The catalogue's entry of a call.
    pub(crate) fn entry(&self, call: ExprId) -> Option<usize> {
        let callee = self.callee(call)?;
        self.entry_of(call, &callee)
    }

    /// The catalogue's entry of a call whose callee is known already.
    pub(crate) fn entry_of(&self, call: ExprId, callee: &crate::resolve::Callee) -> Option<usize> {
        let catalogue = self.resolver.catalogue;
        if let Some(entry) = catalogue.find(&callee.path) {
            return Some(entry);
        }
        match &self.tree[call].kind {
            Kind::Method { name, .. } if callee.functions.is_empty() => {
                catalogue.method(name, &|package| self.depends_on(package))
            }
            _ => None,
        }
    }

    /// Whether the crate at hand depends on a package; without a manifest, whether its code names it.
    pub(crate) fn depends_on(&self, package: &str) -> bool {
        let workspace = self.resolver.workspace;
        let node = &workspace.modules[self.module as usize];
        match workspace.crates[node.krate as usize].manifest {
            Some(manifest) => workspace.manifests[manifest].depends_on(package),
            None => workspace.sources[node.source].text.text.contains(package),
        }
    }
}
