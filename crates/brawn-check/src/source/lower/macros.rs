//! Macros, looked into where their grammar allows: expressions between commas, `select!`, blocks. Others are skipped.

use proc_macro2::{TokenStream, TokenTree};
use syn::parse::{ParseStream, Parser};
use syn::{Expr, Pat, Stmt, Token};

use super::Lower;
use crate::tree::{Arm, ExprId, Kind, Ty};

impl<'a> Lower<'a> {
    pub(super) fn macro_call(&mut self, call: &syn::Macro, parent: ExprId) -> ExprId {
        let id = self.reserve(Some(parent));
        let path = self.segments(&call.path);
        let delimiter = match &call.delimiter {
            syn::MacroDelimiter::Paren(token) => &token.span,
            syn::MacroDelimiter::Brace(token) => &token.span,
            syn::MacroDelimiter::Bracket(token) => &token.span,
        };
        let span = self.path_span(&call.path).to(self.close(delimiter));
        let args = match path.last().map_or("", |name| name) {
            // Items and patterns, not expressions; or another language altogether.
            "lazy_static" | "thread_local" | "cfg_if" | "macro_rules" | "matches" | "html"
            | "rsx" | "view" | "quote" | "json_schema" | "bitflags" | "sql" | "query" => {
                Box::default()
            }
            "select" | "select_biased" => self.select(&call.tokens, id),
            "stream" | "try_stream" => self.stream(&call.tokens, id),
            _ => self.expressions(&call.tokens, id),
        };
        self.fill(id, Kind::Macro { path, args }, span)
    }

    /// `format!`, `vec!`, `join!`, `info!(%x, y = ?z, "..")`.
    fn expressions(&mut self, tokens: &TokenStream, id: ExprId) -> Box<[ExprId]> {
        let exprs = separated.parse2(without_sigils(tokens)).unwrap_or_default();
        if !exprs.is_empty() {
            return exprs.iter().map(|expr| self.owned(expr, id)).collect();
        }
        match syn::Block::parse_within.parse2(tokens.clone()) {
            Ok(statements) => self.statements(&statements, id),
            Err(_) => Box::default(),
        }
    }

    fn stream(&mut self, tokens: &TokenStream, id: ExprId) -> Box<[ExprId]> {
        let Ok(statements) = syn::Block::parse_within.parse2(tokens.clone()) else {
            return Box::default();
        };
        let around = self.reserve(Some(id));
        let body = self.reserve(Some(around));
        let statements = self.statements(&statements, body);
        let span = statements.iter().map(|id| self.span_of(*id)).reduce(crate::tree::Span::to);
        let span = span.unwrap_or_default();
        self.fill(body, Kind::Block(statements), span);
        self.fill(around, Kind::Async(body), span);
        [around].into()
    }

    /// Each arm as the future, then what is done with its result.
    fn select(&mut self, tokens: &TokenStream, id: ExprId) -> Box<[ExprId]> {
        let Ok(branches) = branches.parse2(tokens.clone()) else { return Box::default() };
        let mut rows = Vec::new();
        for branch in &branches {
            let row = self.reserve(Some(id));
            let on = match &branch.future {
                Some(future) => self.owned(future, row),
                None => {
                    let none = self.reserve(Some(row));
                    self.fill(none, Kind::Other, crate::tree::Span::default())
                }
            };
            let (pattern, _) = match &branch.pattern {
                Some(pattern) => self.pattern_and_type(pattern),
                None => (crate::tree::Pattern::Wild, Ty::Unknown),
            };
            let guard = branch.guard.as_ref().map(|guard| self.owned(guard, row));
            let body = self.owned(&branch.body, row);
            let span = self.span_of(on);
            let span = if branch.future.is_some() {
                span.to(self.span_of(body))
            } else {
                self.span_of(body)
            };
            let arms = [Arm { pattern, guard, body }].into();
            rows.push(self.fill(row, Kind::Match { on, arms }, span));
        }
        rows.into()
    }

    fn statements(&mut self, statements: &[Stmt], id: ExprId) -> Box<[ExprId]> {
        let mut rows = Vec::new();
        for statement in statements {
            match statement {
                Stmt::Expr(expr, None) => rows.push(self.owned(expr, id)),
                Stmt::Expr(expr, Some(_)) => {
                    let row = self.reserve(Some(id));
                    let inner = self.owned(expr, row);
                    let span = self.span_of(inner);
                    rows.push(self.fill(row, Kind::Statement(inner), span));
                }
                Stmt::Local(local) => {
                    let row = self.reserve(Some(id));
                    let (pattern, ty) = self.pattern_and_type(&local.pat);
                    let mut span = self.span(local.let_token.span);
                    let init = local.init.as_ref().map(|init| self.owned(&init.expr, row));
                    if let Some(init) = init {
                        span = span.to(self.span_of(init));
                    }
                    let kind = Kind::Let { pattern, ty, init, otherwise: None };
                    rows.push(self.fill(row, kind, span));
                }
                Stmt::Macro(inner) => {
                    let row = self.reserve(Some(id));
                    let call = self.macro_call(&inner.mac, row);
                    let span = self.span_of(call);
                    rows.push(self.fill(row, Kind::Statement(call), span));
                }
                Stmt::Item(_) => {}
            }
        }
        rows.into()
    }

