//! The bridge: from async code to the pool and back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use brawn_core::{Budget, Error, ErrorKind, Pool, Result};
use tokio::sync::oneshot;

use crate::invocation::Invocation;
use crate::meters::Meters;

/// [`compute_sized`] runs what takes less than this right where it is: the way to a pool that sleeps and back took as long as
/// work of 22 to 42 us (`bench/criterion`, `crossing`, three runs on two busy cores, 2026-11-27), and a timer that is 20 us late is
/// not late.
pub const INLINE_BELOW: Duration = Duration::from_micros(20);

/// Runs `work` on this task's [`pool`](crate::pool) under its [`budget`](crate::budget) and waits without blocking.
///
/// Rayon code inside `work` uses the same pool. `work` gets the budget to ask, and should call
/// [`check`](Budget::check) every few milliseconds: dropping the returned future, the invocation's deadline, or a
/// cancel reach it that way. [`Budget::par_iter`] and its siblings ask by themselves.
///
/// # Errors
/// [`is_panic`](Error::is_panic) with the panic's message when `work` panics (a build with `panic = "abort"` dies
/// instead); [`is_out_of_time`](Error::is_out_of_time) or [`is_cancelled`](Error::is_cancelled) when the budget ended
/// before `work` began; [`is_busy`](Error::is_busy) when the pool has a [queue limit](Pool::with_queue_limit) and it is
/// reached. What `work` itself returns, an error included, comes back as it is.
///
/// # Cost
/// A queue push and a wake-up: 8 us to a pool that was just used, 20 to 40 us to one that sleeps. Work below some 20 us is better done inline: see [`compute_sized`].
///
/// ```compile_fail,E0277
/// // Work crosses threads, so what it captures must be `Send`.
/// let local = std::rc::Rc::new(1);
/// let _ = brawn::compute(move |_| *local);
/// ```
///
/// ```compile_fail,E0277
/// // So does its result.
/// let _ = brawn::compute(|_| std::rc::Rc::new(1));
/// ```
///
/// ```compile_fail,E0597
/// // Work may outlive the caller for a moment, so it owns what it uses.
/// async fn sum(values: Vec<u64>) -> Result<u64, brawn::Error> {
///     let borrowed = &values;
///     brawn::compute(move |_| borrowed.iter().sum()).await
/// }
/// ```
///
/// ```compile_fail
/// // Nor can it keep the budget, which ends with the future.
/// # async fn keep() -> Result<(), brawn::Error> {
/// let kept: &brawn::Budget = brawn::compute(|budget| budget).await?;
/// # Ok(())
/// # }
/// ```
pub async fn compute<T, F>(work: F) -> Result<T>
where
    T: Send + 'static,
    F: FnOnce(&Budget) -> T + Send + 'static,
{
    let Invocation { budget, pool, meters } = Invocation::current();
    offload(&pool, &budget, meters, work).await
}

/// [`compute`] for work whose cost is known: what takes `estimate` or less runs inline where that is below
/// [`INLINE_BELOW`], because the way to the pool would take as long.
///
/// ```
/// # use std::time::Duration;
/// # async fn mean(values: Vec<f64>) -> Result<f64, brawn::Error> {
/// // About a nanosecond a value.
/// let estimate = Duration::from_nanos(values.len() as u64);
/// brawn::compute_sized(estimate, move |_| values.iter().sum::<f64>() / values.len() as f64).await
/// # }
/// ```
///
/// # Errors
/// As [`compute`].
pub async fn compute_sized<T, F>(estimate: Duration, work: F) -> Result<T>
where
    T: Send + 'static,
    F: FnOnce(&Budget) -> T + Send + 'static,
{
    if estimate >= INLINE_BELOW {
        return compute(work).await;
    }
    let Invocation { budget, meters, .. } = Invocation::current();
    let budget = budget.child();
    budget.check()?;
    let started = Instant::now();
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(&budget)));
    meters.computed(Duration::ZERO, started.elapsed());
    outcome.map_err(|payload| Error::panicked(payload.as_ref()))
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
    offload(pool, budget, Invocation::current().meters, work).await
}

