//! Items: functions, modules, types, `use`.

use proc_macro2::TokenTree;
use syn::{Attribute, ImplItem, Item, Meta, Signature, TraitItem, UseTree};

use super::Lower;
use crate::tree::{
    ExprId, Function, ModFile, Module, Name, Pattern, Segments, Span, Struct, Ty, Use,
};

/// Around a function: whose method it is.
#[derive(Default)]
struct Around {
    owner: Option<Ty>,
    of_trait: Option<Segments>,
    is_trait_default: bool,
    generics: Vec<(Name, Ty)>,
}

impl<'a> Lower<'a> {
    pub(super) fn items(&mut self, items: &'a [Item], module: u32) {
        for item in items {
            self.item(item, module);
        }
    }

    /// The module of the body at hand: that of the function lowered last.
    pub(super) fn module(&self) -> u32 {
        self.current_module
    }

    fn item(&mut self, item: &'a Item, module: u32) {
        match item {
            Item::Fn(inner) => {
                let start = self.start_of(&inner.attrs, &inner.sig);
                self.function(
                    &inner.sig,
                    &inner.attrs,
                    Some(&inner.block),
                    &Around::default(),
                    module,
                    start,
                );
            }
            Item::Impl(inner) => self.implementation(inner, module),
            Item::Trait(inner) => {
                let name = self.name(&inner.ident);
                self.out.modules[module as usize].traits.push(Name::clone(&name));
                let owner = Ty::Path { segments: [name].into(), args: Box::default() };
                let around = Around {
                    owner: Some(owner),
                    is_trait_default: true,
                    generics: self.generics_of(&inner.generics),
                    ..Around::default()
                };
                for item in &inner.items {
                    if let TraitItem::Fn(method) = item {
                        let start = self.start_of(&method.attrs, &method.sig);
                        let body = method.default.as_ref();
                        self.function(&method.sig, &method.attrs, body, &around, module, start);
                    }
                }
                let span = self.delimited(&inner.brace_token.span);
                let span = self.span(inner.trait_token.span).to(span);
                self.out.items.push(span);
            }
            Item::Mod(inner) => self.inner_module(inner, module),
            Item::Use(inner) => {
                let uses = self.uses_of(inner);
                self.out.modules[module as usize].uses.extend(uses);
            }
            Item::ExternCrate(inner) => {
                let name = self.name(&inner.ident);
                let alias = match &inner.rename {
                    Some((_, alias)) => self.name(alias),
                    None => Name::clone(&name),
                };
                let used = Use { alias, segments: [name].into(), is_pub: false };
                self.out.modules[module as usize].uses.push(used);
            }
            Item::Struct(inner) => {
                let name = self.name(&inner.ident);
                let mut fields = Vec::with_capacity(inner.fields.len());
                for (index, field) in inner.fields.iter().enumerate() {
                    let name = match &field.ident {
                        Some(ident) => self.name(ident),
                        None => self.text(&index.to_string()),
                    };
                    fields.push((name, self.ty(&field.ty)));
                }
                let fields = fields.into();
                self.out.modules[module as usize].structs.push(Struct { name, fields });
            }
            Item::Enum(inner) => {
                let name = self.name(&inner.ident);
                self.out.modules[module as usize].types.push(name);
            }
            Item::Type(inner) => {
                let (name, ty) = (self.name(&inner.ident), self.ty(&inner.ty));
                self.out.modules[module as usize].aliases.push((name, ty));
            }
            Item::Static(inner) => {
                let (name, ty) = (self.name(&inner.ident), self.ty(&inner.ty));
                self.out.modules[module as usize].globals.push((name, ty));
            }
            Item::Const(inner) => {
                let (name, ty) = (self.name(&inner.ident), self.ty(&inner.ty));
                self.out.modules[module as usize].globals.push((name, ty));
            }
            _ => {}
        }
    }

    fn implementation(&mut self, inner: &'a syn::ItemImpl, module: u32) {
        let was_test = self.in_test;
        self.in_test |= is_test(&inner.attrs);
        let around = Around {
            owner: Some(self.ty(&inner.self_ty)),
            of_trait: inner.trait_.as_ref().map(|(_, path, _)| self.segments(path)),
            is_trait_default: false,
            generics: self.generics_of(&inner.generics),
        };
        for item in &inner.items {
            if let ImplItem::Fn(method) = item {
                let start = self.start_of(&method.attrs, &method.sig);
                let body = Some(&method.block);
                self.function(&method.sig, &method.attrs, body, &around, module, start);
            }
        }
        let start = self.start_of_attrs(&inner.attrs, self.span(inner.impl_token.span));
        let span = start.to(self.delimited(&inner.brace_token.span));
        self.out.items.push(span);
        self.in_test = was_test;
    }

    fn inner_module(&mut self, inner: &'a syn::ItemMod, parent: u32) {
        let name = self.name(&inner.ident);
        let is_test = self.in_test || is_test(&inner.attrs);
        match &inner.content {
            None => {
                let path = string_value(&inner.attrs, "path");
                let child = ModFile { name, path, is_test };
                self.out.modules[parent as usize].children.push(child);
            }
            Some((brace, items)) => {
                let mut path = self.out.modules[parent as usize].path.clone();
                path.push(name);
                let id = self.out.modules.len() as u32;
                self.out.modules.push(Module { path, is_test, ..Module::default() });
                let was_test = std::mem::replace(&mut self.in_test, is_test);
                self.items(items, id);
                self.in_test = was_test;
                let start = self.start_of_attrs(&inner.attrs, self.span(inner.mod_token.span));
                let span = start.to(self.delimited(&brace.span));
                self.out.items.push(span);
            }
        }
    }

