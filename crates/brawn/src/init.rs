//! Telling Lambda that a function cannot start.

use std::time::Duration;

use brawn_core::{Error, ErrorKind, Result};
use lambda_runtime_api_client::body::Body;
use lambda_runtime_api_client::{PooledClient, build_request};

use crate::lambda::{check_environment, error_type};

/// The Runtime API is on this very machine: what is not answered by then is not answered.
const PATIENCE: Duration = Duration::from_secs(2);

/// Tells Lambda why this function cannot start, with a stable type (`Brawn.InvalidOptions`, ...): whoever invoked it
/// gets this error, and not that the process exited. The process should then end, with an exit code other than 0.
///
/// # Errors
/// When the environment is not Lambda's, or when the Runtime API does not take the report.
pub async fn init_failed(error: &Error) -> Result<()> {
    check_environment()?;
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
