//! One invocation: event, handler, reply, and the end of everything that was begun for it.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use brawn_core::{Budget, Error, Memory, Pool, Result, Stopwatch, Vcpus};
use bytes::Bytes;
use lambda_runtime::{Context, LambdaEvent};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;
use tracing::Instrument as _;

use super::lanes::Lanes;
use super::reply::{Reply, error_type};
use super::{body, budget, json};
use crate::invocation::Invocation;
use crate::meters::Meters;
use crate::metrics::record::{Facts, Record};
#[cfg(feature = "otel")]
use crate::otel::{self, Caller};

/// Work that asks its budget ends within 50 ms (`brawn_core::conformance`); what goes on after twice that does not ask.
const GRACE: Duration = Duration::from_millis(100);

/// The function between invocations.
pub(super) struct Server<F> {
    handler: F,
    started: SystemTime,
    memory: Memory,
    lanes: Lanes,
    vcpus: Vcpus,
    cold: AtomicBool,
}

impl<F> Server<F> {
    pub(super) fn new(handler: F) -> Arc<Server<F>> {
        Arc::new(Server {
            handler,
            started: SystemTime::now(),
            memory: Memory::detect(),
            // Threads start now, in the init phase, which runs at full speed whatever the memory size.
            lanes: Lanes::new(Pool::global().clone()),
            vcpus: Vcpus::try_detect().unwrap_or_else(|error| {
                tracing::warn!(%error, "the machine's own number of threads is taken");
                Vcpus::detect()
            }),
            cold: AtomicBool::new(true),
        })
    }

    /// Serves one invocation.
    pub(super) async fn serve<E, R, A>(&self, context: Context) -> Result<Box<RawValue>, Reply>
    where
        E: DeserializeOwned + Send + 'static,
        R: Serialize + Send + 'static,
        F: Fn(LambdaEvent<E>) -> A,
        A: Future<Output = Result<R>>,
    {
        // An error's level, so that its fields are there whatever is logged.
        let span = tracing::error_span!(
            "invocation",
            requestId = context.request_id,
            xrayTraceId = context.xray_trace_id,
            tenantId = context.tenant_id,
        );
        let (raw, budget) = (
            body::raw(),
            budget::of(&context, self.started, &self.memory, self.vcpus.workers.get()),
        );
        #[cfg(feature = "otel")]
        otel::begin(
            &span,
            &context.request_id,
            &Caller::of(&raw.headers, &raw.body, context.xray_trace_id.as_deref()),
        );
        let answer = self.serve_one(context, raw.body, &budget).instrument(span).await;
        // The span has ended with the invocation.
        #[cfg(feature = "otel")]
        otel::flush(budget::wall(&budget)).await;
        answer
    }

    async fn serve_one<E, R, A>(
        &self,
        context: Context,
        body: Bytes,
        budget: &Budget,
    ) -> Result<Box<RawValue>, Reply>
    where
        E: DeserializeOwned + Send + 'static,
        R: Serialize + Send + 'static,
        F: Fn(LambdaEvent<E>) -> A,
        A: Future<Output = Result<R>>,
    {
        let request_id = context.request_id.clone();
        let last_moment = budget::last_moment(budget);
        let place = self.lanes.enter();
        let meters = Arc::<Meters>::default();
        let invocation = Invocation {
            budget: budget.clone(),
            pool: place.pool.clone(),
            meters: Arc::clone(&meters),
        };
        let facts = Facts {
            cold_start: self.cold.swap(false, Ordering::Relaxed),
            at_once: self.lanes.invocations(),
            event_bytes: body.len() as u64,
        };
        let watch = Stopwatch::start();
        let work = async {
            let event = json::event(body).await?;
            let reply = (self.handler)(LambdaEvent::new(event, context)).await?;
            json::reply(reply).await
        };
        let answer = invocation.scope(until(last_moment, caught(work))).await;
        end(budget, &meters).await;
        drop(place);
        let status = answer.as_ref().map_or_else(|error| error_type(error.kind()), |_| "ok");
        let record = Record::new(&request_id, status, &facts, watch.read(), &meters, &self.vcpus)
            .margin(budget)
            .reply_bytes(answer.as_ref().map_or(0, |reply| reply.get().len() as u64));
        record.emit();
        #[cfg(feature = "otel")]
        otel::observe(&tracing::Span::current(), &record, status);
        answer.map_err(|error| {
            tracing::error!(hint = error.hint(), "the invocation failed: {}", error.chain());
            Reply(error)
        })
    }
}

/// `work`, and a panic in it as an error with its message.
pub(super) async fn caught<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let mut work = pin!(work);
    poll_fn(|context| {
        catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))).unwrap_or_else(|payload| {
            std::task::Poll::Ready(Err(Error::panicked(payload.as_ref())))
        })
    })
    .await
}

/// `work`, unless it has not ended at `last_moment`; then it is dropped.
async fn until<T>(
    last_moment: Option<Instant>,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    match last_moment {
        None => work.await,
        Some(at) => tokio::time::timeout_at(at.into(), work)
            .await
            .unwrap_or_else(|_| Err(Error::out_of_time())),
    }
}

/// Ends what the handler has begun and not awaited: nothing of it may run on into the next invocation.
async fn end(budget: &Budget, meters: &Meters) {
    budget.cancel();
    if meters.running() == 0 {
        return;
    }
    let left = budget::wall(budget)
        .map_or(GRACE, |wall| wall.saturating_duration_since(Instant::now()) / 2);
    if tokio::time::timeout(left.min(GRACE), meters.idle()).await.is_err() {
        tracing::warn!(
            computations = meters.running(),
            "computations go on after the reply: they do not ask their budget"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panicking_handler_is_an_error_with_its_message() {
        let error = caught::<u8>(async {
            tokio::task::yield_now().await;
            panic!("no {}", "luck")
        });
        assert_eq!(error.await.expect_err("it panics").to_string(), "panicked: no luck");
        assert_eq!(caught(async { Ok(3) }).await.expect("no panic"), 3);
    }

    #[tokio::test]
    async fn a_handler_that_does_not_answer_is_out_of_time() {
        let soon = Some(Instant::now() + Duration::from_millis(5));
        let error = until::<u8>(soon, std::future::pending()).await.expect_err("it never answers");
        assert!(error.is_out_of_time());
    }

    #[tokio::test]
    async fn what_was_not_awaited_has_ended_before_the_reply() {
        let pool = Pool::new(std::num::NonZeroUsize::MIN).expect("a thread");
        let (budget, meters) = (Budget::unlimited(), Arc::<Meters>::default());
        let invocation = Invocation { budget: budget.clone(), pool, meters: Arc::clone(&meters) };
        invocation
            .scope(async {
                let spin = |budget: &Budget| while budget.check().is_ok() {};
                let mut forgotten = Box::pin(crate::compute(spin));
                // Begun, and never looked at again.
                poll_fn(|context| {
                    assert!(forgotten.as_mut().poll(context).is_pending());
                    std::task::Poll::Ready(())
                })
                .await;
                std::mem::forget(forgotten);
            })
            .await;
        assert_eq!(meters.running(), 1);
        end(&budget, &meters).await;
        assert_eq!(meters.running(), 0);
    }
}
