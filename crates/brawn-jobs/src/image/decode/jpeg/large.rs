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
use super::full::MAX_SCANS;

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
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(header.width as usize)
        .set_max_height(header.height as usize)
        .jpeg_set_max_scans(MAX_SCANS)
        .jpeg_set_out_colorspace(colours);
    let mut decoder = JpegDecoder::new_with_options(Polled::new(bytes, budget), options);
    let length = header.pixels() * header.layout.channels() as u64;
    let decoded = decoder.decode_headers().is_ok()
        && decoder.output_buffer_size().is_some_and(|size| size as u64 == length);
    let mut pixels = room(if decoded { length } else { 0 })?;
    let decoded = decoded && decoder.decode_into(&mut pixels).is_ok();
    budget.check()?;
    Ok(decoded.then_some(Picture {
        width: header.width,
        height: header.height,
        layout: header.layout,
        pixels,
    }))
}
