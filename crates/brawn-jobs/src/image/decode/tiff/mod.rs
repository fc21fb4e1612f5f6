//! TIFF: chunks by the `tiff` crate, colours here.

mod ifd;
mod ink;

use brawn_core::{Budget, Error};
use tiff::decoder::{ChunkType, Decoder, DecodingResult, Limits};
use tiff::{TiffError, TiffUnsupportedError};

use super::super::color;
use super::super::orient::Orientation;
use super::super::picture::Picture;
use super::header::{self, EVERYTHING, Format, Header, Probed};
use super::jpeg;
use super::polled::{Polled, because};
use super::{Each, Extras, Frame, corrupt, room, truncated};
use ifd::Directory;
use ink::{Ink, Sheet};

mod tag {
    pub(super) const WIDTH: u16 = 256;
    pub(super) const HEIGHT: u16 = 257;
    pub(super) const BITS: u16 = 258;
    pub(super) const COMPRESSION: u16 = 259;
    pub(super) const PHOTOMETRIC: u16 = 262;
    pub(super) const FILL_ORDER: u16 = 266;
    pub(super) const ORIENTATION: u16 = 274;
    pub(super) const SAMPLES: u16 = 277;
    pub(super) const ROWS_PER_STRIP: u16 = 278;
    pub(super) const PLANAR: u16 = 284;
    pub(super) const COLOR_MAP: u16 = 320;
    pub(super) const TILE_WIDTH: u16 = 322;
    pub(super) const TILE_HEIGHT: u16 = 323;
    pub(super) const EXTRA: u16 = 338;
    pub(super) const SAMPLE_FORMAT: u16 = 339;
    pub(super) const SUBSAMPLING: u16 = 530;
    pub(super) const XMP: u16 = 700;
    pub(super) const ICC: u16 = 34_675;
    pub(super) const STRIPS: (u16, u16) = (273, 279);
    pub(super) const TILES: (u16, u16) = (324, 325);
}

const JPEG: u64 = 7;
const FAX4: u64 = 4;

/// Offsets and other values of the directory that the codec copies.
const METADATA: u64 = 16 << 20;

/// What the header says beyond size and layout.
#[derive(Clone, Debug)]
pub(super) struct Detail {
    sheet: Sheet,
    planar: bool,
    compression: u64,
    /// Pixels of one chunk (strip or tile) as coded, its padding included.
    chunk: (u64, u64),
}

impl Detail {
    /// Chunks of a picture of this size.
    fn chunks(&self, width: u32, height: u32) -> u64 {
        let count = |side: u32, of: u64| u64::from(side).div_ceil(of.max(1));
        let planes = if self.planar { self.sheet.samples as u64 } else { 1 };
        count(width, self.chunk.0) * count(height, self.chunk.1) * planes
    }

    /// Samples that one chunk holds together.
    fn samples(&self) -> u64 {
        if self.planar { 1 } else { self.sheet.samples as u64 }
    }
}

