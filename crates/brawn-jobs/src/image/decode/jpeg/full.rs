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
use super::markers::Markers;

/// What a decode to `pixels` pixels at `eighths` of the size holds.
///
/// Measured with a counting allocator over all samplings and scales: at full size the planes as coded and the output, at
/// other scales chroma at up to the size of luma, and for CMYK the output twice.
pub(super) fn peak_memory(detail: &Detail, pixels: u64, eighths: u32) -> u64 {
    let components = u64::from(detail.components);
    let coefficients =
        if detail.is_buffered() { detail.samples * 2 + detail.samples / 32 } else { 0 };
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

/// What one call may take, in nanoseconds: it cannot be interrupted. 24 MP in ten scans pass at full size.
const LONGEST: u64 = 300_000_000;

/// About what a decode takes on one core of a 2-core EPYC, in nanoseconds. Fitted to 12 MP of 0.6 to 7 MB in 1 and 10
/// scans, by Huffman and arithmetic codes, and to 16 MP of nothing in 99 scans (2026-11-24).
fn work(detail: &Detail, bytes: usize, scans: usize, eighths: u32) -> u64 {
    let transforms = if eighths < 5 { 1 } else { 3 };
    let byte = match detail {
        Detail { arithmetic: true, .. } => 120,
        Detail { progressive: true, .. } => 25,
        _ => 10,
    };
    detail.samples * transforms + detail.samples * scans as u64 * 3 / 20 + bytes as u64 * byte
}

/// Refuses what would take too long.
fn check_work(bytes: &[u8], detail: &Detail, eighths: u32) -> Result<(), Error> {
    let passes = |scans| work(detail, bytes.len(), scans, eighths) <= LONGEST;
    if passes(MAX_SCANS) {
        return Ok(());
    }
    let scans = Markers::scans(bytes, MAX_SCANS);
    if passes(scans) {
        return Ok(());
    }
    let samples = detail.samples as f64 / 1e6;
    Err(Error::limit_exceeded(format!(
        "the jpeg has {samples:.0} million samples in {scans} scans and a flaw or a rare coding, which is too much for the \
         decoder that is left for it"
    ))
    .with_hint("save it again, sequential and in one scan"))
}

/// Gray, RGB or, as Rgba, the inks as they are stored (YCCK as CMYK).
pub(super) fn decode(
    bytes: &[u8],
    detail: &Detail,
    layout: Layout,
    eighths: u32,
    budget: &Budget,
) -> Result<Picture, Error> {
    check_work(bytes, detail, eighths)?;
    let mut decoder = decoder(bytes, eighths)?;
    budget.check()?;
    let (layout, format) = match layout {
        _ if detail.is_cmyk() => (Layout::Rgba, PixelFormat::Cmyk),
        Layout::Gray => (layout, PixelFormat::Grayscale),
        _ => (layout, PixelFormat::Rgb),
    };
    decoder.set_output_format(format);
    into_picture(&decoder, layout, layout.channels() as u64)
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
