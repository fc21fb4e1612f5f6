//! What the rules read: each file's expressions as rows of one table, with parents.
//!
//! `syn`'s tree is lowered to this and dropped at once. That keeps memory small (a fifth of `syn`'s), makes "what stands
//! around this call?" a walk along parents, and no later pass needs recursion, so deep nesting cannot overflow a stack.

use std::sync::Arc;

/// An identifier; one allocation for all its uses in a file.
pub(crate) type Name = Arc<str>;

/// `a::b::c` as written.
pub(crate) type Segments = Box<[Name]>;

/// A place in a file, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl Span {
    pub(crate) fn to(self, other: Span) -> Span {
        Span { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    pub(crate) fn holds(self, other: Span) -> bool {
        self.start <= other.start && other.end <= self.end
    }
}

/// A row of [`Tree`]. Children have larger ids than their parents; a function's rows are contiguous.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ExprId(pub(crate) u32);

/// One expression or statement.
#[derive(Debug)]
pub(crate) struct Expr {
    pub(crate) kind: Kind,
    pub(crate) span: Span,
    pub(crate) parent: Option<ExprId>,
}

/// The expressions of one file.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    pub(crate) rows: Vec<Expr>,
}

impl std::ops::Index<ExprId> for Tree {
    type Output = Expr;
    fn index(&self, id: ExprId) -> &Expr {
        &self.rows[id.0 as usize]
    }
}

#[derive(Debug)]
#[expect(dead_code, reason = "the tree keeps what is written, whichever rules there are")]
pub(crate) enum Kind {
    /// `a::b`; a lone identifier has one segment. `ty` is the `T` of `<T as Trait>::name` and `T::<A>::name`.
    Path {
        segments: Segments,
        generics: Box<[Ty]>,
    },
    Call {
        callee: ExprId,
        args: Box<[ExprId]>,
    },
    Method {
        receiver: ExprId,
        name: Name,
        name_span: Span,
        args: Box<[ExprId]>,
        generics: Box<[Ty]>,
    },
    Await(ExprId),
    Try(ExprId),
    Closure {
        params: Box<[(Pattern, Ty)]>,
        body: ExprId,
        is_async: bool,
    },
    /// `async { .. }`, and the body of `stream!` macros.
    Async(ExprId),
    Block(Box<[ExprId]>),
    /// `expression;`
    Statement(ExprId),
    /// `let` as a statement and as a condition.
    Let {
        pattern: Pattern,
        ty: Ty,
        init: Option<ExprId>,
        otherwise: Option<ExprId>,
    },
    For {
        pattern: Pattern,
        over: ExprId,
        body: ExprId,
    },
    While {
        condition: ExprId,
        body: ExprId,
    },
    Loop(ExprId),
    If {
        condition: ExprId,
        then: ExprId,
        otherwise: Option<ExprId>,
    },
    Match {
        on: ExprId,
        arms: Box<[Arm]>,
    },
    Field {
        base: ExprId,
        name: Name,
    },
    /// `&x`, `*x`, `!x`, `(x)`, `x as T`: the same thing looked at differently.
    Through(ExprId),
    Struct {
        path: Segments,
        fields: Box<[(Name, ExprId)]>,
    },
    Str(Name),
    Int(u64),
    Assign {
        target: ExprId,
        value: ExprId,
    },
    /// Several operands: tuples, arrays, binary operators, ranges, indexing.
    Many(Box<[ExprId]>),
    Macro {
        path: Segments,
        args: Box<[ExprId]>,
    },
    Return(Option<ExprId>),
    /// Anything without parts that matter here.
    Other,
}

#[derive(Debug)]
#[expect(dead_code, reason = "the tree keeps what is written, whichever rules there are")]
pub(crate) struct Arm {
    pub(crate) pattern: Pattern,
    pub(crate) guard: Option<ExprId>,
    pub(crate) body: ExprId,
}

#[derive(Debug)]
pub(crate) enum Pattern {
    Bind(Name),
    /// `Some(x)`, `Point { x, y }`.
    Variant {
        path: Segments,
        inside: Box<[Pattern]>,
    },
    /// Tuples, slices, alternatives.
    Many(Box<[Pattern]>),
    /// `_`
    Wild,
    /// Literals, ranges, paths.
    Other,
}

