//! Numbers of twice the precision: the unevaluated sum of two binary64.
//!
//! T. J. Dekker, "A floating-point technique for extending the available precision", Numerische Mathematik 18 (1971);
//! D. E. Knuth, The Art of Computer Programming, volume 2, 4.2.2 (the sum of two with its error).

use std::ops::{Add, Div, Mul, Neg, Sub};

/// `hi + lo`, where `hi` is the sum rounded.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Dd {
    pub(crate) hi: f64,
    pub(crate) lo: f64,
}

/// The sum of two, rounded, and what rounding took.
pub(crate) fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let of_b = sum - a;
    (sum, (a - (sum - of_b)) + (b - of_b))
}

fn two_product(a: f64, b: f64) -> (f64, f64) {
    let product = a * b;
    (product, a.mul_add(b, -product))
}

impl Dd {
    pub(crate) fn value(self) -> f64 {
        self.hi + self.lo
    }

    fn of(hi: f64, lo: f64) -> Dd {
        let (hi, lo) = two_sum(hi, lo);
        Dd { hi, lo }
    }
}

impl From<f64> for Dd {
    fn from(hi: f64) -> Dd {
        Dd { hi, lo: 0.0 }
    }
}

/// Up to 2^53, which is more than there is to count.
impl From<u64> for Dd {
    fn from(count: u64) -> Dd {
        Dd::from(count as f64)
    }
}

impl Neg for Dd {
    type Output = Dd;

    fn neg(self) -> Dd {
        Dd { hi: -self.hi, lo: -self.lo }
    }
}

impl Add for Dd {
    type Output = Dd;

    fn add(self, other: Dd) -> Dd {
        let (hi, error) = two_sum(self.hi, other.hi);
        let (lo, last) = two_sum(self.lo, other.lo);
        let first = Dd::of(hi, error + lo);
        Dd::of(first.hi, first.lo + last)
    }
}

impl Sub for Dd {
    type Output = Dd;

    fn sub(self, other: Dd) -> Dd {
        self + -other
    }
}

impl Mul for Dd {
    type Output = Dd;

    fn mul(self, other: Dd) -> Dd {
        let (hi, error) = two_product(self.hi, other.hi);
        Dd::of(hi, error + (self.hi * other.lo + self.lo * other.hi))
    }
}

impl Div for Dd {
    type Output = Dd;

    fn div(self, other: Dd) -> Dd {
        let first = self.hi / other.hi;
        let rest = self - other * Dd::from(first);
        let second = rest.hi / other.hi;
        let rest = rest - other * Dd::from(second);
        Dd::of(first, second) + Dd::from(rest.hi / other.hi)
    }
}

/// What moments are made of: the sums of the deviations, and of their second, third and fourth powers.
///
/// Sixteen in each of eight lanes are added plainly, which takes no more than 2e-15 of a sum of squares; those sums are added
/// with their errors.
#[allow(
    clippy::indexing_slicing,
    clippy::needless_range_loop,
    reason = "arrays of one length, which become vectors"
)]
pub(crate) fn powers(values: &[f64], deviation: impl Fn(f64) -> f64) -> [Dd; 4] {
    const LANES: usize = 8;
    const PLAIN: usize = 16 * LANES;
    let mut all = [Dd::default(); 4];
    for values in values.chunks(PLAIN) {
        let mut sums = [[0.0_f64; LANES]; 4];
        let (whole, rest) = values.as_chunks::<LANES>();
        for chunk in whole {
            for lane in 0..LANES {
                let d = deviation(chunk[lane]);
                let square = d * d;
                sums[0][lane] += d;
                sums[1][lane] += square;
                sums[2][lane] += square * d;
                sums[3][lane] += square * square;
            }
        }
        for (lane, value) in rest.iter().enumerate() {
            let d = deviation(*value);
            let square = d * d;
            sums[0][lane] += d;
            sums[1][lane] += square;
            sums[2][lane] += square * d;
            sums[3][lane] += square * square;
        }
        for power in 0..4 {
            let [a, b, c, d, e, f, g, h] = sums[power];
            let sum = ((a + b) + (c + d)) + ((e + f) + (g + h));
            let (hi, lost) = two_sum(all[power].hi, sum);
            all[power] = Dd { hi, lo: all[power].lo + lost };
        }
    }
    all.map(|Dd { hi, lo }| Dd::of(hi, lo))
}

/// The sum of `values` after `f`, in eight lanes that are added in order: the same bits whatever the machine's vectors are.
#[allow(
    clippy::indexing_slicing,
    clippy::needless_range_loop,
    reason = "arrays of one length, which become vectors"
)]
pub(crate) fn sum_of(values: &[f64], f: impl Fn(f64) -> f64) -> Dd {
    const LANES: usize = 8;
    let (mut sums, mut errors) = ([0.0_f64; LANES], [0.0_f64; LANES]);
    let (whole, rest) = values.as_chunks::<LANES>();
    for chunk in whole {
        for lane in 0..LANES {
            let (new, lost) = two_sum(sums[lane], f(chunk[lane]));
            sums[lane] = new;
            errors[lane] += lost;
        }
    }
    for (lane, value) in rest.iter().enumerate() {
        let (new, lost) = two_sum(sums[lane], f(*value));
        sums[lane] = new;
        errors[lane] += lost;
    }
    sums.into_iter().zip(errors).fold(Dd::default(), |all, (sum, error)| all + Dd::of(sum, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_binary64_would_lose_is_kept() {
        let small = Dd::from(1e-20);
        assert_eq!((Dd::from(1.0) + small - Dd::from(1.0)).value(), 1e-20);
        let third = Dd::from(1.0) / Dd::from(3.0);
        // 1/3 in 106 bits, times 3, is 1 within 2^-104.
        assert!((third * Dd::from(3.0) - Dd::from(1.0)).value().abs() < 5e-32);
        assert_eq!((Dd::from(0.1) * Dd::from(0.1)).hi, 0.1 * 0.1);
    }

    #[test]
    fn sums_are_exact_where_their_terms_cancel() {
        let mut values = vec![1e16, 1.0, -1e16];
        values.extend([0.1; 10]);
        values.extend([-1e16, 1e16]);
        assert_eq!(sum_of(&values, |x| x).value(), 2.0);
        assert_eq!(sum_of(&[], |x| x).value(), 0.0);
    }
}
