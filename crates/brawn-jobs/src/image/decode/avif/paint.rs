//! Planes of luma and chroma to 8-bit gray, RGB and alpha.

use brawn_core::{Budget, Error};
use rayon::prelude::*;
use re_rav1d::dav1d::{Picture as Frame, PlanarImageComponent, Plane};

use super::sequence::{Chroma, Sequence};

/// Rows between two looks at the budget.
const ROWS: usize = 16;

/// Where in a picture the pixels of a frame go.
#[derive(Debug)]
pub(super) struct Canvas<'a> {
    pub(super) pixels: &'a mut [u8],
    /// Pixels in a row of the whole picture.
    pub(super) width: usize,
    pub(super) channels: usize,
    /// The left column and the top row of the frame; what projects is cut off.
    pub(super) at: (usize, usize),
}

/// From stored samples to red, green and blue: `((sample - offset) * factor).sum() >> shift`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Matrix {
    offset: [i32; 3],
    factor: [[i32; 3]; 3],
    shift: u32,
}

impl Matrix {
    /// For a matrix code of H.273 and the primaries that some of them go by; nothing when there is no such matrix, or
    /// none that is linear.
    pub(super) fn new(sequence: &Sequence, codes: [u16; 3], full_range: bool) -> Option<Matrix> {
        let depth = u32::from(sequence.depth);
        let (luma, chroma) = if full_range {
            let most = f64::from((1_u32 << depth) - 1);
            (most, most)
        } else {
            (f64::from(219_u32 << (depth - 8)), f64::from(224_u32 << (depth - 8)))
        };
        let black = if full_range { 0 } else { 16 << (depth - 8) };
        let middle = 1 << (depth - 1);
        let [primaries, _, code] = codes;
        let (rows, chroma, middle) = match code {
            _ if sequence.chroma == Chroma::None => ([[1.0, 0.0, 0.0]; 3], chroma, middle),
            // Green, blue and red.
            0 if sequence.chroma == Chroma::Full => {
                ([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], luma, black)
            }
            8 => ([[1.0, -1.0, 1.0], [1.0, 1.0, 0.0], [1.0, -1.0, -1.0]], chroma, middle),
            code => (ycbcr(weights(code, primaries)?), chroma, middle),
        };
        // 14 bits behind the point, whatever the depth.
        let shift = 14 + depth - 8;
        let one = f64::from(1_u32 << shift) * 255.0;
        Some(Matrix {
            offset: [black, middle, middle],
            factor: rows.map(|[y, u, v]| {
                [y / luma, u / chroma, v / chroma].map(|f| (f * one).round() as i32)
            }),
            shift,
        })
    }
}

/// The weights of red and blue in luma.
fn weights(code: u16, primaries: u16) -> Option<(f64, f64)> {
    Some(match (code, primaries) {
        (1, _) | (12, 1) => (0.2126, 0.0722),
        // Unspecified is taken for BT.601, as libavif does.
        (2 | 5 | 6, _) | (12, 5..=7) => (0.299, 0.114),
        (4, _) => (0.30, 0.11),
        (7, _) => (0.212, 0.087),
        (9, _) | (12, 9) => (0.2627, 0.0593),
        // By the primaries of Display P3.
        (12, 12) => (0.228_97, 0.079_29),
        _ => return None,
    })
}

fn ycbcr((red, blue): (f64, f64)) -> [[f64; 3]; 3] {
    let green = 1.0 - red - blue;
    let (from_cb, from_cr) = (2.0 * (1.0 - blue), 2.0 * (1.0 - red));
    [
        [1.0, 0.0, from_cr],
        [1.0, -from_cb * blue / green, -from_cr * red / green],
        [1.0, from_cb, 0.0],
    ]
}

/// Paints the colours of a frame; alpha, if there is a channel for it, stays as it is.
pub(super) fn colours(
    frame: &Frame,
    sequence: &Sequence,
    matrix: &Matrix,
    canvas: Canvas<'_>,
    budget: &Budget,
) -> Result<(), Error> {
    let planes = Planes::new(frame, sequence);
    let channels = canvas.channels;
    each_row(sequence, canvas, budget, |scratch: &mut Scratch, y, target| {
        planes.luma.row(y, &mut scratch.luma);
        if sequence.chroma == Chroma::None {
            for (target, luma) in target.chunks_exact_mut(channels).zip(&scratch.luma) {
                target[0] = level(matrix, 0, [*luma, 0, 0]);
            }
            return;
        }
        let [blue, red] = &planes.chroma;
        if let (Some(blue), Some(red)) = (blue, red) {
            blue.stretched(y, sequence.chroma, planes.rows, &mut scratch.near, &mut scratch.blue);
            red.stretched(y, sequence.chroma, planes.rows, &mut scratch.near, &mut scratch.red);
        }
        let samples = scratch.luma.iter().zip(&scratch.blue).zip(&scratch.red);
        for (target, ((luma, blue), red)) in target.chunks_exact_mut(channels).zip(samples) {
            let samples = [*luma, *blue, *red];
            for (index, target) in target.iter_mut().take(3).enumerate() {
                *target = level(matrix, index, samples);
            }
        }
    })
}

