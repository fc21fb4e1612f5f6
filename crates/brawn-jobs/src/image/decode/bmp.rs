//! BMP by the `image` crate.

use brawn_core::{Budget, Error};
use image::codecs::bmp::BmpDecoder;
use image::error::ImageError;
use image::{ColorType, ImageDecoder};

use super::super::orient::Orientation;
use super::super::picture::{Layout, Picture};
use super::header::{self, Format, Header, Probed};
use super::polled::{Polled, because};
use super::{Each, Extras, Frame, corrupt, room, truncated};

/// The longest header with its masks and a palette of 256 colours.
const HEAD: u64 = 4096;

pub(super) fn probe(bytes: &[u8], complete: bool) -> Result<Probed, Error> {
    if (bytes.len() as u64) < HEAD && !complete {
        return header::cut_off(Format::Bmp, HEAD, complete);
    }
    let budget = Budget::unlimited();
    let decoder = BmpDecoder::new(Polled::new(bytes, &budget)).map_err(describe)?;
    let layout = layout(decoder.color_type())?;
    let bits = bytes.get(28).copied().unwrap_or(0);
    let facts = [format!("{bits}-bit")];
    Header::still(
        Format::Bmp,
        decoder.dimensions(),
        layout,
        Orientation::default(),
        &facts,
        header::Detail::Bmp,
    )
    .map(Probed::Header)
}

fn layout(color: ColorType) -> Result<Layout, Error> {
    match color {
        ColorType::L8 => Ok(Layout::Gray),
        ColorType::Rgb8 => Ok(Layout::Rgb),
        ColorType::Rgba8 => Ok(Layout::Rgba),
        other => Err(Error::unsupported(format!("the bmp has pixels of kind {other:?}"))),
    }
}

pub(super) fn peak_memory(header: &Header) -> u64 {
    header.pixels() * header.layout.channels() as u64 + u64::from(header.width) * 8
}

pub(super) fn decode(
    bytes: &[u8],
    header: &Header,
    budget: &Budget,
    each: &mut Each<'_>,
) -> Result<Extras, Error> {
    let decoder = BmpDecoder::new(Polled::new(bytes, budget)).map_err(because(budget, describe))?;
    let mut pixels = room(header.pixels() * header.layout.channels() as u64)?;
    if decoder.total_bytes() != pixels.len() as u64 {
        return Err(Error::invalid_input("the bmp is corrupt: it has two different sizes"));
    }
    decoder.read_image(&mut pixels).map_err(because(budget, describe))?;
    let picture =
        Picture { width: header.width, height: header.height, layout: header.layout, pixels };
    each(Frame { picture, delay_ms: 0 })?;
    Ok(Extras::default())
}

fn describe(error: ImageError) -> Error {
    match error {
        ImageError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            truncated(Format::Bmp)
        }
        ImageError::Unsupported(what) => {
            Error::unsupported(format!("the bmp is of a kind that is not handled: {what}"))
        }
        other => corrupt(Format::Bmp, other),
    }
}
