//! The workspace's definitions by path, and how a path as written finds one.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};

use crate::catalogue::Catalogue;
use crate::resolve::Type;
use crate::tree::{Function, Name, Ty, Use};
use crate::workspace::Workspace;

/// A function of the workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct FnId(pub(crate) u32);

/// Where a function is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FnPlace {
    pub(crate) source: usize,
    pub(crate) index: usize,
    /// Its module among all.
    pub(crate) module: u32,
}

/// What a path of the workspace names.
#[derive(Clone, Debug)]
pub(crate) enum Def {
    Module(u32),
    Function(FnId),
    /// Its module, and its place among the module's structs.
    Struct(u32, usize),
    /// An enum or a trait.
    Type,
    Alias(u32, Ty),
    Global(u32, Ty),
}

/// All names of a workspace.
#[derive(Debug, Default)]
pub(crate) struct Names {
    pub(crate) places: Vec<FnPlace>,
    pub(crate) defs: HashMap<String, Def>,
    /// Methods by their type's path and their name.
    methods: HashMap<(String, Name), Vec<FnId>>,
    /// Methods by the path of the trait they implement and their name.
    trait_methods: HashMap<(String, Name), Vec<FnId>>,
    by_name: HashMap<Name, Vec<FnId>>,
    /// The owner of each function.
    pub(crate) owners: Vec<Type>,
    pub(crate) returns: Vec<Type>,
}

const DEEPEST: usize = 12;

/// Steps that one name may take: globs that import each other would otherwise branch without end.
struct Fuel(Cell<u32>);

impl Default for Fuel {
    fn default() -> Fuel {
        Fuel(Cell::new(64))
    }
}

impl Fuel {
    fn burn(&self) -> bool {
        let left = self.0.get();
        self.0.set(left.saturating_sub(1));
        left > 0
    }
}

impl Names {
    pub(crate) fn collect(workspace: &Workspace, catalogue: &Catalogue) -> Names {
        let mut names = Names::default();
        for (id, node) in workspace.modules.iter().enumerate() {
            names.defs.entry(node.path.clone()).or_insert(Def::Module(id as u32));
        }
        for (id, node) in workspace.modules.iter().enumerate() {
            let id = id as u32;
            let lowered = &workspace.sources[node.source].lowered;
            let Some(module) = lowered.modules.get(node.module as usize) else { continue };
            let mut add = |name: &str, def: Def| {
                names.defs.entry(format!("{}::{name}", node.path)).or_insert(def);
            };
            for (index, item) in module.structs.iter().enumerate() {
                add(&item.name, Def::Struct(id, index));
            }
            for name in module.types.iter().chain(&module.traits) {
                add(name, Def::Type);
            }
            for (name, ty) in &module.aliases {
                add(name, Def::Alias(id, ty.clone()));
            }
            for (name, ty) in &module.globals {
                add(name, Def::Global(id, ty.clone()));
            }
        }
        // In the order of files, so that ids do not depend on who parsed first.
        let mut modules_of: HashMap<(usize, u32), u32> = HashMap::new();
        for (id, node) in workspace.modules.iter().enumerate() {
            modules_of.insert((node.source, node.module), id as u32);
        }
        for (source, file) in workspace.sources.iter().enumerate() {
            for (index, function) in file.lowered.functions.iter().enumerate() {
                if let Some(&module) = modules_of.get(&(source, function.module)) {
                    names.places.push(FnPlace { source, index, module });
                }
            }
        }
        names.functions(workspace, catalogue);
        names
    }

