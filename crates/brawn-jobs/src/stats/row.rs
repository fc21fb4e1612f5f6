//! Statistics of the numbers of each row.

use brawn_core::rows::{Cell, Column, Field, Kind, Rows, Schema, Texts};

use super::options::Options;
use super::read::{Block, Cells, Frame};
use super::tile::{self, Tile};
use crate::numbers::{Bounds, Moments, Outliers, Quantile};

/// Which columns are what.
#[derive(Clone, Debug)]
pub(crate) struct RowPlan {
    /// Indices of the columns that name a row, and their names.
    pub(crate) keys: Vec<(usize, String)>,
    /// Indices of the columns whose numbers count.
    pub(crate) values: Vec<usize>,
}

impl RowPlan {
    /// The columns of the result. `outliers` is a JSON list, in the order of the columns.
    pub(crate) fn schema(&self) -> Schema {
        let field = |name: &str, kind, is_key| Field { name: name.to_owned(), kind, is_key };
        let mut fields: Vec<Field> =
            self.keys.iter().map(|(_, name)| field(name, Kind::Text, true)).collect();
        fields.extend([
            field("line", Kind::Integer, self.keys.is_empty()),
            field("count", Kind::Integer, false),
            field("mean", Kind::Float, false),
            field("median", Kind::Float, false),
            field("std", Kind::Float, false),
            field("outliers", Kind::Text, false),
        ]);
        Schema { name: "rows".to_owned(), fields: super::write::unique(fields) }
    }

    /// What is summed up of rows.
    pub(crate) const SUMMED: [&str; 5] = ["mean", "median", "std", "count", "outliers"];

    /// The values of `rows`, as [`rows`](RowPlan::rows) gave them, of which [`SUMMED`](RowPlan::SUMMED) are the names.
    pub(crate) fn summed(&self, rows: &Rows) -> Frame {
        let [_, count, mean, median, std, outliers] =
            rows.columns().get(self.keys.len()..).unwrap_or_default()
        else {
            return Frame::default();
        };
        let number = |column: &Column, at| match column.cell(at) {
            Cell::Float(value) => value,
            Cell::Integer(value) => value as f64,
            Cell::Text("[]") => 0.0,
            Cell::Text(list) => 1.0 + memchr::memchr_iter(b',', list.as_bytes()).count() as f64,
            Cell::Null | Cell::Boolean(_) => f64::NAN,
        };
        let columns = [mean, median, std, count, outliers].map(|column| {
            let is_fraction = column.kind() == Kind::Float;
            Cells::Numbers((0..rows.len()).map(|at| number(column, at)).collect(), is_fraction)
        });
        Frame { rows: rows.len(), columns: columns.into(), ..Frame::default() }
    }

    /// The rows of a block, and how many numbers had no finite mean or deviation.
    pub(crate) fn rows(&self, frame: &Frame, block: &Block, options: &Options) -> (Rows, u64) {
        let columns: Vec<&[f64]> = self
            .values
            .iter()
            .filter_map(|index| match frame.columns.get(*index) {
                Some(Cells::Numbers(values, _)) => Some(values.as_slice()),
                _ => None,
            })
            .collect();
        let rows = frame.rows;
        let factor = options.outlier_factor.unwrap_or_else(|| options.outliers.usual());
        let mut counts = Vec::with_capacity(rows);
        let mut means = Vec::with_capacity(rows);
        let mut medians = Vec::with_capacity(rows);
        let mut deviations = Vec::with_capacity(rows);
        let mut outliers = Texts::default();
        let mut scratch = Scratch::default();
        let mut overflows = 0;
        let mut push = |one: One, text: &str| {
            let lacks = usize::from(options.ddof) < one.count;
            let none = one.mean.is_none() || (lacks && one.variance.is_none());
            overflows += u64::from(one.count > 0 && none);
            counts.push(i64::try_from(one.count).ok());
            means.push(one.mean);
            medians.push(one.median);
            deviations.push(one.variance.map(f64::sqrt));
            outliers.push(Some(text));
        };
        let mut row = 0;
        while row < rows {
            if let Some(tile) = Tile::of(&columns, row) {
                scratch.tile(&tile, &columns, row, options, factor, &mut push);
            } else {
                for row in row..(row + tile::ROWS).min(rows) {
                    let one = scratch.row(&columns, row, options, factor);
                    push(one, &scratch.text);
                }
            }
            row += tile::ROWS;
        }
        let lines =
            frame.lines.iter().map(|line| i64::try_from(block.line + u64::from(*line)).ok());
        let mut all: Vec<Column> =
            self.keys.iter().map(|(index, _)| key(frame, block, *index)).collect();
        all.extend([
            Column::Integer(lines.collect()),
            Column::Integer(counts),
            Column::Float(means),
            Column::Float(medians),
            Column::Float(deviations),
            Column::Text(outliers),
        ]);
        (Rows::new(all).unwrap_or_default(), overflows)
    }
}

