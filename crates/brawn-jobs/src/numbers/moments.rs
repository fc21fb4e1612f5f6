//! Mean, variance, skewness and kurtosis.

use super::dd::{Dd, powers, sum_of};

/// The count, the mean, and the sums of powers of deviations from the mean, of which all moments are made.
///
/// Within one slice the deviations are summed in a second pass and corrected by their own sum (T. F. Chan, G. H. Golub,
/// R. J. LeVeque, "Algorithms for computing the sample variance", The American Statistician 37, 1983). [`merge`](Moments::merge)
/// adds two by the formulas of P. Pébay (Sandia report SAND2008-6212) in double-double arithmetic; merged in the same order,
/// they are the same bits.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moments {
    count: u64,
    sum: Dd,
    mean: Dd,
    m2: Dd,
    m3: Dd,
    m4: Dd,
}

impl Moments {
    /// Of finite values.
    pub fn of(values: &[f64]) -> Moments {
        if values.is_empty() {
            return Moments::default();
        }
        let count = values.len() as u64;
        let n = Dd::from(count);
        let sum = sum_of(values, |x| x);
        let mean = sum / n;
        let deviation = |x: f64| (x - mean.hi) - mean.lo;
        // The first is zero, were there no rounding.
        let [off, s2, s3, s4] = powers(values, deviation);
        let off = off / n;
        Moments { count, sum, mean, m2: s2 - n * off * off, m3: s3, m4: s4 }
    }

    /// Mean and [variance](Moments::variance) alone, without the sums of higher powers.
    pub fn mean_and_variance(values: &[f64], ddof: u8) -> (Option<f64>, Option<f64>) {
        if values.is_empty() {
            return (None, None);
        }
        let count = values.len() as u64;
        let n = Dd::from(count);
        let mean = sum_of(values, |x| x) / n;
        let deviation = |x: f64| (x - mean.hi) - mean.lo;
        let off = sum_of(values, deviation) / n;
        let m2 = sum_of(values, |x| deviation(x) * deviation(x)) - n * off * off;
        let moments = Moments { count, mean, m2, ..Moments::default() };
        (moments.mean(), moments.variance(ddof))
    }

    /// Those of both together.
    #[must_use]
    pub fn merge(self, other: Moments) -> Moments {
        if self.count == 0 || other.count == 0 {
            return if self.count == 0 { other } else { self };
        }
        let (a, b) = (Dd::from(self.count), Dd::from(other.count));
        let n = a + b;
        let delta = other.mean - self.mean;
        let part = delta / n;
        let product = a * b;
        let three = Dd::from(3.0);
        Moments {
            count: self.count + other.count,
            sum: self.sum + other.sum,
            mean: self.mean + b * part,
            m2: self.m2 + other.m2 + product * delta * part,
            m3: self.m3
                + other.m3
                + product * (a - b) * delta * part * part
                + three * part * (a * other.m2 - b * self.m2),
            m4: self.m4
                + other.m4
                + product * (a * a - product + b * b) * delta * part * part * part
                + Dd::from(6.0) * part * part * (a * a * other.m2 + b * b * self.m2)
                + Dd::from(4.0) * part * (a * other.m3 - b * self.m3),
        }
    }

    /// How many values.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Their sum; `None` where there is none, or it overflows.
    pub fn sum(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum.value()).filter(|sum| sum.is_finite())
    }

    /// Σx / n
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.mean.value()).filter(|mean| mean.is_finite())
    }

    /// Σ(x - mean)² / (n - ddof): 1 for a sample (pandas, R, SQL's `VAR_SAMP`), 0 for a whole population (NumPy). `None` for
    /// `ddof` values or fewer.
    pub fn variance(&self, ddof: u8) -> Option<f64> {
        let freedom = self.count.checked_sub(u64::from(ddof)).filter(|freedom| *freedom > 0)?;
        let variance = (self.m2 / Dd::from(freedom)).value();
        // Rounding can leave a little less than nothing.
        variance.is_finite().then(|| variance.max(0.0))
    }

    /// The root of the [`variance`](Moments::variance).
    pub fn std(&self, ddof: u8) -> Option<f64> {
        self.variance(ddof).map(f64::sqrt)
    }

    /// g₁ = m₃ / m₂^(3/2), where mₖ = Σ(x - mean)ᵏ / n: as in SciPy's `skew`. `None` where all values are equal.
    pub fn skew(&self) -> Option<f64> {
        let (n, m2) = (self.count as f64, self.m2.value());
        let skew = n.sqrt() * self.m3.value() / (m2 * m2.sqrt());
        Some(skew).filter(|skew| m2 > 0.0 && skew.is_finite())
    }

    /// g₂ = m₄ / m₂² - 3: as in SciPy's `kurtosis`, zero for a normal distribution. `None` where all values are equal.
    pub fn kurtosis(&self) -> Option<f64> {
        let (n, m2) = (self.count as f64, self.m2.value());
        let kurtosis = n * self.m4.value() / (m2 * m2) - 3.0;
        Some(kurtosis).filter(|kurtosis| m2 > 0.0 && kurtosis.is_finite())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `scipy.stats.skew`, `kurtosis`, `numpy.var(ddof=1)` (1.17, 2.4) of these values.
    const VALUES: [f64; 7] = [2.0, 8.0, 0.0, 4.0, 1.0, 9.0, 9.0];

    fn close(a: Option<f64>, b: f64) {
        let a = a.expect("a value");
        assert!((a - b).abs() <= 1e-14 * b.abs().max(1.0), "{a} {b}");
    }

    #[test]
    fn moments_are_those_of_scipy() {
        let moments = Moments::of(&VALUES);
        close(moments.mean(), 33.0 / 7.0);
        close(moments.variance(1), 15.238_095_238_095_239);
        close(moments.variance(0), 13.061_224_489_795_92);
        close(moments.skew(), 0.050_028_220_795_632_37);
        close(moments.kurtosis(), -1.718_720_703_125_000_2);
        assert_eq!(moments.sum(), Some(33.0));
    }

    #[test]
    fn what_has_no_value_has_none() {
        let none = Moments::of(&[]);
        assert_eq!((none.mean(), none.variance(0), none.skew()), (None, None, None));
        let one = Moments::of(&[4.0]);
        assert_eq!((one.mean(), one.std(0), one.std(1)), (Some(4.0), Some(0.0), None));
        assert_eq!((one.skew(), one.kurtosis()), (None, None));
        let huge = Moments::of(&[f64::MAX, f64::MAX]);
        assert_eq!((huge.sum(), huge.mean(), huge.variance(1)), (None, None, None));
    }

    #[test]
    fn merging_is_taking_all_at_once() {
        let values: Vec<f64> = (0..1000).map(|n| f64::from(n * n % 917) * 0.1 + 1e7).collect();
        let whole = Moments::of(&values);
        let parts = values.chunks(37).map(Moments::of).fold(Moments::default(), Moments::merge);
        assert_eq!((whole.count(), whole.sum()), (parts.count(), parts.sum()));
        for (a, b) in [
            (whole.mean(), parts.mean()),
            (whole.variance(1), parts.variance(1)),
            (whole.kurtosis(), parts.kurtosis()),
        ] {
            close(a, b.expect("a value"));
        }
        // Near zero: what counts is how far from a kurtosis of the same size.
        assert!((whole.skew().expect("a value") - parts.skew().expect("a value")).abs() < 1e-12);
        let (mean, variance) = Moments::mean_and_variance(&values, 1);
        assert_eq!((mean, variance), (whole.mean(), whole.variance(1)));
    }
}
