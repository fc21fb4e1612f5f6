//! AVIF: boxes read here, AV1 by re_rav1d, colours converted here.

mod boxes;
mod code_points;
mod meta;
mod paint;
mod sequence;
mod still;
mod stream;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::ops::Range;

use brawn_core::{Budget, Error};

use super::super::picture::{Layout, Picture};
use super::super::{alpha, color};
use super::header::{self, Format, Header, Probed};
use super::{Each, Extras, Frame, room, truncated};
use boxes::Stopped;
use paint::{Canvas, Matrix};
use sequence::Chroma;
use still::{Plane, Still};

/// What the header says beyond size and layout.
#[derive(Clone, Debug)]
pub(super) struct Detail {
    still: Box<Still>,
    matrix: Matrix,
}

/// All streams are walked over, so all of a file is asked for: the size that a decoder would allocate is in there.
pub(super) fn probe(bytes: &[u8], complete: bool) -> Result<Probed, Error> {
    let still = match Still::read(bytes, complete) {
        Ok(still) => still,
        Err(Stopped::CutOff(_)) if complete => return Err(truncated(Format::Avif)),
        Err(Stopped::CutOff(needed)) => return Ok(Probed::NeedsHead(needed)),
        Err(Stopped::Wrong(what)) => {
            return Err(Error::invalid_input(format!("the avif is corrupt: {what}")));
        }
        Err(Stopped::Unsupported(what)) => {
            return Err(Error::unsupported(format!("the avif {what}")));
        }
    };
    let sequence = &still.colour.sequence;
    let layout = match (sequence.chroma, &still.alpha) {
        (Chroma::None, None) => Layout::Gray,
        (Chroma::None, Some(_)) => Layout::GrayAlpha,
        (_, None) => Layout::Rgb,
        (_, Some(_)) => Layout::Rgba,
    };
    let Some(matrix) = Matrix::new(sequence, still.codes, still.full_range) else {
        return Err(Error::unsupported(format!(
            "the avif has matrix coefficients {}, which are not handled",
            still.codes[2]
        )));
    };
    let mut facts = vec![format!("{}-bit {}", sequence.depth, sequence.chroma.name())];
    if still.alpha.is_some() {
        facts.push("alpha".to_owned());
    }
    if still.colour.cells.len() > 1 {
        facts.push(format!("a grid of {}", still.colour.cells.len()));
    }
    let size = (still.colour.width, still.colour.height);
    let orientation = still.orientation;
    let detail = header::Detail::Avif(Detail { still: Box::new(still), matrix });
    Header::still(Format::Avif, size, layout, orientation, &facts, detail).map(Probed::Header)
}

pub(super) fn peak_memory(header: &Header, detail: &Detail) -> u64 {
    let still = &detail.still;
    let plane = |plane: &Plane| stream::peak_memory(&plane.sequence) + plane.longest_stream() * 2;
    let decoding = plane(&still.colour).max(still.alpha.as_ref().map_or(0, plane));
    let length = |range: &Range<u64>| range.end - range.start;
    let profile = still.icc.as_ref().map_or(code_points::PROFILE, length);
    let metadata: u64 = still.exif.iter().chain(&still.xmp).map(length).sum();
    let out = header.pixels() * header.layout.channels() as u64;
    out + decoding + metadata + color::memory(profile)
}

pub(super) fn decode(
    bytes: &[u8],
    header: &Header,
    detail: &Detail,
    budget: &Budget,
    each: &mut Each<'_>,
) -> Result<Extras, Error> {
    let still = &detail.still;
    let channels = header.layout.channels();
    let mut pixels = room(header.pixels() * channels as u64)?;
    paint_cells(bytes, &still.colour, channels, &mut pixels, budget, |frame, canvas| {
        paint::colours(frame, &still.colour.sequence, &detail.matrix, canvas, budget)
    })?;
    if let Some(plane) = &still.alpha {
        paint_cells(bytes, plane, channels, &mut pixels, budget, |frame, canvas| {
            paint::alpha(frame, &plane.sequence, canvas, budget)
        })?;
    }
    let (width, height, layout) = (header.width, header.height, header.layout);
    let mut picture = Picture { width, height, layout, pixels };
    if still.premultiplied {
        alpha::unpremultiply(&mut picture, budget)?;
    }
    let mut extras = extras(bytes, still)?;
    if still.icc.is_none() && !matches!(layout, Layout::Gray | Layout::GrayAlpha) {
        let [primaries, transfer, _] = still.codes;
        extras.icc = code_points::profile(primaries, transfer);
        extras.warnings.extend(code_points::warning(transfer));
    }
    each(Frame { picture, delay_ms: 0 })?;
    Ok(extras)
}

/// Decodes cell after cell, so that one frame at a time is held.
fn paint_cells(
    bytes: &[u8],
    plane: &Plane,
    channels: usize,
    pixels: &mut [u8],
    budget: &Budget,
    mut paint: impl FnMut(&re_rav1d::dav1d::Picture, Canvas<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    let sequence = &plane.sequence;
    for (index, cell) in plane.cells.iter().enumerate() {
        let stream = plane.stream(bytes, cell).ok_or_else(|| truncated(Format::Avif))?.into_owned();
        let frame = stream::first_frame(stream, sequence, cell.operating_point, budget)?;
        let columns = plane.columns as usize;
        let at =
            (index % columns * sequence.width as usize, index / columns * sequence.height as usize);
        paint(&frame, Canvas { pixels, width: plane.width as usize, channels, at })?;
    }
    Ok(())
}

fn extras(bytes: &[u8], still: &Still) -> Result<Extras, Error> {
    let read = |parts: &[Range<u64>]| match parts {
        [] => None,
        parts => still::payload(bytes, parts).ok().map(Cow::into_owned),
    };
    let icc = still.icc.clone().and_then(|place| read(&[place]));
    // EXIF has in front of it where in it the TIFF header is.
    let exif = read(&still.exif).and_then(|exif| {
        let skipped = u32::from_be_bytes(*exif.first_chunk()?) as usize;
        Some(exif.get(skipped.checked_add(4)?..)?.to_vec())
    });
    let xmp = read(&still.xmp);
    Ok(Extras { icc: color::unless_srgb(icc), exif, xmp, ..Extras::default() })
}