    fn functions(&mut self, workspace: &Workspace, catalogue: &Catalogue) {
        // Twins under `cfg` share a path; the one that is no test wins.
        for pass_tests in [false, true] {
            for id in 0..self.places.len() {
                let place = self.places[id];
                let function = &workspace.sources[place.source].lowered.functions[place.index];
                let node = &workspace.modules[place.module as usize];
                if (function.is_test || node.is_test) != pass_tests || function.owner.is_some() {
                    continue;
                }
                let path = format!("{}::{}", node.path, function.name);
                self.defs.entry(path).or_insert(Def::Function(FnId(id as u32)));
            }
        }
        let resolver = Resolver { workspace, catalogue, names: self };
        let owners: Vec<Type> = (0..self.places.len())
            .map(|id| {
                let function = resolver.function(FnId(id as u32));
                match &function.owner {
                    Some(ty) => resolver.ty(self.places[id].module, function, ty, &Type::Unknown),
                    None => Type::Unknown,
                }
            })
            .collect();
        let returns: Vec<Type> = (0..self.places.len())
            .map(|id| {
                let function = resolver.function(FnId(id as u32));
                resolver.ty(self.places[id].module, function, &function.returns, &owners[id])
            })
            .collect();
        let mut methods: HashMap<(String, Name), Vec<FnId>> = HashMap::new();
        let mut trait_methods: HashMap<(String, Name), Vec<FnId>> = HashMap::new();
        let mut by_name: HashMap<Name, Vec<FnId>> = HashMap::new();
        for (id, owner) in owners.iter().enumerate() {
            let place = self.places[id];
            let function = &workspace.sources[place.source].lowered.functions[place.index];
            let node = &workspace.modules[place.module as usize];
            if function.owner.is_none() || function.is_test || node.is_test {
                continue;
            }
            let id = FnId(id as u32);
            let name = || Name::clone(&function.name);
            by_name.entry(name()).or_default().push(id);
            if owner.is_known() {
                methods.entry((owner.name().to_owned(), name())).or_default().push(id);
            }
            if let Some(path) = &function.of_trait {
                let path = resolver.path(place.module, &[], path);
                trait_methods.entry((path, name())).or_default().push(id);
            } else if function.is_trait_default {
                trait_methods.entry((owner.name().to_owned(), name())).or_default().push(id);
            }
        }
        (self.owners, self.returns) = (owners, returns);
        (self.methods, self.trait_methods, self.by_name) = (methods, trait_methods, by_name);
    }

    /// The methods that `name` on a value of type `ty` may mean: one, or each implementation of a trait.
    pub(crate) fn methods(&self, ty: &Type, name: &Name) -> &[FnId] {
        let key = (ty.name().to_owned(), Name::clone(name));
        let table = match ty {
            Type::Path(..) => self.methods.get(&key).or_else(|| self.trait_methods.get(&key)),
            Type::Bound(_) => self.trait_methods.get(&key),
            _ => None,
        };
        table.map_or(&[], Vec::as_slice)
    }

    /// The one method of the workspace with a name that no usual type has.
    pub(crate) fn only_method(&self, name: &Name) -> Option<FnId> {
        // A single word may well be a method of a type that is not known here.
        if !name.contains('_') || is_common(name) {
            return None;
        }
        match self.by_name.get(name)?.as_slice() {
            [one] => Some(*one),
            _ => None,
        }
    }
}

/// Names that methods of the standard library and of everybody's crates have: `http::Request::into_parts`, ...
fn is_common(name: &str) -> bool {
    const BEGINNINGS: [&str; 7] = ["into_", "as_", "to_", "from_", "try_", "poll_", "with_"];
    const NAMES: [&str; 12] = [
        "read_to_end",
        "read_to_string",
        "read_exact",
        "read_line",
        "write_all",
        "write_to",
        "next_back",
        "is_empty",
        "get_mut",
        "get_or_insert",
        "send_request",
        "size_hint",
    ];
    BEGINNINGS.iter().any(|start| name.starts_with(start)) || NAMES.contains(&name)
}

/// Resolves names within a workspace.
#[derive(Clone, Copy)]
pub(crate) struct Resolver<'a> {
    pub(crate) workspace: &'a Workspace,
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) names: &'a Names,
}

