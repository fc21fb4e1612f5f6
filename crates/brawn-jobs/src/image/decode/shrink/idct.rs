//! Inverse DCT of the lowest W x H coefficients of 8x8 blocks to W x H samples each.

use std::array::from_fn;
use std::ops::{Add, Mul, Sub};

/// Turns coefficients into samples around zero: a row of blocks of `W` x `H` coefficients, column
/// by column within each block, into `H` rows of samples, which are `stride` apart.
pub(super) type Transform = fn(&[i16], &[f32; 64], &mut [f32], usize);

/// The transform for blocks of `width` x `height`, each 1, 2, 4 or 8.
pub(super) fn transform(width: usize, height: usize) -> Transform {
    fn of_width<const W: usize>(height: usize) -> Transform {
        match height {
            1 => blocks::<W, 1>,
            2 => blocks::<W, 2>,
            4 => blocks::<W, 4>,
            _ => blocks::<W, 8>,
        }
    }
    match (width, height) {
        (1, 1) => means,
        (2, 2) => quads,
        (1, _) => of_width::<1>(height),
        (2, _) => of_width::<2>(height),
        (4, _) => of_width::<4>(height),
        _ => of_width::<8>(height),
    }
}

/// What to multiply coefficients with, in the order and the number in which they are stored:
/// the quantisation table (in zigzag order) and the norm of the transform.
///
/// Taking the lowest coefficients as those of a smaller DCT is a low pass followed by sampling:
/// what libjpeg 7 and later do. After a Lanczos resize of photos to 800 pixels the result is 0.3
/// to 3.6 dB nearer to that of a full decode (44 to 52 dB) than with libjpeg-turbo's averages of
/// pixels, which take more coefficients. Larger weights for the higher ones were worse.
pub(super) fn factors(table: &[u16; 64], width: usize, height: usize) -> [f32; 64] {
    let mut factors = [0.0; 64];
    for (&value, &position) in table.iter().zip(&super::header::ZIGZAG) {
        let (x, y) = (usize::from(position) % 8, usize::from(position) / 8);
        if x < width && y < height {
            // The orthonormal DCTs of 8 and N samples differ by sqrt(N / 8) in each direction;
            // the orthonormal inverse of N has 1 / sqrt(N) for DC and sqrt(2 / N) for all others.
            let norm = |n: usize| if n == 0 { 1.0 } else { std::f32::consts::SQRT_2 };
            factors[x * height + y] = f32::from(value) * norm(x) * norm(y) / 8.0;
        }
    }
    factors
}

/// The transform for blocks of 1x1.
fn means(coefficients: &[i16], factors: &[f32; 64], plane: &mut [f32], _stride: usize) {
    for (sample, &dc) in plane.iter_mut().zip(coefficients) {
        *sample = f32::from(dc) * factors[0];
    }
}

/// The transform for blocks of 2x2.
fn quads(coefficients: &[i16], factors: &[f32; 64], plane: &mut [f32], stride: usize) {
    let (top, bottom) = plane.split_at_mut(stride);
    // cos(pi / 4) of both directions goes into the factors.
    let [a, c, b, d] = [factors[0], factors[1] * HALF, factors[2] * HALF, factors[3] * 0.5];
    let rows = top.as_chunks_mut::<2>().0.iter_mut().zip(bottom.as_chunks_mut::<2>().0);
    for ((top, bottom), block) in rows.zip(coefficients.as_chunks::<4>().0) {
        let [dc, down, across, both] = block.map(f32::from);
        let (dc, across, down, both) = (dc * a, across * b, down * c, both * d);
        let (left, right) = (dc + across, dc - across);
        let (lower, upper) = (down + both, down - both);
        *top = [left + lower, right + upper];
        *bottom = [left - lower, right - upper];
    }
}

/// cos(pi / 4).
const HALF: f32 = std::f32::consts::FRAC_1_SQRT_2;

/// The transform for all other blocks.
fn blocks<const W: usize, const H: usize>(
    coefficients: &[i16],
    factors: &[f32; 64],
    plane: &mut [f32],
    stride: usize,
) {
    for (index, block) in coefficients.chunks_exact(W * H).enumerate() {
        let rows = samples::<W, H>(block, factors);
        for (y, row) in rows.iter().enumerate() {
            plane[y * stride + index * W..][..W].copy_from_slice(&row.0);
        }
    }
}

/// One block. Not inlined, or else the compiler tries to vectorise across blocks.
#[inline(never)]
fn samples<const W: usize, const H: usize>(block: &[i16], factors: &[f32; 64]) -> [Lanes<W>; H] {
    let mut columns = [Lanes([0.0; H]); W];
    for (column, (values, factors)) in
        columns.iter_mut().zip(block.as_chunks::<H>().0.iter().zip(factors.as_chunks::<H>().0))
    {
        *column = Lanes(from_fn(|y| f32::from(values[y]) * factors[y]));
    }
    let columns = inverse(columns);
    inverse(from_fn(|y| Lanes(from_fn(|x| columns[x].0[y]))))
}

/// As many values side by side, which the compiler turns into vectors.
#[derive(Clone, Copy)]
struct Lanes<const L: usize>([f32; L]);

impl<const L: usize> Add for Lanes<L> {
    type Output = Self;
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(from_fn(|lane| self.0[lane] + other.0[lane]))
    }
}

impl<const L: usize> Sub for Lanes<L> {
    type Output = Self;
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self(from_fn(|lane| self.0[lane] - other.0[lane]))
    }
}

impl<const L: usize> Mul<f32> for Lanes<L> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, factor: f32) -> Self {
        Self(self.0.map(|value| value * factor))
    }
}

/// A one-dimensional inverse DCT of `N` values with a norm of 1 for all of them.
#[inline(always)]
fn inverse<const N: usize, const L: usize>(v: [Lanes<L>; N]) -> [Lanes<L>; N] {
    let mut output = v;
    match N {
        2 => {
            let odd = v[1] * HALF;
            output[0] = v[0] + odd;
            output[1] = v[0] - odd;
        }
        4 => {
            let even = v[2] * HALF;
            let (e0, e1) = (v[0] + even, v[0] - even);
            let o0 = v[1] * COS[2] + v[3] * COS[6];
            let o1 = v[1] * COS[6] - v[3] * COS[2];
            output[0] = e0 + o0;
            output[1] = e1 + o1;
            output[2] = e1 - o1;
            output[3] = e0 - o0;
        }
        8 => {
            let even = v[4] * HALF;
            let (a0, a1) = (v[0] + even, v[0] - even);
            let b0 = v[2] * COS[2] + v[6] * COS[6];
            let b1 = v[2] * COS[6] - v[6] * COS[2];
            let e = [a0 + b0, a1 + b1, a1 - b1, a0 - b0];
            let o = [
                v[1] * COS[1] + v[3] * COS[3] + v[5] * COS[5] + v[7] * COS[7],
                v[1] * COS[3] - v[3] * COS[7] - v[5] * COS[1] - v[7] * COS[5],
                v[1] * COS[5] - v[3] * COS[1] + v[5] * COS[7] + v[7] * COS[3],
                v[1] * COS[7] - v[3] * COS[5] + v[5] * COS[3] - v[7] * COS[1],
            ];
            for n in 0..4 {
                output[n] = e[n] + o[n];
                output[7 - n] = e[n] - o[n];
            }
        }
        _ => {}
    }
    output
}

/// cos(n * pi / 16).
const COS: [f32; 8] =
    [1.0, 0.980_785_25, 0.923_879_5, 0.831_469_6, HALF, 0.555_570_24, 0.382_683_43, 0.195_090_32];
