//! How many different values, and which are frequent.

use std::collections::HashMap;
use std::hash::Hash;

/// So many are counted one by one.
pub(crate) const EXACT: usize = 10_000;

/// Or as many as have so many bytes of text.
const EXACT_BYTES: usize = 4 << 20;

/// Registers of the sketch: 2^14, a standard error of 0.81 %.
const BITS: u32 = 14;

/// Counts of values, exact up to [`EXACT`] of them and [`EXACT_BYTES`] of text, an estimate beyond.
///
/// The estimate is that of P. Flajolet, É. Fusy, O. Gandouet and F. Meunier, "HyperLogLog" (2007), over 64-bit hashes. Both depend on the set of values alone, in whatever order they come.
#[derive(Clone, Debug)]
pub(crate) enum Distinct<K> {
    Exact(Counts<K>),
    /// Exact too, of a block: each value once.
    Listed(Vec<(K, u64)>),
    Estimate(Box<Registers>),
}

/// Values, how often each is there, and what bytes they hold beside.
#[derive(Clone, Debug)]
pub(crate) struct Counts<K> {
    counts: HashMap<K, u64>,
    bytes: usize,
}

/// What is hashed must not depend on the process.
pub(crate) trait Value: Eq + Hash {
    fn hash64(&self) -> u64;

    /// Bytes that it holds elsewhere.
    fn bytes(&self) -> usize {
        0
    }
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

    fn bytes(&self) -> usize {
        self.len()
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

impl<K> Default for Counts<K> {
    fn default() -> Counts<K> {
        Counts { counts: HashMap::new(), bytes: 0 }
    }
}

impl<K: Value> Counts<K> {
    fn add(&mut self, value: K, count: u64) {
        let bytes = value.bytes();
        let counted = self.counts.entry(value).or_insert_with(|| {
            self.bytes += bytes;
            0
        });
        *counted += count;
    }

    fn registers(&self) -> Box<Registers> {
        let mut registers = Registers::new();
        self.counts.keys().for_each(|value| registers.add(value.hash64()));
        Box::new(registers)
    }
}

impl<K> Default for Distinct<K> {
    fn default() -> Distinct<K> {
        Distinct::Exact(Counts::default())
    }
}

impl<K: Value> Distinct<K> {
    /// Values and how often each is there; each comes once.
    pub(crate) fn of(counts: impl IntoIterator<Item = (K, u64)>) -> Distinct<K> {
        let all = Distinct::Listed(counts.into_iter().collect());
        let Distinct::Listed(counts) = &all else { return all };
        let bytes: usize = counts.iter().map(|(value, _)| value.bytes()).sum();
        if counts.len() <= EXACT && bytes <= EXACT_BYTES {
            return all;
        }
        let mut registers = Registers::new();
        counts.iter().for_each(|(value, _)| registers.add(value.hash64()));
        Distinct::Estimate(Box::new(registers))
    }

    /// Adds what is known of some values. Once it is an estimate it stays one.
    pub(crate) fn merge(&mut self, other: Distinct<K>) {
        if let Distinct::Listed(listed) = self {
            let mut all = Counts::default();
            listed.drain(..).for_each(|(value, count)| all.add(value, count));
            *self = Distinct::Exact(all);
        }
        match (&mut *self, other) {
            (Distinct::Exact(all), Distinct::Estimate(other)) => {
                let mut registers = all.registers();
                registers.merge(&other);
                *self = Distinct::Estimate(registers);
            }
            (Distinct::Exact(all), more) => {
                more.into_counts().into_iter().for_each(|(value, count)| all.add(value, count));
                if all.counts.len() > EXACT || all.bytes > EXACT_BYTES {
                    *self = Distinct::Estimate(all.registers());
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

    /// Whether values are no longer counted one by one.
    pub(crate) fn is_estimate(&self) -> bool {
        matches!(self, Distinct::Estimate(_))
    }

    fn into_counts(self) -> Vec<(K, u64)> {
        match self {
            Distinct::Exact(all) => all.counts.into_iter().collect(),
            Distinct::Listed(counts) => counts,
            Distinct::Estimate(_) => Vec::new(),
        }
    }

    /// Bytes held, about.
    pub(crate) fn held(&self) -> u64 {
        match self {
            // A table is at most seven eighths full, and may be half of that.
            Distinct::Exact(all) => {
                let one = size_of::<(K, u64)>() + 1;
                (2 * one * all.counts.len() + all.bytes) as u64
            }
            Distinct::Listed(counts) => {
                let beside: usize = counts.iter().map(|(value, _)| value.bytes()).sum();
                (size_of::<(K, u64)>() * counts.len() + beside) as u64
            }
            Distinct::Estimate(_) => 1 << BITS,
        }
    }

    /// How many, and whether that is exact.
    pub(crate) fn count(&self) -> (u64, bool) {
        match self {
            Distinct::Exact(all) => (all.counts.len() as u64, true),
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
            Distinct::Exact(all) => {
                all.counts.iter().map(|(value, count)| (value, *count)).collect()
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
    fn long_texts_are_counted_up_to_their_bytes() {
        let text = |n: u64| -> Box<[u8]> { Box::from(vec![n as u8; 1 << 20]) };
        let mut all = Distinct::default();
        for n in 0..4 {
            all.merge(Distinct::of([(text(n), 1)]));
            all.merge(Distinct::of([(text(0), 1)]));
        }
        assert!(!all.is_estimate() && all.held() < 5 << 20);
        all.merge(Distinct::of([(text(4), 1)]));
        assert!(all.is_estimate() && Distinct::of((0..5).map(|n| (text(n), 1))).is_estimate());
        assert_eq!(all.count(), (5, false));
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
