//! Sums and norms.

use super::dd::{Dd, sum_of};

/// Σx. `None` of nothing, and where it overflows.
pub fn sum(values: &[f64]) -> Option<f64> {
    sum_times(values, (1.0, 0.0))
}

/// f Σx, where the factor is the sum of two binary64. `None` of nothing, and where it overflows.
pub fn sum_times(values: &[f64], (hi, lo): (f64, f64)) -> Option<f64> {
    let product = (sum_of(values, |x| x) * Dd { hi, lo }).value();
    Some(product).filter(|product| !values.is_empty() && product.is_finite())
}

/// The Euclidean norm, √Σx²: `numpy.linalg.norm`. `None` of nothing, and where it overflows; squares that would overflow or
/// vanish do not harm it.
pub fn norm(values: &[f64]) -> Option<f64> {
    let (scale, back) = scale_of(values)?;
    let squares = sum_of(values, |x| (x * scale) * (x * scale)).value();
    Some(squares.sqrt() * back).filter(|norm| norm.is_finite())
}

/// The norm of the deviations from the mean, √Σ(x - mean)², in a second pass that corrects for the rounding of the mean, as
/// [`Moments`](super::Moments). `None` as for [`norm`].
pub fn deviation_norm(values: &[f64]) -> Option<f64> {
    let (scale, back) = scale_of(values)?;
    let n = Dd::from(values.len() as u64);
    let mean = sum_of(values, |x| x * scale) / n;
    let deviation = |x: f64| (x * scale - mean.hi) - mean.lo;
    let off = sum_of(values, deviation) / n;
    let squares = sum_of(values, |x| deviation(x) * deviation(x)) - n * off * off;
    // Rounding can leave a little less than nothing.
    let norm = squares.value().max(0.0).sqrt() * back;
    Some(norm).filter(|norm| norm.is_finite())
}

/// A power of two that makes squares of the values representable, and its inverse; 1 for all but extreme values. `None` of
/// nothing.
fn scale_of(values: &[f64]) -> Option<(f64, f64)> {
    let extreme = 2_f64.powi(400);
    let largest = values.iter().map(|x| x.abs()).reduce(f64::max)?;
    Some(match largest {
        large if large > extreme => (1.0 / 2_f64.powi(600), 2_f64.powi(600)),
        small if small > 0.0 && small < 1.0 / extreme => (2_f64.powi(600), 1.0 / 2_f64.powi(600)),
        _ => (1.0, 1.0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_and_norms_of_a_few() {
        assert_eq!(sum(&[1e16, 1.0, -1e16]), Some(1.0));
        assert_eq!(sum_times(&[1.0, 2.0], (0.5, 0.0)), Some(1.5));
        assert_eq!(norm(&[3.0, 4.0]), Some(5.0));
        // Deviations -1 0 1, -1 0 1: √4.
        assert_eq!(deviation_norm(&[1.0, 2.0, 3.0, 1.0, 2.0, 3.0]), Some(2.0));
        assert_eq!(deviation_norm(&[7.0]), Some(0.0));
    }

    #[test]
    fn squares_may_be_extreme_where_the_norm_is_not() {
        let large = norm(&[3e200, 4e200]).expect("a norm");
        assert!((large / 5e200 - 1.0).abs() < 1e-15, "{large}");
        let tiny = norm(&[3e-200, 4e-200]).expect("a norm");
        assert!((tiny / 5e-200 - 1.0).abs() < 1e-15, "{tiny}");
        let wide = deviation_norm(&[-1e300, 1e300]).expect("a norm");
        assert!((wide / 1.414_213_562_373_095e300 - 1.0).abs() < 1e-15, "{wide}");
        let close = deviation_norm(&[1e-300, 3e-300]).expect("a norm");
        assert!((close / 1.414_213_562_373_095e-300 - 1.0).abs() < 1e-14, "{close}");
    }

    #[test]
    fn what_has_no_value_has_none() {
        assert_eq!((sum(&[]), norm(&[]), deviation_norm(&[])), (None, None, None));
        assert_eq!(sum(&[f64::MAX, f64::MAX]), None);
        assert_eq!(norm(&[f64::MAX, f64::MAX]), None);
        assert_eq!(deviation_norm(&[f64::MAX, -f64::MAX]), None);
    }
}
