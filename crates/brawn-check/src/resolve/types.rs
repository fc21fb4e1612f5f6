//! Resolved types, as far as receivers need them.

use std::sync::Arc;

/// A type whose path is resolved. References are taken off, lifetimes too.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Type {
    Path(Arc<str>, Arc<[Type]>),
    /// `dyn Trait`, `impl Trait`, or a type parameter with this bound.
    Bound(Arc<str>),
    Tuple(Arc<[Type]>),
    Slice(Arc<Type>),
    #[default]
    Unknown,
}

impl Type {
    pub(crate) fn path(path: impl Into<Arc<str>>) -> Type {
        Type::Path(path.into(), Arc::default())
    }

    pub(crate) fn is_known(&self) -> bool {
        !matches!(self, Type::Unknown)
    }

    /// The path, `""` for what has none.
    pub(crate) fn name(&self) -> &str {
        match self {
            Type::Path(path, _) | Type::Bound(path) => path,
            _ => "",
        }
    }

    fn last(&self) -> &str {
        self.name().rsplit("::").next().unwrap_or("")
    }

    pub(crate) fn arg(&self, index: usize) -> Type {
        match self {
            Type::Path(_, args) | Type::Tuple(args) => args.get(index).cloned().unwrap_or_default(),
            _ => Type::Unknown,
        }
    }

    /// What `?`, `.unwrap()` and `Some(x)` give.
    pub(crate) fn inside(&self) -> Type {
        match self.last() {
            "Result" | "Option" | "Poll" => self.arg(0),
            _ => self.clone(),
        }
    }

    /// What a method call on it looks at next: the pointee of a smart pointer.
    pub(crate) fn pointee(&self) -> Option<Type> {
        const POINTERS: [&str; 20] = [
            "Arc",
            "Box",
            "Rc",
            "Cow",
            "Pin",
            "Ref",
            "RefMut",
            "MutexGuard",
            "RwLockReadGuard",
            "RwLockWriteGuard",
            "LazyLock",
            "Lazy",
            "State",
            "Extension",
            "Data",
            "Reverse",
            "ManuallyDrop",
            "PooledConnection",
            "Object",
            "OwnedMutexGuard",
        ];
        if POINTERS.contains(&self.last()) {
            let inner = self.arg(0);
            return inner.is_known().then_some(inner);
        }
        None
    }

    /// What it holds and hands out through a method: `Mutex<T>::lock`, `OnceCell<T>::get_or_init`.
    pub(crate) fn content(&self) -> Type {
        match self.last() {
            "Mutex" | "RwLock" | "OnceCell" | "OnceLock" | "RefCell" | "Cell" | "LazyLock"
            | "Lazy" | "Option" | "Result" | "Arc" | "Box" | "Rc" => self.arg(0),
            _ => self.clone(),
        }
    }

    /// What iterating over it gives.
    pub(crate) fn element(&self) -> Type {
        match self {
            Type::Slice(of) => Type::clone(of),
            Type::Path(..) => match self.last() {
                "Vec" | "VecDeque" | "HashSet" | "BTreeSet" | "Option" | "Iterator"
                | "IntoIterator" | "ArrayVec" | "SmallVec" => self.arg(0),
                "HashMap" | "BTreeMap" => Type::Tuple([self.arg(0), self.arg(1)].into()),
                _ => self.pointee().map_or(Type::Unknown, |inner| inner.element()),
            },
            _ => Type::Unknown,
        }
    }
}