pub(super) fn probe(bytes: &[u8], complete: bool) -> Result<Probed, Error> {
    // The directory may stand anywhere, mostly behind the pixels.
    if !complete {
        return Ok(Probed::NeedsHead(EVERYTHING));
    }
    let Some(directory) = Directory::read(bytes) else {
        return header::cut_off(Format::Tiff, EVERYTHING, complete);
    };
    let side = |tag, name: &str| {
        let value = directory.number(bytes, tag).ok_or_else(|| {
            Error::invalid_input(format!("the tiff is corrupt: it does not say its {name}"))
        })?;
        u32::try_from(value).ok().filter(|side| *side <= i32::MAX as u32).ok_or_else(|| {
            Error::invalid_input(format!("the tiff is corrupt: its {name} is {value}"))
        })
    };
    let (width, height) = (side(tag::WIDTH, "width")?, side(tag::HEIGHT, "height")?);
    let number = |tag, default| directory.number(bytes, tag).unwrap_or(default);
    let sheet = Sheet::read(bytes, &directory)?;
    let compression = number(tag::COMPRESSION, 1);
    if number(tag::FILL_ORDER, 1) != 1 && (compression == FAX4 || sheet.bits < 8) {
        return Err(Error::unsupported("the tiff has its bits in reverse order (FillOrder 2)"));
    }
    if sheet.ink == Ink::YCbCr
        && compression != JPEG
        && !directory.numbers(bytes, tag::SUBSAMPLING).eq([1, 1])
    {
        return Err(Error::unsupported("the tiff has subsampled YCbCr that is not jpeg"));
    }
    let chunk = (
        number(tag::TILE_WIDTH, u64::from(width)),
        number(
            tag::TILE_HEIGHT,
            number(tag::ROWS_PER_STRIP, u64::from(height)).min(u64::from(height)),
        ),
    );
    let mut facts = vec![sheet.words()];
    if let Some(coding) = coding(compression) {
        facts.push(coding.to_owned());
    }
    let orientation = u16::try_from(number(tag::ORIENTATION, 1)).ok();
    let orientation = orientation.and_then(Orientation::from_exif).unwrap_or_default();
    let layout = sheet.layout();
    let planar = number(tag::PLANAR, 1) == 2 && sheet.samples > 1;
    let detail = header::Detail::Tiff(Detail { sheet, planar, compression, chunk });
    Header::still(Format::Tiff, (width, height), layout, orientation, &facts, detail)
        .map(Probed::Header)
}

fn coding(compression: u64) -> Option<&'static str> {
    Some(match compression {
        2 | 3 => "ccitt fax",
        4 => "ccitt g4",
        5 => "lzw",
        6 => "old jpeg",
        JPEG => "jpeg",
        8 | 32_946 => "deflate",
        32_773 => "packbits",
        _ => return None,
    })
}

pub(super) fn peak_memory(header: &Header, detail: &Detail) -> u64 {
    let (width, height) = detail.chunk;
    // A chunk is decoded without its padding, apart from JPEG, which also holds its input and a second copy.
    let coded = width.saturating_mul(height);
    let inside = width.min(u64::from(header.width)) * height.min(u64::from(header.height));
    let bytes = |pixels: u64, samples: u64| {
        pixels.saturating_mul(samples).saturating_mul(detail.sheet.bits as u64) / 8
    };
    let jpeg = if detail.compression == JPEG { bytes(coded, detail.samples()) * 2 } else { 0 };
    let row = u64::from(header.width) * (detail.sheet.samples as u64 + 4) * 4;
    (header.pixels() * header.layout.channels() as u64)
        .saturating_add(bytes(inside, detail.samples()))
        .saturating_add(jpeg)
        .saturating_add(row + METADATA + detail.sheet.profile_memory())
}

pub(super) fn decode(
    bytes: &[u8],
    header: &Header,
    detail: &Detail,
    budget: &Budget,
    each: &mut Each<'_>,
) -> Result<Extras, Error> {
    let wrong = |error| because(budget, describe)(error);
    let Some(directory) = Directory::read(bytes) else { return Err(truncated(Format::Tiff)) };
    // As gray with extra samples the codec hands out every kind of pixel as it is stored: it knows neither palettes nor
    // CIE Lab nor gray with alpha.
    let mut reader = Polled::new(bytes, budget);
    if let Some((at, short)) = directory.short_at(tag::PHOTOMETRIC, 1) {
        reader.overlay(at, short);
    }
    // It also refuses a file for what its other pages look like.
    let (at, none) = directory.no_next();
    reader.overlay(at, none);
    let mut decoder = Decoder::new(reader).map_err(wrong)?.with_limits(limits(header, detail));
    if decoder.dimensions().map_err(wrong)? != (header.width, header.height) {
        return Err(Error::invalid_input("the tiff is corrupt: it has two different sizes"));
    }
    if detail.compression == JPEG {
        check_jpegs(bytes, &directory, header, detail, budget)?;
    }
    let channels = header.layout.channels();
    let mut picture = Picture {
        width: header.width,
        height: header.height,
        layout: header.layout,
        pixels: room(header.pixels() * channels as u64)?,
    };
    let mut extras =
        Extras { xmp: directory.raw(bytes, tag::XMP).map(<[u8]>::to_vec), ..Extras::default() };
    let icc = directory.raw(bytes, tag::ICC);
    let palette: Vec<u16> =
        directory.numbers(bytes, tag::COLOR_MAP).take(3 << 16).map(|value| value as u16).collect();
    let mut printer = detail.sheet.printer(icc, palette, &mut extras.warnings)?;
    chunks(&mut decoder, detail, budget, |at, rows| printer.print(&mut picture, at, rows))?;
    if detail.sheet.ink == Ink::Lab {
        color::lab_to_srgb(&mut picture.pixels, budget)?;
    } else if !matches!(detail.sheet.ink, Ink::Cmyk) {
        extras.icc = color::unless_srgb(icc.map(<[u8]>::to_vec));
    }
    each(Frame { picture, delay_ms: 0 })?;
    Ok(extras)
}

