//! What is computed of a point's values.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::numbers::{Moments, Quantile, deviation_norm, median_distance, norm, sum, sum_times};

/// Σ sin(i) for i from 0 to 999, in two binary64: to 100 digits it is -0.01290990645883637243703151099364971475...
/// (sin(1000/2) sin(999/2) / sin(1/2)).
const SINES: (f64, f64) = (-0.012_909_906_458_836_372, -2.558_667_132_703_091e-19);

/// What is computed of a point's values x₁ .. xₙ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum), value(rename_all = "lowercase"))]
pub enum Algorithm {
    /// √Σ(x - mean)²: the norm of the deviations, not divided by n
    #[default]
    Standard,
    /// Σ x sin(i) over all x and i from 0 to 999, as Σx times the sum of the sines
    Advanced,
    /// Σx / n
    Mean,
    /// The middle value, or the mean of the two in the middle
    Median,
    /// √variance
    Std,
    /// Σ(x - mean)² / (n - ddof)
    Variance,
    /// The least value
    Min,
    /// The greatest value
    Max,
    /// Σx
    Sum,
    /// max - min
    Range,
    /// √Σx²
    Norm,
    /// The median of |x - median|, unscaled
    Mad,
    /// The third quartile less the first
    Iqr,
    /// m₃ / m₂^(3/2), with mₖ = Σ(x - mean)ᵏ / n
    Skew,
    /// m₄ / m₂² - 3
    Kurtosis,
    /// The quantile `q`
    Quantile,
}

/// What the formulas take besides the values.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parameters {
    pub(super) algorithm: Algorithm,
    pub(super) ddof: u8,
    pub(super) q: f64,
    pub(super) rule: Quantile,
}

/// Why there is no result.
pub(super) type Undefined = &'static str;

const OVERFLOWS: Undefined = "has a result that is not finite: it is too large for a binary64";

impl Algorithm {
    /// All of them.
    pub const ALL: [Algorithm; 16] = [
        Algorithm::Standard,
        Algorithm::Advanced,
        Algorithm::Mean,
        Algorithm::Median,
        Algorithm::Std,
        Algorithm::Variance,
        Algorithm::Min,
        Algorithm::Max,
        Algorithm::Sum,
        Algorithm::Range,
        Algorithm::Norm,
        Algorithm::Mad,
        Algorithm::Iqr,
        Algorithm::Skew,
        Algorithm::Kurtosis,
        Algorithm::Quantile,
    ];

    /// The name.
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::Standard => "standard",
            Algorithm::Advanced => "advanced",
            Algorithm::Mean => "mean",
            Algorithm::Median => "median",
            Algorithm::Std => "std",
            Algorithm::Variance => "variance",
            Algorithm::Min => "min",
            Algorithm::Max => "max",
            Algorithm::Sum => "sum",
            Algorithm::Range => "range",
            Algorithm::Norm => "norm",
            Algorithm::Mad => "mad",
            Algorithm::Iqr => "iqr",
            Algorithm::Skew => "skew",
            Algorithm::Kurtosis => "kurtosis",
            Algorithm::Quantile => "quantile",
        }
    }

    /// The one called `name`.
    pub fn named(name: &str) -> Option<Algorithm> {
        Algorithm::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }
}

impl Parameters {
    /// The result of finite values, which are moved about.
    pub(super) fn result(&self, values: &mut [f64]) -> Result<f64, Undefined> {
        if values.is_empty() {
            return Err("has no values");
        }
        let median = |values: &mut [f64], q| self.rule.select(values, q);
        let least = |values: &[f64]| values.iter().copied().min_by(f64::total_cmp);
        let greatest = |values: &[f64]| values.iter().copied().max_by(f64::total_cmp);
        let result = match self.algorithm {
            Algorithm::Standard => deviation_norm(values),
            Algorithm::Advanced => sum_times(values, SINES),
            Algorithm::Mean => Moments::mean_and_variance(values, 0).0,
            Algorithm::Median => Quantile::Linear.select(values, 0.5),
            Algorithm::Std | Algorithm::Variance if values.len() <= usize::from(self.ddof) => {
                return Err("has too few values: `ddof` of them, or fewer, have no variance");
            }
            Algorithm::Std => Moments::mean_and_variance(values, self.ddof).1.map(f64::sqrt),
            Algorithm::Variance => Moments::mean_and_variance(values, self.ddof).1,
            Algorithm::Min => least(values),
            Algorithm::Max => greatest(values),
            Algorithm::Sum => sum(values),
            Algorithm::Range => greatest(values).zip(least(values)).map(|(max, min)| max - min),
            Algorithm::Norm => norm(values),
            Algorithm::Mad => median_distance(values),
            Algorithm::Iqr => {
                let first = median(values, 0.25);
                median(values, 0.75).zip(first).map(|(third, first)| third - first)
            }
            Algorithm::Skew | Algorithm::Kurtosis => {
                let moments = Moments::of(values);
                if moments.variance(0) == Some(0.0) {
                    return Err(
                        "has values that are all equal, which have no skew and no kurtosis",
                    );
                }
                match self.algorithm {
                    Algorithm::Skew => moments.skew(),
                    _ => moments.kurtosis(),
                }
            }
            Algorithm::Quantile => self.rule.select(values, self.q),
        };
        result.filter(|result| result.is_finite()).ok_or(OVERFLOWS)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