/// The statistics of a row, but for its outliers.
struct One {
    count: usize,
    mean: Option<f64>,
    variance: Option<f64>,
    median: Option<f64>,
}

/// Memory that is used again for each row.
#[derive(Default)]
struct Scratch {
    values: Vec<f64>,
    ascending: Vec<f64>,
    text: String,
}

impl Scratch {
    /// A row whose values may be missing; its outliers are left in `text`.
    fn row(&mut self, columns: &[&[f64]], row: usize, options: &Options, factor: f64) -> One {
        self.take(columns, row);
        self.ascending.clone_from(&self.values);
        sort(&mut self.ascending);
        let (mean, variance) = mean_and_variance(&self.values, options.ddof);
        let bounds = match options.outliers {
            Outliers::Zscore => zscore(mean, variance, factor),
            rule => rule.bounds(&self.ascending, factor),
        };
        self.list(bounds);
        let median = Quantile::Linear.of(&self.ascending, 0.5);
        One { count: self.values.len(), mean, variance, median }
    }

    /// The rows of a tile.
    #[allow(clippy::needless_range_loop, reason = "one index into arrays of one length")]
    fn tile(
        &mut self,
        tile: &Tile,
        columns: &[&[f64]],
        row: usize,
        options: &Options,
        factor: f64,
        push: &mut impl FnMut(One, &str),
    ) {
        let count = columns.len();
        let freedom = count as f64 - f64::from(options.ddof);
        let (first, medians, third) =
            (tile.quantile(0.25), tile.quantile(0.5), tile.quantile(0.75));
        let ends = tile.ends();
        for at in 0..tile::ROWS {
            let (mean, squares) = (tile.mean[at], tile.squares[at]);
            let is_finite = mean.is_finite() && squares.is_finite();
            let variance = (is_finite && freedom > 0.0).then(|| (squares / freedom).max(0.0));
            let mean = mean.is_finite().then_some(mean);
            let bounds = match options.outliers {
                Outliers::Iqr => Some(Outliers::fences(first[at], third[at], factor)),
                Outliers::Zscore => zscore(mean, variance, factor),
                Outliers::Mad => {
                    self.ascending.clear();
                    self.ascending.extend(tile.ascending(at));
                    Outliers::Mad.bounds(&self.ascending, factor)
                }
            };
            let one = One { count, mean, variance, median: Some(medians[at]) };
            match bounds.filter(|bounds| bounds.exclude(ends.0[at]) || bounds.exclude(ends.1[at])) {
                None => push(one, "[]"),
                bounds => {
                    self.take(columns, row + at);
                    self.list(bounds);
                    push(one, &self.text);
                }
            }
        }
    }

    fn take(&mut self, columns: &[&[f64]], row: usize) {
        self.values.clear();
        let values = columns.iter().filter_map(|column| column.get(row).copied());
        self.values.extend(values.filter(|value| !value.is_nan()));
    }

