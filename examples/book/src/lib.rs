//! The code of the book, compiled: each block of Rust in `docs/` and in the README is a doc test of this crate, and the
//! template's function is a module of its tests.

macro_rules! pages {
    ($($name:ident: $path:literal;)*) => {$(
        #[cfg(doctest)]
        #[doc = include_str!(concat!("../../../", $path))]
        mod $name {}
    )*};
}

pages! {
    readme: "README.md";
    why: "docs/why.md";
    when_not: "docs/when-not.md";
    budget: "docs/budget.md";
    sizing: "docs/sizing.md";
    managed_instances: "docs/managed-instances.md";
    from_spawn_blocking: "docs/from-spawn-blocking.md";
    observability: "docs/observability.md";
    checklist: "docs/checklist.md";
}

#[cfg(test)]
#[expect(dead_code, reason = "nobody calls its `main`")]
#[path = "../../../templates/function/src/main.rs"]
mod template;
