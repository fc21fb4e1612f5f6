//! Hello world on `lambda_runtime`, as `cargo lambda new` makes it.

use function_overhead::{Request, Response};
use lambda_runtime::{Error, LambdaEvent, run, service_fn, tracing};

async fn handler(event: LambdaEvent<Request>) -> Result<Response, Error> {
    Ok(Response { sum: event.payload.values.iter().sum() })
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    run(service_fn(handler)).await
}
