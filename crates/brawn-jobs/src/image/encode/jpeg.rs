//! JPEG: one pass for what is small, stitched bands for what is large.

use brawn_core::{Budget, Result};
use libjpeg_turbo_rs::{Encoder, PixelFormat, Subsampling};
use rayon::prelude::*;

use super::{Metadata, Target, gave_up};
use crate::image::options::{Chroma, Options};
use crate::image::picture::{Layout, Picture};

/// Pictures above this are encoded in bands, which can be stopped in between and run side by side.
const BANDED_ABOVE: u64 = 2 << 20;

/// Pixels of one band.
const BAND: u64 = 1 << 19;

/// Bands that are encoded at once, at most: a bound for memory; the largest function has six vCPUs.
const AT_ONCE: usize = 6;

/// The payload of one APP1 segment less its longest prefix; longer blocks are left out.
const APP1_ROOM: usize = 65_000;

/// Encodes a picture without alpha.
pub(super) fn encode(
    picture: &Picture,
    options: &Options,
    metadata: &Metadata,
    budget: &Budget,
) -> Result<Vec<u8>> {
    let pixels = u64::from(picture.width) * u64::from(picture.height);
    // Tables of its own and progressive scans need the whole picture: nothing stops such an encode. 12 MP took 290 and
    // 530 ms where a plain one took 91 (2-core EPYC with other work, 2026-11-24).
    budget.check()?;
    if pixels <= BANDED_ABOVE || options.progressive || options.optimise_coding {
        return whole(picture, options, metadata);
    }
    banded(picture, options, metadata, budget)
}

/// The most bytes held: planes and coefficients of the encoder, of one pass or of as many bands as are encoded at once,
/// and the result twice, in pieces and whole.
pub(super) fn working_memory(size: (u32, u32), layout: Layout, options: &Options) -> u64 {
    let pixels = (u64::from(size.0) + 32) * (u64::from(size.1) + 32);
    let gray = matches!(layout, Layout::Gray | Layout::GrayAlpha);
    let halves = match options.chroma {
        _ if gray => 2,
        Chroma::Quarter => 3,
        Chroma::Half => 4,
        Chroma::Full => 6,
    };
    let in_work = if pixels > BANDED_ABOVE && !options.progressive && !options.optimise_coding {
        pixels.min((BAND + BAND / 4) * AT_ONCE as u64)
    } else {
        pixels
    };
    // Measured at 1600x1200, results not counted, bytes a pixel: with standard tables 0.2, 4:2:0 with its own 6.3,
    // progressive 14. Below quality 50 libjpeg-turbo-rs takes the path of the second.
    let planes = in_work * if gray { 1 } else { 3 };
    let encoder = match (options.progressive, options.optimise_coding || options.quality < 50) {
        (true, _) => planes + in_work * halves * 5,
        (false, true) => planes + in_work * halves * 2,
        (false, false) => in_work,
    };
    encoder + 2 * longest_result(size, layout, options) + (64 << 10)
}

/// The bytes of a result that shows noise, rounded up (measured: 4.1 bytes a pixel for 4:4:4 at quality
/// 100, 0.7 for 4:2:0 at 80).
pub(super) fn longest_result(size: (u32, u32), layout: Layout, options: &Options) -> u64 {
    let pixels = (u64::from(size.0) + 32) * (u64::from(size.1) + 32);
    let gray = matches!(layout, Layout::Gray | Layout::GrayAlpha);
    let halves = match options.chroma {
        _ if gray => 2,
        Chroma::Quarter => 3,
        Chroma::Half => 4,
        Chroma::Full => 6,
    };
    let tenths = match options.quality {
        0..=80 => 6,
        81..=90 => 8,
        _ => 15,
    };
    pixels * halves / 2 * tenths / 10 + (4 << 10)
}

fn encoder<'a>(pixels: &'a [u8], height: u32, picture: &Picture, options: &Options) -> Encoder<'a> {
    let (width, height) = (picture.width as usize, height as usize);
    let encoder = match picture.layout {
        Layout::Gray => Encoder::new(pixels, width, height, PixelFormat::Grayscale),
        _ => Encoder::new(pixels, width, height, PixelFormat::Rgb).subsampling(
            match options.chroma {
                Chroma::Quarter => Subsampling::S420,
                Chroma::Half => Subsampling::S422,
                Chroma::Full => Subsampling::S444,
            },
        ),
    };
    encoder.quality(options.quality)
}

fn with_metadata<'a>(mut encoder: Encoder<'a>, metadata: &'a Metadata) -> Encoder<'a> {
    if let Some(icc) = &metadata.icc {
        encoder = encoder.icc_profile(icc);
    }
    if let Some(exif) = metadata.exif.as_ref().filter(|exif| exif.len() < APP1_ROOM) {
        encoder = encoder.exif_data(exif);
    }
    if let Some(xmp) = metadata.xmp.as_ref().filter(|xmp| xmp.len() < APP1_ROOM) {
        encoder = encoder.xmp_data(xmp);
    }
    encoder
}

/// Encodes in one pass, or in two with Huffman tables of its own.
///
/// On five photos at 800x600, quality 80, 4:2:0 (EPYC, one core, November 2026), libjpeg-turbo-rs 0.9 took 0.9 to 1.9 ms
/// with standard tables, and 1.4 to 3.1 ms with its own for 1.2 to 2.7 % fewer bytes. On one of them jpeg-encoder 0.7
/// (simd) took 4.0 ms, where this took 1.9, for 0.7 % more bytes.
fn whole(picture: &Picture, options: &Options, metadata: &Metadata) -> Result<Vec<u8>> {
    let encoder = encoder(&picture.pixels, picture.height, picture, options)
        .optimize_huffman(options.optimise_coding)
        .progressive(options.progressive);
    with_metadata(encoder, metadata).encode().map_err(|error| gave_up(Target::Jpeg, error))
}

