//! The ready-made Lambda function: a recipe in the environment or in the event, S3 objects in, S3 objects out.
//!
//! `BRAWN_RECIPE` holds the recipe as JSON, for example `{"job":"image","width":[320,800],"to":"s3://thumbs/"}`. It is
//! checked before the first invocation. A direct invocation may bring a recipe of its own.

mod answer;
mod log;
mod service;
mod setup;

use std::process::ExitCode;

use brawn::lambda::LambdaEvent;
use serde_json::Value;

use crate::service::Service;

#[tokio::main]
async fn main() -> ExitCode {
    log::start();
    if cfg!(panic = "abort") {
        tracing::warn!(
            "built with panic=abort: one bad object ends the process; set panic = \"unwind\" in the profile"
        );
    }
    let served = match Service::from_env() {
        Ok(service) => {
            brawn::lambda::run_concurrent(move |event: LambdaEvent<Value>| {
                let service = service.clone();
                async move { service.invoke(event.payload, &event.context.request_id).await }
            })
            .await
        }
        Err(error) => {
            // Whoever invoked the function learns the reason; the log has it in any case.
            if let Err(untold) = brawn::lambda::init_failed(&error).await {
                tracing::warn!("{}", untold.chain());
            }
            Err(error)
        }
    };
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(hint = error.hint(), "{}", error.chain());
            ExitCode::FAILURE
        }
    }
}
