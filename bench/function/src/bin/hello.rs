//! The same on brawn.

use brawn::Result;
use brawn::lambda::{self, LambdaEvent};
use function_overhead::{Request, Response};

async fn handler(event: LambdaEvent<Request>) -> Result<Response> {
    Ok(Response { sum: event.payload.values.iter().sum() })
}

#[tokio::main]
async fn main() -> Result<()> {
    lambda::logs();
    lambda::run(handler).await
}
