//! JPEG at 1/8, 1/4 or 1/2 of its size, for the work that such a size takes.
//!
//! A block of 8x8 coefficients becomes 1x1, 2x2 or 4x4 samples by an inverse DCT of that size
//! over the lowest coefficients, as libjpeg 7 and later do it. Hence most coefficients are not
//! needed: their Huffman codes are skipped several at a time, and nothing is stored, dequantised
//! or transformed for them.
//!
//! At 1/4 and 4:2:0, in ms on one core of an AMD EPYC (2026-11-23), next to libjpeg-turbo-rs 0.9
//! and libjpeg-turbo 3 at the same scale:
//!
//! | photo                       | here | libjpeg-turbo-rs | libjpeg-turbo |
//! |-----------------------------|------|------------------|---------------|
//! | 12 MP, 2.4 MB, sequential   |   12 |               28 |            27 |
//! | 24 MP, 4.1 MB, sequential   |   23 |               51 |            37 |
//! | 12 MP, 1.8 MB, progressive  |   34 |               70 |            70 |

mod bands;
mod bits;
mod color;
mod header;
mod huffman;
mod idct;
mod planes;
mod progressive;
mod sequential;
#[cfg(test)]
mod tests;

use header::{Headers, Next};
use planes::{Geometry, Painter};
use progressive::Progressive;
use sequential::{Sequential, Tables};

/// Scans that a progressive JPEG may have. Encoders write some 10; every scan costs a pass over all coefficients, and a
/// file of a few kilobytes can ask for thousands.
pub(crate) const MAX_SCANS: usize = 100;

/// 1, 2 or 4 eighths of the full size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scale {
    /// 1/8
    Eighth,
    /// 1/4
    Quarter,
    /// 1/2
    Half,
}

impl Scale {
    fn eighths(self) -> usize {
        match self {
            Self::Eighth => 1,
            Self::Quarter => 2,
            Self::Half => 4,
        }
    }
}

/// A picture: rows of gray or interleaved RGB samples, top to bottom, without padding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shrunk {
    pub width: u32,
    pub height: u32,
    /// 1 for gray, 3 for RGB.
    pub channels: u8,
    pub pixels: Vec<u8>,
}

/// Why there is no picture.
enum Halt<E> {
    /// It is for another decoder.
    Declined,
    /// The check said so.
    Stopped(E),
}

/// Decodes `jpeg` at `scale`; a side of `n` pixels becomes one of `ceil(n * scale)`, as in
/// libjpeg. Orientation and colour profile are not looked at.
///
/// `None` is for everything but 8-bit gray, YCbCr and RGB, progressive or in one sequential scan,
/// and for files with a flaw: a complete decoder has to say what is wrong with them, or what can
/// be saved. Asks `check` before each row of MCUs and stops with its error.
pub(crate) fn shrink<E>(
    jpeg: &[u8],
    scale: Scale,
    check: &dyn Fn() -> Result<(), E>,
) -> Result<Option<Shrunk>, E> {
    match decode(jpeg, scale.eighths(), check) {
        Ok(shrunk) => Ok(Some(shrunk)),
        Err(Halt::Declined) => Ok(None),
        Err(Halt::Stopped(error)) => Err(error),
    }
}

fn decode<E>(
    jpeg: &[u8],
    eighths: usize,
    check: &dyn Fn() -> Result<(), E>,
) -> Result<Shrunk, Halt<E>> {
    let data = jpeg.strip_prefix(&[0xff, 0xd8]).ok_or(Halt::Declined)?;
    let mut headers = Headers::default();
    let Some(Next::Scan(scan)) = headers.next(data) else { return Err(Halt::Declined) };
    let frame = headers.frame.clone().ok_or(Halt::Declined)?;
    let geometries: Vec<_> =
        frame.components.iter().map(|c| Geometry::new(&frame, c, eighths)).collect();
    let quantisation = headers.quantisation_of_components().ok_or(Halt::Declined)?;
    let colour = headers.colour();
    let painter = || Painter::new(&frame, colour, &geometries, &quantisation, eighths);
    if frame.progressive {
        let scans = Progressive::new(&mut headers, scan, &geometries).ok_or(Halt::Declined)?;
        let mut painter = painter().ok_or(Halt::Declined)?;
        scans.decode(&mut painter, check)?;
        return Ok(painter.finish());
    }
    let tables = Tables::new(&headers, &scan).ok_or(Halt::Declined)?;
    let scan = Sequential::new(&headers, &scan, &tables, &geometries).ok_or(Halt::Declined)?;
    let mut painter = painter().ok_or(Halt::Declined)?;
    let rest = scan.decode(&mut painter, check)?;
    match headers.next(rest) {
        Some(Next::End) => Ok(painter.finish()),
        _ => Err(Halt::Declined),
    }
}
