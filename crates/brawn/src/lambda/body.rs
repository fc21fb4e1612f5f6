//! The event as bytes, handed past the runtime client, which would parse it on the async thread.

use std::task::{Context, Poll};

use bytes::Bytes;
use lambda_runtime::LambdaInvocation;
use lambda_runtime::tower::{Layer, Service};
use tokio::task::futures::TaskLocalFuture;

tokio::task_local! {
    static BODY: Bytes;
}

/// The event of the invocation that this task serves.
pub(super) fn body() -> Bytes {
    BODY.try_with(Clone::clone).unwrap_or_default()
}

/// Takes the body out of each invocation and lets [`body`] give it.
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
    type Future = TaskLocalFuture<Bytes, S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, mut invocation: LambdaInvocation) -> Self::Future {
        let body = std::mem::replace(&mut invocation.body, Bytes::from_static(b"null"));
        BODY.scope(body, self.0.call(invocation))
    }
}