/// Encodes bands of MCU rows as pictures of their own and joins their entropy-coded data by restart markers, at which a
/// decoder starts anew anyway. The pixels are those of one pass; the Huffman tables are the standard ones, since they
/// are shared by all bands.
fn banded(
    picture: &Picture,
    options: &Options,
    metadata: &Metadata,
    budget: &Budget,
) -> Result<Vec<u8>> {
    let (across, down) = match (picture.layout, options.chroma) {
        (Layout::Gray, _) | (_, Chroma::Full) => (8, 8),
        (_, Chroma::Half) => (16, 8),
        (_, Chroma::Quarter) => (16, 16),
    };
    let blocks = picture.width.div_ceil(across);
    let pixels_per_row = u64::from(blocks) * u64::from(across * down);
    // The restart interval is a 16-bit number of MCUs.
    let rows = (BAND / pixels_per_row).clamp(1, u64::from(u16::MAX) / u64::from(blocks)) as u32;
    let stride = picture.stride();
    let none = Metadata::default();
    let encode = |(index, pixels): (usize, &[u8])| {
        budget.check()?;
        let height = (pixels.len() / stride) as u32;
        let metadata = if index == 0 { metadata } else { &none };
        with_metadata(encoder(pixels, height, picture, options), metadata)
            .encode()
            .map_err(|error| gave_up(Target::Jpeg, error))
    };
    let all: Vec<(usize, &[u8])> =
        picture.pixels.chunks(stride * (rows * down) as usize).enumerate().collect();
    let mut bands: Vec<Vec<u8>> = Vec::with_capacity(all.len());
    for group in all.chunks(AT_ONCE) {
        bands.extend(group.par_iter().map(|band| encode(*band)).collect::<Result<Vec<_>>>()?);
    }
    let broken = || gave_up(Target::Jpeg, "a band without its markers");
    let mut stitched = Vec::with_capacity(bands.iter().map(Vec::len).sum::<usize>() + 8);
    for (index, band) in bands.iter().enumerate() {
        let header = Header::of(band).ok_or_else(broken)?;
        let scan = band.get(header.scan..band.len().wrapping_sub(2)).ok_or_else(broken)?;
        if index == 0 {
            stitched.extend_from_slice(&band[..header.sos]);
            let height = stitched.get_mut(header.height..header.height + 2).ok_or_else(broken)?;
            height.copy_from_slice(&(picture.height as u16).to_be_bytes());
            let interval = (blocks * rows) as u16;
            stitched.extend_from_slice(&[0xFF, 0xDD, 0, 4]);
            stitched.extend_from_slice(&interval.to_be_bytes());
            stitched.extend_from_slice(&band[header.sos..header.scan]);
        } else {
            stitched.extend_from_slice(&[0xFF, 0xD0 + ((index - 1) % 8) as u8]);
        }
        stitched.extend_from_slice(scan);
    }
    stitched.extend_from_slice(&[0xFF, 0xD9]);
    Ok(stitched)
}

/// Where things are in a baseline JPEG.
struct Header {
    /// The two bytes of the height in SOF.
    height: usize,
    /// The start-of-scan marker.
    sos: usize,
    /// The first byte of entropy-coded data.
    scan: usize,
}

impl Header {
    fn of(jpeg: &[u8]) -> Option<Header> {
        let mut at = 2;
        let mut height = None;
        loop {
            let (&[0xFF, marker, high, low], _) = jpeg.get(at..)?.split_first_chunk::<4>()? else {
                return None;
            };
            let next = at + 2 + usize::from(u16::from_be_bytes([high, low]));
            match marker {
                0xC0 | 0xC1 => height = Some(at + 5),
                0xDA => return Some(Header { height: height?, sos: at, scan: next }),
                _ => {}
            }
            at = next;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gradient(width: u32, height: u32, layout: Layout) -> Picture {
        let mut picture = Picture::new(width, height, layout);
        for (index, byte) in picture.pixels.iter_mut().enumerate() {
            *byte = (index / 7 % 256) as u8 ^ (index / 3001 % 32) as u8;
        }
        picture
    }

    fn decoded(jpeg: &[u8]) -> Vec<u8> {
        libjpeg_turbo_rs::decompress(jpeg).expect("a JPEG").data
    }

    #[test]
    fn stitched_bands_show_what_one_pass_shows() {
        let budget = Budget::unlimited();
        for (layout, chroma) in [
            (Layout::Gray, Chroma::Quarter),
            (Layout::Rgb, Chroma::Quarter),
            (Layout::Rgb, Chroma::Half),
            (Layout::Rgb, Chroma::Full),
        ] {
            let picture = gradient(2003, 1511, layout);
            for quality in [30, 80] {
                let options = Options { chroma, quality, ..Options::default() };
                let metadata = Metadata { icc: Some(vec![7; 70_000]), ..Metadata::default() };
                let stitched = banded(&picture, &options, &metadata, &budget).expect("encoded");
                let single = whole(&picture, &options, &metadata).expect("encoded");
                assert!(decoded(&stitched) == decoded(&single), "{layout:?} {chroma} {quality}");
            }
        }
    }
}
