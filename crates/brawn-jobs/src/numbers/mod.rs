//! Statistics of numbers, with their formulas, for the jobs that need them.
//!
//! All take finite binary64 values. What has no value (the mean of nothing, the deviation of one) is `None`, and never NaN.
//! Sums are kept in double-double arithmetic and deviations are taken from the mean: on the NIST data sets the mean and the
//! standard deviation have all digits that binary64 holds.

mod dd;
mod moments;
mod outliers;
mod quantile;
mod select;
mod sums;

pub use moments::Moments;
pub use outliers::{Bounds, Outliers};
pub use quantile::{Quantile, sorted};
pub use select::median_distance;
pub use sums::{deviation_norm, norm, sum, sum_times};
