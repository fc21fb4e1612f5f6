//! Which values lie far from the others.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Moments, Quantile};

/// A rule that says how far is too far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum), value(rename_all = "lowercase"))]
pub enum Outliers {
    /// 1.5 times the interquartile range below the first or above the third quartile (Tukey's fences)
    #[default]
    Iqr,
    /// A modified z-score, 0.6745 (x - median) / MAD, beyond 3.5 (Iglewicz and Hoaglin)
    Mad,
    /// Three standard deviations from the mean
    Zscore,
}

/// The least and the greatest value that is no outlier.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Bounds {
    /// What is less is an outlier.
    pub low: f64,
    /// What is greater is one.
    pub high: f64,
}

impl Outliers {
    /// The factor where none is given: 1.5, 3.5, 3.
    pub fn usual(self) -> f64 {
        match self {
            Outliers::Iqr => 1.5,
            Outliers::Mad => 3.5,
            Outliers::Zscore => 3.0,
        }
    }

    /// The bounds of values in ascending order. `None` of nothing, and where the rule has no scale: no spread at all for
    /// `zscore`, more than half of the values equal for `mad`.
    pub fn bounds(self, ascending: &[f64], factor: f64) -> Option<Bounds> {
        let quantile = |q| Quantile::Linear.of(ascending, q);
        match self {
            Outliers::Iqr => Some(Outliers::fences(quantile(0.25)?, quantile(0.75)?, factor)),
            Outliers::Mad => {
                let median = quantile(0.5)?;
                let mut distances: Vec<f64> =
                    ascending.iter().map(|x| (x - median).abs()).collect();
                distances.sort_unstable_by(f64::total_cmp);
                Outliers::around(median, Quantile::Linear.of(&distances, 0.5)? / 0.6745, factor)
            }
            Outliers::Zscore => {
                let (mean, variance) = Moments::mean_and_variance(ascending, 1);
                Outliers::around(mean?, variance?.sqrt(), factor)
            }
        }
    }

    /// Tukey's fences.
    pub fn fences(first: f64, third: f64, factor: f64) -> Bounds {
        let reach = factor * (third - first);
        Bounds { low: first - reach, high: third + reach }
    }

    /// `factor` times `scale` to both sides; `None` where there is no scale.
    pub fn around(centre: f64, scale: f64, factor: f64) -> Option<Bounds> {
        let reach = factor * scale;
        (scale > 0.0).then_some(Bounds { low: centre - reach, high: centre + reach })
    }
}

impl Bounds {
    /// Whether `value` is an outlier.
    pub fn exclude(self, value: f64) -> bool {
        value < self.low || value > self.high
    }
}

impl fmt::Display for Outliers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Outliers::Iqr => "iqr",
            Outliers::Mad => "mad",
            Outliers::Zscore => "zscore",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUES: [f64; 8] = [1.0, 2.0, 2.0, 3.0, 3.0, 3.0, 4.0, 40.0];

    #[test]
    fn each_rule_finds_what_lies_far() {
        // Quartiles 2 and 3.25: fences 0.125 and 5.125.
        let bounds = Outliers::Iqr.bounds(&VALUES, 1.5).expect("bounds");
        assert_eq!(bounds, Bounds { low: 0.125, high: 5.125 });
        // Median 3, MAD 1 (of 0 0 0 1 1 1 2 37: 1): 3 +- 3.5 / 0.6745.
        let bounds = Outliers::Mad.bounds(&VALUES, 3.5).expect("bounds");
        assert!((bounds.high - 8.189_028_910_303_93).abs() < 1e-12, "{bounds:?}");
        // Mean 7.25, s 13.2745: the eighth is 2.47 of them away, fewer than three.
        let bounds = Outliers::Zscore.bounds(&VALUES, 3.0).expect("bounds");
        assert!(VALUES.iter().all(|value| !bounds.exclude(*value)), "{bounds:?}");
    }

    #[test]
    fn a_rule_without_a_scale_has_no_bounds() {
        assert_eq!(Outliers::Mad.bounds(&[1.0, 1.0, 1.0, 9.0], 3.5), None);
        assert_eq!(Outliers::Zscore.bounds(&[1.0, 1.0], 3.0), None);
        assert_eq!(Outliers::Iqr.bounds(&[], 1.5), None);
        let equal = Outliers::Iqr.bounds(&[1.0, 1.0, 1.0, 9.0, 1.0, 1.0], 1.5);
        assert!(equal.is_some_and(|bounds| bounds.exclude(9.0)));
    }
}
