//! One row of MCUs at a time: from coefficients over samples to pixels.

use super::header::{Colour, Component, Frame, ZIGZAG};
use super::huffman::PLACES;
use super::idct::{self, Transform};
use super::{Shrunk, color};

/// What a scale makes of the blocks of one component.
pub(super) struct Geometry {
    /// Samples across and down per block, each 1, 2, 4 or 8.
    pub(super) block: (usize, usize),
    /// How often each sample has to be repeated, across and down.
    repeat: (usize, usize),
    /// The highest zigzag index that is needed.
    pub(super) last: u32,
    /// Zigzag index to position among the coefficients that are kept, which are stored column by
    /// column; beyond all of them if it is not needed.
    pub(super) places: Box<[u8; PLACES]>,
}

impl Geometry {
    /// Of `component` in `frame`, shrunk to `eighths` eighths.
    ///
    /// Subsampled components get larger blocks, up to the 8x8 that there are: at 4:2:0 and a
    /// quarter, 2x2 for luma and 4x4 for chroma. Repetition is only left for half size and a
    /// component that has a quarter of the samples of another in some direction.
    pub(super) fn new(frame: &Frame, component: &Component, eighths: usize) -> Self {
        let sides = (
            eighths * (frame.sampling.0 / component.sampling.0),
            eighths * (frame.sampling.1 / component.sampling.1),
        );
        let block = (sides.0.min(8), sides.1.min(8));
        let mut last = 0;
        let mut places = Box::new([u8::MAX; PLACES]);
        for (index, &position) in ZIGZAG.iter().enumerate() {
            let (x, y) = (usize::from(position) % 8, usize::from(position) / 8);
            if x < block.0 && y < block.1 {
                places[index] = (x * block.1 + y) as u8;
                last = index as u32;
            }
        }
        Self { block, repeat: (sides.0 / block.0, sides.1 / block.1), last, places }
    }

    /// Coefficients kept per block.
    pub(super) fn size(&self) -> usize {
        self.block.0 * self.block.1
    }
}

/// The samples of one component in a row of MCUs.
struct Plane {
    transform: Transform,
    factors: [f32; 64],
    /// Rows of blocks in an MCU.
    rows: usize,
    block_height: usize,
    stride: usize,
    repeat: (usize, usize),
    samples: Vec<f32>,
    /// All samples, repeated; empty if there is no need to.
    repeated: Vec<f32>,
}

/// Makes pixels of the coefficients of one row of MCUs after the other.
pub(super) struct Painter {
    colour: Colour,
    planes: Vec<Plane>,
    /// Pixels from row to row in the planes.
    stride: usize,
    /// Rows of pixels in a row of MCUs.
    rows: usize,
    output: Shrunk,
}

impl Painter {
    /// `tables` are the quantisation tables of the components, in zigzag order.
    ///
    /// `None` if there is not enough memory.
    pub(super) fn new(
        frame: &Frame,
        colour: Colour,
        geometries: &[Geometry],
        tables: &[[u16; 64]],
        eighths: usize,
    ) -> Option<Self> {
        let stride = frame.mcus().0 * frame.sampling.0 * eighths;
        let rows = frame.sampling.1 * eighths;
        let (width, height) = frame.shrunk(eighths);
        let components = frame.components.iter().zip(geometries).zip(tables);
        let planes = components.map(|((component, geometry), table)| {
            let (block_width, block_height) = geometry.block;
            let repeated = if geometry.repeat == (1, 1) { 0 } else { stride * rows };
            let own_stride = stride / geometry.repeat.0;
            Plane {
                transform: idct::transform(block_width, block_height),
                factors: idct::factors(table, block_width, block_height),
                rows: component.sampling.1,
                block_height,
                stride: own_stride,
                repeat: geometry.repeat,
                samples: vec![0.0; own_stride * component.sampling.1 * block_height],
                repeated: vec![0.0; repeated],
            }
        });
        let channels = frame.components.len();
        let mut pixels = Vec::new();
        pixels.try_reserve_exact(width * height * channels).ok()?;
        let output =
            Shrunk { width: width as u32, height: height as u32, channels: channels as u8, pixels };
        Some(Self { colour, planes: planes.collect(), stride, rows, output })
    }

    /// Takes the next row of MCUs: for each component the coefficients of its rows of blocks, one
    /// after the other.
    pub(super) fn paint<'c>(&mut self, coefficients: impl Iterator<Item = &'c [i16]>) {
        for (plane, coefficients) in self.planes.iter_mut().zip(coefficients) {
            plane.fill(coefficients, self.stride);
        }
        let Shrunk { width, height, channels, ref mut pixels } = self.output;
        let width = width as usize;
        let line = width * usize::from(channels);
        let start = pixels.len();
        let end = (start + self.rows * line).min(line * height as usize);
        pixels.resize(end, 0);
        for (y, pixels) in pixels[start..].chunks_exact_mut(line).enumerate() {
            let row = |index: usize| self.planes[index].row(y * self.stride, width);
            match self.colour {
                Colour::Gray => color::gray(row(0), pixels),
                colour => color::rgb(colour, [row(0), row(1), row(2)], pixels),
            }
        }
    }

    /// The picture, once all rows of MCUs have been painted.
    pub(super) fn finish(self) -> Shrunk {
        self.output
    }
}

impl Plane {
    fn fill(&mut self, coefficients: &[i16], stride: usize) {
        let rows = coefficients.chunks_exact(coefficients.len() / self.rows);
        let samples = self.samples.chunks_exact_mut(self.stride * self.block_height);
        for (samples, row) in samples.zip(rows) {
            (self.transform)(row, &self.factors, samples, self.stride);
        }
        for (y, row) in self.repeated.chunks_exact_mut(stride).enumerate() {
            let samples = &self.samples[y / self.repeat.1 * self.stride..][..self.stride];
            for (pixels, &sample) in row.chunks_exact_mut(self.repeat.0).zip(samples) {
                pixels.fill(sample);
            }
        }
    }

    fn row(&self, start: usize, width: usize) -> &[f32] {
        let samples = if self.repeated.is_empty() { &self.samples } else { &self.repeated };
        &samples[start..start + width]
    }
}
