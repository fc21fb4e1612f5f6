//! JPEG: shrunk while decoding where that is enough.

mod average;
mod full;
mod large;
mod markers;

use brawn_core::{Budget, Error};

use super::super::color::{self, Inks};
use super::super::exif;
use super::super::picture::{Layout, Picture};
use super::header::{self, Format, Header, Probed};
use super::shrink::{self, Scale};
use super::{Each, Extras, Frame, Want, room};
use markers::{Coding, Markers, Stopped};

/// What the header says beyond size and layout.
#[derive(Clone, Debug)]
pub(super) struct Detail {
    progressive: bool,
    /// Whether its codes are arithmetic.
    arithmetic: bool,
    /// Whether sequential components come in scans of their own.
    apart: bool,
    /// Samples of all components, at full size.
    samples: u64,
    components: u8,
    /// Whether the sampling is one without a name, for which every plane is brought to full size.
    unusual: bool,
    /// Bytes of a colour profile.
    profile: u64,
    /// Whether an Adobe segment says so: then 255 is no ink.
    inverted: bool,
}

impl Detail {
    fn is_cmyk(&self) -> bool {
        self.components == 4
    }

    /// Whether all coefficients are held until the last scan.
    fn is_buffered(&self) -> bool {
        self.progressive || self.apart
    }
}

pub(super) fn probe(bytes: &[u8], complete: bool) -> Result<Probed, Error> {
    let markers = match Markers::read(bytes) {
        Ok(markers) => markers,
        Err(Stopped::Wrong(what)) => {
            return Err(Error::invalid_input(format!("the jpeg is corrupt: {what}")));
        }
        Err(Stopped::CutOff(needed)) => {
            return header::cut_off(Format::Jpeg, needed as u64, complete);
        }
    };
    let Some(frame) = &markers.frame else {
        return Err(Error::invalid_input(
            "the jpeg is corrupt: its first scan has no frame header",
        ));
    };
    let refuse = |what: String| Err(Error::unsupported(format!("the jpeg is {what}")));
    if frame.precision != 8 {
        return refuse(format!("of {} bits per sample; 8 are handled", frame.precision));
    }
    if frame.coding == Coding::Lossless {
        return refuse("lossless (SOF3), which is not handled".to_owned());
    }
    let layout = match frame.components.len() {
        1 => Layout::Gray,
        3 | 4 => Layout::Rgb,
        count => return refuse(format!("of {count} components; 1, 3 and 4 are handled")),
    };
    if frame.height == 0 && frame.width != 0 {
        return refuse(
            "without a height in its frame header (DNL), which is not handled".to_owned(),
        );
    }
    let detail = Detail {
        progressive: frame.coding == Coding::Progressive,
        arithmetic: frame.arithmetic,
        apart: frame.coding == Coding::Sequential
            && usize::from(markers.first_scan) < frame.components.len(),
        samples: frame.samples(),
        components: frame.components.len() as u8,
        unusual: frame.sampling().is_none(),
        profile: markers.icc(bytes).map_or(0, |icc| icc.len() as u64),
        inverted: markers.adobe.is_some(),
    };
    let mut facts = Vec::new();
    if detail.progressive {
        facts.push("progressive".to_owned());
    }
    match frame.components.len() {
        1 => facts.push("gray".to_owned()),
        4 => facts.push("cmyk".to_owned()),
        _ => facts.push(frame.sampling().map_or_else(|| frame.factors(), str::to_owned)),
    }
    let orientation = markers.exif(bytes).map(exif::orientation).unwrap_or_default();
    let size = (u32::from(frame.width), u32::from(frame.height));
    let detail = header::Detail::Jpeg(detail);
    Header::still(Format::Jpeg, size, layout, orientation, &facts, detail).map(Probed::Header)
}

/// Pictures above this many pixels are decoded by what can be interrupted. libjpeg-turbo-rs cannot: 24 MP took it 130 ms
/// at full size and up to 270 ms at 5/8 to 7/8, progressive ones 250 to 410 ms (2-core EPYC, 2026-11-24).
const LARGE: u64 = 3_000_000;

/// Eighths of the full size at which the picture is decoded: the fewest that give `at_least`.
///
/// Of large pictures only halves of halves: 3/8 of 24 MP took 78 ms, the half by [`shrink`] 59 ms; 5/8 to 7/8 took no
/// less than the whole.
fn eighths(header: &Header, want: &Want) -> u32 {
    let Some((width, height)) = want.at_least else { return 8 };
    let large = header.pixels() > LARGE;
    (1..8)
        .filter(|eighths: &u32| !large || eighths.is_power_of_two())
        .find(|eighths| {
            scaled(header.width, *eighths) >= width && scaled(header.height, *eighths) >= height
        })
        .unwrap_or(8)
}

/// As every libjpeg rounds: up.
fn scaled(side: u32, eighths: u32) -> u32 {
    (u64::from(side) * u64::from(eighths)).div_ceil(8) as u32
}

