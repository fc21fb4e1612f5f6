//! The same on brawn, and on its pool.

use brawn::Result;
use brawn::lambda::{self, LambdaEvent};
use function_overhead::{Request, Response};

async fn handler(event: LambdaEvent<Request>) -> Result<Response> {
    let values = event.payload.values;
    brawn::compute(move |budget| {
        let chunks = budget.par_chunks(&values, 4096);
        let sum =
            chunks.map(|chunk| chunk.iter().sum::<f64>()).fold(|| 0.0, |a, b| a + b, |a, b| a + b);
        Ok(Response { sum: sum? })
    })
    .await?
}

#[tokio::main]
async fn main() -> Result<()> {
    lambda::logs();
    lambda::run(handler).await
}
