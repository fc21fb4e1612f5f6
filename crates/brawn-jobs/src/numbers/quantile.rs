//! Quantiles, by NumPy's rules.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How a quantile is taken that falls between two values: `numpy.quantile`'s `method`, by its names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum), value(rename_all = "snake_case"))]
pub enum Quantile {
    /// Between the two, by distance: NumPy's, R's and Excel's default
    #[default]
    Linear,
    /// The lower of the two
    Lower,
    /// The higher of the two
    Higher,
    /// The middle of the two
    Midpoint,
    /// The nearer of the two; of two as near, the one of even index
    Nearest,
    /// The first value that at least this share of all is not above
    InvertedCdf,
    /// The same, and the mean with the next where the share is met exactly
    AveragedInvertedCdf,
    /// R's type 5
    Hazen,
    /// R's type 6: SPSS and Minitab
    Weibull,
    /// R's type 8
    MedianUnbiased,
    /// R's type 9
    NormalUnbiased,
}

impl Quantile {
    /// The ranks (from 0) between which quantile `q` (0 to 1) of `count` values lies, and how far it is from the first to
    /// the second (0 to 1).
    ///
    /// # Panics
    /// Never; `count` 0 is taken as 1.
    pub fn between(self, count: u64, q: f64) -> (u64, u64, f64) {
        let n = count.max(1) as f64;
        let plotting = |a: f64, b: f64| n * q + (a + q * (1.0 - a - b)) - 1.0;
        let linear = (n - 1.0) * q;
        let at = match self {
            Quantile::Linear => linear,
            Quantile::Lower => linear.floor(),
            Quantile::Higher => linear.ceil(),
            Quantile::Midpoint => 0.5 * (linear.floor() + linear.ceil()),
            Quantile::Nearest => linear.round_ties_even(),
            Quantile::InvertedCdf | Quantile::AveragedInvertedCdf => n * q - 1.0,
            Quantile::Hazen => plotting(0.5, 0.5),
            Quantile::Weibull => plotting(0.0, 0.0),
            Quantile::MedianUnbiased => plotting(1.0 / 3.0, 1.0 / 3.0),
            Quantile::NormalUnbiased => plotting(0.375, 0.375),
        };
        let share = match (self, at - at.floor()) {
            (Quantile::InvertedCdf, share) => f64::from(u8::from(share > 0.0)),
            (Quantile::AveragedInvertedCdf, share) if share > 0.0 => 1.0,
            (Quantile::AveragedInvertedCdf, _) => 0.5,
            (_, share) => share,
        };
        let rank = |at: f64| at.clamp(0.0, n - 1.0) as u64;
        if at < 0.0 { (0, 0, 0.0) } else { (rank(at.floor()), rank(at.floor() + 1.0), share) }
    }

    /// The value at `share` of the way from `low` to `high`, rounded as NumPy does it.
    pub fn interpolate(low: f64, high: f64, share: f64) -> f64 {
        let difference = high - low;
        if share == 0.0 || !difference.is_finite() {
            // The difference of the largest numbers is none.
            return low * (1.0 - share) + if share == 0.0 { 0.0 } else { high * share };
        }
        if share >= 0.5 { high - difference * (1.0 - share) } else { low + difference * share }
    }

    /// Quantile `q` (0 to 1) of values in ascending order; `None` of nothing.
    pub fn of(self, ascending: &[f64], q: f64) -> Option<f64> {
        let (low, high, share) = self.between(ascending.len() as u64, q);
        let at = |rank: u64| ascending.get(usize::try_from(rank).ok()?).copied();
        Some(Quantile::interpolate(at(low)?, at(high)?, share))
    }
}

impl fmt::Display for Quantile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Quantile::Linear => "linear",
            Quantile::Lower => "lower",
            Quantile::Higher => "higher",
            Quantile::Midpoint => "midpoint",
            Quantile::Nearest => "nearest",
            Quantile::InvertedCdf => "inverted_cdf",
            Quantile::AveragedInvertedCdf => "averaged_inverted_cdf",
            Quantile::Hazen => "hazen",
            Quantile::Weibull => "weibull",
            Quantile::MedianUnbiased => "median_unbiased",
            Quantile::NormalUnbiased => "normal_unbiased",
        })
    }
}

/// The values in ascending order.
pub fn sorted(values: &[f64]) -> Vec<f64> {
    let mut ascending = values.to_vec();
    ascending.sort_unstable_by(f64::total_cmp);
    ascending
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `numpy.quantile(values, q, method=...)`, NumPy 2.4.
    #[test]
    fn every_rule_is_that_of_numpy() {
        let values = sorted(&[2.0, 8.0, 0.1, 4.0, 1.3, 9.7, 9.0]);
        let at = [0.0, 0.1, 0.25, 1.0 / 3.0, 0.5, 0.9, 0.99, 1.0];
        for (name, wanted) in [
            ("linear", [0.1, 0.8200000000000002, 1.65, 2.0, 4.0, 9.28, 9.658, 9.7]),
            ("lower", [0.1, 0.1, 1.3, 2.0, 4.0, 9.0, 9.0, 9.7]),
            ("higher", [0.1, 1.3, 2.0, 2.0, 4.0, 9.7, 9.7, 9.7]),
            ("midpoint", [0.1, 0.7000000000000001, 1.65, 2.0, 4.0, 9.35, 9.35, 9.7]),
            ("nearest", [0.1, 1.3, 2.0, 2.0, 4.0, 9.0, 9.7, 9.7]),
            ("inverted_cdf", [0.1, 0.1, 1.3, 2.0, 4.0, 9.7, 9.7, 9.7]),
            ("averaged_inverted_cdf", [0.1, 0.1, 1.3, 2.0, 4.0, 9.7, 9.7, 9.7]),
            (
                "hazen",
                [
                    0.1,
                    0.3400000000000002,
                    1.475,
                    1.883333333333333,
                    4.0,
                    9.559999999999999,
                    9.7,
                    9.7,
                ],
            ),
            ("weibull", [0.1, 0.1, 1.3, 1.7666666666666666, 4.0, 9.7, 9.7, 9.7]),
            (
                "median_unbiased",
                [
                    0.1,
                    0.18,
                    1.4166666666666665,
                    1.8444444444444443,
                    4.0,
                    9.653333333333332,
                    9.7,
                    9.7,
                ],
            ),
            (
                "normal_unbiased",
                [
                    0.1,
                    0.2200000000000001,
                    1.43125,
                    1.8541666666666665,
                    4.0,
                    9.629999999999999,
                    9.7,
                    9.7,
                ],
            ),
        ] {
            let rule: Quantile = serde_json::from_value(name.into()).expect("its name");
            assert_eq!(rule.to_string(), name);
            assert_eq!(at.map(|q| rule.of(&values, q).expect("a value")), wanted, "{name}");
        }
        assert_eq!(Quantile::Linear.of(&[], 0.5), None);
        assert_eq!(Quantile::Hazen.of(&[3.0], 0.9), Some(3.0));
    }
}
