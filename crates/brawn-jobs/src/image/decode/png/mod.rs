//! PNG by the `png` crate, row by row.

mod chunks;

use brawn_core::{Budget, Error};
use png::{BitDepth, ColorType, DecodingError, InterlaceInfo, Transformations};

use super::super::picture::{Layout, Picture};
use super::super::{color, exif};
use super::header::{self, Format, Header, Probed};
use super::polled::{Polled, because};
use super::{Each, Extras, Frame, corrupt, room, samples, truncated};
use chunks::{Chunks, Stopped};

/// What the header says beyond size and layout.
#[derive(Clone, Debug)]
pub(super) struct Detail {
    /// Bytes of one pixel as stored, rounded up.
    stored: u64,
}

/// For metadata that the codec keeps: profiles above this are an error of its own.
const METADATA: u64 = 16 << 20;

pub(super) fn probe(bytes: &[u8], complete: bool) -> Result<Probed, Error> {
    let chunks = match Chunks::read(bytes) {
        Ok(chunks) => chunks,
        Err(Stopped::CutOff(needed)) => {
            return header::cut_off(Format::Png, needed, complete);
        }
        Err(Stopped::Wrong(what)) => {
            return Err(Error::invalid_input(format!("the png is corrupt: {what}")));
        }
    };
    let Chunks { width, height, depth, color, interlaced, .. } = chunks;
    let (layout, samples, word) = match (color, chunks.transparency) {
        (0, false) => (Layout::Gray, 1, "gray"),
        (0, true) => (Layout::GrayAlpha, 1, "gray"),
        (2, false) => (Layout::Rgb, 3, "rgb"),
        (2, true) => (Layout::Rgba, 3, "rgb"),
        (3, false) => (Layout::Rgb, 1, "palette"),
        (3, true) => (Layout::Rgba, 1, "palette"),
        (4, _) => (Layout::GrayAlpha, 2, "gray with alpha"),
        (6, _) => (Layout::Rgba, 4, "rgba"),
        (other, _) => {
            return Err(Error::invalid_input(format!(
                "the png is corrupt: it is of colour type {other}; there are 0, 2, 3, 4 and 6"
            )));
        }
    };
    let mut facts = vec![format!("{depth}-bit {word}")];
    if interlaced {
        facts.push("interlaced".to_owned());
    }
    if chunks.animated {
        facts.push("animated, of which the default image is read".to_owned());
    }
    let orientation = chunks.exif(bytes).map(exif::orientation).unwrap_or_default();
    let detail = Detail { stored: (samples * u64::from(depth)).div_ceil(8) };
    let detail = header::Detail::Png(detail);
    Header::still(Format::Png, (width, height), layout, orientation, &facts, detail)
        .map(Probed::Header)
}

pub(super) fn peak_memory(header: &Header, detail: &Detail) -> u64 {
    let channels = header.layout.channels() as u64;
    // Some rows as stored (the one above, the one being undone, what the inflater has ahead) and as samples.
    let rows = u64::from(header.width) * (detail.stored + 2 * channels) * 4;
    header.pixels() * channels + rows + METADATA
}

pub(super) fn decode(
    bytes: &[u8],
    header: &Header,
    detail: &Detail,
    budget: &Budget,
    each: &mut Each<'_>,
) -> Result<Extras, Error> {
    let wrong = |error| because(budget, describe)(error);
    let limit = METADATA + u64::from(header.width) * (detail.stored + 8) * 4;
    let limits = png::Limits { bytes: usize::try_from(limit).unwrap_or(usize::MAX) };
    let mut decoder = png::Decoder::new_with_limits(Polled::new(bytes, budget), limits);
    decoder.set_transformations(Transformations::EXPAND);
    decoder.set_ignore_text_chunk(true);
    let mut reader = decoder.read_info().map_err(wrong)?;
    let (color, depth) = reader.output_color_type();
    let layout = match color {
        ColorType::Grayscale => Layout::Gray,
        ColorType::GrayscaleAlpha => Layout::GrayAlpha,
        ColorType::Rgb | ColorType::Indexed => Layout::Rgb,
        ColorType::Rgba => Layout::Rgba,
    };
    let size = reader.info().size();
    if size != (header.width, header.height) || layout != header.layout {
        return Err(Error::invalid_input("the png is corrupt: its header does not fit its pixels"));
    }
    let icc = reader.info().icc_profile.as_ref().map(|icc| icc.to_vec());
    let pixels = rows(&mut reader, header, depth == BitDepth::Sixteen, budget)?;
    let picture = Picture { width: header.width, height: header.height, layout, pixels };
    let mut extras = Extras { icc: color::unless_srgb(icc), ..Extras::default() };
    if let Ok(chunks) = Chunks::read(bytes) {
        extras.exif = chunks.exif(bytes).map(<[u8]>::to_vec);
        extras.xmp = chunks.xmp(bytes).map(<[u8]>::to_vec);
    }
    each(Frame { picture, delay_ms: 0 })?;
    Ok(extras)
}

fn rows(
    reader: &mut png::Reader<Polled<'_>>,
    header: &Header,
    wide: bool,
    budget: &Budget,
) -> Result<Vec<u8>, Error> {
    let wrong = |error| because(budget, describe)(error);
    let channels = header.layout.channels();
    let stride = header.width as usize * channels;
    let mut pixels = room(header.pixels() * channels as u64)?;
    let mut row = vec![0; if wide { stride * 2 } else { stride }];
    let mut line = 0;
    // The call behind the last row reads on to the checksum over all pixels. What stands behind that, the frames of an
    // APNG and the end, is not read.
    loop {
        budget.check()?;
        // Eight bits and not interlaced go straight to their place.
        let place = pixels.get_mut(line * stride..(line + 1) * stride);
        let direct = !wide && !reader.info().interlaced;
        let info = match (direct, place) {
            (true, Some(place)) => reader.read_row(place),
            _ => reader.read_row(&mut row),
        };
        let info = match info {
            // All pixels are there: only what stands behind them is cut off.
            Err(error) if line == header.height as usize && is_end(&error) => break,
            other => other.map_err(wrong)?,
        };
        let Some(info) = info else { break };
        match info {
            InterlaceInfo::Null(_) => {
                if wide && let Some(place) = pixels.get_mut(line * stride..(line + 1) * stride) {
                    samples::narrow_row(&row, place);
                }
                line += 1;
            }
            InterlaceInfo::Adam7(info) => {
                if wide {
                    samples::narrow_in_place(&mut row);
                }
                png::expand_interlaced_row(&mut pixels, stride, &row, &info, channels as u8 * 8);
            }
        }
    }
    Ok(pixels)
}

fn is_end(error: &DecodingError) -> bool {
    matches!(error, DecodingError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof)
}

fn describe(error: DecodingError) -> Error {
    match error {
        error if is_end(&error) => truncated(Format::Png),
        DecodingError::LimitsExceeded => {
            Error::limit_exceeded("the png carries more metadata than is read")
        }
        other => corrupt(Format::Png, other),
    }
}
