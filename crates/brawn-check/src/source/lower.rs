//! From `syn` to [`Tree`](crate::tree::Tree).

mod expressions;
mod items;
mod macros;
mod types;

use std::collections::{HashMap, VecDeque};

use proc_macro2::extra::DelimSpan;

use crate::tree::{Expr, ExprId, Function, Kind, Module, Name, Span, Tree};

/// A file, lowered.
#[derive(Debug, Default)]
pub(crate) struct Lowered {
    pub(crate) tree: Tree,
    pub(crate) functions: Vec<Function>,
    /// The file itself first.
    pub(crate) modules: Vec<Module>,
    /// Spans of whole items, for `allow` comments that stand above one.
    pub(crate) items: Vec<Span>,
}

/// Parses and lowers a text that begins at `offset` of its file, item by item: the tree of a whole file takes 150 times
/// the file's size.
pub(super) fn lower(text: &str, offset: u32) -> syn::Result<Lowered> {
    let file = |input: syn::parse::ParseStream<'_>| {
        input.call(syn::Attribute::parse_inner)?;
        let mut out = Lowered::default();
        out.modules.push(Module::default());
        let mut names = HashMap::new();
        while !input.is_empty() {
            let item: syn::Item = input.parse()?;
            let mut lower = Lower { out, names, offset, ..Lower::default() };
            lower.items(std::slice::from_ref(&item), 0);
            // Functions within functions come after the ones around them, so that each function's rows are contiguous.
            while let Some((item, module)) = lower.nested.pop_front() {
                lower.items(std::slice::from_ref(item), module);
            }
            (out, names) = (lower.out, lower.names);
        }
        Ok(out)
    };
    syn::parse::Parser::parse_str(file, text)
}

#[derive(Default)]
struct Lower<'a> {
    out: Lowered,
    names: HashMap<String, Name>,
    offset: u32,
    nested: VecDeque<(&'a syn::Item, u32)>,
    /// `use` within the body at hand.
    uses: Vec<crate::tree::Use>,
    in_test: bool,
    current_module: u32,
    type_depth: usize,
}

impl Lower<'_> {
    fn name(&mut self, ident: &proc_macro2::Ident) -> Name {
        let text = ident.to_string();
        self.text(text.strip_prefix("r#").unwrap_or(&text))
    }

    fn text(&mut self, text: &str) -> Name {
        if let Some(name) = self.names.get(text) {
            return Name::clone(name);
        }
        let name = Name::from(text);
        self.names.insert(text.to_owned(), Name::clone(&name));
        name
    }

    fn span(&self, span: proc_macro2::Span) -> Span {
        let range = span.byte_range();
        Span { start: self.offset + range.start as u32, end: self.offset + range.end as u32 }
    }

    fn open(&self, span: &DelimSpan) -> Span {
        self.span(span.open())
    }

    fn close(&self, span: &DelimSpan) -> Span {
        self.span(span.close())
    }

    /// A row whose kind and span are filled in when its children are there.
    fn reserve(&mut self, parent: Option<ExprId>) -> ExprId {
        let id = ExprId(self.out.tree.rows.len() as u32);
        self.out.tree.rows.push(Expr { kind: Kind::Other, span: Span::default(), parent });
        id
    }

    fn fill(&mut self, id: ExprId, kind: Kind, span: Span) -> ExprId {
        let row = &mut self.out.tree.rows[id.0 as usize];
        row.kind = kind;
        row.span = span;
        id
    }

    fn span_of(&self, id: ExprId) -> Span {
        self.out.tree[id].span
    }
}