    /// An expression that was parsed here and is dropped soon: items within it are not kept.
    fn owned(&mut self, expr: &Expr, parent: ExprId) -> ExprId {
        let mut inner = Lower {
            out: std::mem::take(&mut self.out),
            names: std::mem::take(&mut self.names),
            offset: self.offset,
            uses: std::mem::take(&mut self.uses),
            in_test: self.in_test,
            current_module: self.current_module,
            type_depth: self.type_depth,
            nested: std::collections::VecDeque::new(),
        };
        let id = inner.expr(expr, parent);
        (self.out, self.names, self.uses) = (inner.out, inner.names, inner.uses);
        id
    }
}

struct Branch {
    pattern: Option<Pat>,
    future: Option<Expr>,
    guard: Option<Expr>,
    body: Expr,
}

fn branches(input: ParseStream<'_>) -> syn::Result<Vec<Branch>> {
    let mut found = Vec::new();
    while !input.is_empty() {
        if input.peek(syn::Ident) && input.peek2(Token![;]) {
            input.parse::<syn::Ident>()?;
            input.parse::<Token![;]>()?;
            continue;
        }
        let mut branch = Branch { pattern: None, future: None, guard: None, body: empty() };
        if input.peek(Token![else]) || input.peek(syn::Ident) && input.peek2(Token![=>]) {
            input
                .parse::<proc_macro2::Ident>()
                .map(drop)
                .or_else(|_| input.parse::<Token![else]>().map(drop))?;
        } else {
            branch.pattern = Some(Pat::parse_multi_with_leading_vert(input)?);
            input.parse::<Token![=]>()?;
            branch.future = Some(input.parse()?);
            if input.peek(Token![,]) {
                input.parse::<Token![,]>()?;
                input.parse::<Token![if]>()?;
                branch.guard = Some(input.parse()?);
            }
        }
        input.parse::<Token![=>]>()?;
        branch.body = if input.peek(syn::token::Brace) {
            Expr::Block(syn::ExprBlock { attrs: Vec::new(), label: None, block: input.parse()? })
        } else {
            input.parse()?
        };
        if input.peek(Token![,]) {
            input.parse::<Token![,]>()?;
        }
        found.push(branch);
    }
    Ok(found)
}

fn empty() -> Expr {
    Expr::Verbatim(TokenStream::new())
}

/// `a, b; c, name = d` as far as it goes.
fn separated(input: ParseStream<'_>) -> syn::Result<Vec<Expr>> {
    let mut found = Vec::new();
    while !input.is_empty() {
        found.push(input.parse::<Expr>()?);
        if input.peek(Token![,]) {
            input.parse::<Token![,]>()?;
        } else if input.peek(Token![;]) {
            input.parse::<Token![;]>()?;
        } else if input.peek(Token![=>]) {
            input.parse::<Token![=>]>()?;
        } else if !input.is_empty() {
            return Err(input.error("not a list"));
        }
    }
    Ok(found)
}

/// Takes off what `tracing` and `json!` write and expressions do not: `%x`, `?x`, `target: "x"`, `"key": x`.
fn without_sigils(tokens: &TokenStream) -> TokenStream {
    let mut out: Vec<TokenTree> = Vec::new();
    let mut fresh = true;
    for token in tokens.clone() {
        match &token {
            TokenTree::Punct(punct) if fresh && matches!(punct.as_char(), '%' | '?') => continue,
            TokenTree::Punct(punct)
                if punct.as_char() == ':'
                    && punct.spacing() == proc_macro2::Spacing::Alone
                    && !matches!(out.last(), Some(TokenTree::Punct(last)) if last.as_char() == ':') =>
            {
                out.push(TokenTree::Punct(proc_macro2::Punct::new(
                    ',',
                    proc_macro2::Spacing::Alone,
                )));
                fresh = true;
                continue;
            }
            TokenTree::Punct(punct) => fresh = matches!(punct.as_char(), ',' | '='),
            _ => fresh = false,
        }
        out.push(token);
    }
    out.into_iter().collect()
}
