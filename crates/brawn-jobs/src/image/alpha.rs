//! Alpha: multiplied into the colours before they are averaged, taken out again after, and removed for JPEG.

use brawn_core::{Budget, Error, Result};
use brawn_resize::{Image, ImageRef, PixelType};
use rayon::prelude::*;

use super::options::Colour;
use super::picture::{Layout, Picture};

/// Pixels that are handled between two looks at the budget, under a millisecond each.
const PIXELS_PER_CHECK: usize = 1 << 18;

/// The pixel type of fast_image_resize for a layout.
pub(crate) fn pixel_type(layout: Layout) -> PixelType {
    match layout {
        Layout::Gray => PixelType::U8,
        Layout::GrayAlpha => PixelType::U8x2,
        Layout::Rgb => PixelType::U8x3,
        Layout::Rgba => PixelType::U8x4,
    }
}

/// Multiplies the colours by alpha, in place. A transparent pixel's colour then weighs nothing in an average.
pub(crate) fn premultiply(picture: &mut Picture, budget: &Budget) -> Result<()> {
    in_place(picture, budget, brawn_resize::multiply_alpha_inplace)
}

/// Divides the colours by alpha again, in place.
pub(crate) fn unpremultiply(picture: &mut Picture, budget: &Budget) -> Result<()> {
    in_place(picture, budget, brawn_resize::divide_alpha_inplace)
}

/// A premultiplied copy.
pub(crate) fn premultiplied(picture: &Picture, budget: &Budget) -> Result<Picture> {
    let mut copy = Picture::new(picture.width, picture.height, picture.layout);
    let band = band_bytes(picture);
    for (source, target) in picture.pixels.chunks(band).zip(copy.pixels.chunks_mut(band)) {
        budget.check()?;
        let rows = (source.len() / picture.stride()) as u32;
        let kind = pixel_type(picture.layout);
        let source = ImageRef::new(picture.width, rows, source, kind).map_err(internal)?;
        let mut target =
            Image::from_slice_u8(picture.width, rows, target, kind).map_err(internal)?;
        brawn_resize::multiply_alpha(&source, &mut target).map_err(internal)?;
    }
    Ok(copy)
}

fn in_place<E: std::error::Error + Send + Sync + 'static>(
    picture: &mut Picture,
    budget: &Budget,
    operation: impl Fn(&mut Image<'_>) -> Result<(), E>,
) -> Result<()> {
    if !picture.layout.has_alpha() {
        return Ok(());
    }
    let (width, stride, kind) = (picture.width, picture.stride(), pixel_type(picture.layout));
    let band = band_bytes(picture);
    for rows in picture.pixels.chunks_mut(band) {
        budget.check()?;
        let height = (rows.len() / stride) as u32;
        let mut image = Image::from_slice_u8(width, height, rows, kind).map_err(internal)?;
        operation(&mut image).map_err(internal)?;
    }
    Ok(())
}

fn band_bytes(picture: &Picture) -> usize {
    picture.stride() * (PIXELS_PER_CHECK / picture.width.max(1) as usize).max(1)
}