async fn offload<T, F>(pool: &Pool, budget: &Budget, meters: Arc<Meters>, work: F) -> Result<T>
where
    T: Send + 'static,
    F: FnOnce(&Budget) -> T + Send + 'static,
{
    // A child: dropping this future cancels this work and nothing else under the caller's budget.
    let budget = budget.child();
    budget.check()?;
    let cancel = budget.cancel_on_drop();
    let span = span();
    let (answer, question) = oneshot::channel();
    let running = meters.begin();
    let queued = Instant::now();
    pool.spawn(
        move || {
            // Not before: what still waits for a thread is not to keep that thread from its work.
            let (_entered, _computing) = (span.enter(), budget.computing());
            budget.check()?;
            let started = Instant::now();
            #[cfg(feature = "otel")]
            span.record("queue_ms", (started - queued).as_secs_f64() * 1e3);
            let _measured = Measured { meters: &meters, queued: started - queued, started };
            Ok(work(&budget))
        },
        move |done| {
            drop(running);
            // Nobody is listening if the future was dropped.
            drop(answer.send(done));
        },
    )?;
    let done =
        question.await.map_err(|_| Error::new(ErrorKind::Cancelled, "the pool was stopped"))?;
    cancel.defuse();
    done?
}

/// The span that work runs in: the caller's.
#[cfg(not(feature = "otel"))]
fn span() -> tracing::Span {
    tracing::Span::current()
}

/// The span that work runs in: one of its own within the caller's, where somebody looks at it.
#[cfg(feature = "otel")]
fn span() -> tracing::Span {
    let own = tracing::info_span!("compute", queue_ms = tracing::field::Empty);
    if own.is_disabled() { tracing::Span::current() } else { own }
}

/// Counts a computation when it ends, by a panic too.
struct Measured<'a> {
    meters: &'a Meters,
    queued: Duration,
    started: Instant,
}

impl Drop for Measured<'_> {
    fn drop(&mut self) {
        self.meters.computed(self.queued, self.started.elapsed());
    }
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
        use tracing_subscriber::Registry;
        use tracing_subscriber::layer::SubscriberExt;
        use tracing_subscriber::registry::LookupSpan;
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
                    let registry = dispatch.downcast_ref::<Registry>().expect("it is one");
                    let id = dispatch.current_span().id().cloned().expect("there is one");
                    // With the feature `otel` it is within one of its own.
                    let span = registry.span(&id).expect("it is open");
                    span.scope().last().map(|outermost| outermost.id())
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

    #[tokio::test]
    async fn what_is_small_runs_inline_and_what_is_not_on_the_pool() {
        let here = std::thread::current().id();
        let where_it_runs = |_: &Budget| std::thread::current().id();
        let small = compute_sized(INLINE_BELOW / 2, where_it_runs).await.expect("no panic");
        assert_eq!(small, here);
        assert_ne!(compute_sized(INLINE_BELOW, where_it_runs).await.expect("no panic"), here);
        let error = compute_sized(Duration::ZERO, |_| -> u8 { panic!("small") }).await;
        assert_eq!(error.expect_err("it panicked").to_string(), "panicked: small");
    }

    #[tokio::test]
    async fn computations_nest_in_any_pool_without_deadlock() {
        let (mine, foreign) = (pool(1), pool(1));
        let runtime = tokio::runtime::Handle::current();
        let inner = mine.clone();
        // From inside a pool's only thread onto a foreign pool and back.
        let answer = compute_on(&mine, &Budget::unlimited(), move |budget| {
            let parts = budget.par_range(0..100).map(|n| n * 2).collect()?;
            let more = foreign.run(|| inner.run(|| budget.par_range(0..10).collect()))???;
            let _entered = runtime.enter();
            Ok::<_, Error>(parts.len() + more.len())
        })
        .await;
        assert_eq!(answer.expect("no panic").expect("no error"), 110);
    }
}