    fn function(
        &mut self,
        signature: &'a Signature,
        attributes: &'a [Attribute],
        body: Option<&'a syn::Block>,
        around: &Around,
        module: u32,
        start: Span,
    ) {
        let name = self.name(&signature.ident);
        let name_span = self.span(signature.ident.span());
        let mut params: Vec<(Pattern, Ty)> = Vec::with_capacity(signature.inputs.len());
        for input in &signature.inputs {
            if let syn::FnArg::Typed(typed) = input {
                params.push((self.pattern(&typed.pat), self.ty(&typed.ty)));
            }
        }
        let mut generics = around.generics.clone();
        generics.extend(self.generics_of(&signature.generics));
        let returns = self.returns(&signature.output);
        let first = self.out.tree.rows.len() as u32;
        self.current_module = module;
        self.uses.clear();
        let mut span = start.to(name_span);
        if let Some(block) = body {
            let id: ExprId = self.block(block, None);
            span = span.to(self.span_of(id));
        }
        self.out.items.push(span);
        let function = Function {
            name,
            owner: around.owner.clone(),
            of_trait: around.of_trait.clone(),
            is_trait_default: around.is_trait_default,
            is_async: signature.asyncness.is_some(),
            is_test: self.in_test || is_test(attributes),
            params: params.into(),
            returns,
            generics: generics.into(),
            current_thread: says_current_thread(attributes),
            rows: first..self.out.tree.rows.len() as u32,
            uses: std::mem::take(&mut self.uses),
            module,
            span,
        };
        self.out.functions.push(function);
    }

    fn generics_of(&mut self, generics: &syn::Generics) -> Vec<(Name, Ty)> {
        let mut found = Vec::new();
        for param in generics.type_params() {
            found.push((self.name(&param.ident), self.bounds(&param.bounds)));
        }
        for predicate in generics.where_clause.iter().flat_map(|clause| &clause.predicates) {
            let syn::WherePredicate::Type(predicate) = predicate else { continue };
            let bound = self.bounds(&predicate.bounds);
            if let Ty::Path { segments, .. } = self.ty(&predicate.bounded_ty)
                && let [name] = &*segments
                && bound.is_known()
            {
                found.push((Name::clone(name), bound));
            }
        }
        found
    }

    pub(super) fn uses_of(&mut self, item: &syn::ItemUse) -> Vec<Use> {
        let mut found = Vec::new();
        let is_pub = !matches!(item.vis, syn::Visibility::Inherited);
        let mut open: Vec<(Vec<Name>, &UseTree)> = vec![(Vec::new(), &item.tree)];
        while let Some((mut prefix, tree)) = open.pop() {
            match tree {
                UseTree::Path(path) => {
                    prefix.push(self.name(&path.ident));
                    open.push((prefix, &path.tree));
                }
                UseTree::Group(group) => {
                    open.extend(group.items.iter().map(|item| (prefix.clone(), item)));
                }
                UseTree::Glob(_) => {
                    let alias = self.text("*");
                    found.push(Use { alias, segments: prefix.into(), is_pub });
                }
                UseTree::Name(name) => {
                    let name = self.name(&name.ident);
                    let alias = if &*name == "self" {
                        match prefix.last() {
                            Some(last) => Name::clone(last),
                            None => continue,
                        }
                    } else {
                        prefix.push(Name::clone(&name));
                        name
                    };
                    found.push(Use { alias, segments: prefix.into(), is_pub });
                }
                UseTree::Rename(rename) => {
                    let name = self.name(&rename.ident);
                    if &*name != "self" {
                        prefix.push(name);
                    }
                    let alias = self.name(&rename.rename);
                    found.push(Use { alias, segments: prefix.into(), is_pub });
                }
            }
        }
        found
    }

    fn start_of(&self, attributes: &[Attribute], signature: &Signature) -> Span {
        let own = signature.asyncness.as_ref().map_or(signature.fn_token.span, |token| token.span);
        self.start_of_attrs(attributes, self.span(own))
    }

    fn start_of_attrs(&self, attributes: &[Attribute], own: Span) -> Span {
        attributes.first().map_or(own, |first| self.span(first.pound_token.span).to(own))
    }
}

/// `#[test]`, `#[tokio::test]`, `#[cfg(test)]`, `#[cfg(all(test, ..))]`, `#[bench]`.
fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let path = attribute.path();
        let last = path.segments.last().map(|segment| segment.ident.to_string());
        match last.as_deref() {
            Some("test" | "bench" | "rstest" | "test_case" | "proptest") => true,
            Some("cfg") => match &attribute.meta {
                Meta::List(list) => says_test(list.tokens.clone(), false),
                _ => false,
            },
            _ => false,
        }
    })
}

/// Whether a `cfg` holds only in tests: `test` anywhere but within `not(..)` and `any(..)`.
fn says_test(tokens: proc_macro2::TokenStream, in_any: bool) -> bool {
    let mut last = String::new();
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => {
                last = ident.to_string();
                if last == "test" && !in_any {
                    return true;
                }
            }
            TokenTree::Group(group) if last == "all" && says_test(group.stream(), false) => {
                return true;
            }
            _ => {}
        }
    }
    false
}

fn says_current_thread(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        match &attribute.meta {
        Meta::List(list) => list.tokens.clone().into_iter().any(|token| {
            matches!(token, TokenTree::Literal(text) if text.to_string() == "\"current_thread\"")
        }),
        _ => false,
    }
    })
}

/// The `x` of `#[name = "x"]`.
fn string_value(attributes: &[Attribute], name: &str) -> Option<String> {
    attributes.iter().find_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident(name) => match &pair.value {
            syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    })
}
