//! Large JPEGs at full size by zune-jpeg: as fast as libjpeg-turbo-rs, and it reads its input as it goes, so that a budget
//! can end it (within 8 ms for 24 MP; 30 ms at the end of progressive ones).
//!
//! Its pixels differ by up to 11 levels from libjpeg's where chroma is brought to full size, at 52 dB or more over the
//! photos tried.

use brawn_core::{Budget, Error};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::super::super::picture::{Layout, Picture};
use super::super::header::Header;
use super::super::polled::Polled;
use super::super::room;
use super::super::shrink::MAX_SCANS;
use super::Detail;

/// What a decode holds: the output, rows of MCUs and, where several scans make a picture, the coefficients.
pub(super) fn peak_memory(header: &Header, detail: &Detail) -> u64 {
    let components = u64::from(detail.components);
    let coefficients =
        if detail.is_buffered() { detail.samples * 2 + detail.samples / 32 } else { 0 };
    let rows = u64::from(header.width) * components * 128;
    coefficients + header.pixels() * components + rows
}

/// `None` when it finds a fault, which the other decoder may not: its verdict is the one that counts.
pub(super) fn decode(
    bytes: &[u8],
    header: &Header,
    budget: &Budget,
) -> Result<Option<Picture>, Error> {
    let colours = match header.layout {
        Layout::Gray => ColorSpace::Luma,
        _ => ColorSpace::RGB,
    };
    let pixels = samples(bytes, header, colours, header.layout.channels(), budget)?;
    Ok(pixels.map(|pixels| Picture {
        width: header.width,
        height: header.height,
        layout: header.layout,
        pixels,
    }))
}

/// Pixels of four inks as they are stored, YCCK as CMYK. `adobe` is the transform that a segment of that name gives.
pub(super) fn inks(
    bytes: &[u8],
    header: &Header,
    adobe: Option<u8>,
    budget: &Budget,
) -> Result<Option<Picture>, Error> {
    let colours = match adobe {
        None | Some(0) => ColorSpace::CMYK,
        Some(2) => ColorSpace::YCCK,
        Some(_) => return Ok(None),
    };
    let mut inks = samples(bytes, header, colours, 4, budget)?;
    if let Some(inks) = inks.as_mut().filter(|_| colours == ColorSpace::YCCK) {
        for pixels in inks.chunks_mut(4 << 16) {
            budget.check()?;
            pixels.as_chunks_mut::<4>().0.iter_mut().for_each(ycck_to_cmyk);
        }
    }
    Ok(inks.map(|pixels| Picture {
        width: header.width,
        height: header.height,
        layout: Layout::Rgba,
        pixels,
    }))
}

/// In libjpeg's own fixed point.
fn ycck_to_cmyk(pixel: &mut [u8; 4]) {
    const HALF: i32 = 1 << 15;
    let [y, cb, cr, _] = pixel.map(i32::from);
    let (cb, cr) = (cb - 128, cr - 128);
    let red = y + ((91_881 * cr + HALF) >> 16);
    let green = y + ((-22_554 * cb - 46_802 * cr + HALF) >> 16);
    let blue = y + ((116_130 * cb + HALF) >> 16);
    for (ink, light) in pixel.iter_mut().zip([red, green, blue]) {
        *ink = (255 - light).clamp(0, 255) as u8;
    }
}

/// Looks at the budget while a file is read, at least.
const LOOKS: usize = 256;

fn samples(
    bytes: &[u8],
    header: &Header,
    colours: ColorSpace,
    channels: usize,
    budget: &Budget,
) -> Result<Option<Vec<u8>>, Error> {
    // A file of a few kilobytes can ask for a second of work.
    let reader = Polled::new(bytes, budget).in_pieces(bytes.len() / LOOKS);
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(header.width as usize)
        .set_max_height(header.height as usize)
        .jpeg_set_max_scans(MAX_SCANS)
        .jpeg_set_out_colorspace(colours);
    let mut decoder = JpegDecoder::new_with_options(reader, options);
    let length = header.pixels() * channels as u64;
    let decoded = decoder.decode_headers().is_ok()
        && decoder.output_buffer_size().is_some_and(|size| size as u64 == length);
    let mut pixels = room(if decoded { length } else { 0 })?;
    let decoded = decoded && decoder.decode_into(&mut pixels).is_ok();
    budget.check()?;
    Ok(decoded.then_some(pixels))
}

#[cfg(test)]
mod tests {
    use libjpeg_turbo_rs::{Encoder, PixelFormat};

    use super::super::super::{Probed, probe};
    use super::super::full;
    use super::*;

    const SIZE: (usize, usize) = (203, 117);

    /// Four slopes, and a JPEG of them without an Adobe segment or with one that says 0.
    fn cmyk() -> Vec<u8> {
        let pixels: Vec<u8> = (0..SIZE.0 * SIZE.1)
            .flat_map(|at| {
                let (x, y) = (at % SIZE.0, at / SIZE.0);
                [x, 2 * y, x + y, 250 - x].map(|value| value as u8)
            })
            .collect();
        let encoder = Encoder::new(&pixels, SIZE.0, SIZE.1, PixelFormat::Cmyk);
        encoder.quality(95).encode().expect("encoded")
    }

    /// The offset of the transform in the Adobe segment.
    fn transform(bytes: &[u8]) -> Option<usize> {
        bytes.windows(5).position(|name| name == b"Adobe").map(|at| at + 11)
    }

    fn furthest(bytes: &[u8]) -> u8 {
        let budget = Budget::unlimited();
        let Ok(Probed::Header(header)) = probe(bytes, true) else { panic!("a header") };
        let adobe = transform(bytes).map(|at| bytes[at]);
        let stopped = inks(bytes, &header, adobe, &budget).expect("no budget ends");
        let stopped = stopped.expect("no fault");
        let super::super::super::header::Detail::Jpeg(detail) = &header.detail else {
            panic!("a jpeg")
        };
        let whole = full::decode(bytes, detail, header.layout, 8, &budget).expect("decoded");
        stopped.pixels.iter().zip(&whole.pixels).map(|(a, b)| a.abs_diff(*b)).max().expect("pixels")
    }

    #[test]
    fn inks_are_those_of_the_other_decoder() {
        let mut bytes = cmyk();
        assert!(furthest(&bytes) <= 2, "CMYK off by {}", furthest(&bytes));
        let at = transform(&bytes).expect("an Adobe segment");
        // The same samples, read as Y, Cb, Cr and K.
        bytes[at] = 2;
        assert!(furthest(&bytes) <= 4, "YCCK off by {}", furthest(&bytes));
    }

    #[test]
    fn ycck_is_the_complement_of_rgb() {
        for (ycck, cmyk) in [
            ([255, 128, 128, 9], [0, 0, 0, 9]),
            ([0, 128, 128, 200], [255, 255, 255, 200]),
            ([76, 85, 255, 0], [1, 255, 255, 0]),
        ] {
            let mut pixel = ycck;
            ycck_to_cmyk(&mut pixel);
            assert_eq!(pixel, cmyk);
        }
    }
}
