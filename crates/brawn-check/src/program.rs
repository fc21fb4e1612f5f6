//! A workspace with all that the rules ask of it, and one function seen through it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::calls::{self, Call, Context, Facts, Reach};
use crate::catalogue::{CallKind, Catalogue, Entry};
use crate::deploy;
use crate::finding::{Finding, Link};
use crate::resolve::{FnId, Names, Resolver, Scope};
use crate::rules::Rule;
use crate::source::Text;
use crate::tree::{ExprId, Kind, Span, Tree, Ty};
use crate::workspace::{Deployment, Manifest, ModuleNode, Workspace};

/// Everything known of a workspace.
pub(crate) struct Program {
    pub(crate) workspace: Workspace,
    pub(crate) catalogue: Catalogue,
    pub(crate) names: Names,
    pub(crate) facts: Vec<Facts>,
    pub(crate) init_only: Vec<bool>,
    pub(crate) reach: Reach,
    /// The files of each crate.
    sources_of: Vec<Vec<usize>>,
    /// Whether a file has a word: asked again for each function.
    words: Mutex<HashMap<(usize, &'static str), bool>>,
}

impl Program {
    pub(crate) fn new(workspace: Workspace, catalogue: Catalogue, threads: usize) -> Program {
        let names = Names::collect(&workspace, &catalogue);
        let resolver = Resolver { workspace: &workspace, catalogue: &catalogue, names: &names };
        let facts = calls::gather(resolver, threads);
        let init_only = calls::init_only(resolver, &facts);
        let reach = calls::reach(resolver, &catalogue, &facts);
        let mut sources_of = vec![Vec::new(); workspace.crates.len()];
        for node in workspace.modules.iter().filter(|node| node.module == 0) {
            sources_of[node.krate as usize].push(node.source);
        }
        Program {
            workspace,
            catalogue,
            names,
            facts,
            init_only,
            reach,
            sources_of,
            words: Mutex::default(),
        }
    }

    pub(crate) fn resolver(&self) -> Resolver<'_> {
        Resolver { workspace: &self.workspace, catalogue: &self.catalogue, names: &self.names }
    }

    pub(crate) fn view(&self, id: FnId) -> View<'_> {
        let scope = Scope::new(self.resolver(), id);
        View { program: self, facts: &self.facts[id.0 as usize], scope }
    }

    pub(crate) fn text_of(&self, id: FnId) -> &Text {
        &self.workspace.sources[self.names.places[id.0 as usize].source].text
    }

    pub(crate) fn tree_of(&self, id: FnId) -> &Tree {
        &self.workspace.sources[self.names.places[id.0 as usize].source].lowered.tree
    }

    pub(crate) fn kind_of(&self, call: &Call) -> Option<CallKind> {
        Some(self.entry_of(call)?.kind)
    }

    pub(crate) fn entry_of(&self, call: &Call) -> Option<&Entry> {
        call.entry.map(|entry| &self.catalogue.entries[entry])
    }

    /// The manifest of a function's crate.
    pub(crate) fn manifest_of(&self, id: FnId) -> Option<&Manifest> {
        let node = self.node_of(id);
        let manifest = self.workspace.crates[node.krate as usize].manifest?;
        Some(&self.workspace.manifests[manifest])
    }

    /// The functions of a package, by its manifest.
    pub(crate) fn functions_of_package(&self, manifest: usize) -> impl Iterator<Item = FnId> {
        (0..self.facts.len()).map(|id| FnId(id as u32)).filter(move |id| {
            let krate = self.node_of(*id).krate as usize;
            self.workspace.crates[krate].manifest == Some(manifest)
        })
    }

    /// The calls of all functions of a package, by its manifest.
    pub(crate) fn calls_of_package(&self, manifest: usize) -> impl Iterator<Item = &Call> {
        self.functions_of_package(manifest).flat_map(|id| &self.facts[id.0 as usize].calls)
    }

    /// Whether cargo-lambda builds a package, as far as its manifest or a template says so.
    pub(crate) fn is_built_by_cargo_lambda(&self, manifest: usize) -> bool {
        let own = &self.workspace.manifests[manifest];
        own.at("package.metadata.lambda").is_some()
            || self.workspace.deployments.iter().any(|Deployment { text, functions, .. }| {
                functions.iter().any(|function| {
                    function.by_cargo_lambda
                        && deploy::package_of(self, text, function) == Some(manifest)
                })
            })
    }

    fn has_calls(&self, manifest: usize, kinds: &[CallKind]) -> bool {
        self.calls_of_package(manifest)
            .filter_map(|call| self.kind_of(call))
            .any(|kind| kinds.contains(&kind))
    }

    /// Whether a package's code uses Rayon. Of a package with several binaries nobody can tell which one a template means.
    pub(crate) fn is_parallel(&self, manifest: usize) -> bool {
        let is_binary = |krate: &&crate::workspace::Crate| {
            krate.manifest == Some(manifest) && krate.name.starts_with("bin ")
        };
        self.workspace.crates.iter().filter(is_binary).count() < 2
            && self.has_calls(manifest, &[CallKind::Parallel])
    }

    /// Whether a package's code does heavy or parallel work.
    pub(crate) fn computes(&self, manifest: usize) -> bool {
        self.has_calls(manifest, &[CallKind::Parallel, CallKind::Heavy])
    }

    /// Whether a package's code runs anything beside its handler.
    pub(crate) fn has_threads(&self, manifest: usize) -> bool {
        self.has_calls(manifest, &[CallKind::Parallel, CallKind::OffLoad])
            || self.calls_of_package(manifest).any(|call| call.path.ends_with("::spawn"))
    }

    /// Whether a package returns partial batch responses.
    pub(crate) fn reports_partial_batches(&self, manifest: usize) -> bool {
        self.functions_of_package(manifest).any(|id| {
            let returns = &self.resolver().function(id).returns;
            !self.resolver().is_in_test(id) && is_partial_response(returns)
        })
    }

    fn has_word(&self, source: usize, word: &'static str) -> bool {
        let mut words = self.words.lock().unwrap_or_else(PoisonError::into_inner);
        *words
            .entry((source, word))
            .or_insert_with(|| self.workspace.sources[source].text.text.contains(word))
    }

    fn node_of(&self, id: FnId) -> &ModuleNode {
        &self.workspace.modules[self.names.places[id.0 as usize].module as usize]
    }
}

