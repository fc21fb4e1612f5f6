//! Filter, normalise, score, filter: one parallel pass, nothing collected in between.

use brawn::lambda::{self, LambdaEvent};
use brawn::metrics::{self, Unit};
use brawn::{Budget, Result};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Request {
    data: Vec<DataPoint>,
}

#[derive(Deserialize)]
struct DataPoint {
    id: String,
    /// `null` where the sensor gave nothing.
    values: Vec<Option<f64>>,
}

#[derive(Debug, Serialize)]
struct Response {
    outputs: Vec<Output>,
    /// Points that have no values, or gaps: named, because a filter that drops in silence hides a broken sensor.
    invalid: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Output {
    id: String,
    score: f64,
}

async fn handler(event: LambdaEvent<Request>) -> Result<Response> {
    let data = event.payload.data;
    let response = brawn::compute(move |budget| {
        let invalid = data.iter().filter(|point| !point.is_valid());
        let invalid = invalid.map(|point| point.id.clone()).collect();
        Ok(Response { outputs: multi_stage_processing(&data, budget)?, invalid })
    });
    let response: Response = response.await??;
    metrics::add("invalid_points", response.invalid.len() as f64, Unit::Count);
    Ok(response)
}

fn multi_stage_processing(data: &[DataPoint], budget: &Budget) -> Result<Vec<Output>> {
    budget
        .par_iter(data)
        .filter(|point| point.is_valid())
        .map(|point| (point, normalize(point)))
        .map(|(point, normalized)| Output { id: point.id.clone(), score: score(&normalized) })
        .filter(|output| output.score > 0.5)
        .collect()
}

impl DataPoint {
    fn is_valid(&self) -> bool {
        !self.values.is_empty() && self.values.iter().all(|value| value.is_some_and(f64::is_finite))
    }
}

/// Values from 0, the least, to 1, the most. Where all are the same there is no range to divide by: all are 0.
fn normalize(point: &DataPoint) -> Vec<f64> {
    let values = || point.values.iter().copied().flatten();
    let (least, most) = (values().fold(f64::MAX, f64::min), values().fold(f64::MIN, f64::max));
    // Half of each: the range of the largest numbers is larger than the largest number.
    let range = most / 2.0 - least / 2.0;
    values().map(|v| if range > 0.0 { (v / 2.0 - least / 2.0) / range } else { 0.0 }).collect()
}

/// The mean of the normalised values.
fn score(normalized: &[f64]) -> f64 {
    normalized.iter().sum::<f64>() / normalized.len() as f64
}

#[tokio::main]
async fn main() -> Result<()> {
    lambda::logs();
    lambda::run(handler).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use brawn::Error;

    #[tokio::test]
    async fn the_event_gives_the_reply() {
        examples_testing::replies(env!("CARGO_MANIFEST_DIR"), handler).await;
    }

    fn point(id: usize, values: &[f64]) -> DataPoint {
        DataPoint { id: id.to_string(), values: values.iter().copied().map(Some).collect() }
    }

    #[test]
    fn the_widest_range_and_none_at_all_give_numbers() {
        assert_eq!(normalize(&point(0, &[f64::MIN, 0.0, f64::MAX])), [0.0, 0.5, 1.0]);
        assert_eq!(normalize(&point(0, &[7.0, 7.0])), [0.0, 0.0]);
        assert!(!point(0, &[]).is_valid() && !point(0, &[f64::NAN]).is_valid());
    }

    #[test]
    fn what_passes_keeps_its_order() -> Result<(), Error> {
        let data: Vec<_> = (0..1000)
            .map(
                |id| if id % 3 == 0 { point(id, &[0.0, 1.0]) } else { point(id, &[0.0, 1.0, 1.0]) },
            )
            .collect();
        let outputs = multi_stage_processing(&data, &Budget::unlimited())?;
        let ids: Vec<usize> = outputs.iter().filter_map(|output| output.id.parse().ok()).collect();
        // A score of exactly a half does not pass.
        assert_eq!(ids, (0..1000).filter(|id| id % 3 != 0).collect::<Vec<_>>());
        Ok(())
    }
}
