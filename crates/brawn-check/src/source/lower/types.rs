//! Paths, types and patterns.

use proc_macro2::extra::DelimSpan;
use syn::{Pat, Type};

use super::Lower;
use crate::tree::{Pattern, Segments, Span, Ty};

/// Levels of a type or a pattern that are kept.
const MOST_NESTED: usize = 32;

impl Lower<'_> {
    pub(super) fn segments(&mut self, path: &syn::Path) -> Segments {
        path.segments.iter().map(|segment| self.name(&segment.ident)).collect()
    }

    pub(super) fn path_span(&self, path: &syn::Path) -> Span {
        let first = path.segments.first().map(|segment| self.span(segment.ident.span()));
        let last = path.segments.last().map(|segment| match &segment.arguments {
            syn::PathArguments::AngleBracketed(args) => self.span(args.gt_token.span),
            _ => self.span(segment.ident.span()),
        });
        first.unwrap_or_default().to(last.or(first).unwrap_or_default())
    }

    /// The generic arguments of the last segment that has any.
    pub(super) fn generics(&mut self, path: &syn::Path) -> Box<[Ty]> {
        let with = path.segments.iter().rev().find(|segment| !segment.arguments.is_none());
        with.map(|segment| self.arguments(&segment.arguments)).unwrap_or_default()
    }

    fn arguments(&mut self, arguments: &syn::PathArguments) -> Box<[Ty]> {
        match arguments {
            syn::PathArguments::AngleBracketed(args) => self.angle(args),
            _ => Box::default(),
        }
    }

    pub(super) fn angle(&mut self, args: &syn::AngleBracketedGenericArguments) -> Box<[Ty]> {
        args.args
            .iter()
            .filter_map(|arg| match arg {
                syn::GenericArgument::Type(ty) => Some(self.ty(ty)),
                syn::GenericArgument::AssocType(assoc) => Some(self.ty(&assoc.ty)),
                _ => None,
            })
            .collect()
    }

    /// What is nested more deeply than anybody means is unknown: later passes copy and drop types on ordinary stacks.
    pub(super) fn ty(&mut self, ty: &Type) -> Ty {
        if self.type_depth >= MOST_NESTED {
            return Ty::Unknown;
        }
        self.type_depth += 1;
        let lowered = self.ty_within(ty);
        self.type_depth -= 1;
        lowered
    }

    fn ty_within(&mut self, ty: &Type) -> Ty {
        match ty {
            Type::Reference(inner) => self.ty(&inner.elem),
            Type::Paren(inner) => self.ty(&inner.elem),
            Type::Group(inner) => self.ty(&inner.elem),
            Type::Ptr(inner) => self.ty(&inner.elem),
            Type::Slice(inner) => Ty::Slice(Box::new(self.ty(&inner.elem))),
            Type::Array(inner) => Ty::Slice(Box::new(self.ty(&inner.elem))),
            Type::Tuple(inner) => Ty::Tuple(inner.elems.iter().map(|part| self.ty(part)).collect()),
            Type::Path(inner) => {
                Ty::Path { segments: self.segments(&inner.path), args: self.generics(&inner.path) }
            }
            Type::ImplTrait(inner) => self.bounds(&inner.bounds),
            Type::TraitObject(inner) => self.bounds(&inner.bounds),
            _ => Ty::Unknown,
        }
    }

    pub(super) fn bounds<P>(
        &mut self,
        bounds: &syn::punctuated::Punctuated<syn::TypeParamBound, P>,
    ) -> Ty {
        for bound in bounds {
            if let syn::TypeParamBound::Trait(bound) = bound {
                let segments = self.segments(&bound.path);
                let last = segments.last().map_or("", |name| name);
                if !matches!(last, "Send" | "Sync" | "Unpin" | "Sized" | "Clone" | "Debug" | "") {
                    return Ty::Bound { segments, args: self.generics(&bound.path) };
                }
            }
        }
        Ty::Unknown
    }

    pub(super) fn returns(&mut self, output: &syn::ReturnType) -> Ty {
        match output {
            syn::ReturnType::Default => Ty::Tuple(Box::default()),
            syn::ReturnType::Type(_, ty) => self.ty(ty),
        }
    }

    pub(super) fn pattern(&mut self, pattern: &Pat) -> Pattern {
        self.pattern_and_type(pattern).0
    }

    /// A pattern and the type that is written with it.
    pub(super) fn pattern_and_type(&mut self, pattern: &Pat) -> (Pattern, Ty) {
        if self.type_depth >= MOST_NESTED {
            return (Pattern::Other, Ty::Unknown);
        }
        self.type_depth += 1;
        let lowered = self.pattern_within(pattern);
        self.type_depth -= 1;
        lowered
    }

    fn pattern_within(&mut self, pattern: &Pat) -> (Pattern, Ty) {
        let lowered = match pattern {
            Pat::Type(inner) => {
                let (pattern, _) = self.pattern_and_type(&inner.pat);
                return (pattern, self.ty(&inner.ty));
            }
            Pat::Ident(inner) => {
                let name = self.name(&inner.ident);
                match &inner.subpat {
                    Some((_, sub)) => {
                        Pattern::Many([Pattern::Bind(name), self.pattern(sub)].into())
                    }
                    // `None` and constants look like bindings; no binding starts with a capital.
                    None if name.starts_with(char::is_uppercase) => Pattern::Other,
                    None => Pattern::Bind(name),
                }
            }
            Pat::Wild(_) => Pattern::Wild,
            Pat::Paren(inner) => self.pattern(&inner.pat),
            Pat::Reference(inner) => self.pattern(&inner.pat),
            Pat::Tuple(inner) => self.pattern_list(inner.elems.iter()),
            Pat::Slice(inner) => self.pattern_list(inner.elems.iter()),
            Pat::Or(inner) => self.pattern_list(inner.cases.iter()),
            Pat::TupleStruct(inner) => Pattern::Variant {
                path: self.segments(&inner.path),
                inside: inner.elems.iter().map(|part| self.pattern(part)).collect(),
            },
            Pat::Struct(inner) => Pattern::Variant {
                path: self.segments(&inner.path),
                inside: inner.fields.iter().map(|field| self.pattern(&field.pat)).collect(),
            },
            _ => Pattern::Other,
        };
        (lowered, Ty::Unknown)
    }

    fn pattern_list<'p>(&mut self, parts: impl Iterator<Item = &'p Pat>) -> Pattern {
        Pattern::Many(parts.map(|part| self.pattern(part)).collect())
    }

    pub(super) fn delimited(&self, span: &DelimSpan) -> Span {
        self.open(span).to(self.close(span))
    }
}
