//! Expressions and statements.

use syn::{Block, Expr, Member, Stmt};

use super::Lower;
use crate::tree::{Arm, ExprId, Kind, Span, Ty};

impl<'a> Lower<'a> {
    pub(super) fn block(&mut self, block: &'a Block, parent: Option<ExprId>) -> ExprId {
        let id = self.reserve(parent);
        let statements =
            block.stmts.iter().filter_map(|statement| self.statement(statement, id)).collect();
        let span = self.delimited(&block.brace_token.span);
        self.fill(id, Kind::Block(statements), span)
    }

    fn statement(&mut self, statement: &'a Stmt, parent: ExprId) -> Option<ExprId> {
        match statement {
            Stmt::Expr(expr, None) => Some(self.expr(expr, parent)),
            Stmt::Expr(expr, Some(semi)) => {
                let id = self.reserve(Some(parent));
                let inner = self.expr(expr, id);
                let span = self.span_of(inner).to(self.span(semi.span));
                Some(self.fill(id, Kind::Statement(inner), span))
            }
            Stmt::Macro(inner) => {
                let id = self.reserve(Some(parent));
                let call = self.macro_call(&inner.mac, id);
                let span = self.span_of(call);
                Some(self.fill(id, Kind::Statement(call), span))
            }
            Stmt::Local(local) => {
                let id = self.reserve(Some(parent));
                let (pattern, ty) = self.pattern_and_type(&local.pat);
                let mut span = self.span(local.let_token.span);
                let init = local.init.as_ref().map(|init| self.expr(&init.expr, id));
                let otherwise = local
                    .init
                    .as_ref()
                    .and_then(|init| init.diverge.as_ref())
                    .map(|(_, expr)| self.expr(expr, id));
                span = span.to(self.span(local.semi_token.span));
                Some(self.fill(id, Kind::Let { pattern, ty, init, otherwise }, span))
            }
            Stmt::Item(item) => {
                if let syn::Item::Use(inner) = item {
                    let uses = self.uses_of(inner);
                    self.uses.extend(uses);
                } else {
                    let module = self.module();
                    self.nested.push_back((item, module));
                }
                None
            }
        }
    }