/// Whether the picture is decoded at full size by what can be interrupted, then made smaller: large ones that are wanted
/// so, and those that [`shrink`] declines for what stands in their header. Others it declines for a flaw in the pixels;
/// full size is not planned for them.
fn goes_by_large(header: &Header, detail: &Detail, eighths: u32) -> bool {
    header.pixels() > LARGE
        && (detail.is_cmyk() || (!detail.unusual && (eighths == 8 || detail.apart)))
}

pub(super) fn peak_memory(header: &Header, detail: &Detail, want: &Want) -> u64 {
    let eighths = eighths(header, want);
    let pixels =
        u64::from(scaled(header.width, eighths)) * u64::from(scaled(header.height, eighths));
    let mut peak = full::peak_memory(detail, pixels, eighths);
    if eighths < 8 && goes_by_large(header, detail, eighths) {
        let smaller = pixels * u64::from(detail.components);
        peak = peak.max(large::peak_memory(header, detail) + smaller);
    }
    peak + color::memory(detail.profile)
}

pub(super) fn decode(
    bytes: &[u8],
    header: &Header,
    detail: &Detail,
    want: &Want,
    budget: &Budget,
    each: &mut Each<'_>,
) -> Result<Extras, Error> {
    let Ok(markers) = Markers::read(bytes) else {
        return Err(super::truncated(Format::Jpeg));
    };
    let mut extras = Extras {
        exif: markers.exif(bytes).map(<[u8]>::to_vec),
        xmp: markers.xmp(bytes).map(<[u8]>::to_vec),
        ..Extras::default()
    };
    if markers.has_broken_icc(bytes) {
        extras.warnings.push("the colour profile is incomplete and was ignored".to_owned());
    }
    let icc = markers.icc(bytes);
    let eighths = eighths(header, want);
    let picture = match shrunk(bytes, eighths, budget)? {
        Some(picture) => picture,
        None => {
            let picture = match by_large(bytes, header, detail, markers.adobe, eighths, budget)? {
                Some(picture) => picture,
                None => full::decode(bytes, detail, header.layout, eighths, budget)?,
            };
            if detail.is_cmyk() {
                let ready = Inks::new(icc.as_deref(), &mut extras.warnings);
                printed(picture, detail.inverted, &ready, budget)?
            } else {
                picture
            }
        }
    };
    if !detail.is_cmyk() {
        extras.icc = color::unless_srgb(icc);
    }
    each(Frame { picture, delay_ms: 0 })?;
    Ok(extras)
}

/// Gray, RGB or, as Rgba, the inks as they are stored.
fn by_large(
    bytes: &[u8],
    header: &Header,
    detail: &Detail,
    adobe: Option<u8>,
    eighths: u32,
    budget: &Budget,
) -> Result<Option<Picture>, Error> {
    if !goes_by_large(header, detail, eighths) {
        return Ok(None);
    }
    let picture = if detail.is_cmyk() {
        large::inks(bytes, header, adobe, budget)?
    } else {
        large::decode(bytes, header, budget)?
    };
    match picture {
        Some(picture) if eighths < 8 => average::averaged(&picture, eighths, budget).map(Some),
        picture => Ok(picture),
    }
}

/// CMYK as RGB: by the profile where there is a good one, else as ideal inks.
fn printed(
    mut cmyk: Picture,
    inverted: bool,
    inks: &Inks,
    budget: &Budget,
) -> Result<Picture, Error> {
    if inverted {
        for part in cmyk.pixels.chunks_mut(4 << 16) {
            budget.check()?;
            part.iter_mut().for_each(|ink| *ink = 255 - *ink);
        }
    }
    let mut pixels = room(cmyk.pixels.len() as u64 / 4 * 3)?;
    inks.print_all(&cmyk.pixels, &mut pixels, budget)?;
    Ok(Picture { width: cmyk.width, height: cmyk.height, layout: Layout::Rgb, pixels })
}

/// The size of a JPEG that stands inside another file.
pub(super) fn size(bytes: &[u8]) -> Option<(u16, u16)> {
    let frame = Markers::read(bytes).ok()?.frame?;
    Some((frame.width, frame.height))
}

fn shrunk(bytes: &[u8], eighths: u32, budget: &Budget) -> Result<Option<Picture>, Error> {
    let scale = match eighths {
        1 => Scale::Eighth,
        2 => Scale::Quarter,
        4 => Scale::Half,
        _ => return Ok(None),
    };
    let shrunk = shrink::shrink(bytes, scale, &|| budget.check())?;
    Ok(shrunk.map(|shrunk| Picture {
        width: shrunk.width,
        height: shrunk.height,
        layout: if shrunk.channels == 1 { Layout::Gray } else { Layout::Rgb },
        pixels: shrunk.pixels,
    }))
}
