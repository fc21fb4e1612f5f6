//! JPEG by libjpeg-turbo-rs, whose pixels are those of libjpeg-turbo: small pictures, unusual ones, scales
//! that [`shrink`](super::super::shrink) does not make.

use brawn_core::{Budget, Error};
use libjpeg_turbo_rs::{DecodeLimits, Decoder, JpegError, PixelFormat, ScalingFactor};

use super::super::super::color::Inks;
use super::super::super::picture::{Layout, Picture};
use super::super::header::Format;
use super::super::shrink::MAX_SCANS;
use super::super::{corrupt, room, truncated};
use super::Detail;

/// What a decode to `pixels` pixels at `eighths` of the size holds.
///
/// Measured with a counting allocator over all samplings and scales: at full size the planes as coded and the output, at
/// other scales chroma at up to the size of luma, and for CMYK the output twice.
pub(super) fn peak_memory(detail: &Detail, pixels: u64, eighths: u32) -> u64 {
    let components = u64::from(detail.components);
    let coefficients =
        if detail.progressive { detail.samples * 2 + detail.samples / 32 } else { 0 };
    let eighths = u64::from(eighths);
    let samples = detail.samples * eighths * eighths / 64;
    let upsampled = if eighths < 8 { samples / 2 + components * pixels } else { samples };
    let unusual = if detail.unusual { components * pixels } else { 0 };
    let output = if detail.is_cmyk() {
        pixels * (2 * 4) + Inks::memory(detail.profile)
    } else {
        pixels * components
    };
    // Rows of a few MCUs for each component.
    let rows = (detail.samples / 64).isqrt() * 64 * 8;
    coefficients + upsampled + unusual + output + rows
}

fn decoder(bytes: &[u8], eighths: u32) -> Result<Decoder<'_>, Error> {
    let limits = DecodeLimits { max_scans: MAX_SCANS, ..DecodeLimits::default() };
    let mut decoder = Decoder::new_with_limits(bytes, limits).map_err(describe)?;
    let (mut num, mut denom) = (eighths, 8);
    while num % 2 == 0 && denom % 2 == 0 {
        (num, denom) = (num / 2, denom / 2);
    }
    decoder.set_scale(ScalingFactor::try_new(num, denom).map_err(describe)?);
    Ok(decoder)
}

/// Gray or RGB.
pub(super) fn decode(
    bytes: &[u8],
    layout: Layout,
    eighths: u32,
    budget: &Budget,
) -> Result<Picture, Error> {
    let mut decoder = decoder(bytes, eighths)?;
    budget.check()?;
    decoder.set_output_format(match layout {
        Layout::Gray => PixelFormat::Grayscale,
        _ => PixelFormat::Rgb,
    });
    into_picture(&decoder, layout, layout.channels() as u64)
}

/// CMYK, and YCCK as CMYK, as they are stored.
pub(super) fn inks(bytes: &[u8], eighths: u32, budget: &Budget) -> Result<Picture, Error> {
    let mut decoder = decoder(bytes, eighths)?;
    budget.check()?;
    decoder.set_output_format(PixelFormat::Cmyk);
    into_picture(&decoder, Layout::Rgba, 4)
}

fn into_picture(decoder: &Decoder<'_>, layout: Layout, channels: u64) -> Result<Picture, Error> {
    let (width, height) = (decoder.output_width() as u64, decoder.output_height() as u64);
    let mut pixels = room(width * height * channels)?;
    let info = decoder.decode_image_into(&mut pixels).map_err(describe)?;
    if info.bytes_written != pixels.len() {
        return Err(Error::invalid_input("the jpeg is corrupt: its pixels do not fill its size"));
    }
    Ok(Picture { width: width as u32, height: height as u32, layout, pixels })
}

fn describe(error: JpegError) -> Error {
    match error {
        JpegError::UnexpectedEof => truncated(Format::Jpeg),
        JpegError::Unsupported(what) => Error::unsupported(format!("the jpeg uses {what}")),
        JpegError::LimitExceeded { what, actual, .. } if what.contains("scan") => {
            Error::limit_exceeded(format!(
                "the jpeg has {actual} or more scans and the limit is {MAX_SCANS}"
            ))
        }
        other => corrupt(Format::Jpeg, other),
    }
}
