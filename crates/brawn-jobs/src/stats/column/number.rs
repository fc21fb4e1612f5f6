//! A column of numbers.

use serde_json::{Map, Value, json};

use super::distinct::{Distinct, Registers, Value as _};
use super::sample::{Sample, key, value_of};
use crate::numbers::{Bounds, Moments, Outliers};
use crate::stats::options::Options;

/// The farthest outliers that are shown, on each side.
const SHOWN: usize = 5;

/// Moments, order and counts of the values of a column.
#[derive(Clone, Debug, Default)]
pub(crate) struct NumberColumn {
    moments: Moments,
    nulls: u64,
    fraction: bool,
    min: Option<f64>,
    max: Option<f64>,
    sample: Sample,
    /// By bits.
    distinct: Distinct<u64>,
    /// Of a block: its sorted values, which no sample has yet.
    run: Vec<f64>,
}

impl NumberColumn {
    /// Of the values of a block, NaN where there is none; of `rows` alone where they are given. The different ones are not
    /// counted one by one where they are an `estimate` already.
    pub(crate) fn of(
        values: &[f64],
        rows: Option<&[u32]>,
        fraction: bool,
        estimate: bool,
    ) -> NumberColumn {
        let some: Vec<f64>;
        let there = match rows {
            None if !values.iter().any(|value| value.is_nan()) => values,
            None => {
                some = values.iter().copied().filter(|value| !value.is_nan()).collect();
                &some
            }
            Some(rows) => {
                let of_rows = rows.iter().filter_map(|row| values.get(*row as usize).copied());
                some = of_rows.filter(|value| !value.is_nan()).collect();
                &some
            }
        };
        // Of a group: the point may stand in the rows of others.
        let fraction =
            fraction && (rows.is_none() || there.iter().any(|value| value.fract() != 0.0));
        let all = rows.map_or(values.len(), <[u32]>::len);
        // As integers, which the library compares without branches.
        let mut keys: Vec<u64> = there.iter().map(|value| key(*value)).collect();
        keys.sort_unstable();
        let distinct = distinct(&keys, estimate);
        let run: Vec<f64> = keys.into_iter().map(value_of).collect();
        NumberColumn {
            moments: Moments::of(there),
            nulls: (all - run.len()) as u64,
            fraction,
            min: run.first().copied(),
            max: run.last().copied(),
            sample: Sample::default(),
            distinct,
            run,
        }
    }

    pub(crate) fn is_estimate(&self) -> bool {
        self.distinct.is_estimate()
    }

    pub(crate) fn merge(&mut self, next: NumberColumn, bound: usize) {
        self.moments = self.moments.merge(next.moments);
        self.nulls += next.nulls;
        self.fraction |= next.fraction;
        self.min = pick(self.min, next.min, f64::min);
        self.max = pick(self.max, next.max, f64::max);
        self.distinct.merge(next.distinct);
        if !self.run.is_empty() {
            let run = std::mem::take(&mut self.run);
            self.sample.push(run, bound);
        }
        self.sample.push(next.run, bound);
    }

    pub(crate) fn held(&self) -> u64 {
        self.sample.held() + 8 * self.run.len() as u64 + self.distinct.held()
    }

    pub(crate) fn describe(&self, options: &Options) -> Map<String, Value> {
        let whole;
        // One block alone has not been merged with anything.
        let sample = if self.run.is_empty() {
            &self.sample
        } else {
            let mut sample = Sample::default();
            sample.push(self.run.clone(), usize::MAX);
            whole = sample;
            &whole
        };
        let moments = &self.moments;
        let (distinct, is_counted) = self.distinct.count();
        // Thinning may have dropped the ends.
        let quantile = |q| match q {
            0.0 => self.min,
            1.0 => self.max,
            q => sample.quantile(options.quantile_rule, q),
        };
        let quantiles: Map<String, Value> =
            options.quantiles.iter().map(|q| (q.to_string(), json!(quantile(*q)))).collect();
        let mut all = Map::new();
        let mut put = |name: &str, value: Value| all.insert(name.to_owned(), value);
        put("type", if self.fraction { "float" } else { "integer" }.into());
        put("count", moments.count().into());
        put("nulls", self.nulls.into());
        put("distinct", distinct.min(moments.count()).into());
        let is_exact = is_counted && !self.is_rounded();
        put("distinct_is", if is_exact { "exact" } else { "estimate" }.into());
        put("min", self.written(self.min));
        put("max", self.written(self.max));
        put("sum", self.written(moments.sum()));
        put("mean", json!(moments.mean()));
        put("variance", json!(moments.variance(options.ddof)));
        put("std", json!(moments.std(options.ddof)));
        put("skew", json!(moments.skew()));
        put("kurtosis", json!(moments.kurtosis()));
        put("median", json!(quantile(0.5)));
        put("quantiles", quantiles.into());
        put("quantile_error", json!(sample.rank_error()));
        put("outliers", self.outliers(sample, options));
        if let Some(top) =
            self.distinct.top(options.top, |a, b| f64::from_bits(*a).total_cmp(&f64::from_bits(*b)))
        {
            let of = |(bits, count): (&u64, u64)| json!({ "value": self.written(Some(f64::from_bits(*bits))), "count": count });
            put("top", top.into_iter().map(of).collect());
        }
        if let (Some(min), Some(max)) = (self.min, self.max) {
            put("histogram", histogram(sample, min, max, options.bins));
        }
        all
    }

