//! Some rows at once: the same step for each of them side by side, which the compiler makes into vectors.
//!
//! The order of operations within a row is that of one row alone, so the results are the same bits.

#![allow(
    clippy::needless_range_loop,
    reason = "one index into arrays of one length is what becomes vectors"
)]

use crate::numbers::Quantile;

/// Rows of a tile.
pub(crate) const ROWS: usize = 8;

/// More columns than this are taken row by row.
pub(crate) const COLUMNS: usize = 64;

type Lane = [f64; ROWS];

/// What comes of a tile, by row.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tile {
    pub(crate) mean: Lane,
    /// Sum of squared deviations.
    pub(crate) squares: Lane,
    /// The values of each row in order.
    ascending: Ascending,
}

#[derive(Clone, Copy, Debug)]
struct Ascending([Lane; COLUMNS], usize);

impl Default for Ascending {
    fn default() -> Ascending {
        Ascending([[0.0; ROWS]; COLUMNS], 0)
    }
}

impl Tile {
    /// Of `ROWS` rows from `row` on. `None` where a value is missing, or there are too many columns.
    pub(crate) fn of(columns: &[&[f64]], row: usize) -> Option<Tile> {
        let mut tile = Tile::default();
        let Ascending(values, count) = &mut tile.ascending;
        *count = columns.len();
        let (mut sum, mut error) = ([0.0; ROWS], [0.0; ROWS]);
        let mut missing = false;
        if columns.is_empty() || columns.len() > COLUMNS {
            return None;
        }
        for (lane, column) in values.iter_mut().zip(columns) {
            *lane = *column.get(row..)?.first_chunk::<ROWS>()?;
            for at in 0..ROWS {
                missing |= lane[at].is_nan();
                let next = sum[at] + lane[at];
                let of_value = next - sum[at];
                error[at] += (sum[at] - (next - of_value)) + (lane[at] - of_value);
                sum[at] = next;
            }
        }
        if missing {
            return None;
        }
        let n = columns.len() as f64;
        let mut off = [0.0; ROWS];
        for at in 0..ROWS {
            tile.mean[at] = (sum[at] + error[at]) / n;
        }
        for lane in values.iter().take(columns.len()) {
            for at in 0..ROWS {
                let deviation = lane[at] - tile.mean[at];
                off[at] += deviation;
                tile.squares[at] += deviation * deviation;
            }
        }
        for at in 0..ROWS {
            tile.squares[at] -= off[at] * off[at] / n;
        }
        sort(values.get_mut(..columns.len())?);
        Some(tile)
    }

    /// Quantile `q` of each row, by the rule `linear`.
    pub(crate) fn quantile(&self, q: f64) -> Lane {
        let Ascending(values, count) = &self.ascending;
        let (low, high, share) = Quantile::Linear.between(*count as u64, q);
        let lane = |rank: u64| values.get(rank as usize).copied().unwrap_or_default();
        let (low, high) = (lane(low), lane(high));
        let mut quantile = [0.0; ROWS];
        for at in 0..ROWS {
            quantile[at] = Quantile::interpolate(low[at], high[at], share);
        }
        quantile
    }

    /// The least and the greatest value of each row.
    pub(crate) fn ends(&self) -> (Lane, Lane) {
        let Ascending(values, count) = &self.ascending;
        let lane = |rank: usize| values.get(rank).copied().unwrap_or_default();
        (lane(0), lane(count.saturating_sub(1)))
    }

    /// The values of a row in order.
    pub(crate) fn ascending(&self, row: usize) -> impl Iterator<Item = f64> {
        let Ascending(values, count) = &self.ascending;
        values.iter().take(*count).filter_map(move |lane| lane.get(row).copied())
    }
}

/// K. E. Batcher's odd-even merge sort, for any number of values (Knuth, volume 3, 5.2.2, algorithm M).
fn sort(values: &mut [Lane]) {
    let count = values.len();
    if count < 2 {
        return;
    }
    let top = count.next_power_of_two() / 2;
    let mut p = top;
    while p > 0 {
        let (mut q, mut r, mut d) = (top, 0, p);
        loop {
            for i in 0..count - d {
                if i & p == r
                    && let Ok([low, high]) = values.get_disjoint_mut([i, i + d])
                {
                    for (a, b) in low.iter_mut().zip(high) {
                        let (small, large) = if *b < *a { (*b, *a) } else { (*a, *b) };
                        (*a, *b) = (small, large);
                    }
                }
            }
            if q == p {
                break;
            }
            (d, q, r) = (q - p, q / 2, p);
        }
        p /= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numbers::{Moments, sorted};

    #[test]
    fn a_tile_has_what_each_row_has() {
        let mut state = 9_u64;
        for count in 1..=COLUMNS {
            let mut value = || {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (state >> 48) as f64 / 8.0 - 4000.0
            };
            let columns: Vec<Vec<f64>> =
                (0..count).map(|_| (0..ROWS + 3).map(|_| value()).collect()).collect();
            let slices: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
            let tile = Tile::of(&slices, 2).expect("no value is missing");
            for at in 0..ROWS {
                let row: Vec<f64> = columns.iter().map(|column| column[2 + at]).collect();
                let ascending = sorted(&row);
                assert_eq!(tile.ascending(at).collect::<Vec<_>>(), ascending);
                assert_eq!(Some(tile.quantile(0.25)[at]), Quantile::Linear.of(&ascending, 0.25));
                assert_eq!(
                    (tile.ends().0[at], tile.ends().1[at]),
                    (ascending[0], ascending[count - 1])
                );
                let (mean, variance) = Moments::mean_and_variance(&row, 0);
                let close =
                    |a: f64, b: Option<f64>| (a - b.expect("a value")).abs() <= 1e-12 * a.abs();
                assert!(close(tile.mean[at], mean));
                assert!(close(tile.squares[at].max(0.0) / count as f64, variance), "{row:?}");
            }
        }
        assert!(Tile::of(&[&[1.0, f64::NAN, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]], 0).is_none());
        assert!(Tile::of(&[&[1.0; ROWS - 1]], 0).is_none());
    }
}