/// The picture over `background`, without alpha; what of the background is transparent itself lies over white.
pub(crate) fn flatten(picture: &Picture, background: Colour, budget: &Budget) -> Result<Picture> {
    let background = background.rgb.map(|channel| mix(channel, 255, background.alpha));
    let (width, height) = (picture.width, picture.height);
    match picture.layout {
        Layout::Gray | Layout::Rgb => Ok(picture.clone()),
        // A grey background keeps a grey picture grey.
        Layout::GrayAlpha if background.iter().all(|channel| *channel == background[0]) => {
            let mut flat = Picture::new(width, height, Layout::Gray);
            over_rows(picture, &mut flat, budget, |source, target| {
                for ([value, alpha], target) in source.as_chunks::<2>().0.iter().zip(target) {
                    *target = mix(*value, background[0], *alpha);
                }
            })?;
            Ok(flat)
        }
        Layout::GrayAlpha => {
            let mut flat = Picture::new(width, height, Layout::Rgb);
            over_rows(picture, &mut flat, budget, |source, target| {
                let target = target.as_chunks_mut::<3>().0;
                for ([value, alpha], target) in source.as_chunks::<2>().0.iter().zip(target) {
                    *target = background.map(|back| mix(*value, back, *alpha));
                }
            })?;
            Ok(flat)
        }
        Layout::Rgba => {
            let mut flat = Picture::new(width, height, Layout::Rgb);
            over_rows(picture, &mut flat, budget, |source, target| {
                let target = target.as_chunks_mut::<3>().0;
                for ([r, g, b, alpha], target) in source.as_chunks::<4>().0.iter().zip(target) {
                    let [back_r, back_g, back_b] = background;
                    *target =
                        [mix(*r, back_r, *alpha), mix(*g, back_g, *alpha), mix(*b, back_b, *alpha)];
                }
            })?;
            Ok(flat)
        }
    }
}

/// Calls `row` with every source row and its target row, in parallel.
fn over_rows(
    source: &Picture,
    target: &mut Picture,
    budget: &Budget,
    row: impl Fn(&[u8], &mut [u8]) + Sync,
) -> Result<()> {
    let stride = target.stride();
    let rows = source.pixels.par_chunks(source.stride());
    rows.zip(target.pixels.par_chunks_mut(stride)).with_min_len(64).try_for_each(
        |(source, target)| {
            budget.check()?;
            row(source, target);
            Ok(())
        },
    )
}

/// `alpha` of `front` and the rest of `back`, rounded.
pub(crate) fn mix(front: u8, back: u8, alpha: u8) -> u8 {
    let (front, back, alpha) = (u32::from(front), u32::from(back), u32::from(alpha));
    ((front * alpha + back * (255 - alpha) + 127) / 255) as u8
}

/// The picture with three colour channels, alpha kept.
pub(crate) fn colourful(picture: Picture) -> Picture {
    let (layout, pixels) = match picture.layout {
        Layout::Rgb | Layout::Rgba => return picture,
        Layout::Gray => {
            (Layout::Rgb, picture.pixels.iter().flat_map(|value| [*value; 3]).collect())
        }
        Layout::GrayAlpha => {
            let pixels = picture.pixels.as_chunks::<2>().0.iter();
            (
                Layout::Rgba,
                pixels.flat_map(|[value, alpha]| [*value, *value, *value, *alpha]).collect(),
            )
        }
    };
    Picture { layout, pixels, ..picture }
}

/// fast_image_resize refuses only buffers of the wrong size and unknown pixel types.
pub(crate) fn internal<E: std::error::Error + Send + Sync + 'static>(error: E) -> Error {
    Error::unsupported("the resizer refuses this picture").with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rgba(pixels: &[[u8; 4]]) -> Picture {
        let pixels = pixels.as_flattened().to_vec();
        Picture { width: pixels.len() as u32 / 4, height: 1, layout: Layout::Rgba, pixels }
    }

    #[test]
    fn transparent_parts_show_the_background() {
        let picture = rgba(&[[10, 20, 30, 255], [10, 20, 30, 0], [0, 0, 0, 128]]);
        let flat = flatten(&picture, "#ff8000".parse().expect("a colour"), &Budget::unlimited());
        assert_eq!(flat.expect("flat").pixels, [10, 20, 30, 255, 128, 0, 127, 64, 0]);
    }

    #[test]
    fn multiplying_and_dividing_gives_opaque_pixels_back() {
        let picture = rgba(&[[10, 20, 30, 255], [200, 100, 50, 128], [9, 9, 9, 0]]);
        let budget = Budget::unlimited();
        let mut there = premultiplied(&picture, &budget).expect("an unlimited budget");
        assert_eq!(there.pixels[4..], [100, 50, 25, 128, 0, 0, 0, 0]);
        unpremultiply(&mut there, &budget).expect("an unlimited budget");
        assert_eq!(there.pixels[..4], [10, 20, 30, 255]);
    }
}