/// One function, for the rules.
pub(crate) struct View<'a> {
    pub(crate) program: &'a Program,
    pub(crate) facts: &'a Facts,
    pub(crate) scope: Scope<'a>,
}

impl<'a> View<'a> {
    pub(crate) fn id(&self) -> FnId {
        self.scope.id
    }

    pub(crate) fn tree(&self) -> &'a Tree {
        self.scope.tree
    }

    pub(crate) fn text(&self) -> &'a Text {
        self.program.text_of(self.id())
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = ExprId> + use<'a> {
        self.scope.function.rows.clone().map(ExprId)
    }

    /// Whether the function runs in `main`, before the first invocation, and nowhere else.
    pub(crate) fn is_init(&self) -> bool {
        self.program.init_only[self.id().0 as usize]
    }

    /// Whether what stands in this context runs on a thread of the async runtime while invocations are served.
    pub(crate) fn on_runtime(&self, context: Context) -> bool {
        match context {
            Context::Async => true,
            Context::Base => self.scope.function.is_async && !self.is_init(),
            _ => false,
        }
    }

    pub(crate) fn kind(&self, call: &Call) -> Option<CallKind> {
        self.program.kind_of(call)
    }

    /// The calls of a kind that run on the runtime.
    pub(crate) fn on_runtime_calls(
        &self,
        kind: CallKind,
    ) -> impl Iterator<Item = (&'a Call, &'a Entry)> {
        let program = self.program;
        self.facts.calls.iter().filter_map(move |call| {
            let entry = program.entry_of(call)?;
            (entry.kind == kind && self.on_runtime(call.context)).then_some((call, entry))
        })
    }

    pub(crate) fn is_lambda(&self) -> bool {
        match self.program.manifest_of(self.id()) {
            Some(manifest) => manifest.is_lambda(),
            None => self.file_mentions("lambda"),
        }
    }

    /// Whether the function's text has a word, in code or in a macro that was not looked into.
    pub(crate) fn mentions(&self, word: &str) -> bool {
        self.text().slice(self.scope.function.span).contains(word)
    }

    /// Whether any function of the crate's file has a word.
    pub(crate) fn file_mentions(&self, word: &'static str) -> bool {
        self.program.has_word(self.program.names.places[self.id().0 as usize].source, word)
    }

    /// Whether any file of the crate has a word.
    pub(crate) fn crate_mentions(&self, words: &[&'static str]) -> bool {
        let krate = self.program.node_of(self.id()).krate as usize;
        let sources = &self.program.sources_of[krate];
        sources.iter().any(|source| words.iter().any(|word| self.program.has_word(*source, word)))
    }

    /// Whether the crate's `main` asks for a runtime with one thread.
    pub(crate) fn is_current_thread(&self) -> bool {
        let krate = self.program.node_of(self.id()).krate;
        (0..self.program.facts.len()).any(|id| {
            let id = FnId(id as u32);
            self.program.node_of(id).krate == krate
                && self.program.resolver().function(id).current_thread
        })
    }

    /// What of a call is underlined: of a method, its name and arguments rather than all of the chain before it.
    pub(crate) fn call_span(&self, at: ExprId) -> Span {
        match &self.tree()[at].kind {
            Kind::Method { name_span, .. } => {
                Span { start: name_span.start, end: self.tree()[at].span.end }
            }
            _ => self.tree()[at].span,
        }
    }

    /// A call as people write it: the last two parts of its path.
    pub(crate) fn short(&self, call: &Call) -> String {
        if call.path.is_empty() {
            return match &self.tree()[call.at].kind {
                Kind::Method { name, .. } => name.to_string(),
                _ => String::new(),
            };
        }
        short(&call.path)
    }

    /// Whether an expression is work handed to another thread whose handle outlives a timeout: the call itself, or a
    /// variable that holds its handle. `brawn::compute` stops when it is dropped.
    pub(crate) fn is_off_load(&self, id: ExprId) -> bool {
        let mut id = id;
        while let Kind::Through(inner) = self.tree()[id].kind {
            id = inner;
        }
        let at = self.scope.value_of(id).unwrap_or(id);
        self.is_blocking_off_load(at)
    }

    /// Whether a call is `spawn_blocking` or `std::thread::spawn`.
    pub(crate) fn is_blocking_off_load(&self, id: ExprId) -> bool {
        let Some(call) = self.facts.calls.iter().find(|call| call.at == id) else { return false };
        self.kind(call) == Some(CallKind::OffLoad)
            && (call.path.ends_with("::spawn_blocking") || call.path == "std::thread::spawn")
    }

    /// Whether `.await` follows a call, at once or after `?` and other methods.
    pub(crate) fn is_awaited(&self, id: ExprId) -> bool {
        let mut at = id;
        while let Some(parent) = self.tree()[at].parent {
            match &self.tree()[parent].kind {
                Kind::Await(_) => return true,
                Kind::Method { receiver, .. } if *receiver == at => at = parent,
                Kind::Try(_) | Kind::Through(_) => at = parent,
                _ => return false,
            }
        }
        false
    }

    /// Whether an expression is the records of an event: `event.payload.records`, with or without `.iter()`.
    pub(crate) fn is_records(&self, id: ExprId) -> bool {
        let mut id = id;
        loop {
            match &self.tree()[id].kind {
                Kind::Field { name, .. } => return &**name == "records",
                Kind::Method { receiver, .. } => id = *receiver,
                Kind::Through(inner) => id = *inner,
                Kind::Path { segments, .. } => {
                    return segments.last().is_some_and(|name| &**name == "records");
                }
                _ => return false,
            }
        }
    }

    /// The nearest loop around a row, within the same closure or async block.
    pub(crate) fn loop_around(&self, at: ExprId) -> Option<ExprId> {
        let tree = self.tree();
        let (mut child, mut parent) = (at, tree[at].parent);
        while let Some(id) = parent {
            match &tree[id].kind {
                Kind::For { body, .. } | Kind::While { body, .. } if *body == child => {
                    return Some(id);
                }
                Kind::Loop(_) => return Some(id),
                Kind::Closure { .. } | Kind::Async(_) => return None,
                _ => {}
            }
            (child, parent) = (id, tree[id].parent);
        }
        None
    }

    pub(crate) fn finding(&self, rule: &Rule, span: Span, message: String) -> Finding {
        finding(rule, self.text(), span, message)
    }

    pub(crate) fn link(&self, id: FnId, at: ExprId, text: String) -> Link {
        let source = self.program.text_of(id);
        let tree = self.program.tree_of(id);
        let start = match &tree[at].kind {
            Kind::Method { name_span, .. } => name_span.start,
            _ => tree[at].span.start,
        };
        let (line, column) = source.place(start);
        Link { path: source.path.clone(), line, column, text }
    }
}

/// A finding of `rule` at a place of a text.
pub(crate) fn finding(rule: &Rule, text: &Text, span: Span, message: String) -> Finding {
    let (line, column) = text.place(span.start);
    let (end_line, end_column) = text.place(span.end.max(span.start + 1));
    Finding {
        code: rule.code,
        rule: rule.name,
        tier: rule.tier,
        path: text.path.clone(),
        line,
        column,
        end_line,
        end_column,
        message,
        chain: Vec::new(),
        help: None,
        instead: None,
        fix: None,
        excerpt: text.line(line).to_owned(),
    }
}

/// Whether a type says which records of a batch failed.
pub(crate) fn is_partial_response(ty: &Ty) -> bool {
    const PARTIAL: [&str; 3] =
        ["SqsBatchResponse", "KinesisEventResponse", "DynamoDbEventResponse"];
    PARTIAL.iter().any(|name| ty.mentions(name))
}

/// The last two parts of a path.
pub(crate) fn short(path: &str) -> String {
    let parts: Vec<&str> = path.rsplitn(3, "::").collect();
    match parts[..] {
        [name, owner, ..] => format!("{owner}::{name}"),
        _ => path.to_owned(),
    }
}
