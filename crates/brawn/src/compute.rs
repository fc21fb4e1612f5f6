//! The bridge: from async code to the pool and back.

use brawn_core::{Budget, Error, ErrorKind, Pool, Result};
use tokio::sync::oneshot;

/// Runs `work` on the process's [`Pool`] under this task's [`budget`](crate::budget) and waits without blocking.
///
/// Rayon code inside `work` uses the same pool. `work` gets the budget to ask, and should call
/// [`check`](Budget::check) every few milliseconds: dropping the returned future, the invocation's deadline, or a
/// cancel reach it that way.
///
/// # Errors
/// [`is_panic`](Error::is_panic) with the panic's message when `work` panics (a build with `panic = "abort"` dies
/// instead); [`is_out_of_time`](Error::is_out_of_time) or [`is_cancelled`](Error::is_cancelled) when the budget ended
/// before `work` began. What `work` itself returns, an error included, comes back as it is.
///
/// # Cost
/// A queue push and a wake-up: 10 to 40 us. Work below some 50 us is better done inline.
///
/// ```compile_fail,E0277
/// // Work crosses threads, so what it captures must be `Send`.
/// let local = std::rc::Rc::new(1);
/// let _ = brawn::compute(move |_| *local);
/// ```
pub async fn compute<T, F>(work: F) -> Result<T>
where
    T: Send + 'static,
    F: FnOnce(&Budget) -> T + Send + 'static,
{
    compute_on(Pool::global(), &crate::budget(), work).await
}

/// [`compute`] on a pool and under a budget of the caller's choice.
///
/// # Errors
/// As [`compute`].
pub async fn compute_on<T, F>(pool: &Pool, budget: &Budget, work: F) -> Result<T>
where
    T: Send + 'static,
    F: FnOnce(&Budget) -> T + Send + 'static,
{
    // A child: dropping this future cancels this work and nothing else under the caller's budget.
    let budget = budget.child();
    budget.check()?;
    let cancel = budget.cancel_on_drop();
    let span = tracing::Span::current();
    let (answer, question) = oneshot::channel();
    pool.spawn(
        move || {
            let _entered = span.enter();
            budget.check()?;
            Ok(work(&budget))
        },
        // Nobody is listening if the future was dropped.
        move |done| drop(answer.send(done)),
    );
    let done =
        question.await.map_err(|_| Error::new(ErrorKind::Cancelled, "the pool was stopped"))?;
    cancel.defuse();
    done?
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZeroUsize;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    fn pool(workers: usize) -> Pool {
        Pool::new(NonZeroUsize::new(workers).expect("not zero")).expect("threads")
    }

    #[tokio::test]
    async fn a_panic_keeps_its_message_and_the_pool_lives_on() {
        let pool = pool(1);
        let budget = Budget::unlimited();
        let error = compute_on(&pool, &budget, |_| -> u8 { panic!("row {}", 3) }).await;
        assert_eq!(error.expect_err("it panicked").to_string(), "panicked: row 3");
        assert_eq!(compute_on(&pool, &budget, |_| 4).await.expect("alive"), 4);
        assert!(budget.check().is_ok(), "the caller's budget is not spent by a panic");
    }

    #[tokio::test]
    async fn dropping_the_future_cancels_the_work() {
        let pool = pool(1);
        let (started, stopped) =
            (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let work = {
            let (started, stopped) = (Arc::clone(&started), Arc::clone(&stopped));
            move |budget: &Budget| {
                started.store(true, Ordering::SeqCst);
                while budget.check().is_ok() {
                    std::hint::spin_loop();
                }
                stopped.store(true, Ordering::SeqCst);
            }
        };
        let budget = Budget::unlimited();
        tokio::select! {
            biased;
            _ = compute_on(&pool, &budget, work) => panic!("it runs until it is cancelled"),
            () = async { while !started.load(Ordering::SeqCst) { tokio::task::yield_now().await } } => {}
        }
        // The one worker is free again only once the work has seen the cancel.
        compute_on(&pool, &budget, |_| ()).await.expect("free again");
        assert!(stopped.load(Ordering::SeqCst));
    }

    #[tokio::test]
    async fn work_that_is_cancelled_while_queued_never_starts() {
        let pool = pool(1);
        let budget = Budget::unlimited();
        budget.cancel();
        let error = compute_on(&pool, &budget, |_| panic!("never")).await.expect_err("cancelled");
        assert!(error.is_cancelled());
    }

    #[test]
    fn the_span_travels_along() {
        use tracing_subscriber::layer::SubscriberExt;
        let subscriber = tracing_subscriber::registry()
            .with(tracing_subscriber::fmt::layer().with_test_writer());
        tracing::subscriber::with_default(subscriber, || {
            let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
            let span = tracing::info_span!("invocation");
            let (outside, inside) = runtime.block_on(async {
                let entered = span.enter();
                let pool = pool(1);
                let dispatch = tracing::dispatcher::get_default(Clone::clone);
                let inside = compute_on(&pool, &Budget::unlimited(), move |_| {
                    tracing::dispatcher::with_default(&dispatch, || tracing::Span::current().id())
                })
                .await;
                drop(entered);
                (span.id(), inside.expect("no panic"))
            });
            assert!(outside.is_some());
            assert_eq!(outside, inside);
        });
    }

    #[test]
    fn one_worker_on_a_current_thread_runtime_does_not_deadlock() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let pool = pool(1);
        let answer = runtime.block_on(async {
            let inner = pool.clone();
            compute_on(&pool, &Budget::unlimited(), move |_| inner.run(|| 6)).await
        });
        assert!(matches!(answer, Ok(Ok(6))));
    }
}
