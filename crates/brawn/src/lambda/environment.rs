//! What Lambda says to a process by its environment.

use brawn_core::{Error, Result};

/// A variable that is there and not empty.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The memory size in MB.
pub(crate) fn memory_mb() -> Option<u32> {
    variable("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")?.trim().parse().ok()
}

/// Whether this is a managed instance, which is paid by the hour and not by the invocation.
pub(crate) fn is_managed_instance() -> bool {
    variable("AWS_LAMBDA_INITIALIZATION_TYPE").as_deref() == Some("lambda-managed-instances")
}

/// `lambda_runtime` panics on these when they are missing; a person who starts `bootstrap` by hand deserves a sentence.
pub(super) fn check() -> Result<()> {
    const NEEDED: [&str; 4] = [
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_VERSION",
    ];
    match NEEDED.iter().find(|name| std::env::var_os(name).is_none()) {
        None => Ok(()),
        Some(name) => Err(Error::invalid_options(format!(
            "`{name}` is not set: this program is started by Lambda"
        ))
        .with_hint("to try it on this machine use `cargo lambda watch` and `cargo lambda invoke`")),
    }
}
