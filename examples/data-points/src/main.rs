//! Data points through one of two algorithms, classified, with statistics over all.

use brawn::lambda::{self, LambdaEvent};
use brawn::{Budget, Error, Result};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Request {
    data: Vec<DataPoint>,
    algorithm: Algorithm,
}

/// Another name is an error of the event that lists these two, and not "standard" by silence.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Algorithm {
    Standard,
    Advanced,
}

#[derive(Deserialize)]
struct DataPoint {
    values: Vec<f64>,
    #[serde(default)]
    metadata: String,
}

#[derive(Debug, Serialize)]
struct Response {
    processed: Vec<ProcessedData>,
    stats: Statistics,
}

#[derive(Debug, Serialize)]
struct ProcessedData {
    result: f64,
    classification: Classification,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Classification {
    Low,
    Medium,
    High,
}

#[derive(Debug, PartialEq, Serialize)]
struct Statistics {
    count: usize,
    mean: f64,
    std_dev: f64,
}

async fn handler(event: LambdaEvent<Request>) -> Result<Response> {
    let Request { data, algorithm } = event.payload;
    brawn::compute(move |budget| process(&data, algorithm, budget)).await?
}

fn process(data: &[DataPoint], algorithm: Algorithm, budget: &Budget) -> Result<Response> {
    let processed = budget
        .par_range(0..data.len())
        .try_map(|index| {
            let point = &data[index];
            let at = |what: &str| {
                Error::invalid_input(format!("`data[{index}]` ({:?}) {what}", point.metadata))
            };
            if point.values.is_empty() {
                return Err(at("has no values, and a mean of nothing is no number"));
            }
            let result = match algorithm {
                Algorithm::Standard => compute_standard(&point.values),
                Algorithm::Advanced => compute_advanced(&point.values),
            };
            // Infinities, NaN and sums that overflow end here, and not as `null` in somebody's database.
            if !result.is_finite() {
                return Err(at("has values whose result is not finite"));
            }
            Ok(ProcessedData { result, classification: classify(result) })
        })
        .collect()?;
    let stats = statistics(&processed)?;
    Ok(Response { processed, stats })
}

/// The root of the sum of squared distances from the mean.
fn compute_standard(values: &[f64]) -> f64 {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    values.iter().map(|value| (value - mean).powi(2)).sum::<f64>().sqrt()
}

fn compute_advanced(values: &[f64]) -> f64 {
    let mut result = 0.0;
    for value in values {
        for i in 0..1000 {
            result += value * f64::from(i).sin();
        }
    }
    result
}

fn classify(value: f64) -> Classification {
    match value {
        value if value < 0.0 => Classification::Low,
        value if value < 10.0 => Classification::Medium,
        _ => Classification::High,
    }
}

fn statistics(processed: &[ProcessedData]) -> Result<Statistics> {
    let count = processed.len();
    if count == 0 {
        return Err(Error::invalid_input(
            "`data` is empty, and statistics of nothing are no numbers",
        ));
    }
    let mean = processed.iter().map(|point| point.result).sum::<f64>() / count as f64;
    let squares = processed.iter().map(|point| (point.result - mean).powi(2)).sum::<f64>();
    let stats = Statistics { count, mean, std_dev: (squares / count as f64).sqrt() };
    if !stats.mean.is_finite() || !stats.std_dev.is_finite() {
        return Err(Error::invalid_input("the results are too large for statistics over them"));
    }
    Ok(stats)
}

#[tokio::main]
async fn main() -> Result<()> {
    lambda::logs();
    lambda::run(handler).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use examples_testing::{read, refuses, replies};
    use serde_json::json;

    const HERE: &str = env!("CARGO_MANIFEST_DIR");

    #[tokio::test]
    async fn the_event_gives_the_reply() {
        replies(HERE, handler).await;
    }

    #[test]
    fn an_unknown_algorithm_is_an_error_that_names_the_known_ones() {
        let mut event = read(HERE, "event.json");
        event["algorithm"] = json!("fast");
        let error = serde_json::from_value::<Request>(event).err().expect("unknown").to_string();
        assert!(error.contains("`fast`, expected `standard` or `advanced`"), "{error}");
    }

    #[tokio::test]
    async fn empty_input_is_an_error_and_not_a_nan() {
        let error = refuses(handler, json!({ "data": [], "algorithm": "standard" })).await;
        assert!(error.to_string().starts_with("`data` is empty"), "{error}");
        let point = json!({ "data": [{ "values": [1.0] }, { "values": [], "metadata": "s-7" }],
            "algorithm": "advanced" });
        let error = refuses(handler, point).await;
        assert!(error.is_rejection());
        assert!(error.to_string().starts_with("`data[1]` (\"s-7\") has no values"), "{error}");
    }

    #[tokio::test]
    async fn what_is_not_finite_is_refused() {
        for values in [vec![f64::NAN], vec![1.0, f64::INFINITY], vec![1e308, 1e308]] {
            let data = vec![DataPoint { values, metadata: String::new() }];
            let request = Request { data, algorithm: Algorithm::Standard };
            let error = handler(LambdaEvent::new(request, Default::default())).await;
            let error = error.expect_err("not finite").to_string();
            assert!(error.contains("`data[0]`") && error.contains("not finite"), "{error}");
        }
        assert!(serde_json::from_str::<DataPoint>(r#"{"values":[1e999]}"#).is_err());
        // Each result is finite, their squares are not.
        let event = json!({ "data": [{ "values": [1e200, 0] }, { "values": [0, 0] }],
            "algorithm": "advanced" });
        let error = refuses(handler, event).await.to_string();
        assert!(error.contains("too large"), "{error}");
    }

    #[test]
    fn the_borders_belong_to_the_class_above() {
        for (value, class) in [
            (-0.001, Classification::Low),
            (0.0, Classification::Medium),
            (9.999, Classification::Medium),
            (10.0, Classification::High),
        ] {
            assert_eq!(classify(value), class, "{value}");
        }
    }

    #[tokio::test]
    async fn the_first_bad_point_is_the_one_that_is_named() {
        let mut data: Vec<_> = (0..1000).map(|n| json!({ "values": [n] })).collect();
        for bad in [900, 17, 500] {
            data[bad] = json!({ "values": [] });
        }
        let error = refuses(handler, json!({ "data": data, "algorithm": "standard" })).await;
        assert!(error.to_string().starts_with("`data[17]`"), "{error}");
    }
}
