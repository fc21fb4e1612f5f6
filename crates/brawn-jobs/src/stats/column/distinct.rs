//! How many different values, and which are frequent.

use std::collections::HashMap;
use std::hash::Hash;

/// So many are counted one by one.
pub(crate) const EXACT: usize = 10_000;

/// Registers of the sketch: 2^14, a standard error of 0.81 %.
const BITS: u32 = 14;

/// Counts of values, exact up to [`EXACT`] of them, an estimate beyond.
///
/// The estimate is that of P. Flajolet, É. Fusy, O. Gandouet and F. Meunier, "HyperLogLog" (2007), over 64-bit hashes. Both depend on the set of values alone, in whatever order they come.
#[derive(Clone, Debug)]
pub(crate) enum Distinct<K> {
    Exact(HashMap<K, u64>),
    /// Exact too, of a block: each value once.
    Listed(Vec<(K, u64)>),
    Estimate(Box<Registers>),
}

/// What is hashed must not depend on the process.
pub(crate) trait Value: Eq + Hash {
    fn hash64(&self) -> u64;
}

/// The bits of a finite number.
impl Value for u64 {
    fn hash64(&self) -> u64 {
        mixed(*self)
    }
}

impl Value for Box<[u8]> {
    fn hash64(&self) -> u64 {
        hash_bytes(self)
    }
}

/// FNV-1a over words of eight bytes, mixed: spread over all 64 bits, which the registers need, and no secret.
pub(crate) fn hash_bytes(bytes: &[u8]) -> u64 {
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let (words, rest) = bytes.as_chunks::<8>();
    let mut hash = 0xcbf2_9ce4_8422_2325 ^ bytes.len() as u64;
    for word in words {
        hash = (hash ^ mixed(u64::from_le_bytes(*word))).wrapping_mul(PRIME);
    }
    for byte in rest {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(PRIME);
    }
    mixed(hash)
}

