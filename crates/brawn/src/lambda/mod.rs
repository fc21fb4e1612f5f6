//! Serving a Lambda function: each invocation gets a budget that ends before Lambda ends it.

mod body;
mod budget;
pub(crate) mod environment;
mod init;
mod json;
mod lanes;
pub(crate) mod logs;
mod reply;
mod serve;

use std::future::Future;
use std::sync::Arc;

use brawn_core::{Error, ErrorKind, Result};
pub use lambda_runtime::{Context, LambdaEvent};
use lambda_runtime::{Runtime, service_fn};
use serde::de::IgnoredAny;
use serde::{Serialize, de::DeserializeOwned};

pub use budget::reserve;
pub use init::{init, init_failed};
pub use logs::logs;
pub use reply::error_type;

use serve::Server;

/// Serves invocations one after the other, as classic Lambda sends them.
///
/// - `handler` runs with [`brawn::budget`](crate::budget) giving the invocation's budget: its deadline is the one
///   Lambda told, less a [`reserve`] for delivering what is finished, and its memory is what the function was granted.
///   A deadline that lies before this process started counts as none.
/// - A handler that has not answered a quarter of the reserve before the deadline is dropped and answered for, so that
///   the caller learns that time ran out.
/// - When the handler has returned, its budget is cancelled, and what it began and did not await has ended before the
///   reply is sent. Nothing goes on into the next invocation.
/// - Large events are parsed, and large replies written, on the pool.
/// - One [record](crate::metrics) of what the invocation took is written before the reply.
///
/// ```no_run
/// use brawn::lambda::{self, LambdaEvent};
/// use brawn::{Error, Result};
///
/// async fn largest(event: LambdaEvent<Vec<f64>>) -> Result<f64> {
///     let values = event.payload;
///     let largest = brawn::compute(move |budget| {
///         budget.par_chunks(&values, 4096).map(|chunk| chunk.iter().copied().fold(f64::MIN, f64::max)).fold(
///             || f64::MIN,
///             f64::max,
///             f64::max,
///         )
///     });
///     largest.await?
/// }
///
/// #[tokio::main]
/// async fn main() -> Result<()> {
///     lambda::logs();
///     lambda::run(largest).await
/// }
/// ```
///
/// # Errors
/// When the environment is not Lambda's, or when the Runtime API cannot be reached. Errors and panics of `handler` are
/// reported to Lambda with a stable type (`Brawn.OutOfTime`, `Brawn.InvalidInput`, ...) and the next invocation is
/// served.
///
/// ```compile_fail,E0277
/// // An event is JSON: its type must be `Deserialize`.
/// struct Event;
/// async fn handler(_: brawn::lambda::LambdaEvent<Event>) -> brawn::Result<u8> {
///     Ok(1)
/// }
/// let _ = brawn::lambda::run(handler);
/// ```
///
/// ```compile_fail,E0277
/// // And so is a reply: its type must be `Serialize`.
/// struct Reply;
/// async fn handler(_: brawn::lambda::LambdaEvent<u8>) -> brawn::Result<Reply> {
///     Ok(Reply)
/// }
/// let _ = brawn::lambda::run(handler);
/// ```
pub async fn run<E, R, F, A>(handler: F) -> Result<()>
where
    E: DeserializeOwned + Send + 'static,
    R: Serialize + Send + 'static,
    F: Fn(LambdaEvent<E>) -> A,
    A: Future<Output = Result<R>>,
{
    prepare()?;
    let server = Server::new(handler);
    let service = service_fn(|event: LambdaEvent<IgnoredAny>| {
        let server = Arc::clone(&server);
        async move { server.serve(event.context).await }
    });
    let runtime = Runtime::new(service).layer(body::TakeBody);
    runtime.run().await.map_err(stopped)
}

/// Serves up to `AWS_LAMBDA_MAX_CONCURRENCY` invocations at once, as Lambda Managed Instances send them; one after the
/// other where that variable is not set. Otherwise as [`run`].
///
/// Invocations that run at the same time get a [`pool`](crate::pool) each, of the same size, so that a small one does
/// not queue behind a long one; all share the memory that was granted.
///
/// # Errors
/// As [`run`].
///
/// ```compile_fail
/// // Invocations move between threads: what a handler holds while it waits must be `Send`.
/// async fn handler(event: brawn::lambda::LambdaEvent<u64>) -> brawn::Result<u64> {
///     let local = std::rc::Rc::new(event.payload);
///     let half = brawn::compute(|_| 2).await?;
///     Ok(*local * half)
/// }
/// let _ = brawn::lambda::run_concurrent(handler);
/// ```
pub async fn run_concurrent<E, R, F, A>(handler: F) -> Result<()>
where
    E: DeserializeOwned + Send + 'static,
    R: Serialize + Send + 'static,
    F: Fn(LambdaEvent<E>) -> A + Send + Sync + 'static,
    A: Future<Output = Result<R>> + Send + 'static,
{
    prepare()?;
    let server = Server::new(handler);
    let service = service_fn(move |event: LambdaEvent<IgnoredAny>| {
        let server = Arc::clone(&server);
        async move { server.serve(event.context).await }
    });
    let runtime = Runtime::new(service).layer(body::TakeBody);
    runtime.run_concurrent().await.map_err(stopped)
}

fn prepare() -> Result<()> {
    if cfg!(panic = "abort") {
        tracing::warn!(
            "built with panic=abort: one panic ends the process; set panic = \"unwind\" in the profile"
        );
    }
    environment::check()
}

fn stopped(error: lambda_runtime::Error) -> Error {
    Error::new(ErrorKind::Unavailable, "serving the Runtime API ended").with_source(error)
}
