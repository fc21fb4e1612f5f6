//! The ready-made Lambda function: a recipe in the environment or in the event, S3 objects in, S3 objects out.
//!
//! `BRAWN_RECIPE` holds the recipe as JSON, for example `{"job":"image","width":[320,800],"to":"s3://thumbs/"}`. It is
//! checked before the first invocation. A direct invocation may bring a recipe of its own, and for a job that makes one
//! document of another its `data` too: then the reply is the job's.

mod answer;
mod event;
mod inline;
mod items;
mod service;
mod setup;

use std::process::ExitCode;

use brawn::Result;
use brawn::lambda::{self, LambdaEvent};

use crate::event::Event;
use crate::service::Service;

#[tokio::main]
async fn main() -> ExitCode {
    lambda::logs();
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(hint = error.hint(), "{}", error.chain());
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<()> {
    let service = lambda::init(async { Service::from_env() }).await?;
    lambda::run_concurrent(move |event: LambdaEvent<Event>| {
        let service = service.clone();
        async move { service.invoke(event.payload, &event.context.request_id).await }
    })
    .await
}
