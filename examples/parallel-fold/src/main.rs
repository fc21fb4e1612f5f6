//! Many values folded into one, the same for any number of threads.

use brawn::lambda::{self, LambdaEvent};
use brawn::{Budget, Result};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Request {
    numbers: Vec<i64>,
    #[serde(default)]
    weights: Vec<f64>,
}

#[derive(Debug, Serialize)]
struct Response {
    /// As text: it may be larger than what JavaScript, and many a JSON reader, hold exactly.
    sum: String,
    weight: f64,
}

async fn handler(event: LambdaEvent<Request>) -> Result<Response> {
    let Request { numbers, weights } = event.payload;
    brawn::compute(move |budget| {
        let sum = parallel_sum(&numbers, budget)?.to_string();
        Ok(Response { sum, weight: parallel_weight(&weights, budget)? })
    })
    .await?
}

/// The sum of what `expensive_transform` gives. In 128 bits it cannot overflow; in 64 it would panic in a debug build
/// and silently wrap in a release build.
fn parallel_sum(numbers: &[i64], budget: &Budget) -> Result<i128> {
    budget.par_iter(numbers).map(|n| i128::from(expensive_transform(*n))).fold(
        || 0,
        |sum, value| sum + value,
        |left, right| left + right,
    )
}

/// Floating-point addition is not associative: rayon's `sum` cuts where its threads happen to be free, and its last
/// bits change from run to run. This tree is fixed by the number of items.
fn parallel_weight(weights: &[f64], budget: &Budget) -> Result<f64> {
    budget.par_iter(weights).fold(|| 0.0, |sum, weight| sum + weight, |left, right| left + right)
}

fn expensive_transform(n: i64) -> i64 {
    (0..1000).fold(n, |value, _| value.wrapping_mul(31))
}

#[tokio::main]
async fn main() -> Result<()> {
    lambda::logs();
    lambda::run(handler).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use brawn::Pool;
    use std::num::NonZeroUsize;

    #[tokio::test]
    async fn the_event_gives_the_reply() {
        examples_testing::replies(env!("CARGO_MANIFEST_DIR"), handler).await;
    }

    fn on<T: Send>(workers: usize, work: impl FnOnce(&Budget) -> Result<T> + Send) -> T {
        let pool = Pool::new(NonZeroUsize::new(workers).expect("not 0")).expect("threads");
        let budget = Budget::unlimited();
        pool.run(|| work(&budget)).expect("no panic").expect("no error")
    }

    #[test]
    fn a_sum_beyond_64_bits_is_right() {
        // 2^63 times an odd number is 2^63 again, in 64 bits.
        assert_eq!(expensive_transform(i64::MIN), i64::MIN);
        let sum = on(2, |budget| parallel_sum(&[i64::MIN; 1000], budget));
        assert_eq!(sum, i128::from(i64::MIN) * 1000);
    }

    #[test]
    fn the_bits_of_a_sum_are_the_same_for_any_number_of_threads() {
        let weights: Vec<f64> = (1..100_000).map(|n| 1.0 / f64::from(n)).collect();
        let one = on(1, |budget| parallel_weight(&weights, budget));
        for workers in 2..=4 {
            let more = on(workers, |budget| parallel_weight(&weights, budget));
            assert_eq!(one.to_bits(), more.to_bits(), "{workers} threads");
        }
        // The harmonic number of 99,999 (ln n + gamma + 1/2n - 1/12n^2).
        assert!((one - 12.090_136_129_863_428).abs() < 1e-11, "{one}");
    }

    #[test]
    fn the_sum_of_nothing_is_zero() {
        assert_eq!(on(1, |budget| parallel_sum(&[], budget)), 0);
    }
}