    fn list<'e>(
        &mut self,
        exprs: impl IntoIterator<Item = &'e Expr>,
        parent: ExprId,
    ) -> Box<[ExprId]>
    where
        'e: 'a,
    {
        exprs.into_iter().map(|expr| self.expr(expr, parent)).collect()
    }

    fn through(&mut self, inner: &'a Expr, id: ExprId, start: Span) -> ExprId {
        let inner = self.expr(inner, id);
        let span = start.to(self.span_of(inner));
        self.fill(id, Kind::Through(inner), span)
    }

    fn many(&mut self, parts: &[&'a Expr], id: ExprId, own: Option<Span>) -> ExprId {
        let parts = self.list(parts.iter().copied(), id);
        let spans = parts.iter().map(|part| self.span_of(*part));
        let span = spans.chain(own).reduce(Span::to).unwrap_or_default();
        self.fill(id, Kind::Many(parts), span)
    }

    /// Lowers one expression below `parent`.
    #[expect(clippy::too_many_lines, reason = "one table: syn's kinds to ours")]
    pub(super) fn expr(&mut self, expr: &'a Expr, parent: ExprId) -> ExprId {
        let id = self.reserve(Some(parent));
        match expr {
            Expr::Path(inner) => {
                let mut segments = self.segments(&inner.path);
                let mut generics = self.generics(&inner.path);
                // `<T as Trait>::name` is called `T::name` here.
                if let Some(qself) = &inner.qself
                    && let Ty::Path { segments: of, args } = self.ty(&qself.ty)
                {
                    let own = segments.iter().skip(qself.position).cloned();
                    segments = of.iter().cloned().chain(own).collect();
                    generics = args;
                }
                let span = self.path_span(&inner.path);
                self.fill(id, Kind::Path { segments, generics }, span)
            }
            Expr::Call(inner) => {
                let callee = self.expr(&inner.func, id);
                let args = self.list(&inner.args, id);
                let span = self.span_of(callee).to(self.close(&inner.paren_token.span));
                self.fill(id, Kind::Call { callee, args }, span)
            }
            Expr::MethodCall(inner) => {
                let receiver = self.expr(&inner.receiver, id);
                let name = self.name(&inner.method);
                let name_span = self.span(inner.method.span());
                let generics =
                    inner.turbofish.as_ref().map(|args| self.angle(args)).unwrap_or_default();
                let args = self.list(&inner.args, id);
                let span = self.span_of(receiver).to(self.close(&inner.paren_token.span));
                self.fill(id, Kind::Method { receiver, name, name_span, args, generics }, span)
            }
            Expr::Await(inner) => {
                let base = self.expr(&inner.base, id);
                let span = self.span_of(base).to(self.span(inner.await_token.span));
                self.fill(id, Kind::Await(base), span)
            }
            Expr::Try(inner) => {
                let base = self.expr(&inner.expr, id);
                let span = self.span_of(base).to(self.span(inner.question_token.span));
                self.fill(id, Kind::Try(base), span)
            }
            Expr::Closure(inner) => {
                let start = match (&inner.asyncness, &inner.capture) {
                    (Some(token), _) => token.span,
                    (None, Some(token)) => token.span,
                    _ => inner.or1_token.span,
                };
                let start = self.span(start);
                let params = inner.inputs.iter().map(|pat| self.pattern_and_type(pat)).collect();
                let body = self.expr(&inner.body, id);
                let span = start.to(self.span_of(body));
                let is_async = inner.asyncness.is_some();
                self.fill(id, Kind::Closure { params, body, is_async }, span)
            }
            Expr::Async(inner) => {
                let start = self.span(inner.async_token.span);
                let body = self.block(&inner.block, Some(id));
                let span = start.to(self.span_of(body));
                self.fill(id, Kind::Async(body), span)
            }
            Expr::Block(inner) => {
                let body = self.block(&inner.block, Some(id));
                let span = self.span_of(body);
                self.fill(id, Kind::Through(body), span)
            }
            Expr::Unsafe(inner) => {
                let body = self.block(&inner.block, Some(id));
                let span = self.span(inner.unsafe_token.span).to(self.span_of(body));
                self.fill(id, Kind::Through(body), span)
            }
            Expr::Const(inner) => {
                let body = self.block(&inner.block, Some(id));
                let span = self.span_of(body);
                self.fill(id, Kind::Through(body), span)
            }
            Expr::Let(inner) => {
                let pattern = self.pattern(&inner.pat);
                let init = self.expr(&inner.expr, id);
                let span = self.span(inner.let_token.span).to(self.span_of(init));
                let kind =
                    Kind::Let { pattern, ty: Ty::Unknown, init: Some(init), otherwise: None };
                self.fill(id, kind, span)
            }
            Expr::ForLoop(inner) => {
                let pattern = self.pattern(&inner.pat);
                let over = self.expr(&inner.expr, id);
                let body = self.block(&inner.body, Some(id));
                let span = self.span(inner.for_token.span).to(self.span_of(body));
                self.fill(id, Kind::For { pattern, over, body }, span)
            }
            Expr::While(inner) => {
                let condition = self.expr(&inner.cond, id);
                let body = self.block(&inner.body, Some(id));
                let span = self.span(inner.while_token.span).to(self.span_of(body));
                self.fill(id, Kind::While { condition, body }, span)
            }
            Expr::Loop(inner) => {
                let body = self.block(&inner.body, Some(id));
                let span = self.span(inner.loop_token.span).to(self.span_of(body));
                self.fill(id, Kind::Loop(body), span)
            }
            Expr::If(inner) => {
                let condition = self.expr(&inner.cond, id);
                let then = self.block(&inner.then_branch, Some(id));
                let otherwise = inner.else_branch.as_ref().map(|(_, expr)| self.expr(expr, id));
                let end = self.span_of(otherwise.unwrap_or(then));
                let span = self.span(inner.if_token.span).to(end);
                self.fill(id, Kind::If { condition, then, otherwise }, span)
            }
            Expr::Match(inner) => {
                let on = self.expr(&inner.expr, id);
                let arms = inner.arms.iter().map(|arm| {
                    let pattern = self.pattern(&arm.pat);
                    let guard = arm.guard.as_ref().map(|(_, expr)| self.expr(expr, id));
                    Arm { pattern, guard, body: self.expr(&arm.body, id) }
                });
                let arms = arms.collect();
                let span = self.span(inner.match_token.span);
                let span = span.to(self.close(&inner.brace_token.span));
                self.fill(id, Kind::Match { on, arms }, span)
            }
            Expr::Field(inner) => {
                let base = self.expr(&inner.base, id);
                let (name, end) = match &inner.member {
                    Member::Named(ident) => (self.name(ident), self.span(ident.span())),
                    Member::Unnamed(index) => {
                        (self.text(&index.index.to_string()), self.span(index.span))
                    }
                };
                let span = self.span_of(base).to(end);
                self.fill(id, Kind::Field { base, name }, span)
            }
            Expr::Struct(inner) => {
                let path = self.segments(&inner.path);
                let mut fields = Vec::with_capacity(inner.fields.len());
                for field in &inner.fields {
                    let name = match &field.member {
                        Member::Named(ident) => self.name(ident),
                        Member::Unnamed(index) => self.text(&index.index.to_string()),
                    };
                    fields.push((name, self.expr(&field.expr, id)));
                }
                if let Some(rest) = &inner.rest {
                    let name = self.text("..");
                    fields.push((name, self.expr(rest, id)));
                }
                let span = self.path_span(&inner.path).to(self.close(&inner.brace_token.span));
                self.fill(id, Kind::Struct { path, fields: fields.into() }, span)
            }
            Expr::Lit(inner) => {
                let span = self.span(inner.lit.span());
                let kind = match &inner.lit {
                    syn::Lit::Str(text) => Kind::Str(self.text(&text.value())),
                    syn::Lit::Int(number) => number.base10_parse().map_or(Kind::Other, Kind::Int),
                    _ => Kind::Other,
                };
                self.fill(id, kind, span)
            }
            Expr::Assign(inner) => {
                let target = self.expr(&inner.left, id);
                let value = self.expr(&inner.right, id);
                let span = self.span_of(target).to(self.span_of(value));
                self.fill(id, Kind::Assign { target, value }, span)
            }
            Expr::Macro(inner) => {
                let call = self.macro_call(&inner.mac, id);
                let span = self.span_of(call);
                self.fill(id, Kind::Through(call), span)
            }
            Expr::Return(inner) => {
                let value = inner.expr.as_ref().map(|expr| self.expr(expr, id));
                let start = self.span(inner.return_token.span);
                let span = start.to(value.map_or(start, |value| self.span_of(value)));
                self.fill(id, Kind::Return(value), span)
            }
            Expr::Break(inner) => {
                let start = self.span(inner.break_token.span);
                match &inner.expr {
                    Some(expr) => self.through(expr, id, start),
                    None => self.fill(id, Kind::Other, start),
                }
            }
            Expr::Reference(inner) => {
                let start = self.span(inner.and_token.span);
                self.through(&inner.expr, id, start)
            }
            Expr::Unary(inner) => {
                let start = match &inner.op {
                    syn::UnOp::Deref(token) => token.span,
                    syn::UnOp::Not(token) => token.span,
                    syn::UnOp::Neg(token) => token.span,
                    _ => return self.through(&inner.expr, id, Span { start: u32::MAX, end: 0 }),
                };
                let start = self.span(start);
                self.through(&inner.expr, id, start)
            }
            Expr::Paren(inner) => {
                let start = self.delimited(&inner.paren_token.span);
                self.through(&inner.expr, id, start)
            }
            Expr::Group(inner) => self.through(&inner.expr, id, Span { start: u32::MAX, end: 0 }),
            Expr::Cast(inner) => self.through(&inner.expr, id, Span { start: u32::MAX, end: 0 }),
            Expr::Binary(inner) => self.many(&[&inner.left, &inner.right], id, None),
            Expr::Index(inner) => {
                let own = self.close(&inner.bracket_token.span);
                self.many(&[&inner.expr, &inner.index], id, Some(own))
            }
            Expr::Range(inner) => {
                let parts: Vec<&Expr> =
                    inner.start.iter().chain(&inner.end).map(AsRef::as_ref).collect();
                self.many(&parts, id, None)
            }
            Expr::Tuple(inner) => {
                let own = self.delimited(&inner.paren_token.span);
                self.many(&inner.elems.iter().collect::<Vec<_>>(), id, Some(own))
            }
            Expr::Array(inner) => {
                let own = self.delimited(&inner.bracket_token.span);
                self.many(&inner.elems.iter().collect::<Vec<_>>(), id, Some(own))
            }
            Expr::Repeat(inner) => {
                let own = self.delimited(&inner.bracket_token.span);
                self.many(&[&inner.expr, &inner.len], id, Some(own))
            }
            Expr::Yield(inner) => match &inner.expr {
                Some(expr) => self.through(expr, id, Span { start: u32::MAX, end: 0 }),
                None => id,
            },
            Expr::TryBlock(inner) => {
                let body = self.block(&inner.block, Some(id));
                let span = self.span_of(body);
                self.fill(id, Kind::Through(body), span)
            }
            _ => id,
        }
    }
}
