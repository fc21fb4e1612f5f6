//! A function's own errors, and what Lambda shows of them.

use brawn::lambda::{self, LambdaEvent};
use brawn::{Budget, Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Request {
    data: Vec<Series>,
}

#[derive(Deserialize)]
struct Series {
    id: String,
    x: Vec<f64>,
    y: Vec<f64>,
}

#[derive(Debug, Serialize)]
struct Response {
    lines: Vec<Line>,
}

#[derive(Debug, PartialEq, Serialize)]
struct Line {
    id: String,
    slope: f64,
    intercept: f64,
}

/// What can go wrong here, in this function's own words. Facts, lower case, with the value.
#[derive(Debug, thiserror::Error)]
enum FitError {
    #[error("`data` is empty")]
    Empty,
    #[error("series `{id}` has {x} values of x and {y} of y")]
    Lengths { id: String, x: usize, y: usize },
    #[error("series `{id}` has {count} points, and a line needs two")]
    TooFew { id: String, count: usize },
    #[error("series `{id}` stands upright: every x is {x}")]
    Upright { id: String, x: f64 },
    #[error("series `{id}` cannot be fitted")]
    Overflow { id: String, source: Overflow },
}

#[derive(Debug, thiserror::Error)]
#[error("a sum of squares is {0}")]
struct Overflow(f64);

/// The one place that says what each error means to the caller: the kind is what Lambda, Step Functions and retries
/// see.
impl From<FitError> for Error {
    fn from(error: FitError) -> Error {
        let kind = match &error {
            FitError::Empty | FitError::Lengths { .. } | FitError::TooFew { .. } => {
                ErrorKind::InvalidInput
            }
            FitError::Upright { .. } => ErrorKind::Unsupported,
            FitError::Overflow { .. } => ErrorKind::LimitExceeded,
        };
        let text = error.to_string();
        match error {
            FitError::Upright { .. } => {
                Error::new(kind, text).with_hint("fit x as a function of y instead")
            }
            // The caller sees the text, the log sees the cause too.
            FitError::Overflow { source, .. } => Error::new(kind, text).with_source(source),
            _ => Error::new(kind, text),
        }
    }
}

async fn handler(event: LambdaEvent<Request>) -> Result<Response> {
    let data = event.payload.data;
    if data.is_empty() {
        return Err(FitError::Empty.into());
    }
    // `?` outside: the work panicked, or the pool refused it. `?` inside: what the work says. Both are `brawn::Error`.
    let lines = brawn::compute(move |budget| fit_all(&data, budget)).await??;
    Ok(Response { lines })
}

fn fit_all(data: &[Series], budget: &Budget) -> Result<Vec<Line>> {
    budget.par_iter(data).try_map(|series| Ok(fit(series)?)).collect()
}

/// Least squares.
fn fit(series: &Series) -> Result<Line, FitError> {
    let Series { id, x, y } = series;
    let (id, count) = (id.clone(), x.len());
    if count != y.len() {
        return Err(FitError::Lengths { id, x: count, y: y.len() });
    }
    if count < 2 {
        return Err(FitError::TooFew { id, count });
    }
    if x.iter().all(|value| *value == x[0]) {
        return Err(FitError::Upright { id, x: x[0] });
    }
    let mean = |values: &[f64]| values.iter().sum::<f64>() / count as f64;
    let (mean_x, mean_y) = (mean(x), mean(y));
    let spread: f64 = x.iter().map(|x| (x - mean_x).powi(2)).sum();
    let together: f64 = x.iter().zip(y).map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
    let slope = together / spread;
    let intercept = mean_y - slope * mean_x;
    if !spread.is_finite() || !intercept.is_finite() {
        return Err(FitError::Overflow { id, source: Overflow(spread) });
    }
    Ok(Line { id, slope, intercept })
}

#[tokio::main]
async fn main() -> Result<()> {
    lambda::logs();
    lambda::run(handler).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use brawn::lambda::error_type;
    use examples_testing::{read, refuses, replies};
    use serde_json::{Value, json};

    const HERE: &str = env!("CARGO_MANIFEST_DIR");

    #[tokio::test]
    async fn the_event_gives_the_reply() {
        replies(HERE, handler).await;
    }

    #[tokio::test]
    async fn each_error_shows_as_the_readme_says() {
        let cases = read(HERE, "errors.json");
        for case in cases.as_array().expect("a list") {
            let error = refuses(handler, case["event"].clone()).await;
            let shown = json!({
                "errorType": error_type(error.kind()),
                "errorMessage": error.to_string(),
            });
            assert_eq!(shown, case["reply"]);
            assert_eq!(json!(error.chain()), case["log"]);
            assert_eq!(error.hint().map(Value::from), case.get("hint").cloned());
        }
    }

    #[tokio::test]
    async fn of_two_bad_series_the_first_is_named() {
        let bad = |id: &str| json!({ "id": id, "x": [1], "y": [] });
        let good = json!({ "id": "good", "x": [1, 2], "y": [1, 2] });
        let event = json!({ "data": [good, bad("second"), bad("third")] });
        assert!(refuses(handler, event).await.to_string().contains("`second`"));
    }

    #[tokio::test]
    async fn a_panic_is_an_error_with_its_message() {
        let error = brawn::compute(|_| -> u8 { panic!("row {}", 7) }).await.expect_err("a panic");
        assert_eq!(error_type(error.kind()), "Brawn.Panicked");
        assert_eq!(error.to_string(), "panicked: row 7");
    }
}