/// Paints the luma of a frame into the last channel.
pub(super) fn alpha(
    frame: &Frame,
    sequence: &Sequence,
    canvas: Canvas<'_>,
    budget: &Budget,
) -> Result<(), Error> {
    let gray = Sequence { chroma: Chroma::None, ..sequence.clone() };
    let Some(matrix) = Matrix::new(&gray, [2; 3], sequence.full_range) else {
        return Err(Error::unsupported("the avif has alpha of an unknown range"));
    };
    let luma = Samples::new(frame, sequence, PlanarImageComponent::Y);
    let channels = canvas.channels;
    each_row(sequence, canvas, budget, |scratch: &mut Scratch, y, target| {
        luma.row(y, &mut scratch.luma);
        for (target, luma) in target.chunks_exact_mut(channels).zip(&scratch.luma) {
            target[channels - 1] = level(&matrix, 0, [*luma, 0, 0]);
        }
    })
}

pub(super) fn level(matrix: &Matrix, channel: usize, samples: [u16; 3]) -> u8 {
    let factor = &matrix.factor[channel];
    let sum: i32 = samples
        .iter()
        .zip(matrix.offset)
        .zip(factor)
        .map(|((sample, offset), factor)| (i32::from(*sample) - offset) * factor)
        .sum();
    let half = 1 << (matrix.shift - 1);
    ((sum + half) >> matrix.shift).clamp(0, 255) as u8
}

/// Rows of samples that are used again.
#[derive(Default)]
struct Scratch {
    luma: Vec<u16>,
    blue: Vec<u16>,
    red: Vec<u16>,
    near: Vec<u16>,
}

/// Calls `paint` for the part of each row of the canvas that the frame covers, in parallel.
fn each_row(
    sequence: &Sequence,
    canvas: Canvas<'_>,
    budget: &Budget,
    paint: impl Fn(&mut Scratch, usize, &mut [u8]) + Sync,
) -> Result<(), Error> {
    let Canvas { pixels, width, channels, at: (left, top) } = canvas;
    let stride = width * channels;
    let covered = (width.saturating_sub(left)).min(sequence.width as usize);
    let below = pixels.get_mut(top * stride..).unwrap_or_default();
    let height = (below.len() / stride).min(sequence.height as usize);
    let bands = below[..height * stride].par_chunks_mut(stride * ROWS).enumerate();
    bands.try_for_each_init(Scratch::default, |scratch, (band, rows)| {
        budget.check()?;
        for (index, row) in rows.chunks_exact_mut(stride).enumerate() {
            let part = &mut row[left * channels..(left + covered) * channels];
            paint(scratch, band * ROWS + index, part);
        }
        Ok(())
    })
}

struct Planes {
    luma: Samples,
    chroma: [Option<Samples>; 2],
    /// Of chroma.
    rows: usize,
}

impl Planes {
    fn new(frame: &Frame, sequence: &Sequence) -> Planes {
        let chroma = |component| {
            (sequence.chroma != Chroma::None).then(|| Samples::new(frame, sequence, component))
        };
        let height = sequence.height as usize;
        Planes {
            luma: Samples::new(frame, sequence, PlanarImageComponent::Y),
            chroma: [chroma(PlanarImageComponent::U), chroma(PlanarImageComponent::V)],
            rows: if sequence.chroma == Chroma::Quarter { height.div_ceil(2) } else { height },
        }
    }
}

/// One plane of a frame.
struct Samples {
    plane: Plane,
    stride: usize,
    width: usize,
    wide: bool,
}

impl Samples {
    fn new(frame: &Frame, sequence: &Sequence, component: PlanarImageComponent) -> Samples {
        let width = sequence.width as usize;
        let halved = component != PlanarImageComponent::Y
            && matches!(sequence.chroma, Chroma::Quarter | Chroma::Half);
        Samples {
            stride: frame.stride(component) as usize,
            plane: frame.plane(component),
            width: if halved { width.div_ceil(2) } else { width },
            wide: sequence.depth > 8,
        }
    }

    /// A row as it is stored.
    fn row(&self, y: usize, out: &mut Vec<u16>) {
        out.clear();
        let row = self.plane.get(y * self.stride..).unwrap_or_default();
        if self.wide {
            let (pairs, _) = row.as_chunks::<2>();
            out.extend(pairs.iter().take(self.width).map(|pair| u16::from_ne_bytes(*pair)));
        } else {
            out.extend(row.iter().take(self.width).map(|sample| u16::from(*sample)));
        }
    }

    /// A row with a sample for every pixel. Chroma lies in the middle of the pixels it stands for, and between two of its
    /// samples the nearer one weighs three quarters, as libavif and libjpeg have it.
    fn stretched(
        &self,
        y: usize,
        chroma: Chroma,
        rows: usize,
        near: &mut Vec<u16>,
        out: &mut Vec<u16>,
    ) {
        match chroma {
            Chroma::None | Chroma::Full => self.row(y, out),
            Chroma::Half => {
                self.row(y, near);
                near.iter_mut().for_each(|sample| *sample *= 4);
                widen(near, out);
            }
            Chroma::Quarter => {
                let far = if y.is_multiple_of(2) { (y / 2).saturating_sub(1) } else { y / 2 + 1 };
                self.row(y / 2, near);
                self.row(far.min(rows - 1), out);
                for (near, far) in near.iter_mut().zip(out.iter()) {
                    *near = *near * 3 + far;
                }
                widen(near, out);
            }
        }
    }
}

/// Two samples for each of a row; what comes is four times as large as what goes.
fn widen(row: &[u16], out: &mut Vec<u16>) {
    out.clear();
    let mix = |near: u16, far: u16| ((u32::from(near) * 3 + u32::from(far) + 8) >> 4) as u16;
    for (index, sample) in row.iter().enumerate() {
        let before = row[index.saturating_sub(1)];
        let after = *row.get(index + 1).unwrap_or(sample);
        out.extend([mix(*sample, before), mix(*sample, after)]);
    }
}
