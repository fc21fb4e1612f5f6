//! The budget of whoever is asking: in a Lambda function, of the invocation.

use std::future::Future;

use brawn_core::Budget;

tokio::task_local! {
    static BUDGET: Budget;
}

/// The budget that this task works under: inside [`lambda::run`](crate::lambda::run) the invocation's, elsewhere one
/// without limits. A task made by `tokio::spawn` does not inherit it: wrap its future in [`with_budget`].
pub fn budget() -> Budget {
    BUDGET.try_with(Clone::clone).unwrap_or_else(|_| Budget::unlimited())
}

/// Runs `future` with [`budget`] giving `budget`.
pub async fn with_budget<F: Future>(budget: Budget, future: F) -> F::Output {
    BUDGET.scope(budget, future).await
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