fn limits(header: &Header, detail: &Detail) -> Limits {
    let most = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
    let mut limits = Limits::default();
    limits.decoding_buffer_size = most(peak_memory(header, detail));
    limits.intermediate_buffer_size = usize::MAX;
    limits
}

/// How often, on average, the bytes of a file may be read as JPEG chunks. Writers share one chunk among blank tiles;
/// 65,535 strips that all are the same 100 MB would take an hour.
const SHARED: u64 = 8;

/// The codec trusts the sizes inside of JPEG chunks: they must be those of the chunks. It also reads each as a whole.
fn check_jpegs(
    bytes: &[u8],
    directory: &Directory,
    header: &Header,
    detail: &Detail,
    budget: &Budget,
) -> Result<(), Error> {
    let (offsets, lengths) =
        if directory.number(bytes, tag::TILE_WIDTH).is_some() { tag::TILES } else { tag::STRIPS };
    let ranges = directory.numbers(bytes, offsets).zip(directory.numbers(bytes, lengths));
    let needed = usize::try_from(detail.chunks(header.width, header.height)).unwrap_or(usize::MAX);
    let mut together = 0_u64;
    for (offset, length) in ranges.take(needed) {
        // A small file can name a million chunks that are all the same bytes.
        budget.check()?;
        together = together.saturating_add(length);
        if together > (bytes.len() as u64).saturating_mul(SHARED) {
            return Err(Error::invalid_input(format!(
                "the tiff is corrupt: its jpegs overlap, together they have more than {SHARED} times the bytes of the file"
            )));
        }
        let chunk = usize::try_from(offset)
            .ok()
            .zip(usize::try_from(offset.saturating_add(length)).ok())
            .and_then(|(from, to)| bytes.get(from..to))
            .ok_or_else(|| truncated(Format::Tiff))?;
        let (width, height) = jpeg::size(chunk)
            .ok_or_else(|| Error::invalid_input("the tiff is corrupt: a jpeg in it has no size"))?;
        if u64::from(width) > detail.chunk.0 || u64::from(height) > detail.chunk.1 {
            return Err(Error::invalid_input(format!(
                "the tiff is corrupt: a jpeg of {width}x{height} stands in a chunk of {}x{}",
                detail.chunk.0, detail.chunk.1
            )));
        }
    }
    Ok(())
}

/// Where a chunk lies in the picture.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) width: usize,
    pub(super) height: usize,
    /// The one sample that the rows hold, where planes are apart.
    pub(super) plane: Option<usize>,
}

/// Calls `print` for every chunk, in the order of the file: plane after plane.
fn chunks(
    decoder: &mut Decoder<Polled<'_>>,
    detail: &Detail,
    budget: &Budget,
    mut print: impl FnMut(Place, &DecodingResult) -> Result<(), Error>,
) -> Result<(), Error> {
    let wrong = |error| because(budget, describe)(error);
    let (image_width, _) = decoder.dimensions().map_err(wrong)?;
    let count = match decoder.get_chunk_type() {
        ChunkType::Strip => decoder.strip_count(),
        ChunkType::Tile => decoder.tile_count(),
    }
    .map_err(wrong)?;
    let (width, height) = decoder.chunk_dimensions();
    let across = image_width.div_ceil(width.max(1)).max(1);
    let planes = if detail.planar { detail.sheet.samples as u32 } else { 1 };
    let per_plane = (count / planes).max(1);
    for index in 0..count {
        budget.check()?;
        let (plane, within) = (index / per_plane, index % per_plane);
        let data = decoder.read_chunk(index).map_err(wrong)?;
        let size = decoder.chunk_data_dimensions(index);
        let place = Place {
            x: (within % across) as usize * width as usize,
            y: (within / across) as usize * height as usize,
            width: size.0 as usize,
            height: size.1 as usize,
            plane: detail.planar.then_some(plane as usize),
        };
        print(place, &data)?;
    }
    Ok(())
}

