//! Spans, metrics of one's own, and the record that each invocation leaves.

use std::time::Instant;

use brawn::lambda::{self, LambdaEvent};
use brawn::metrics::{self, Unit};
use brawn::{Budget, Error, Result};
use serde::{Deserialize, Serialize};
use tracing::{debug, info, instrument};

#[derive(Deserialize)]
struct Request {
    data: Vec<Vec<f64>>,
}

#[derive(Debug, Serialize)]
struct Response {
    /// The root mean square of each point.
    results: Vec<f64>,
}

/// The span goes along into the pool: what `process` logs is a part of this invocation.
#[instrument(skip_all)]
async fn handler(event: LambdaEvent<Request>) -> Result<Response> {
    let data = event.payload.data;
    let values: usize = data.iter().map(Vec::len).sum();
    // Sums over the invocation; CloudWatch gets them as metrics, beside those that every record has.
    metrics::add("points", data.len() as f64, Unit::Count);
    metrics::add("values", values as f64, Unit::Count);
    let started = Instant::now();
    let results = brawn::compute(move |budget| process(&data, budget)).await??;
    let seconds = started.elapsed().as_secs_f64();
    if seconds > 0.0 {
        metrics::add("values_per_second", values as f64 / seconds, Unit::CountPerSecond);
    }
    Ok(Response { results })
}

#[instrument(skip_all, fields(points = data.len(), threads = budget.workers()))]
fn process(data: &[Vec<f64>], budget: &Budget) -> Result<Vec<f64>> {
    // Once for each call, not once for each point: a line of log costs more than most points do.
    info!("processing");
    let results = budget
        .par_range(0..data.len())
        .try_map(|index| {
            debug!(index, "a point");
            root_mean_square(&data[index]).ok_or_else(|| {
                Error::invalid_input(format!("`data[{index}]` has no root mean square"))
            })
        })
        .collect()?;
    info!("processed");
    Ok(results)
}

fn root_mean_square(values: &[f64]) -> Option<f64> {
    let squares: f64 = values.iter().map(|value| value * value).sum();
    let result = (squares / values.len() as f64).sqrt();
    result.is_finite().then_some(result)
}

#[tokio::main]
async fn main() -> Result<()> {
    // Format and level are those that Lambda's settings ask for.
    lambda::logs();
    lambda::run(handler).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};
    use tracing_subscriber::fmt::MakeWriter;

    #[tokio::test]
    async fn the_event_gives_the_reply() {
        examples_testing::replies(env!("CARGO_MANIFEST_DIR"), handler).await;
    }

    #[tokio::test]
    async fn a_point_of_nothing_is_named() {
        let request = Request { data: vec![vec![1.0], Vec::new()] };
        let error = handler(LambdaEvent::new(request, Default::default())).await;
        assert!(error.expect_err("no values").to_string().starts_with("`data[1]`"));
    }

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("no panic").write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl MakeWriter<'_> for Lines {
        type Writer = Lines;

        fn make_writer(&self) -> Lines {
            self.clone()
        }
    }

    /// Takes part of a process-wide thing: no other test of this program logs to it.
    #[tokio::test]
    async fn what_the_pool_logs_carries_the_handlers_span() {
        let lines = Lines::default();
        let subscriber =
            tracing_subscriber::fmt().with_writer(lines.clone()).with_ansi(false).finish();
        tracing::subscriber::set_global_default(subscriber).expect("the first");
        let request = Request { data: vec![vec![1.0]; 4242] };
        handler(LambdaEvent::new(request, Default::default())).await.expect("a reply");
        let log = String::from_utf8(lines.0.lock().expect("no panic").clone()).expect("UTF-8");
        assert!(log.contains("handler:process{points=4242 threads="), "{log}");
    }
}
