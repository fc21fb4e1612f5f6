//! What an expression's type is, and what a call calls, within one function.

use std::cell::RefCell;
use std::collections::HashMap;

use super::bindings::{Binding, Bindings};
use super::names::{Def, FnId, Resolver};
use super::types::Type;
use crate::tree::{ExprId, Function, Kind, Name, Pattern, Segments, Tree};

/// What a call calls.
#[derive(Clone, Debug, Default)]
pub(crate) struct Callee {
    /// `image::load_from_memory`, `image::DynamicImage::resize`; empty when the receiver's type is not known.
    pub(crate) path: String,
    /// Functions of the workspace: one, or each implementation of a trait's method.
    pub(crate) functions: Vec<FnId>,
}

/// One function, for questions about its expressions.
pub(crate) struct Scope<'a> {
    pub(crate) resolver: Resolver<'a>,
    pub(crate) id: FnId,
    pub(crate) function: &'a Function,
    pub(crate) tree: &'a Tree,
    pub(crate) module: u32,
    owner: &'a Type,
    bindings: Bindings,
    types: RefCell<HashMap<ExprId, Type>>,
}

/// Longer chains than this are not followed.
const DEEPEST: usize = 48;

impl<'a> Scope<'a> {
    pub(crate) fn new(resolver: Resolver<'a>, id: FnId) -> Scope<'a> {
        let place = resolver.names.places[id.0 as usize];
        let lowered = &resolver.workspace.sources[place.source].lowered;
        let function = &lowered.functions[place.index];
        Scope {
            resolver,
            id,
            function,
            tree: &lowered.tree,
            module: place.module,
            owner: &resolver.names.owners[id.0 as usize],
            bindings: Bindings::of(&lowered.tree, function),
            types: RefCell::default(),
        }
    }

    fn path(&self, segments: &[Name]) -> String {
        if let Some((first, rest)) = segments.split_first()
            && &**first == "Self"
            && self.owner.is_known()
        {
            let mut path = self.owner.name().to_owned();
            rest.iter().for_each(|part| {
                path.push_str("::");
                path.push_str(part);
            });
            return path;
        }
        self.resolver.path(self.module, &self.function.uses, segments)
    }

    /// The path that an expression is, resolved; none for variables.
    pub(crate) fn as_path(&self, id: ExprId) -> Option<String> {
        match &self.tree[id].kind {
            Kind::Path { segments, .. } => {
                if let [name] = &**segments
                    && self.bindings.find(self.tree, name, id).is_some()
                {
                    return None;
                }
                Some(self.path(segments))
            }
            Kind::Through(inner) => self.as_path(*inner),
            _ => None,
        }
    }

    /// What the `let` of a variable makes it.
    pub(crate) fn value_of(&self, id: ExprId) -> Option<ExprId> {
        let Kind::Path { segments, .. } = &self.tree[id].kind else { return None };
        let [name] = &**segments else { return None };
        let binding = self.bindings.find(self.tree, name, id)?;
        match &self.tree[binding.by?].kind {
            Kind::Let { pattern, init, .. } if pattern.as_name() == Some(name) => *init,
            _ => None,
        }
    }

    /// The `let`, loop, match or closure that binds a variable; none for parameters.
    pub(crate) fn bound_by(&self, id: ExprId) -> Option<ExprId> {
        let Kind::Path { segments, .. } = &self.tree[id].kind else { return None };
        let [name] = &**segments else { return None };
        self.bindings.find(self.tree, name, id)?.by
    }

    /// What a call, a method call, or a function named as a value calls.
    pub(crate) fn callee(&self, id: ExprId) -> Option<Callee> {
        match &self.tree[id].kind {
            Kind::Call { callee, .. } => self.as_function(*callee),
            Kind::Method { receiver, name, .. } => Some(self.method(*receiver, name, 0)),
            _ => None,
        }
    }

    /// A path taken for a function.
    pub(crate) fn as_function(&self, id: ExprId) -> Option<Callee> {
        let path = self.as_path(id)?;
        if let Some(Def::Function(function)) = self.resolver.names.defs.get(&path) {
            return Some(Callee { path, functions: vec![*function] });
        }
        let mut functions = Vec::new();
        if let Some((owner, name)) = path.rsplit_once("::") {
            let bound = match &self.tree[id].kind {
                Kind::Path { segments, .. } => self.generic_bound(segments),
                _ => None,
            };
            let owner = bound.unwrap_or_else(|| Type::path(owner));
            functions = self.resolver.names.methods(&owner, &Name::from(name)).to_vec();
        }
        Some(Callee { path, functions })
    }

    /// The bound of `T` in `T::name`.
    fn generic_bound(&self, segments: &Segments) -> Option<Type> {
        let first = segments.first()?;
        let (_, bound) = self.function.generics.iter().find(|(name, _)| name == first)?;
        let ty = self.resolver.ty(self.module, self.function, bound, self.owner);
        ty.is_known().then_some(ty)
    }

    fn method(&self, receiver: ExprId, name: &Name, depth: usize) -> Callee {
        let mut ty = self.infer(receiver, depth);
        let names = self.resolver.names;
        if !ty.is_known() {
            let functions = names.only_method(name).into_iter().collect();
            return Callee { path: String::new(), functions };
        }
        let first = ty.clone();
        for _ in 0..4 {
            let functions = names.methods(&ty, name);
            if !functions.is_empty() {
                let path = format!("{}::{name}", ty.name());
                return Callee { path, functions: functions.to_vec() };
            }
            let path = format!("{}::{name}", ty.name());
            if self.resolver.catalogue.call(&path).is_some() {
                return Callee { path, functions: Vec::new() };
            }
            match ty.pointee() {
                Some(inner) => ty = inner,
                None => break,
            }
        }
        // A type parameter bound by a foreign trait, or a foreign type: a blanket or extension method of the workspace
        // may still be meant.
        let functions = match first {
            Type::Bound(_) | Type::Path(..) if !names.defs.contains_key(first.name()) => {
                names.only_method(name).into_iter().collect()
            }
            _ => Vec::new(),
        };
        let path = if first.name().is_empty() {
            String::new()
        } else {
            format!("{}::{name}", first.name())
        };
        Callee { path, functions }
    }

    /// The type of an expression, as far as it can be told without the types of other crates' signatures.
    fn infer(&self, id: ExprId, depth: usize) -> Type {
        if depth > DEEPEST {
            return Type::Unknown;
        }
        if let Some(ty) = self.types.borrow().get(&id) {
            return ty.clone();
        }
        // A cycle (`let x = f(x)` in a loop) ends as unknown.
        self.types.borrow_mut().insert(id, Type::Unknown);
        let ty = self.infer_kind(id, depth + 1);
        self.types.borrow_mut().insert(id, ty.clone());
        ty
    }

    fn infer_kind(&self, id: ExprId, depth: usize) -> Type {
        match &self.tree[id].kind {
            Kind::Path { segments, .. } => self.infer_path(id, segments, depth),
            Kind::Through(inner) | Kind::Await(inner) => self.infer(*inner, depth),
            Kind::Try(inner) => self.infer(*inner, depth).inside(),
            Kind::Field { base, name } => {
                let base = self.infer(*base, depth);
                self.resolver.field(&base, name)
            }
            Kind::Struct { path, .. } => Type::path(self.path(path)),
            Kind::Block(statements) => match statements.last() {
                Some(last)
                    if !matches!(self.tree[*last].kind, Kind::Statement(_) | Kind::Let { .. }) =>
                {
                    self.infer(*last, depth)
                }
                _ => Type::Unknown,
            },
            Kind::Async(body) => self.infer(*body, depth),
            Kind::If { then, otherwise, .. } => {
                let ty = self.infer(*then, depth);
                match otherwise {
                    Some(otherwise) if !ty.is_known() => self.infer(*otherwise, depth),
                    _ => ty,
                }
            }
            Kind::Match { arms, .. } => arms
                .iter()
                .map(|arm| self.infer(arm.body, depth))
                .find(Type::is_known)
                .unwrap_or_default(),
            Kind::Call { callee, args } => self.infer_call(*callee, args, depth),
            Kind::Method { receiver, name, generics, .. } => {
                if &**name == "parse" || &**name == "collect" || &**name == "into" {
                    let written = generics
                        .first()
                        .map(|ty| self.resolver.ty(self.module, self.function, ty, self.owner));
                    return written.unwrap_or_default();
                }
                self.infer_method(*receiver, name, depth)
            }
            _ => Type::Unknown,
        }
    }

    fn infer_path(&self, id: ExprId, segments: &Segments, depth: usize) -> Type {
        if let [name] = &**segments {
            if &**name == "self" {
                return self.owner.clone();
            }
            if let Some(binding) = self.bindings.find(self.tree, name, id) {
                return self.bound(binding, name, depth);
            }
        }
        let path = self.path(segments);
        match self.resolver.names.defs.get(&path) {
            Some(Def::Global(module, ty)) => {
                self.resolver.ty(*module, self.function, ty, &Type::Unknown)
            }
            _ => Type::Unknown,
        }
    }

    fn bound(&self, binding: Binding, name: &Name, depth: usize) -> Type {
        let written = |ty| self.resolver.ty(self.module, self.function, ty, self.owner);
        let Some(by) = binding.by else {
            let (pattern, ty) = &self.function.params[binding.index];
            return self.take_apart(pattern, written(ty), name);
        };
        match &self.tree[by].kind {
            Kind::Let { pattern, ty, init, .. } => {
                let mut whole = written(ty);
                if !whole.is_known()
                    && let Some(init) = init
                {
                    whole = self.infer(*init, depth);
                }
                self.take_apart(pattern, whole, name)
            }
            Kind::For { pattern, over, .. } => {
                self.take_apart(pattern, self.infer(*over, depth).element(), name)
            }
            Kind::Match { on, arms } => {
                self.take_apart(&arms[binding.index].pattern, self.infer(*on, depth), name)
            }
            Kind::Closure { params, .. } => {
                let (pattern, ty) = &params[binding.index];
                let mut whole = written(ty);
                if !whole.is_known() {
                    whole = self.closure_param(by, depth);
                }
                self.take_apart(pattern, whole, name)
            }
            _ => Type::Unknown,
        }
    }

    /// The parameter of a closure given to an adapter: an element, or what is inside.
    fn closure_param(&self, closure: ExprId, depth: usize) -> Type {
        let Some(parent) = self.tree[closure].parent else { return Type::Unknown };
        let Kind::Method { receiver, name, .. } = &self.tree[parent].kind else {
            return Type::Unknown;
        };
        let receiver = self.infer(*receiver, depth);
        match &**name {
            "map" | "for_each" | "filter" | "filter_map" | "flat_map" | "and_then" | "inspect"
            | "any" | "all" | "find" | "find_map" | "try_for_each" | "take_while" | "then"
            | "is_some_and" => match &receiver {
                Type::Slice(of) => Type::clone(of),
                Type::Path(..) => receiver.inside(),
                _ => Type::Unknown,
            },
            _ => Type::Unknown,
        }
    }

    /// The part of `whole` that `name` stands for in `pattern`.
    fn take_apart(&self, pattern: &Pattern, whole: Type, name: &Name) -> Type {
        match pattern {
            Pattern::Bind(bound) => {
                if bound == name {
                    whole
                } else {
                    Type::Unknown
                }
            }
            Pattern::Many(parts) => {
                for (index, part) in parts.iter().enumerate() {
                    let mut has = false;
                    part.names(&mut |bound| has |= bound == name);
                    if has {
                        let part_type = match &whole {
                            Type::Tuple(_) => whole.arg(index),
                            Type::Slice(of) => Type::clone(of),
                            _ => Type::Unknown,
                        };
                        return self.take_apart(part, part_type, name);
                    }
                }
                Type::Unknown
            }
            Pattern::Variant { path, inside } => match path.last().map_or("", |last| last) {
                "Some" | "Ok" => match &**inside {
                    [one] => self.take_apart(one, whole.inside(), name),
                    _ => Type::Unknown,
                },
                _ => match &**inside {
                    // `Json(x)`, `State(x)`: extractors.
                    [one] if whole.pointee().is_some() => {
                        self.take_apart(one, whole.pointee().unwrap_or_default(), name)
                    }
                    _ if inside.iter().any(|part| part.as_name() == Some(name)) => {
                        self.resolver.field(&whole, name)
                    }
                    _ => Type::Unknown,
                },
            },
            Pattern::Wild | Pattern::Other => Type::Unknown,
        }
    }

    fn infer_call(&self, callee: ExprId, args: &[ExprId], depth: usize) -> Type {
        let Some(target) = self.as_function(callee) else { return Type::Unknown };
        if let [function] = target.functions[..] {
            return self.resolver.names.returns[function.0 as usize].clone();
        }
        if let Some(ty) = self.resolver.returned(&target.path) {
            return ty;
        }
        match target.path.as_str() {
            "Some"
            | "Ok"
            | "Arc::new"
            | "Box::new"
            | "Rc::new"
            | "std::sync::Arc::new"
            | "std::rc::Rc::new"
            | "Box::pin"
            | "std::sync::Arc::clone"
            | "Arc::clone"
            | "std::mem::take"
            | "std::sync::Mutex::new"
            | "tokio::sync::Mutex::new" => {
                let inner = args.first().map(|arg| self.infer(*arg, depth)).unwrap_or_default();
                return match target.path.as_str() {
                    "Some" => Type::Path("Option".into(), [inner].into()),
                    "Ok" => Type::Path("Result".into(), [inner].into()),
                    path if path.contains("Mutex") => {
                        Type::Path("std::sync::Mutex".into(), [inner].into())
                    }
                    _ => inner,
                };
            }
            _ => {}
        }
        self.constructed(&target.path)
    }

    /// `Type::new(..)` and its like give a `Type`.
    fn constructed(&self, path: &str) -> Type {
        const MAKERS: [&str; 14] = [
            "new",
            "open",
            "create",
            "builder",
            "default",
            "connect",
            "load",
            "from",
            "init",
            "start",
            "clone",
            "parse",
            "try_from",
            "establish",
        ];
        const PREFIXES: [&str; 6] = ["with_", "from_", "new_", "try_new", "open_", "builder_"];
        let Some((owner, name)) = path.rsplit_once("::") else { return Type::Unknown };
        let of_type =
            owner.rsplit("::").next().is_some_and(|last| last.starts_with(char::is_uppercase));
        let makes =
            MAKERS.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix));
        // Tuple structs and variants: `Wrapper(x)`.
        if name.starts_with(char::is_uppercase) && self.resolver.names.defs.contains_key(path) {
            return Type::path(path);
        }
        if of_type && makes { Type::path(owner) } else { Type::Unknown }
    }

    #[expect(clippy::collapsible_match, reason = "what falls through goes on below the match")]
    fn infer_method(&self, receiver: ExprId, name: &Name, depth: usize) -> Type {
        let ty = self.infer(receiver, depth);
        match &**name {
            "unwrap" | "expect" | "unwrap_or" | "unwrap_or_default" | "unwrap_or_else" => {
                return ty.inside();
            }
            "clone" | "to_owned" | "as_ref" | "as_mut" | "as_deref" | "as_deref_mut" | "borrow"
            | "borrow_mut" | "map_err" | "context" | "with_context" | "ok" | "or_else"
            | "ok_or" | "ok_or_else" | "cloned" | "copied" | "inspect_err" | "into_boxed"
            | "by_ref" | "to_vec" | "filter" | "skip" | "take" | "rev" | "inspect" | "wrap_err"
            | "wrap_err_with" | "as_slice" | "boxed" | "into_future" | "instrument"
            | "in_current_span" | "deref"
                if ty.is_known() =>
            {
                // `Option::take` and the adapters keep what they had; a workspace method of that name does not.
                if self.resolver.names.methods(&ty, name).is_empty()
                    && self.resolver.returned(&format!("{}::{name}", ty.name())).is_none()
                {
                    return ty;
                }
            }
            "lock" | "read" | "write" | "get_mut" | "get_or_init" | "get_or_try_init" | "get"
            | "lock_owned" | "load" | "into_inner"
                if ty.content() != ty =>
            {
                return ty.content();
            }
            "iter" | "iter_mut" | "into_iter" | "drain" | "values" | "keys"
                if ty.element().is_known() =>
            {
                return Type::Slice(ty.element().into());
            }
            "first" | "last" | "next" | "pop" | "get" | "nth" if ty.element().is_known() => {
                return Type::Path("Option".into(), [ty.element()].into());
            }
            _ => {}
        }
        let callee = self.method(receiver, name, depth);
        if let [function] = callee.functions[..] {
            return self.resolver.names.returns[function.0 as usize].clone();
        }
        if let [first, ..] = callee.functions[..] {
            // All implementations of a trait's method give the same.
            return self.resolver.names.returns[first.0 as usize].clone();
        }
        if callee.path.is_empty() {
            return Type::Unknown;
        }
        if let Some(ty) = self.resolver.returned(&callee.path) {
            return ty;
        }
        // Builders: `.with_x(..)`, `.set_x(..)` of a foreign type give it back.
        let builds = ty.name().ends_with("Builder")
            || ty.name().ends_with("Loader")
            || ty.name().ends_with("Command");
        if name.starts_with("with_") || builds && !matches!(&**name, "build" | "load") {
            return ty;
        }
        Type::Unknown
    }
}