    fn list(&mut self, bounds: Option<Bounds>) {
        self.text.clear();
        listed(&self.values, bounds, &mut self.text);
    }
}

fn zscore(mean: Option<f64>, variance: Option<f64>, factor: f64) -> Option<Bounds> {
    variance.zip(mean).and_then(|(variance, mean)| Outliers::around(mean, variance.sqrt(), factor))
}

/// A column that names rows.
fn key(frame: &Frame, block: &Block, index: usize) -> Column {
    Column::Text(match frame.columns.get(index) {
        Some(Cells::Texts(spans)) => {
            Texts::of_bytes(spans.iter().map(|span| span.of(&block.bytes, &frame.side)))
        }
        _ => Texts::default(),
    })
}

/// A JSON list of the values out of bounds.
fn listed(values: &[f64], bounds: Option<Bounds>, text: &mut String) {
    text.push('[');
    if let Some(bounds) = bounds {
        for value in values.iter().filter(|value| bounds.exclude(**value)) {
            if text.len() > 1 {
                text.push(',');
            }
            super::write::push_float(*value, text);
        }
    }
    text.push(']');
}

/// A few values, by insertion.
fn sort(values: &mut [f64]) {
    if values.len() > 24 {
        values.sort_unstable_by(f64::total_cmp);
        return;
    }
    for end in 1..values.len() {
        let mut at = end;
        while let Some([a, b]) = at.checked_sub(1).and_then(|before| values.get_mut(before..=at)) {
            if *a <= *b {
                break;
            }
            std::mem::swap(a, b);
            at -= 1;
        }
    }
}

/// As [`Moments::mean_and_variance`], for few values: one sum with its error (A. Neumaier, 1974) is enough.
fn mean_and_variance(values: &[f64], ddof: u8) -> (Option<f64>, Option<f64>) {
    const FEW: usize = 64;
    if values.len() > FEW || values.is_empty() {
        return Moments::mean_and_variance(values, ddof);
    }
    let n = values.len() as f64;
    let (mut sum, mut error) = (0.0, 0.0);
    for value in values {
        let next: f64 = sum + value;
        let of_value = next - sum;
        error += (sum - (next - of_value)) + (value - of_value);
        sum = next;
    }
    let mean = (sum + error) / n;
    if !mean.is_finite() {
        return (None, None);
    }
    let (mut squares, mut off) = (0.0, 0.0);
    for value in values {
        let deviation = value - mean;
        off += deviation;
        squares += deviation * deviation;
    }
    let freedom = n - f64::from(ddof);
    let variance = ((squares - off * off / n) / freedom).max(0.0);
    (Some(mean), (freedom > 0.0 && squares.is_finite()).then_some(variance))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_values_have_the_moments_of_many() {
        let mut state = 3_u64;
        for len in 1..60 {
            let values: Vec<f64> = (0..len)
                .map(|_| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    (state >> 44) as f64 / 100.0 + 1e6
                })
                .collect();
            let (mean, variance) = mean_and_variance(&values, 1);
            let (exact_mean, exact_variance) = Moments::mean_and_variance(&values, 1);
            let close = |a: Option<f64>, b: Option<f64>| match (a, b) {
                (Some(a), Some(b)) => (a - b).abs() <= 1e-13 * b.abs(),
                (a, b) => a == b,
            };
            assert!(close(mean, exact_mean) && close(variance, exact_variance), "{values:?}");
            let mut by_insertion = values.clone();
            sort(&mut by_insertion);
            assert_eq!(by_insertion, crate::numbers::sorted(&values));
        }
    }

    #[test]
    fn a_list_of_outliers_is_json() {
        let mut text = String::new();
        listed(&[1.0, 99.5, -7.0], Some(Bounds { low: 0.0, high: 2.0 }), &mut text);
        assert_eq!(text, "[99.5,-7.0]");
        text.clear();
        listed(&[1.0], None, &mut text);
        assert_eq!(text, "[]");
    }
}
