//! Resizing: SIMD convolution on 8-bit channels, in bands so that it can be stopped.

use std::borrow::Cow;

use brawn_core::{Budget, Result};
use brawn_resize::{FilterType, Image, ImageRef, ResizeAlg, ResizeOptions, Resizer};

use super::alpha::{self, internal, pixel_type};
use super::options::Kernel;
use super::orient::Area;
use super::picture::Picture;

/// Pixels of source and target that one band covers: some 8 ms on one core (2016x1512 to 1600x1200, 5 MP together, takes
/// 10 ms; EPYC, November 2026).
const PIXELS_PER_BAND: f64 = (4 << 20) as f64;

/// A decoded picture that outputs of several sizes are made from.
#[derive(Debug)]
pub(crate) struct Original {
    /// As decoded; absent when alpha was multiplied in and no output needs it as it was.
    straight: Option<Picture>,
    /// With alpha multiplied in; absent when there is no alpha or nothing is resized.
    premultiplied: Option<Picture>,
}

impl Original {
    /// Prepares for outputs of which some keep the pixels as they are (`unchanged`) and some are resized.
    pub(crate) fn new(
        mut picture: Picture,
        resized: bool,
        unchanged: bool,
        budget: &Budget,
    ) -> Result<Original> {
        if !resized || !picture.layout.has_alpha() {
            return Ok(Original { straight: Some(picture), premultiplied: None });
        }
        if unchanged {
            let premultiplied = alpha::premultiplied(&picture, budget)?;
            return Ok(Original { straight: Some(picture), premultiplied: Some(premultiplied) });
        }
        alpha::premultiply(&mut picture, budget)?;
        Ok(Original { straight: None, premultiplied: Some(picture) })
    }

    fn any(&self) -> &Picture {
        let picture = self.straight.as_ref().or(self.premultiplied.as_ref());
        picture.expect("an original is made with at least one of the two")
    }

    /// The size it was decoded at.
    pub(crate) fn size(&self) -> (u32, u32) {
        (self.any().width, self.any().height)
    }

    /// `area` of it at `size`, alpha straight.
    pub(crate) fn resized(
        &self,
        area: Area,
        size: (u32, u32),
        kernel: Kernel,
        budget: &Budget,
    ) -> Result<Cow<'_, Picture>> {
        let whole = self.size();
        let is_whole = area
            == Area { left: 0.0, top: 0.0, width: f64::from(whole.0), height: f64::from(whole.1) };
        if let (true, true, Some(picture)) = (is_whole, whole == size, &self.straight) {
            return Ok(Cow::Borrowed(picture));
        }
        let source = self.premultiplied.as_ref().unwrap_or_else(|| self.any());
        let mut picture = convolve(source, area, size, kernel, budget)?;
        if self.premultiplied.is_some() {
            alpha::unpremultiply(&mut picture, budget)?;
        }
        Ok(Cow::Owned(picture))
    }
}

fn convolve(
    source: &Picture,
    area: Area,
    size: (u32, u32),
    kernel: Kernel,
    budget: &Budget,
) -> Result<Picture> {
    let algorithm = match kernel {
        Kernel::Lanczos3 => ResizeAlg::Convolution(FilterType::Lanczos3),
        Kernel::Mitchell => ResizeAlg::Convolution(FilterType::Mitchell),
        Kernel::CatmullRom => ResizeAlg::Convolution(FilterType::CatmullRom),
        Kernel::Linear => ResizeAlg::Convolution(FilterType::Bilinear),
        Kernel::Box => ResizeAlg::Convolution(FilterType::Box),
        Kernel::Nearest => ResizeAlg::Nearest,
    };
    let kind = pixel_type(source.layout);
    let view =
        ImageRef::new(source.width, source.height, &source.pixels, kind).map_err(internal)?;
    let mut target = Picture::new(size.0, size.1, source.layout);
    let rows = rows_per_band(area, size);
    let stride = target.stride();
    let mut resizer = Resizer::new();
    for (band, pixels) in target.pixels.chunks_mut(stride * rows as usize).enumerate() {
        budget.check()?;
        let first = band as u32 * rows;
        let height = (pixels.len() / stride) as u32;
        let edge = |row: u32| area.top + area.height * f64::from(row) / f64::from(size.1);
        // Rounding may put the last edge a hair outside of the source.
        let top = edge(first).max(0.0);
        let bottom = edge(first + height).min(f64::from(source.height));
        let left = area.left.max(0.0);
        let width = area.width.min(f64::from(source.width) - left);
        let options = ResizeOptions::new().resize_alg(algorithm).use_alpha(false).crop(
            left,
            top,
            width,
            bottom - top,
        );
        let mut target = Image::from_slice_u8(size.0, height, pixels, kind).map_err(internal)?;
        resizer.resize(&view, &mut target, &options).map_err(internal)?;
    }
    Ok(target)
}

