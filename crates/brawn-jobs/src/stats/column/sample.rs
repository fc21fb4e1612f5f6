//! The values of a column, all of them or as many as fit, in order: ranks, quantiles, counts.
//!
//! Values come as sorted runs. While all fit they are all kept, and every answer is exact. Beyond, of two runs every other
//! value is kept, with twice the weight (G. S. Manku, S. Rajagopalan, B. G. Lindsay, "Approximate medians and other
//! quantiles in one pass and with limited memory", SIGMOD 1998): an answer is then off by a share of ranks that
//! [`rank_error`](Sample::rank_error) bounds. What is kept depends on the order of the runs alone.

use crate::numbers::Quantile;

/// Short runs are joined up to this length, or an eighth of what fits: groups and wide tables have fewer runs to look into
/// then, and the runs of a table with few columns are left as they are.
const JOINED: usize = 1 << 12;

/// Sorted runs of values with weights.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sample {
    runs: Vec<Run>,
    /// Values held.
    held: usize,
    /// Values that came.
    count: u64,
    /// Ranks that thinning may have moved a value by, at most.
    moved: f64,
}

#[derive(Clone, Debug)]
struct Run {
    weight: u64,
    ascending: Vec<f64>,
}

/// A number whose order as an integer is that of the values.
pub(crate) fn key(value: f64) -> u64 {
    let bits = value.to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

pub(crate) fn value_of(key: u64) -> f64 {
    f64::from_bits(if key >> 63 == 1 { key & !(1 << 63) } else { !key })
}

impl Sample {
    /// Adds a sorted run and keeps no more than `bound` values (and the last two runs).
    pub(crate) fn push(&mut self, ascending: Vec<f64>, bound: usize) {
        if ascending.is_empty() {
            return;
        }
        self.count += ascending.len() as u64;
        self.held += ascending.len();
        self.runs.push(Run { weight: 1, ascending });
        let longest = JOINED.min(bound / 8);
        while let [.., before, last] = self.runs.as_mut_slice() {
            let (long, short) = (before.ascending.len(), last.ascending.len());
            if before.weight != last.weight || long > 2 * short || long + short > longest {
                break;
            }
            let joined = merge(&before.ascending, &last.ascending);
            before.ascending = joined;
            self.runs.pop();
        }
        while self.held > bound.max(2) && self.thin() {}
    }

    /// Halves the first two runs of the least weight that two have.
    fn thin(&mut self) -> bool {
        let mut weights: Vec<u64> = self.runs.iter().map(|run| run.weight).collect();
        weights.sort_unstable();
        let twice = weights.windows(2).find_map(|pair| match pair {
            [a, b] if a == b => Some(*a),
            _ => None,
        });
        let Some(weight) = twice else { return false };
        let mut pair = self.runs.iter().enumerate().filter(|(_, run)| run.weight == weight);
        let (Some((first, _)), Some((second, _))) = (pair.next(), pair.next()) else {
            return false;
        };
        let other = self.runs.remove(second);
        let Some(run) = self.runs.get_mut(first) else { return false };
        let merged = merge(&run.ascending, &other.ascending);
        // The lower and the higher of each two in turn, or the median would drift.
        let skip = usize::from((self.moved / weight as f64) as u64 % 2 == 1);
        let (pairs, last) = merged.as_chunks::<2>();
        let mut kept = Vec::with_capacity(merged.len().div_ceil(2));
        kept.extend(pairs.iter().map(|[low, high]| if skip == 0 { *low } else { *high }));
        kept.extend(last.iter().filter(|_| skip == 0));
        run.ascending = kept;
        run.weight = 2 * weight;
        self.held = self.held + run.ascending.len() - merged.len();
        self.moved += weight as f64;
        true
    }

    /// Bytes held.
    pub(crate) fn held(&self) -> u64 {
        8 * self.held as u64
    }

    /// The share of all values by which the rank of an answer may be off; 0 while all are held.
    pub(crate) fn rank_error(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.moved / self.count as f64 }
    }

    /// All weights together: the count, but for what thinning an odd number rounds.
    pub(crate) fn weight(&self) -> u64 {
        self.runs.iter().map(|run| run.weight * run.ascending.len() as u64).sum()
    }

    /// How many values are less than `value`.
    pub(crate) fn less_than(&self, value: f64) -> u64 {
        self.before(|other| *other < value)
    }

    /// How many values are `value` or less.
    pub(crate) fn up_to(&self, value: f64) -> u64 {
        self.before(|other| *other <= value)
    }

    fn before(&self, is_before: impl Fn(&f64) -> bool) -> u64 {
        let count = |run: &Run| run.weight * run.ascending.partition_point(&is_before) as u64;
        self.runs.iter().map(count).sum()
    }

    /// The value of a rank, from 0. Halves the range of possible values until one is left.
    fn at(&self, rank: u64) -> Option<f64> {
        let ends = |run: &Run| Some((*run.ascending.first()?, *run.ascending.last()?));
        let low = self.runs.iter().filter_map(|run| Some(ends(run)?.0)).min_by(f64::total_cmp)?;
        let high = self.runs.iter().filter_map(|run| Some(ends(run)?.1)).max_by(f64::total_cmp)?;
        let (mut low, mut high) = (key(low), key(high));
        // Of each run, where in it the value must stand: less and less of it is looked into.
        let mut within: Vec<(usize, usize)> =
            self.runs.iter().map(|run| (0, run.ascending.len())).collect();
        let mut places = vec![0; self.runs.len()];
        while low < high {
            let middle = low + (high - low) / 2;
            let value = value_of(middle);
            let mut up_to = 0;
            for ((run, (from, to)), place) in self.runs.iter().zip(&within).zip(&mut places) {
                let some = run.ascending.get(*from..*to).unwrap_or_default();
                *place = from + some.partition_point(|other| *other <= value);
                up_to += run.weight * *place as u64;
            }
            let is_below = up_to > rank;
            if is_below {
                high = middle
            } else {
                low = middle + 1
            }
            for ((from, to), place) in within.iter_mut().zip(&places) {
                *(if is_below { to } else { from }) = *place;
            }
        }
        Some(value_of(low))
    }

    /// Quantile `q`, 0 to 1.
    pub(crate) fn quantile(&self, rule: Quantile, q: f64) -> Option<f64> {
        let (low, high, share) = rule.between(self.weight(), q);
        let first = self.at(low)?;
        let second = if high == low { first } else { self.at(high)? };
        Some(Quantile::interpolate(first, second, share))
    }

    /// The median distance from `centre`.
    pub(crate) fn median_distance(&self, centre: f64) -> Option<f64> {
        let (low, high, share) = Quantile::Linear.between(self.weight(), 0.5);
        let first = self.distance_at(centre, low)?;
        let second = if high == low { first } else { self.distance_at(centre, high)? };
        Some(Quantile::interpolate(first, second, share))
    }

    /// The distance from `centre` of a rank among all distances.
    fn distance_at(&self, centre: f64, rank: u64) -> Option<f64> {
        // Subtraction rounds, but keeps the order on either side of the centre.
        let within = |distance: f64| {
            let below = self.before(|value| *value < centre && centre - *value > distance);
            let up_to = self.before(|value| *value < centre || *value - centre <= distance);
            up_to - below
        };
        let ends = |run: &Run| Some((*run.ascending.first()?, *run.ascending.last()?));
        let farthest = self.runs.iter().filter_map(|run| {
            let (first, last) = ends(run)?;
            Some((first - centre).abs().max((last - centre).abs()))
        });
        let (mut low, mut high) = (key(0.0), key(farthest.max_by(f64::total_cmp)?));
        while low < high {
            let middle = low + (high - low) / 2;
            if within(value_of(middle)) > rank { high = middle } else { low = middle + 1 }
        }
        Some(value_of(low))
    }

    /// Up to `most` of the least values below `value`, in order.
    pub(crate) fn least_below(&self, value: f64, most: usize) -> Vec<f64> {
        let of = |run: &Run| -> Vec<f64> {
            run.ascending.iter().copied().take(most).take_while(|x| *x < value).collect()
        };
        let mut found: Vec<f64> = self.runs.iter().flat_map(of).collect();
        found.sort_unstable_by(f64::total_cmp);
        found.truncate(most);
        found
    }

    /// Up to `most` of the greatest values above `value`, the greatest first.
    pub(crate) fn greatest_above(&self, value: f64, most: usize) -> Vec<f64> {
        let of = |run: &Run| -> Vec<f64> {
            run.ascending.iter().rev().copied().take(most).take_while(|x| *x > value).collect()
        };
        let mut found: Vec<f64> = self.runs.iter().flat_map(of).collect();
        found.sort_unstable_by(|a, b| b.total_cmp(a));
        found.truncate(most);
        found
    }
}

