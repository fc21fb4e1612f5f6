//! Statistics over all results.

use brawn_core::{Error, Result};
use serde_json::{Value, json};

use crate::numbers::Moments;

/// Results that are summed up at once: however the points come, the sums are the same.
const TOGETHER: usize = 1 << 16;

/// What it holds.
pub(super) const HELD: u64 = (TOGETHER * size_of::<f64>()) as u64;

/// Takes results in the order of their points.
#[derive(Debug, Default)]
pub(super) struct Overall {
    moments: Moments,
    last: Vec<f64>,
}

impl Overall {
    pub(super) fn add(&mut self, results: &[f64]) {
        for result in results {
            self.last.push(*result);
            if self.last.len() == TOGETHER {
                self.sum_up();
            }
        }
    }

    fn sum_up(&mut self) {
        self.moments = self.moments.merge(Moments::of(&self.last));
        self.last.clear();
    }

    /// `{"count": .., "mean": .., "std_dev": ..}`; null is the mean of no results, and the deviation of `ddof` or fewer.
    pub(super) fn finish(mut self, ddof: u8) -> Result<Value> {
        self.sum_up();
        let count = self.moments.count();
        let (mean, std_dev) = (self.moments.mean(), self.moments.std(ddof));
        let has_mean = mean.is_some() || count == 0;
        let has_deviation = std_dev.is_some() || count <= u64::from(ddof);
        if !has_mean || !has_deviation {
            return Err(Error::invalid_input("the results are too large for statistics over them"));
        }
        Ok(json!({ "count": count, "mean": mean, "std_dev": std_dev }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(results: &[f64], ddof: u8) -> Result<Value> {
        let mut overall = Overall::default();
        overall.add(results);
        overall.finish(ddof)
    }

    #[test]
    fn what_has_no_value_is_null_and_what_overflows_an_error() {
        let nothing = json!({ "count": 0, "mean": null, "std_dev": null });
        assert_eq!(of(&[], 0).expect("nothing"), nothing);
        assert_eq!(of(&[3.0], 0).expect("one"), json!({ "count": 1, "mean": 3.0, "std_dev": 0.0 }));
        assert_eq!(of(&[3.0], 1).expect("one")["std_dev"], Value::Null);
        // 1 2 3 6: deviations -2 -1 0 3, of which the squares make 14.
        assert_eq!(of(&[1.0, 2.0, 3.0, 6.0], 0).expect("four")["std_dev"], 3.5_f64.sqrt());
        of(&[1e300, 0.0], 0).expect_err("its square overflows");
    }

    #[test]
    fn how_results_come_does_not_matter() {
        let results: Vec<f64> = (0..150_000).map(|n| f64::from(n % 977) * 0.1).collect();
        let whole = of(&results, 1).expect("many");
        for step in [1, 1000, 70_000] {
            let mut overall = Overall::default();
            results.chunks(step).for_each(|part| overall.add(part));
            assert_eq!(overall.finish(1).expect("many"), whole);
        }
    }
}
