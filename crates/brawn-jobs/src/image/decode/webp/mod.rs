//! WebP.

mod chunks;

use brawn_core::{Budget, Error};
use brawn_webp::Channels;
use image_webp::{DecodingError, WebPDecoder};

use super::super::picture::{Layout, Picture};
use super::super::{color, exif};
use super::header::{self, Format, Header, Probed};
use super::polled::{Polled, because};
use super::{Each, Extras, Frame, Want, corrupt, room, truncated};
use chunks::{Chunks, Stopped};

/// What the header says beyond size and layout.
#[derive(Clone, Debug)]
pub(super) struct Detail {
    animated: bool,
    lossless: bool,
    /// Bytes of a colour profile.
    profile: u64,
}

pub(super) fn probe(bytes: &[u8], complete: bool) -> Result<Probed, Error> {
    let chunks = match Chunks::read(bytes) {
        Ok(chunks) => chunks,
        Err(Stopped::CutOff(needed)) => return header::cut_off(Format::WebP, needed, complete),
        Err(Stopped::Wrong(what)) => {
            return Err(Error::invalid_input(format!("the webp is corrupt: {what}")));
        }
    };
    let layout = if chunks.alpha { Layout::Rgba } else { Layout::Rgb };
    let mut facts = vec![if chunks.lossless { "lossless" } else { "lossy" }.to_owned()];
    if chunks.alpha {
        facts.push("alpha".to_owned());
    }
    let orientation = chunks.exif(bytes).map(exif::orientation).unwrap_or_default();
    let detail = Detail {
        animated: chunks.animated,
        lossless: chunks.lossless,
        profile: chunks.icc(bytes).map_or(0, |icc| icc.len() as u64),
    };
    let size = (chunks.width, chunks.height);
    let detail = header::Detail::WebP(detail);
    let header = Header::still(Format::WebP, size, layout, orientation, &facts, detail)?;
    Ok(Probed::Header(header.with_frames(chunks.frames)))
}

pub(super) fn peak_memory(header: &Header, detail: &Detail) -> u64 {
    let pixels = header.pixels();
    let out = pixels * header.layout.channels() as u64;
    // Lossless keeps four bytes per pixel of its own and a table over blocks. Lossy keeps the output twice, and alpha;
    // in an animation planes of 4:2:0.
    let inside = if detail.lossless { pixels * 5 } else { out + pixels };
    let canvas = if detail.animated { pixels * 8 } else { 0 };
    out + inside + canvas + color::memory(detail.profile) + (2 << 20)
}

pub(super) fn decode(
    bytes: &[u8],
    header: &Header,
    detail: &Detail,
    want: &Want,
    budget: &Budget,
    each: &mut Each<'_>,
) -> Result<Extras, Error> {
    let Ok(chunks) = Chunks::read(bytes) else { return Err(truncated(Format::WebP)) };
    // The codec does not tell what is cut off from what is wrong.
    let whole = chunks.declared <= bytes.len() as u64;
    let describe = |error| if whole { describe(error) } else { truncated(Format::WebP) };
    let wrong = |error| because(budget, describe)(error);
    let mut extras = Extras {
        icc: color::unless_srgb(chunks.icc(bytes).map(<[u8]>::to_vec)),
        exif: chunks.exif(bytes).map(<[u8]>::to_vec),
        xmp: chunks.xmp(bytes).map(<[u8]>::to_vec),
        ..Extras::default()
    };
    if !detail.animated && !detail.lossless {
        let picture = lossy(bytes, header, whole, budget)?;
        each(Frame { picture, delay_ms: 0 })?;
        return Ok(extras);
    }
    let mut decoder = WebPDecoder::new(Polled::new(bytes, budget)).map_err(wrong)?;
    let layout = if decoder.has_alpha() { Layout::Rgba } else { Layout::Rgb };
    if decoder.dimensions() != (header.width, header.height) || layout != header.layout {
        return Err(Error::invalid_input("the webp is corrupt: it has two different sizes"));
    }
    let frames = if detail.animated { want.frames.clamp(1, header.frames.max(1)) } else { 1 };
    for _ in 0..frames {
        budget.check()?;
        let mut pixels = room(header.pixels() * layout.channels() as u64)?;
        let delay_ms = if detail.animated {
            decoder.read_frame(&mut pixels).map_err(wrong)?
        } else {
            decoder.read_image(&mut pixels).map_err(wrong)?;
            0
        };
        let picture = Picture { width: header.width, height: header.height, layout, pixels };
        each(Frame { picture, delay_ms })?;
    }
    extras.loops = if chunks.loops == 0 { None } else { Some(chunks.loops) };
    Ok(extras)
}

/// A lossy still by libwebp: 24 MP took 270 ms, 570 ms by image-webp, with the same pixels, and only libwebp can be stopped
/// (within 10 ms; 22 ms for 24 MP of one colour). Lossless ones take image-webp 10 % more, and it can be stopped.
fn lossy(bytes: &[u8], header: &Header, whole: bool, budget: &Budget) -> Result<Picture, Error> {
    let channels = if header.layout.has_alpha() { Channels::Rgba } else { Channels::Rgb };
    let size = (header.width, header.height);
    let mut pixels = room(header.pixels() * channels.count() as u64)?;
    let keep_going = || budget.check().is_ok();
    let decoded = brawn_webp::decode(bytes, size, channels, &mut pixels, &keep_going);
    budget.check()?;
    decoded.map_err(|error| match error {
        brawn_webp::Error::OutOfMemory => Error::out_of_memory(format!(
            "the webp decoder could not allocate what {}x{} needs",
            size.0, size.1
        )),
        other if whole => corrupt(Format::WebP, other),
        _ => truncated(Format::WebP),
    })?;
    Ok(Picture { width: header.width, height: header.height, layout: header.layout, pixels })
}

fn describe(error: DecodingError) -> Error {
    match error {
        DecodingError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            truncated(Format::WebP)
        }
        other => corrupt(Format::WebP, other),
    }
}
