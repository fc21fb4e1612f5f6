//! Statistics over rows of numbers: async at the edges, sync in the middle.

use brawn::lambda::{self, LambdaEvent};
use brawn::{Budget, Error, Result};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Request {
    rows: Vec<Vec<f64>>,
}

#[derive(Debug, PartialEq, Serialize)]
struct Response {
    means: Vec<f64>,
}

async fn handler(event: LambdaEvent<Request>) -> Result<Response> {
    // Async: fetch what the work needs here.
    let rows = event.payload.rows;
    // Sync, on all vCPUs that are paid for, until the deadline. The first `?` is for a panic, the second for the work's
    // own errors.
    let means = brawn::compute(move |budget| means(&rows, budget)).await??;
    // Async: store the results here.
    Ok(Response { means })
}

fn means(rows: &[Vec<f64>], budget: &Budget) -> Result<Vec<f64>> {
    budget
        .par_iter(rows)
        .try_map(|row| {
            if row.is_empty() {
                return Err(Error::invalid_input("a row is empty, and has no mean"));
            }
            Ok(row.iter().sum::<f64>() / row.len() as f64)
        })
        .collect()
}

#[tokio::main]
async fn main() -> Result<()> {
    lambda::logs();
    lambda::run(handler).await
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn respond(rows: Vec<Vec<f64>>) -> Result<Response> {
        handler(LambdaEvent::new(Request { rows }, Default::default())).await
    }

    #[tokio::test]
    async fn each_row_has_its_mean() {
        let reply = respond(vec![vec![1.0, 2.0, 6.0], vec![-1.0]]).await.expect("a reply");
        assert_eq!(reply.means, [3.0, -1.0]);
    }

    #[tokio::test]
    async fn an_empty_row_is_an_error() {
        let error = respond(vec![vec![1.0], vec![]]).await.expect_err("no mean");
        assert!(error.is_rejection());
    }
}
