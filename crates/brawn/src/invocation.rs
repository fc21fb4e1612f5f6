//! The invocation that a task belongs to: in a Lambda function, what Lambda asked for; elsewhere one without limits.

use std::future::Future;
use std::sync::{Arc, LazyLock};

use brawn_core::{Budget, Pool};

use crate::meters::Meters;

tokio::task_local! {
    static INVOCATION: Invocation;
}

/// What work of one invocation shares.
#[derive(Clone, Debug)]
pub(crate) struct Invocation {
    pub(crate) budget: Budget,
    pub(crate) pool: Pool,
    pub(crate) meters: Arc<Meters>,
}

impl Invocation {
    /// The one that this task belongs to; else one without limits that all others share, so that its budget is for making
    /// children of and not to be cancelled.
    pub(crate) fn current() -> Invocation {
        // Made once: its parts are as many allocations, which are freed on another thread.
        static NONE: LazyLock<Invocation> = LazyLock::new(|| Invocation {
            budget: Budget::unlimited(),
            pool: Pool::global().clone(),
            meters: Arc::default(),
        });
        INVOCATION.try_with(Clone::clone).unwrap_or_else(|_| NONE.clone())
    }

    /// What is counted for the one that this task belongs to.
    pub(crate) fn meters() -> Option<Arc<Meters>> {
        INVOCATION.try_with(|own| Arc::clone(&own.meters)).ok()
    }

    /// Runs `future` as a part of this invocation.
    pub(crate) async fn scope<F: Future>(self, future: F) -> F::Output {
        INVOCATION.scope(self, future).await
    }
}

/// The budget that this task works under: inside `lambda::run` the invocation's, elsewhere one
/// without limits. A task made by `tokio::spawn` does not inherit it: wrap its future in [`with_budget`].
pub fn budget() -> Budget {
    INVOCATION.try_with(|own| own.budget.clone()).unwrap_or_else(|_| Budget::unlimited())
}

/// The pool that this task's work runs on: the process's own, and for invocations that run at the same time in one
/// process (`lambda::run_concurrent`) one each, so that a small one does not queue
/// behind a long one.
pub fn pool() -> Pool {
    INVOCATION.try_with(|own| own.pool.clone()).unwrap_or_else(|_| Pool::global().clone())
}

/// Runs `future` with [`budget`] giving `budget`.
pub async fn with_budget<F: Future>(budget: Budget, future: F) -> F::Output {
    Invocation { budget, ..Invocation::current() }.scope(future).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_budget_is_the_tasks_own() {
        let mine = Budget::unlimited();
        with_budget(mine.clone(), async {
            mine.cancel();
            assert!(budget().check().is_err());
        })
        .await;
        assert!(budget().check().is_ok(), "outside there is no limit");
    }
}
