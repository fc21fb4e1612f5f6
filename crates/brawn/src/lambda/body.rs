//! The event as bytes, handed past the runtime client, which would parse it on the async thread.

use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use lambda_runtime::LambdaInvocation;
use lambda_runtime::tower::{Layer, Service};
use tokio::task::futures::TaskLocalFuture;

use super::logs::Serving;

tokio::task_local! {
    static RAW: Raw;
}

/// What came with an invocation.
#[derive(Clone, Debug, Default)]
pub(super) struct Raw {
    /// The event.
    pub(super) body: Bytes,
    /// The runtime client logs for it too, before the handler begins and after its end.
    _serving: Option<Arc<Serving>>,
    /// What its headers say of traces.
    #[cfg(feature = "otel")]
    pub(super) headers: crate::otel::Headers,
}

/// What came with the invocation that this task serves.
pub(super) fn raw() -> Raw {
    RAW.try_with(Clone::clone).unwrap_or_default()
}

/// Takes the body out of each invocation and lets [`raw`] give it.
#[derive(Clone, Copy, Debug)]
pub(super) struct TakeBody;

/// The service of [`TakeBody`].
#[derive(Clone, Debug)]
pub(super) struct WithoutBody<S>(S);

impl<S> Layer<S> for TakeBody {
    type Service = WithoutBody<S>;

    fn layer(&self, inner: S) -> WithoutBody<S> {
        WithoutBody(inner)
    }
}

impl<S: Service<LambdaInvocation>> Service<LambdaInvocation> for WithoutBody<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = TaskLocalFuture<Raw, S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, mut invocation: LambdaInvocation) -> Self::Future {
        let body = std::mem::replace(&mut invocation.body, Bytes::from_static(b"null"));
        let raw = Raw {
            body,
            _serving: Some(Arc::new(Serving::of(&invocation.context.request_id))),
            #[cfg(feature = "otel")]
            headers: crate::otel::Headers::of(|name| {
                invocation.parts.headers.get(name).and_then(|value| value.to_str().ok())
            }),
        };
        RAW.scope(raw, self.0.call(invocation))
    }
}
