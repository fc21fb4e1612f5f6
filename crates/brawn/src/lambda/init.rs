//! Telling Lambda that a function cannot start.

use std::future::Future;
use std::time::Duration;

use brawn_core::{Error, ErrorKind, Result};
use lambda_runtime_api_client::body::Body;
use lambda_runtime_api_client::{PooledClient, build_request};

use super::serve::caught;
use super::{environment, error_type};

/// The Runtime API is on this very machine: what is not answered by then is not answered.
const PATIENCE: Duration = Duration::from_secs(2);

/// Runs `work` that must be done before the first invocation (a model to load, a client to make) and gives its value.
/// When it fails or panics, [Lambda is told why](init_failed).
///
/// Lambda gives this phase ten seconds, and full speed whatever the memory size.
///
/// ```no_run
/// # use brawn::{Result, lambda::{self, LambdaEvent}};
/// # async fn load() -> Result<Vec<f32>> { Ok(vec![1.0]) }
/// # #[tokio::main] async fn main() -> Result<()> {
/// let model = std::sync::Arc::new(lambda::init(load()).await?);
/// lambda::run(move |event: LambdaEvent<usize>| {
///     let model = std::sync::Arc::clone(&model);
///     async move { Ok(model.get(event.payload).copied()) }
/// })
/// .await
/// # }
/// ```
///
/// # Errors
/// The error of `work`; the process should end with it.
pub async fn init<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let outcome = caught(work).await;
    if let Err(error) = &outcome
        && let Err(untold) = init_failed(error).await
    {
        tracing::warn!("{}", untold.chain());
    }
    outcome
}

/// Tells Lambda why this function cannot start, with a stable type (`Brawn.InvalidOptions`, ...): whoever invoked it
/// gets this error, and not that the process exited. The process should then end, with an exit code other than 0.
///
/// # Errors
/// When the environment is not Lambda's, or when the Runtime API does not take the report.
pub async fn init_failed(error: &Error) -> Result<()> {
    environment::check()?;
    let kind = error_type(error.kind());
    let body = serde_json::json!({
        "errorType": kind,
        "errorMessage": error.to_string(),
        "stackTrace": [],
    });
    // Lambda takes no other types than `Runtime.` and `Function.` here, and writes them to its own log.
    let header = kind.replace("Brawn.", "Function.");
    let request = build_request()
        .method("POST")
        .uri("/2018-06-01/runtime/init/error")
        .header("content-type", "application/json")
        .header("lambda-runtime-function-error-type", header)
        .body(Body::from(body.to_string()))
        .map_err(|error| untold(error.into()))?;
    let answer = tokio::time::timeout(PATIENCE, PooledClient::builder().build().call(request));
    match answer.await {
        Ok(Ok(answer)) if answer.status().is_success() => Ok(()),
        Ok(Ok(answer)) => Err(untold(format!("it answered {}", answer.status()).into())),
        Ok(Err(error)) => Err(untold(error)),
        Err(late) => Err(untold(late.into())),
    }
}

fn untold(cause: Box<dyn std::error::Error + Send + Sync>) -> Error {
    Error::new(ErrorKind::Unavailable, "the Runtime API did not take the init error")
        .with_source(cause)
}
