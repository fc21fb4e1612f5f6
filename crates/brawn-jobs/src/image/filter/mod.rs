//! Filters over a finished picture, before it is put on its canvas.
//!
//! They run in this order, whatever the order in the options: blur, convolve, sharpen, brightness, contrast,
//! saturation, grayscale, tint. Alpha is blurred along with the colours and otherwise left alone.

mod colour;
mod spatial;

use brawn_core::{Budget, Result};

use super::alpha;
use super::options::Options;
use super::picture::{Layout, Picture};

/// Whether any filter would change pixels.
pub(crate) fn any(options: &Options) -> bool {
    options.blur.is_some()
        || options.convolve.is_some()
        || options.sharpen.is_some()
        || colour::any(options)
}

/// Whether a filter holds a third picture between its source and its target.
pub(crate) fn holds_three(options: &Options) -> bool {
    options.blur.is_some() || options.sharpen.is_some()
}

/// Applies the filters of `options`.
pub(crate) fn apply(mut picture: Picture, options: &Options, budget: &Budget) -> Result<Picture> {
    if let Some(sigma) = options.blur {
        alpha::premultiply(&mut picture, budget)?;
        picture = spatial::blur(&picture, sigma, budget)?;
        alpha::unpremultiply(&mut picture, budget)?;
    }
    if let Some(kernel) = &options.convolve {
        picture = spatial::convolve(&picture, kernel, budget)?;
    }
    if let Some(sigma) = options.sharpen {
        picture = spatial::sharpen(picture, sigma, budget)?;
    }
    colour::apply(picture, options, budget)
}

/// The layout that filters give for `layout`.
pub(crate) fn layout(layout: Layout, options: &Options) -> Layout {
    match (layout, options.tint.is_some(), options.grayscale) {
        (Layout::Gray, true, _) => Layout::Rgb,
        (Layout::GrayAlpha, true, _) => Layout::Rgba,
        (Layout::Rgb, false, true) => Layout::Gray,
        (Layout::Rgba, false, true) => Layout::GrayAlpha,
        (layout, ..) => layout,
    }
}