/// The finaliser of SplitMix64 (G. L. Steele, D. Lea, C. H. Flood, 2014).
fn mixed(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// The sketch.
#[derive(Clone, Debug)]
pub(crate) struct Registers(Vec<u8>);

impl Registers {
    pub(crate) fn new() -> Registers {
        Registers(vec![0; 1 << BITS])
    }

    pub(crate) fn add(&mut self, hash: u64) {
        let zeros = (hash << BITS).leading_zeros().min(64 - BITS) as u8 + 1;
        if let Some(register) = self.0.get_mut((hash >> (64 - BITS)) as usize) {
            *register = zeros.max(*register);
        }
    }

    fn merge(&mut self, other: &Registers) {
        for (register, other) in self.0.iter_mut().zip(&other.0) {
            *register = (*other).max(*register);
        }
    }

    /// O. Ertl, "New cardinality estimation algorithms for HyperLogLog sketches" (2017), algorithm 6: without bias from few
    /// values to many.
    fn estimate(&self) -> u64 {
        const LAST: usize = (64 - BITS) as usize + 1;
        let mut counts = [0_u64; LAST + 1];
        for register in &self.0 {
            if let Some(count) = counts.get_mut(usize::from(*register)) {
                *count += 1;
            }
        }
        let m = self.0.len() as f64;
        let [empty, middle @ .., full] = &counts;
        let mut z = m * tau(1.0 - *full as f64 / m);
        for count in middle.iter().rev() {
            z = 0.5 * (z + *count as f64);
        }
        z += m * sigma(*empty as f64 / m);
        (m * m / (2.0 * std::f64::consts::LN_2 * z)).round() as u64
    }
}

fn sigma(mut x: f64) -> f64 {
    if x == 1.0 {
        return f64::INFINITY;
    }
    let (mut y, mut z) = (1.0, x);
    loop {
        x *= x;
        let before = z;
        z += x * y;
        y += y;
        if z == before {
            return z;
        }
    }
}

fn tau(mut x: f64) -> f64 {
    if x == 0.0 || x == 1.0 {
        return 0.0;
    }
    let (mut y, mut z) = (1.0, 1.0 - x);
    loop {
        x = x.sqrt();
        let before = z;
        y *= 0.5;
        z -= (1.0 - x) * (1.0 - x) * y;
        if z == before {
            return z / 3.0;
        }
    }
}

impl<K> Default for Distinct<K> {
    fn default() -> Distinct<K> {
        Distinct::Exact(HashMap::new())
    }
}

impl<K: Value> Distinct<K> {
    /// Values and how often each is there; each comes once.
    pub(crate) fn of(counts: impl IntoIterator<Item = (K, u64)>) -> Distinct<K> {
        Distinct::Listed(counts.into_iter().collect())
    }

    /// Adds what is known of some values.
    pub(crate) fn merge(&mut self, other: Distinct<K>) {
        if let Distinct::Listed(counts) = self {
            *self = Distinct::Exact(counts.drain(..).collect());
        }
        match (&mut *self, other) {
            (Distinct::Exact(counts), Distinct::Estimate(mut registers)) => {
                counts.keys().for_each(|value| registers.add(value.hash64()));
                *self = Distinct::Estimate(registers);
            }
            (Distinct::Exact(counts), more) => {
                for (value, count) in more.into_counts() {
                    *counts.entry(value).or_default() += count;
                }
                if counts.len() > EXACT {
                    let mut registers = Registers::new();
                    counts.keys().for_each(|value| registers.add(value.hash64()));
                    *self = Distinct::Estimate(Box::new(registers));
                }
            }
            (Distinct::Estimate(registers), Distinct::Estimate(other)) => registers.merge(&other),
            (Distinct::Estimate(registers), more) => {
                more.into_counts().iter().for_each(|(value, _)| registers.add(value.hash64()));
            }
            // It has become exact above.
            (Distinct::Listed(_), _) => {}
        }
    }

    fn into_counts(self) -> Vec<(K, u64)> {
        match self {
            Distinct::Exact(counts) => counts.into_iter().collect(),
            Distinct::Listed(counts) => counts,
            Distinct::Estimate(_) => Vec::new(),
        }
    }

    /// Bytes held, about; `beside` is what a value holds elsewhere.
    pub(crate) fn held(&self, beside: impl Fn(&K) -> usize) -> u64 {
        match self {
            // A table is at most seven eighths full, and may be half of that.
            Distinct::Exact(counts) => {
                let one = size_of::<(K, u64)>() + 1;
                (2 * one * counts.len() + counts.keys().map(beside).sum::<usize>()) as u64
            }
            Distinct::Listed(counts) => {
                let beside: usize = counts.iter().map(|(value, _)| beside(value)).sum();
                (size_of::<(K, u64)>() * counts.len() + beside) as u64
            }
            Distinct::Estimate(_) => 1 << BITS,
        }
    }

    /// How many, and whether that is exact.
    pub(crate) fn count(&self) -> (u64, bool) {
        match self {
            Distinct::Exact(counts) => (counts.len() as u64, true),
            Distinct::Listed(counts) => (counts.len() as u64, true),
            Distinct::Estimate(registers) => (registers.estimate(), false),
        }
    }

    /// The `most` most frequent, of as many the first by `order`; `None` where they were not counted.
    pub(crate) fn top(
        &self,
        most: usize,
        order: impl Fn(&K, &K) -> std::cmp::Ordering,
    ) -> Option<Vec<(&K, u64)>> {
        let mut all: Vec<(&K, u64)> = match self {
            Distinct::Exact(counts) => {
                counts.iter().map(|(value, count)| (value, *count)).collect()
            }
            Distinct::Listed(counts) => {
                counts.iter().map(|(value, count)| (value, *count)).collect()
            }
            Distinct::Estimate(_) => return None,
        };
        all.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| order(a.0, b.0)));
        all.truncate(most);
        Some(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: impl Iterator<Item = u64>) -> Distinct<u64> {
        let mut all = Distinct::default();
        for value in values {
            all.merge(Distinct::of([(value, 1)]));
        }
        all
    }

    #[test]
    fn few_values_are_counted() {
        let distinct = of([3, 1, 3, 2, 2, 3].into_iter());
        assert_eq!(distinct.count(), (3, true));
        assert_eq!(distinct.top(2, u64::cmp), Some(vec![(&3, 3), (&2, 2)]));
    }

    #[test]
    fn many_are_estimated_within_three_standard_errors_in_any_order() {
        for (count, step) in [(20_000_u64, 1), (43_000, 3), (100_000, 7), (300_000, 1_000_003)] {
            let forwards = of((0..count).map(|n| n * step));
            let mut backwards = of((count / 2..count).rev().map(|n| n * step));
            backwards.merge(of((0..count / 2).map(|n| n * step)));
            let (estimate, is_exact) = forwards.count();
            assert_eq!((estimate, is_exact), backwards.count());
            assert!(!is_exact && forwards.top(1, u64::cmp).is_none());
            let error = (estimate as f64 - count as f64).abs() / count as f64;
            assert!(error < 0.025, "{count}: {estimate}");
        }
    }
}
