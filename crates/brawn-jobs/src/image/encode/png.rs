//! PNG: rows fed to the encoder a few at a time.

use std::io::Write;

use brawn_core::{Budget, Result};
use png::{BitDepth, ColorType, DeflateCompression, Encoder, Filter, Info};

use super::{Metadata, Target, gave_up};
use crate::image::options::Options;
use crate::image::picture::{Layout, Picture};

/// Bytes that are compressed between two looks at the budget: at level 9 some 9 ms.
const BYTES_PER_CHECK: usize = 64 << 10;

pub(super) fn encode(
    picture: &Picture,
    options: &Options,
    metadata: &Metadata,
    budget: &Budget,
) -> Result<Vec<u8>> {
    let failed = |error: png::EncodingError| gave_up(Target::Png, error);
    let mut info = Info::with_size(picture.width, picture.height);
    info.color_type = match picture.layout {
        Layout::Gray => ColorType::Grayscale,
        Layout::GrayAlpha => ColorType::GrayscaleAlpha,
        Layout::Rgb => ColorType::Rgb,
        Layout::Rgba => ColorType::Rgba,
    };
    info.bit_depth = BitDepth::Eight;
    info.icc_profile = metadata.icc.as_deref().map(Into::into);
    info.exif_metadata = metadata.exif.as_deref().map(Into::into);
    let mut bytes = Vec::new();
    let mut encoder = Encoder::with_info(&mut bytes, info).map_err(failed)?;
    if let Some(xmp) = metadata.xmp.as_deref().and_then(|xmp| str::from_utf8(xmp).ok()) {
        let keyword = "XML:com.adobe.xmp".to_owned();
        encoder.add_itxt_chunk(keyword, xmp.to_owned()).map_err(failed)?;
    }
    let (deflate, filter) = level(options.compression_level, picture);
    encoder.set_deflate_compression(deflate);
    encoder.set_filter(filter);
    let mut writer = encoder.write_header().map_err(failed)?;
    let mut rows = writer.stream_writer_with_size(64 << 10).map_err(failed)?;
    for band in picture.pixels.chunks(BYTES_PER_CHECK) {
        budget.check()?;
        rows.write_all(band).map_err(|error| gave_up(Target::Png, error))?;
    }
    rows.finish().map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(bytes)
}

/// What the levels of sharp and libpng become.
///
/// Up to 6, pictures without repetition go to fdeflate, whose Huffman codes are made for filtered pixels: on five photos
/// at 800x600 it took 1.7 to 4.2 ms. Level 6 took 100 to 150 ms for files between 11 % smaller and 5 % larger; level 6
/// without filters, as sharp sets by default, 36 to 63 ms for files 14 to 73 % larger. EPYC, one core, November 2026.
fn level(level: u8, picture: &Picture) -> (DeflateCompression, Filter) {
    match level {
        0 => (DeflateCompression::NoCompression, Filter::NoFilter),
        1..=6 if !repeats(picture) => (DeflateCompression::FdeflateUltraFast, Filter::Paeth),
        level => (DeflateCompression::Level(level), Filter::Adaptive),
    }
}

/// Whether a third of the pixels, in every sixteenth row, are the same as their left neighbour: drawings and
/// screenshots, in which deflate finds what is repeated. In seven photos at 800 pixels it was 0 to 21 %.
fn repeats(picture: &Picture) -> bool {
    let channels = picture.layout.channels();
    let (mut same, mut all) = (0_usize, 0_usize);
    for row in picture.pixels.chunks_exact(picture.stride()).step_by(16) {
        let left = row.chunks_exact(channels);
        same += left.clone().skip(1).zip(left).filter(|(pixel, left)| pixel == left).count();
        all += row.len() / channels;
    }
    same * 3 > all
}

/// Noise does not compress: the result is a little longer than the pixels (fdeflate's codes are fixed: up to a half),
/// and its vector may have been doubled just before the end, old and new at once.
pub(super) fn working_memory(size: (u32, u32), layout: Layout) -> u64 {
    let row = u64::from(size.0) * layout.channels() as u64 + 1;
    let raw = row * u64::from(size.1);
    raw * 13 / 4 + row * 8 + (1 << 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawing_is_told_from_a_photo() {
        let mut picture = Picture::new(64, 64, Layout::Rgb);
        assert!(repeats(&picture));
        for (index, byte) in picture.pixels.iter_mut().enumerate() {
            *byte = (index * index / 97 % 256) as u8;
        }
        assert!(!repeats(&picture));
    }

    #[test]
    fn every_level_gives_the_pixels_back() {
        let mut picture = Picture::new(61, 47, Layout::Rgba);
        for (index, byte) in picture.pixels.iter_mut().enumerate() {
            *byte = (index * index / 97 % 256) as u8;
        }
        for compression_level in 0..=9 {
            let options = Options { compression_level, ..Options::default() };
            let budget = Budget::unlimited();
            let bytes = encode(&picture, &options, &Metadata::default(), &budget).expect("encoded");
            let mut reader =
                png::Decoder::new(std::io::Cursor::new(&bytes)).read_info().expect("a PNG");
            let mut pixels = vec![0; reader.output_buffer_size().expect("small")];
            reader.next_frame(&mut pixels).expect("whole");
            assert!(pixels == picture.pixels, "level {compression_level}");
        }
    }
}
