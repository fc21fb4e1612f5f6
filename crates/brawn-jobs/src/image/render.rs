//! From a decoded picture to the pixels of one rendition.

use std::borrow::Cow;

use brawn_core::{Budget, Result};

use super::color;
use super::decode::Extras;
use super::filter;
use super::options::Options;
use super::orient::{Area, Orientation, upright};
use super::picture::Picture;
use super::plan::{Draft, Rendition, free_angle};
use super::resize::Original;
use super::{canvas, geometry::Framing};

/// Prepares a decoded picture for the renditions of a draft.
pub(crate) fn prepare(picture: Picture, draft: &Draft, budget: &Budget) -> Result<Original> {
    let whole = (picture.width, picture.height);
    let kept = |rendition: &Rendition| draft.orientation.size(rendition.framing.content) == whole;
    let unchanged = draft.renditions.iter().any(kept);
    let resized = !draft.renditions.iter().all(kept);
    Original::new(picture, resized, unchanged, budget)
}

/// Cuts, resizes, turns, filters and pads; borrows the original where nothing is to be done. Gives a warning beside the
/// picture when its colours could not be converted.
pub(crate) fn render<'a>(
    original: &'a Original,
    draft: &Draft,
    framing: &Framing,
    options: &Options,
    extras: &Extras,
    budget: &Budget,
) -> Result<(Cow<'a, Picture>, Option<String>)> {
    let picture = |icc| make(original, draft, framing, options, icc, budget);
    let Some(icc) = extras.icc.as_deref().filter(|_| converts(options)) else {
        return Ok((picture(None)?, None));
    };
    match picture(Some(icc)) {
        // The conversion consumes the picture: in the rare case that it fails, it is made again.
        Err(error) if error.is_rejection() => {
            let warning = format!("the colours are left as they are: {error}");
            Ok((picture(None)?, Some(warning)))
        }
        made => Ok((made?, None)),
    }
}

fn make<'a>(
    original: &'a Original,
    draft: &Draft,
    framing: &Framing,
    options: &Options,
    icc: Option<&[u8]>,
    budget: &Budget,
) -> Result<Cow<'a, Picture>> {
    let stored = (draft.header.width, draft.header.height);
    let area = decoded_area(framing.area, draft.orientation, stored, original.size());
    let content = draft.orientation.size(framing.content);
    let mut picture = original.resized(area, content, options.kernel, budget)?;
    // Turned and converted after the resize, when the picture is small.
    if draft.orientation != Orientation::Normal {
        picture = Cow::Owned(upright(&picture, draft.orientation, budget)?);
    }
    if let Some(icc) = icc {
        picture = Cow::Owned(color::to_srgb(picture.into_owned(), icc, budget)?);
    }
    if framing.canvas.0 < framing.content.0 || framing.canvas.1 < framing.content.1 {
        let offset = canvas::most_entropy(&picture, framing.canvas, budget)?;
        picture = Cow::Owned(canvas::window(&picture, framing.canvas, offset));
    }
    if filter::any(options) {
        picture = Cow::Owned(filter::apply(picture.into_owned(), options, budget)?);
    }
    if framing.canvas != (picture.width, picture.height) {
        let padded =
            canvas::pad(picture.into_owned(), framing.canvas, framing.offset, options.background);
        picture = Cow::Owned(padded);
    }
    if let Some(degrees) = free_angle(options) {
        let turned = canvas::turn(picture.into_owned(), degrees, options.background, budget)?;
        picture = Cow::Owned(turned);
    }
    Ok(picture)
}

/// Whether colours are converted to sRGB: unless the profile is kept, and also when a filter leaves its colour space.
pub(crate) fn converts(options: &Options) -> bool {
    !options.keep_metadata || options.grayscale || options.tint.is_some()
}

/// `area` of the upright input in pixels of the decoded picture, which may be smaller than the input by eighths.
fn decoded_area(
    area: Area,
    orientation: Orientation,
    stored: (u32, u32),
    decoded: (u32, u32),
) -> Area {
    let (width, height) = (f64::from(stored.0), f64::from(stored.1));
    let area = orientation.stored_area(area, (width, height));
    if stored == decoded {
        return area;
    }
    // A side of 4033 pixels at two eighths is 1009 pixels, of which the last is only a quarter full: 1008.25 of them
    // show the picture.
    let eighth = |eighths: &u32| {
        let side = |length: u32| (u64::from(length) * u64::from(*eighths)).div_ceil(8);
        (side(stored.0), side(stored.1)) == (u64::from(decoded.0), u64::from(decoded.1))
    };
    let (across, down) = match (1..8).find(eighth) {
        Some(eighths) => (f64::from(eighths) / 8.0, f64::from(eighths) / 8.0),
        None => (f64::from(decoded.0) / width, f64::from(decoded.1) / height),
    };
    Area {
        left: area.left * across,
        top: area.top * down,
        width: area.width * across,
        height: area.height * down,
    }
}