fn describe(error: TiffError) -> Error {
    match error {
        TiffError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            truncated(Format::Tiff)
        }
        TiffError::UnsupportedError(TiffUnsupportedError::UnsupportedCompressionMethod(method)) => {
            Error::unsupported(format!(
                "the tiff is compressed by {method:?}, which is not handled"
            ))
        }
        TiffError::UnsupportedError(what) => {
            Error::unsupported(format!("the tiff is of a kind that is not handled: {what}"))
        }
        other => corrupt(Format::Tiff, other),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::fixtures;
    use super::*;

    /// A TIFF of one strip, read as if that were a JPEG.
    fn subject() -> (Vec<u8>, Header, Detail) {
        let bytes = fixtures::rgb_tiff(8, 8);
        let Ok(Probed::Header(header)) = probe(&bytes, true) else { panic!("a header") };
        let header::Detail::Tiff(detail) = &header.detail else { panic!("a tiff") };
        let detail = detail.clone();
        (bytes, header, detail)
    }

    #[test]
    fn chunks_are_looked_at_only_while_the_budget_lives() {
        let (bytes, header, detail) = subject();
        let directory = Directory::read(&bytes).expect("a directory");
        let check = |budget: &Budget| check_jpegs(&bytes, &directory, &header, &detail, budget);
        let budget = Budget::unlimited();
        let error = check(&budget).expect_err("it is no jpeg");
        assert!(error.is_rejection(), "{error}");
        budget.cancel();
        let error = check(&budget).expect_err("cancelled");
        assert!(error.is_cancelled(), "{error}");
    }

    /// A little-endian TIFF of `needed` strips of one row that names `named` ranges, all of them the same JPEG.
    fn strips_of_one_jpeg(named: u32, needed: u32) -> Vec<u8> {
        let jpeg = fixtures::jpeg(8, 1, None, false);
        let entries = [(256, 1, 8), (257, 1, needed), (258, 1, 8), (259, 1, 7), (262, 1, 1)];
        let arrays = 8 + 2 + 9 * 12 + 4;
        let data = arrays + named * 8;
        let lists =
            [(273, named, arrays), (277, 1, 1), (278, 1, 1), (279, named, arrays + named * 4)];
        let mut bytes = b"II*\0\x08\0\0\0\x09\0".to_vec();
        for (tag, count, value) in entries.into_iter().chain(lists) {
            bytes.extend(u16::to_le_bytes(tag));
            bytes.extend([4, 0]);
            bytes.extend(u32::to_le_bytes(count));
            bytes.extend(u32::to_le_bytes(value));
        }
        bytes.extend([0; 4]);
        bytes.extend((0..named).flat_map(|_| data.to_le_bytes()));
        bytes.extend((0..named).flat_map(|_| (jpeg.len() as u32).to_le_bytes()));
        bytes.extend(jpeg);
        bytes
    }

    #[test]
    fn jpegs_that_overlap_are_refused_and_those_beyond_the_picture_not_looked_at() {
        let check = |bytes: &[u8]| {
            let directory = Directory::read(bytes).expect("a directory");
            let Ok(Probed::Header(header)) = probe(bytes, true) else { panic!("a header") };
            let header::Detail::Tiff(detail) = &header.detail else { panic!("a tiff") };
            check_jpegs(bytes, &directory, &header, detail, &Budget::unlimited())
        };
        check(&strips_of_one_jpeg(4, 4)).expect("four rows share a jpeg");
        let error = check(&strips_of_one_jpeg(500, 500)).expect_err("500 times the same");
        assert!(error.is_rejection() && error.to_string().contains("overlap"), "{error}");
        check(&strips_of_one_jpeg(500, 4)).expect("four of 500 are needed");
    }
}