/// Rows of the target in one band. Depends on sizes alone, so the bytes do too.
fn rows_per_band(area: Area, size: (u32, u32)) -> u32 {
    let covered = area.width * area.height + f64::from(size.0) * f64::from(size.1);
    let bands = (covered / PIXELS_PER_BAND).ceil().max(1.0);
    ((f64::from(size.1) / bands).ceil() as u32).max(1)
}

/// The most bytes that making `size` out of `area` holds beside source and target.
pub(crate) fn working_memory(area: Area, size: (u32, u32), channels: u64) -> u64 {
    let rows = u64::from(rows_per_band(area, size));
    let width = area.width.ceil() as u64 + 8;
    // The rows between the two passes, then the weights: 8 bytes as computed and 2 as rounded for each tap, and bounds.
    let taps = |from: f64, to: u32| {
        let scale = (from / f64::from(to)).max(1.0);
        u64::from(to) * ((6.0 * scale).ceil() as u64 + 4) * 12 + u64::from(to) * 16
    };
    width * rows * channels + taps(area.width, size.0) + taps(area.height, size.1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::picture::Layout;

    fn noise(width: u32, height: u32, layout: Layout) -> Picture {
        let mut picture = Picture::new(width, height, layout);
        let mut state = 1_u32;
        for byte in &mut picture.pixels {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *byte = (state >> 24) as u8;
        }
        picture
    }

    fn resized(picture: Picture, size: (u32, u32)) -> Picture {
        let budget = Budget::unlimited();
        let area = Area {
            left: 0.0,
            top: 0.0,
            width: f64::from(picture.width),
            height: f64::from(picture.height),
        };
        let original = Original::new(picture, true, false, &budget).expect("prepared");
        original.resized(area, size, Kernel::Lanczos3, &budget).expect("resized").into_owned()
    }

    #[test]
    fn bands_give_what_one_pass_gives() {
        let source = noise(3000, 2900, Layout::Rgb);
        let banded = resized(source.clone(), (401, 388));
        let view =
            ImageRef::new(3000, 2900, &source.pixels, pixel_type(Layout::Rgb)).expect("view");
        let mut whole = Image::new(401, 388, pixel_type(Layout::Rgb));
        Resizer::new().resize(&view, &mut whole, &ResizeOptions::new()).expect("resized");
        assert!(
            rows_per_band(Area { left: 0.0, top: 0.0, width: 3000.0, height: 2900.0 }, (401, 388))
                < 388
        );
        let most = banded.pixels.iter().zip(whole.buffer()).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(most <= Some(1), "differs by {most:?}");
    }

    #[test]
    fn transparent_pixels_do_not_bleed_their_colour() {
        let mut picture = Picture::new(64, 64, Layout::Rgba);
        for (index, pixel) in picture.pixels.as_chunks_mut::<4>().0.iter_mut().enumerate() {
            *pixel = if index % 64 < 33 { [200, 0, 0, 255] } else { [0, 255, 0, 0] };
        }
        let small = resized(picture, (16, 16));
        for [red, green, _, alpha] in small.pixels.as_chunks::<4>().0 {
            assert!(*alpha < 8 || (*green == 0 && red.abs_diff(200) < 12), "{red} {green} {alpha}");
        }
    }

    #[test]
    fn a_cancelled_budget_ends_it() {
        let budget = Budget::unlimited();
        budget.cancel();
        let area = Area { left: 0.0, top: 0.0, width: 64.0, height: 64.0 };
        let outcome = convolve(&noise(64, 64, Layout::Gray), area, (8, 8), Kernel::Box, &budget);
        assert!(outcome.is_err_and(|error| error.is_cancelled()));
    }
}
