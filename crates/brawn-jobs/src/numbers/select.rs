//! Quantiles of values in any order.

use super::Quantile;

impl Quantile {
    /// Quantile `q` (0 to 1) as [`of`](Quantile::of), of values in any order, without sorting them all: they are moved about.
    /// `None` of nothing.
    pub fn select(self, values: &mut [f64], q: f64) -> Option<f64> {
        let (low, high, share) = self.between(values.len() as u64, q);
        let rank = usize::try_from(low).ok().filter(|rank| *rank < values.len())?;
        let (_, low_value, above) = values.select_nth_unstable_by(rank, f64::total_cmp);
        let low_value = *low_value;
        let high_value = match high {
            high if high == low => low_value,
            _ => above.iter().copied().min_by(f64::total_cmp)?,
        };
        Some(Quantile::interpolate(low_value, high_value, share))
    }
}

/// The median of the distances from the median: `scipy.stats.median_abs_deviation`, unscaled. The values are replaced by
/// their distances. `None` of nothing, and where a distance overflows.
pub fn median_distance(values: &mut [f64]) -> Option<f64> {
    let median = Quantile::Linear.select(values, 0.5)?;
    values.iter_mut().for_each(|value| *value = (*value - median).abs());
    Quantile::Linear.select(values, 0.5).filter(|distance| distance.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numbers::sorted;

    #[test]
    fn selecting_is_sorting_and_looking() {
        let values: Vec<f64> = (0..257).map(|n| f64::from(n * 7919 % 257) * 0.25 - 9.0).collect();
        for rule in [Quantile::Linear, Quantile::Nearest, Quantile::Hazen, Quantile::InvertedCdf] {
            for q in [0.0, 0.01, 0.25, 0.5, 0.77, 0.999, 1.0] {
                let selected = rule.select(&mut values.clone(), q);
                assert_eq!(selected, rule.of(&sorted(&values), q), "{rule} {q}");
            }
        }
        assert_eq!(Quantile::Linear.select(&mut [], 0.5), None);
        assert_eq!(Quantile::Linear.select(&mut [3.0], 0.9), Some(3.0));
    }

    #[test]
    fn the_median_distance_is_that_of_scipy() {
        // scipy.stats.median_abs_deviation([2, 8, 0, 4, 1, 9, 9, 0]) = 3.0
        assert_eq!(median_distance(&mut [2.0, 8.0, 0.0, 4.0, 1.0, 9.0, 9.0, 0.0]), Some(3.0));
        assert_eq!(median_distance(&mut []), None);
    }
}