impl Pattern {
    /// Calls `see` with every name that the pattern binds.
    pub(crate) fn names<'a>(&'a self, see: &mut dyn FnMut(&'a Name)) {
        match self {
            Pattern::Bind(name) => see(name),
            Pattern::Variant { inside, .. } | Pattern::Many(inside) => {
                inside.iter().for_each(|part| part.names(see));
            }
            Pattern::Wild | Pattern::Other => {}
        }
    }

    pub(crate) fn as_name(&self) -> Option<&Name> {
        match self {
            Pattern::Bind(name) => Some(name),
            _ => None,
        }
    }
}

/// A type as written, with references, lifetimes and qualifiers taken off.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Ty {
    Path {
        segments: Segments,
        args: Box<[Ty]>,
    },
    /// `impl Trait`, `dyn Trait`: the first bound that is not an auto trait.
    Bound {
        segments: Segments,
        args: Box<[Ty]>,
    },
    Tuple(Box<[Ty]>),
    Slice(Box<Ty>),
    #[default]
    Unknown,
}

impl Ty {
    pub(crate) fn is_known(&self) -> bool {
        !matches!(self, Ty::Unknown)
    }

    pub(crate) fn last(&self) -> &str {
        match self {
            Ty::Path { segments, .. } | Ty::Bound { segments, .. } => {
                segments.last().map_or("", |name| name)
            }
            _ => "",
        }
    }

    pub(crate) fn args(&self) -> &[Ty] {
        match self {
            Ty::Path { args, .. } | Ty::Bound { args, .. } => args,
            Ty::Tuple(parts) => parts,
            Ty::Slice(of) => std::slice::from_ref(of),
            Ty::Unknown => &[],
        }
    }

    /// Whether `name` is the last segment of this type or of any of its arguments.
    pub(crate) fn mentions(&self, name: &str) -> bool {
        self.last() == name || self.args().iter().any(|arg| arg.mentions(name))
    }
}

/// A function or method with its body.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) name: Name,
    /// The `T` of `impl T`, or the trait whose default method this is.
    pub(crate) owner: Option<Ty>,
    /// The trait of `impl Trait for T`.
    pub(crate) of_trait: Option<Segments>,
    pub(crate) is_trait_default: bool,
    pub(crate) is_async: bool,
    pub(crate) is_test: bool,
    pub(crate) params: Box<[(Pattern, Ty)]>,
    pub(crate) returns: Ty,
    /// Type parameters with their first bound.
    pub(crate) generics: Box<[(Name, Ty)]>,
    /// `flavor = "current_thread"` of `#[tokio::main]`.
    pub(crate) current_thread: bool,
    /// Rows of the body, the first of which is the body's block; empty when there is none.
    pub(crate) rows: std::ops::Range<u32>,
    pub(crate) uses: Vec<Use>,
    pub(crate) module: u32,
    pub(crate) span: Span,
}

/// One name that a `use` brings in.
#[derive(Clone, Debug)]
pub(crate) struct Use {
    /// `*` for globs.
    pub(crate) alias: Name,
    pub(crate) segments: Segments,
    pub(crate) is_pub: bool,
}

#[derive(Debug)]
pub(crate) struct Struct {
    pub(crate) name: Name,
    pub(crate) fields: Box<[(Name, Ty)]>,
}

/// A module as written in one file: the file itself, or `mod x { .. }` within it.
#[derive(Debug, Default)]
pub(crate) struct Module {
    /// Within the file: empty for the file itself.
    pub(crate) path: Vec<Name>,
    pub(crate) uses: Vec<Use>,
    pub(crate) structs: Vec<Struct>,
    /// Traits and enums and unions: names only.
    pub(crate) types: Vec<Name>,
    pub(crate) traits: Vec<Name>,
    pub(crate) aliases: Vec<(Name, Ty)>,
    /// `static` and `const`.
    pub(crate) globals: Vec<(Name, Ty)>,
    /// `mod x;`
    pub(crate) children: Vec<ModFile>,
    pub(crate) is_test: bool,
}

#[derive(Debug)]
pub(crate) struct ModFile {
    pub(crate) name: Name,
    pub(crate) path: Option<String>,
    pub(crate) is_test: bool,
}