impl<'a> Resolver<'a> {
    pub(crate) fn function(&self, id: FnId) -> &'a Function {
        let place = self.names.places[id.0 as usize];
        &self.workspace.sources[place.source].lowered.functions[place.index]
    }

    /// Whether a function runs in tests only.
    pub(crate) fn is_in_test(&self, id: FnId) -> bool {
        let place = self.names.places[id.0 as usize];
        self.function(id).is_test || self.workspace.modules[place.module as usize].is_test
    }

    /// What a path in `module` means: a path from a crate's name on. `uses` are those of the body.
    pub(crate) fn path(&self, module: u32, uses: &[Use], segments: &[Name]) -> String {
        let fuel = Fuel::default();
        let raw = self.lookup(module, uses, segments, None, &fuel);
        self.catalogue.usual(self.follow(raw, &fuel))
    }

    fn module_path(&self, module: u32) -> &'a str {
        &self.workspace.modules[module as usize].path
    }

    fn crate_path(&self, module: u32) -> &'a str {
        let krate = self.workspace.modules[module as usize].krate;
        &self.workspace.crates[krate as usize].name
    }

    fn uses_of(&self, module: u32) -> &'a [Use] {
        let node = &self.workspace.modules[module as usize];
        let modules = &self.workspace.sources[node.source].lowered.modules;
        modules.get(node.module as usize).map_or(&[], |module| &module.uses)
    }

    fn lookup(
        &self,
        module: u32,
        uses: &[Use],
        segments: &[Name],
        within: Option<&Use>,
        fuel: &Fuel,
    ) -> String {
        let Some((first, rest)) = segments.split_first() else { return String::new() };
        let joined = |head: &str| join(head, rest);
        if !fuel.burn() {
            return joined(first);
        }
        match &**first {
            "crate" | "$crate" => return joined(self.crate_path(module)),
            "self" => return joined(self.module_path(module)),
            "super" => {
                let parent = self.workspace.modules[module as usize].parent.unwrap_or(module);
                let parent_path = self.module_path(parent);
                return match rest.first().map(|name| &**name) {
                    Some("super") => self.lookup(parent, &[], rest, within, fuel),
                    _ => joined(parent_path),
                };
            }
            _ => {}
        }
        let is_this = |used: &Use| within.is_some_and(|within| std::ptr::eq(within, used));
        for used in uses.iter().rev().chain(self.uses_of(module)) {
            if used.alias == *first && !is_this(used) {
                // `use image;` and `use self::image` end here, not in a circle.
                let head = if used.segments.len() == 1 && used.segments[0] == *first {
                    first.to_string()
                } else {
                    self.lookup(module, uses, &used.segments, Some(used), fuel)
                };
                return joined(&head);
            }
        }
        let local = format!("{}::{first}", self.module_path(module));
        if self.names.defs.contains_key(&local) {
            return joined(&local);
        }
        if let Some(found) = self.globbed(module, uses, first, within, fuel) {
            return joined(&found);
        }
        self.external(module, first, rest)
    }

    /// A name that a `use x::*` brings in.
    fn globbed(
        &self,
        module: u32,
        uses: &[Use],
        name: &Name,
        within: Option<&Use>,
        fuel: &Fuel,
    ) -> Option<String> {
        let mut seen = HashSet::new();
        for used in uses.iter().chain(self.uses_of(module)) {
            let is_this = within.is_some_and(|within| std::ptr::eq(within, used));
            if &*used.alias != "*" || is_this || !seen.insert(&used.segments) {
                continue;
            }
            let prefix = self.lookup(module, uses, &used.segments, Some(used), fuel);
            let path = format!("{}::{name}", self.follow(prefix, fuel));
            if self.names.defs.contains_key(&path) || self.re_exported(&path, fuel).is_some() {
                return Some(path);
            }
            let usual = self.catalogue.usual(path);
            if self.catalogue.knows(&usual) {
                return Some(usual);
            }
        }
        None
    }

    /// A path that starts with a dependency, `std`, or something from the prelude.
    fn external(&self, module: u32, first: &Name, rest: &[Name]) -> String {
        let krate = self.workspace.modules[module as usize].krate as usize;
        let manifest = self.workspace.crates[krate].manifest;
        let package = manifest
            .and_then(|manifest| self.workspace.manifests[manifest].dependencies.get(&**first));
        let head = match (&**first, package) {
            ("core" | "alloc", None) => "std".to_owned(),
            (_, Some(package)) => package.replace('-', "_"),
            (name, None) => name.to_owned(),
        };
        join(&head, rest)
    }

    /// Follows re-exports until the path is where it is defined.
    fn follow(&self, path: String, fuel: &Fuel) -> String {
        let mut path = path;
        for _ in 0..DEEPEST {
            if self.names.defs.contains_key(&path) {
                return path;
            }
            match self.re_exported(&path, fuel) {
                Some(next) if next != path => path = next,
                _ => return path,
            }
        }
        path
    }

    /// The longest part of `path` that is a module, and what its `use` makes of the next segment.
    fn re_exported(&self, path: &str, fuel: &Fuel) -> Option<String> {
        if !fuel.burn() {
            return None;
        }
        let mut upto = path.rfind("::")?;
        loop {
            if let Some(Def::Module(module)) = self.names.defs.get(&path[..upto]) {
                let rest = &path[upto + 2..];
                let (name, after) = rest.split_once("::").unwrap_or((rest, ""));
                let found = self.exported(*module, name, fuel)?;
                return Some(if after.is_empty() { found } else { format!("{found}::{after}") });
            }
            upto = path[..upto].rfind("::")?;
        }
    }

    fn exported(&self, module: u32, name: &str, fuel: &Fuel) -> Option<String> {
        let uses = self.uses_of(module);
        if let Some(used) = uses.iter().find(|used| &*used.alias == name) {
            return Some(self.lookup(module, &[], &used.segments, Some(used), fuel));
        }
        for used in uses.iter().filter(|used| &*used.alias == "*" && used.is_pub) {
            let prefix = self.lookup(module, &[], &used.segments, Some(used), fuel);
            let path = format!("{prefix}::{name}");
            if self.names.defs.contains_key(&path) {
                return Some(path);
            }
            if let Some(found) = self.re_exported(&path, fuel) {
                return Some(found);
            }
        }
        None
    }

    /// A type as written in `module`, within `function`, whose `Self` is `owner`.
    pub(crate) fn ty(&self, module: u32, function: &Function, ty: &Ty, owner: &Type) -> Type {
        self.ty_at(module, function, ty, owner, 0)
    }

    fn ty_at(&self, module: u32, function: &Function, ty: &Ty, owner: &Type, depth: usize) -> Type {
        if depth > DEEPEST {
            return Type::Unknown;
        }
        let below = |ty: &Ty| self.ty_at(module, function, ty, owner, depth + 1);
        match ty {
            Ty::Unknown => Type::Unknown,
            Ty::Tuple(parts) => Type::Tuple(parts.iter().map(below).collect()),
            Ty::Slice(of) => Type::Slice(below(of).into()),
            Ty::Bound { segments, args } => match segments.last().map_or("", |name| name) {
                // What an iterator or a future gives is what matters.
                "Future" => args.first().map(below).unwrap_or_default(),
                "Iterator" | "IntoIterator" | "Stream" => {
                    Type::Slice(args.first().map(below).unwrap_or_default().into())
                }
                "Into" | "AsRef" | "Borrow" | "Deref" => {
                    args.first().map(below).unwrap_or_default()
                }
                _ => Type::Bound(self.path(module, &function.uses, segments).into()),
            },
            Ty::Path { segments, args } => {
                if let [name] = &**segments {
                    if &**name == "Self" {
                        return owner.clone();
                    }
                    if let Some((_, bound)) =
                        function.generics.iter().rev().find(|(param, _)| param == name)
                    {
                        return below(bound);
                    }
                }
                let last = segments.last().map_or("", |name| name);
                if matches!(last, "Result" | "Option") {
                    return Type::Path(last.into(), args.iter().map(below).collect());
                }
                let path = self.path(module, &function.uses, segments);
                if let Some(Def::Alias(at, target)) = self.names.defs.get(&path) {
                    return self.ty_at(*at, function, target, owner, depth + 1);
                }
                Type::Path(path.into(), args.iter().map(below).collect())
            }
        }
    }

    /// The type of a field.
    pub(crate) fn field(&self, ty: &Type, name: &str) -> Type {
        match ty {
            Type::Tuple(_) => name.parse().map_or(Type::Unknown, |index| ty.arg(index)),
            Type::Path(path, _) => match self.names.defs.get(&**path) {
                Some(Def::Struct(module, index)) => {
                    let node = &self.workspace.modules[*module as usize];
                    let modules = &self.workspace.sources[node.source].lowered.modules;
                    let item = &modules[node.module as usize].structs[*index];
                    let field = item.fields.iter().find(|(field, _)| &**field == name);
                    let Some((_, field)) = field else { return Type::Unknown };
                    self.ty(*module, &NO_FUNCTION, field, ty)
                }
                _ => ty.pointee().map_or(Type::Unknown, |inner| self.field(&inner, name)),
            },
            _ => Type::Unknown,
        }
    }

    /// The type that the catalogue says a call gives.
    pub(crate) fn returned(&self, path: &str) -> Option<Type> {
        let text = self.catalogue.returns(path)?;
        Some(match text.strip_prefix('(').and_then(|text| text.strip_suffix(')')) {
            Some(parts) => {
                Type::Tuple(parts.split(',').map(|part| Type::path(part.trim())).collect())
            }
            None => Type::path(text),
        })
    }
}

fn join(head: &str, rest: &[Name]) -> String {
    let mut path = head.to_owned();
    for part in rest {
        path.push_str("::");
        path.push_str(part);
    }
    path
}

/// Around types that stand in no function.
static NO_FUNCTION: std::sync::LazyLock<Function> = std::sync::LazyLock::new(|| Function {
    name: Name::from(""),
    owner: None,
    of_trait: None,
    is_trait_default: false,
    is_async: false,
    is_test: false,
    params: Box::default(),
    returns: Ty::Unknown,
    generics: Box::default(),
    current_thread: false,
    rows: 0..0,
    uses: Vec::new(),
    module: 0,
    span: crate::tree::Span::default(),
});