fn merge(a: &[f64], b: &[f64]) -> Vec<f64> {
    let mut merged = Vec::with_capacity(a.len() + b.len());
    let (mut left, mut right) = (0, 0);
    // Which is less is as good as random, so no branch may depend on it.
    while let (Some(first), Some(second)) = (a.get(left), b.get(right)) {
        let is_second = second < first;
        merged.push(if is_second { *second } else { *first });
        right += usize::from(is_second);
        left += usize::from(!is_second);
    }
    merged.extend_from_slice(a.get(left..).unwrap_or_default());
    merged.extend_from_slice(b.get(right..).unwrap_or_default());
    merged
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numbers::{Outliers, sorted};

    fn values(count: u64) -> Vec<f64> {
        let mut state = 7_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 40) as f64 / 1000.0 - 4000.0
        };
        (0..count).map(|_| next()).collect()
    }

    fn sample(values: &[f64], run: usize, bound: usize) -> Sample {
        let mut sample = Sample::default();
        values.chunks(run).for_each(|run| sample.push(sorted(run), bound));
        sample
    }

    #[test]
    fn what_fits_is_answered_exactly_however_it_came() {
        let values = values(10_007);
        let ascending = sorted(&values);
        for run in [1, 63, 1000, 20_000] {
            let sample = sample(&values, run, usize::MAX);
            assert!(sample.rank_error() == 0.0 && sample.weight() == 10_007);
            for rule in [Quantile::Linear, Quantile::Hazen, Quantile::Nearest] {
                for q in [0.0, 0.01, 0.25, 0.5, 0.777, 1.0] {
                    assert_eq!(sample.quantile(rule, q), rule.of(&ascending, q), "{run} {q}");
                }
            }
            let centre = 12.5;
            let distances = sorted(&values.iter().map(|x| (x - centre).abs()).collect::<Vec<_>>());
            let median = Quantile::Linear.of(&distances, 0.5);
            assert_eq!(sample.median_distance(centre), median);
            let bounds = Outliers::Iqr.bounds(&ascending, 0.3).expect("bounds");
            let low = ascending.iter().filter(|x| **x < bounds.low).count() as u64;
            assert_eq!(sample.less_than(bounds.low), low);
            assert_eq!(sample.least_below(bounds.low, 3), ascending[..3]);
            let mut last = ascending[ascending.len() - 3..].to_vec();
            last.reverse();
            assert_eq!(sample.greatest_above(bounds.high, 3), last);
        }
    }

    #[test]
    fn negative_values_zeros_and_ties_keep_their_order() {
        let mut values = vec![0.0; 50];
        values.extend([-1e300, -2.0, -2.0, -2.0, 5e-324, 1e300]);
        let sample = sample(&values, 7, usize::MAX);
        for q in [0.0, 0.02, 0.1, 0.5, 0.99, 1.0] {
            assert_eq!(
                sample.quantile(Quantile::Lower, q),
                Quantile::Lower.of(&sorted(&values), q)
            );
        }
        assert_eq!(sample.median_distance(0.0), Some(0.0));
        assert_eq!(Sample::default().quantile(Quantile::Linear, 0.5), None);
    }

    #[test]
    fn what_does_not_fit_is_off_by_no_more_than_it_says() {
        let values = values(400_000);
        let ascending = sorted(&values);
        let sample = sample(&values, 5000, 50_000);
        assert!(sample.rank_error() > 0.0 && sample.held <= 50_000);
        assert!(sample.rank_error() < 0.01, "{}", sample.rank_error());
        for q in [0.001, 0.25, 0.5, 0.75, 0.999] {
            let value = sample.quantile(Quantile::Linear, q).expect("a value");
            let rank = ascending.partition_point(|x| *x < value) as f64 / 400_000.0;
            assert!((rank - q).abs() <= sample.rank_error() + 1e-5, "{q} {rank}");
        }
    }
}