    /// Whether integers are there that binary64 does not hold: beyond 2^53 two of them may have become one.
    pub(crate) fn is_rounded(&self) -> bool {
        let largest = self.max.unwrap_or_default().max(-self.min.unwrap_or_default());
        !self.fraction && largest > 9_007_199_254_740_992.0
    }

    /// What people should know.
    pub(crate) fn warning(&self, name: &str) -> Option<String> {
        if self.is_rounded() {
            return Some(format!(
                "column `{name}` has integers beyond 2^53, which are rounded (`types` pins it to text)"
            ));
        }
        let has_no_mean = self.moments.count() > 0 && self.moments.mean().is_none();
        let has_no_std = self.moments.count() > 1 && self.moments.std(0).is_none();
        (has_no_mean || has_no_std).then(|| {
            format!("column `{name}` has numbers so large that its mean or deviation is none")
        })
    }

    /// An integer without `.0`, where the column has no others.
    fn written(&self, value: Option<f64>) -> Value {
        match value {
            // 2^53: beyond, the text may have had other digits.
            Some(value) if !self.fraction && value.abs() <= 9_007_199_254_740_992.0 => {
                json!(value as i64)
            }
            value => json!(value),
        }
    }

    fn outliers(&self, sample: &Sample, options: &Options) -> Value {
        let factor = options.outlier_factor.unwrap_or_else(|| options.outliers.usual());
        let bounds = self.bounds(sample, options.outliers, factor, options.ddof);
        let mut all = json!({ "rule": options.outliers, "factor": factor });
        let Some(fields) = all.as_object_mut() else { return all };
        match bounds {
            None => {
                fields.insert("count".to_owned(), 0.into());
            }
            Some(bounds) => {
                let below = sample.less_than(bounds.low);
                let above = sample.weight().saturating_sub(sample.up_to(bounds.high));
                fields.insert("low".to_owned(), json!(bounds.low));
                fields.insert("high".to_owned(), json!(bounds.high));
                fields.insert("count".to_owned(), (below + above).into());
                fields.insert("below".to_owned(), below.into());
                fields.insert("above".to_owned(), above.into());
                let farthest = (
                    sample.least_below(bounds.low, SHOWN),
                    sample.greatest_above(bounds.high, SHOWN),
                );
                fields.insert("least".to_owned(), json!(farthest.0));
                fields.insert("greatest".to_owned(), json!(farthest.1));
            }
        }
        all
    }

    fn bounds(&self, sample: &Sample, rule: Outliers, factor: f64, ddof: u8) -> Option<Bounds> {
        let quantile = |q| sample.quantile(crate::numbers::Quantile::Linear, q);
        match rule {
            Outliers::Iqr => Some(Outliers::fences(quantile(0.25)?, quantile(0.75)?, factor)),
            Outliers::Mad => {
                let median = quantile(0.5)?;
                Outliers::around(median, sample.median_distance(median)? / 0.6745, factor)
            }
            Outliers::Zscore => {
                Outliers::around(self.moments.mean()?, self.moments.std(ddof)?, factor)
            }
        }
    }
}

fn pick(a: Option<f64>, b: Option<f64>, of: impl Fn(f64, f64) -> f64) -> Option<f64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(of(a, b)),
        (a, b) => a.or(b),
    }
}

/// Of [keys](key) in ascending order.
fn distinct(ascending: &[u64], estimate: bool) -> Distinct<u64> {
    let bits = |key: u64| value_of(key).to_bits();
    if estimate {
        let mut registers = Registers::new();
        let mut before = None;
        for key in ascending.iter().copied().filter(|key| before.replace(*key) != Some(*key)) {
            registers.add(bits(key).hash64());
        }
        return Distinct::Estimate(Box::new(registers));
    }
    let runs = ascending.chunk_by(|a, b| a == b);
    Distinct::of(runs.filter_map(|run| Some((bits(*run.first()?), run.len() as u64))))
}

/// As `numpy.histogram` counts: bins of equal width, each without its upper edge but the last.
fn histogram(sample: &Sample, min: f64, max: f64, bins: usize) -> Value {
    let width = max - min;
    if bins == 0 || !width.is_finite() {
        return Value::Null;
    }
    // Of one value NumPy makes bins around it.
    let half = (min.abs() * f64::EPSILON * 8.0).max(0.5);
    let (min, max) = if width > 0.0 { (min, max) } else { (min - half, max + half) };
    let step = (max - min) / bins as f64;
    let mut edges: Vec<f64> = (0..bins).map(|bin| min + bin as f64 * step).collect();
    edges.push(max);
    let before: Vec<u64> = edges.iter().map(|edge| sample.less_than(*edge)).collect();
    let last = sample.up_to(max);
    let counts: Vec<u64> = before
        .windows(2)
        .enumerate()
        .filter_map(|(bin, pair)| match pair {
            [from, to] => Some(if bin + 1 == bins { last - from } else { to - from }),
            _ => None,
        })
        .collect();
    json!({ "edges": edges, "counts": counts })
}
