//! Filters that look at one pixel.
//!
//! Brightness, contrast and saturation are those of the W3C's Filter Effects (CSS `filter:`): they work on sRGB values
//! from 0 to 255 and clamp after each step.
//! - brightness `b`: `c * b`
//! - contrast `k`: `(c - 127.5) * k + 127.5`
//! - saturation `s`: `y + (c - y) * s` with `y = 0.2126 r + 0.7152 g + 0.0722 b`
//! - grayscale: the sRGB value of the linear-light luminance with the same weights, as libvips' `colourspace b-w`
//! - tint: the lightness L* of that grey with the a* and b* of the tint (sharp's definition)

use std::sync::LazyLock;

use brawn_core::{Budget, Result};
use rayon::prelude::*;

use crate::image::options::{Colour, Options};
use crate::image::picture::{Layout, Picture};

/// Rec. 709 weights of red, green and blue.
const LUMA: [f32; 3] = [0.2126, 0.7152, 0.0722];

/// Rows of a task: enough work to be worth a task at usual widths.
const ROWS: usize = 16;

pub(super) fn any(options: &Options) -> bool {
    options.brightness.is_some()
        || options.contrast.is_some()
        || options.saturation.is_some()
        || options.grayscale
        || options.tint.is_some()
}

pub(super) fn apply(mut picture: Picture, options: &Options, budget: &Budget) -> Result<Picture> {
    if options.brightness.is_some() || options.contrast.is_some() {
        let table = tone_table(options.brightness.unwrap_or(1.0), options.contrast.unwrap_or(1.0));
        each_pixel(&mut picture, budget, |colours| {
            for value in colours {
                *value = table[usize::from(*value)];
            }
        })?;
    }
    if let Some(saturation) = options.saturation {
        let factor = saturation as f32;
        each_pixel(&mut picture, budget, |colours| {
            if let [r, g, b] = colours {
                let y = luma([f32::from(*r), f32::from(*g), f32::from(*b)]);
                for value in [r, g, b] {
                    *value = (y + (f32::from(*value) - y) * factor).round() as u8;
                }
            }
        })?;
    }
    if options.grayscale || options.tint.is_some() {
        picture = gray(picture, budget)?;
    }
    match options.tint {
        Some(tint) => tinted(picture, tint, budget),
        None => Ok(picture),
    }
}

fn luma([r, g, b]: [f32; 3]) -> f32 {
    r * LUMA[0] + g * LUMA[1] + b * LUMA[2]
}

fn tone_table(brightness: f64, contrast: f64) -> [u8; 256] {
    std::array::from_fn(|value| {
        let bright = (value as f64 * brightness).min(255.0);
        // `as` clamps to 0 and 255.
        ((bright - 127.5) * contrast + 127.5).round() as u8
    })
}

/// Calls `change` with the colour channels of every pixel, rows in parallel.
fn each_pixel(
    picture: &mut Picture,
    budget: &Budget,
    change: impl Fn(&mut [u8]) + Sync,
) -> Result<()> {
    let (stride, channels) = (picture.stride(), picture.layout.channels());
    let colours = channels - usize::from(picture.layout.has_alpha());
    picture.pixels.par_chunks_mut(stride * ROWS).try_for_each(|rows| {
        budget.check()?;
        rows.chunks_exact_mut(channels).for_each(|pixel| change(&mut pixel[..colours]));
        Ok(())
    })
}

/// A picture of another layout, made pixel by pixel, rows in parallel.
fn map<const FROM: usize, const TO: usize>(
    picture: &Picture,
    layout: Layout,
    budget: &Budget,
    pixel: impl Fn(&[u8; FROM]) -> [u8; TO] + Sync,
) -> Result<Picture> {
    let mut mapped = Picture::new(picture.width, picture.height, layout);
    let stride = mapped.stride();
    let source = picture.pixels.par_chunks(picture.stride() * ROWS);
    source.zip(mapped.pixels.par_chunks_mut(stride * ROWS)).try_for_each(|(source, target)| {
        budget.check()?;
        let pixels = source.as_chunks::<FROM>().0.iter().zip(target.as_chunks_mut::<TO>().0);
        pixels.for_each(|(source, target)| *target = pixel(source));
        Ok(())
    })?;
    Ok(mapped)
}

fn gray(picture: Picture, budget: &Budget) -> Result<Picture> {
    let tables = &*LINEAR;
    let value = |r: u8, g: u8, b: u8| {
        let light = luma([r, g, b].map(|value| tables.to_linear[usize::from(value)]));
        tables.to_srgb[(light * 65_535.0 + 0.5) as usize & 0xFFFF]
    };
    match picture.layout {
        Layout::Gray | Layout::GrayAlpha => Ok(picture),
        Layout::Rgb => map::<3, 1>(&picture, Layout::Gray, budget, |[r, g, b]| [value(*r, *g, *b)]),
        Layout::Rgba => map::<4, 2>(&picture, Layout::GrayAlpha, budget, |[r, g, b, alpha]| {
            [value(*r, *g, *b), *alpha]
        }),
    }
}

fn tinted(gray: Picture, tint: Colour, budget: &Budget) -> Result<Picture> {
    let table = tint_table(tint);
    if gray.layout.has_alpha() {
        map::<2, 4>(&gray, Layout::Rgba, budget, |[value, alpha]| {
            let [r, g, b] = table[usize::from(*value)];
            [r, g, b, *alpha]
        })
    } else {
        map::<1, 3>(&gray, Layout::Rgb, budget, |[value]| table[usize::from(*value)])
    }
}

struct Linear {
    to_linear: [f32; 256],
    /// By the linear value times 65535.
    to_srgb: Vec<u8>,
}

static LINEAR: LazyLock<Linear> = LazyLock::new(|| Linear {
    to_linear: std::array::from_fn(|value| to_linear(value as f64 / 255.0) as f32),
    to_srgb: (0..=u16::MAX)
        .map(|light| (to_srgb(f64::from(light) / 65_535.0) * 255.0).round() as u8)
        .collect(),
});

/// IEC 61966-2-1.
fn to_linear(value: f64) -> f64 {
    if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
}

fn to_srgb(light: f64) -> f64 {
    if light <= 0.003_130_8 { light * 12.92 } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 }
}

/// CIE 15 with the D65 white of sRGB.
const WHITE: [f64; 3] = [0.950_47, 1.0, 1.088_83];

/// For each grey, the colour of the same lightness with the hue and chroma of `tint`.
fn tint_table(tint: Colour) -> [[u8; 3]; 256] {
    let (_, a, b) = lab(tint.rgb.map(|value| to_linear(f64::from(value) / 255.0)));
    std::array::from_fn(|gray| {
        let light = to_linear(gray as f64 / 255.0);
        let (lightness, ..) = lab([light; 3]);
        from_lab(lightness, a, b).map(|light| (to_srgb(light.max(0.0)) * 255.0).round() as u8)
    })
}

fn lab([r, g, b]: [f64; 3]) -> (f64, f64, f64) {
    let xyz = [
        0.412_456_4 * r + 0.357_576_1 * g + 0.180_437_5 * b,
        0.212_672_9 * r + 0.715_152_2 * g + 0.072_175_0 * b,
        0.019_333_9 * r + 0.119_192_0 * g + 0.950_304_1 * b,
    ];
    let f = |t: f64| {
        if t > 216.0 / 24_389.0 { t.cbrt() } else { (24_389.0 / 27.0 * t + 16.0) / 116.0 }
    };
    let [x, y, z] = [0, 1, 2].map(|axis| f(xyz[axis] / WHITE[axis]));
    (116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z))
}

fn from_lab(lightness: f64, a: f64, b: f64) -> [f64; 3] {
    let y = (lightness + 16.0) / 116.0;
    let back = |t: f64| {
        let cube = t * t * t;
        if cube > 216.0 / 24_389.0 { cube } else { (116.0 * t - 16.0) * 27.0 / 24_389.0 }
    };
    let x = back(y + a / 500.0) * WHITE[0];
    let z = back(y - b / 200.0) * WHITE[2];
    let y = back(y);
    [
        3.240_454_2 * x - 1.537_138_5 * y - 0.498_531_4 * z,
        -0.969_266_0 * x + 1.876_010_8 * y + 0.041_556_0 * z,
        0.055_643_4 * x - 0.204_025_9 * y + 1.057_225_2 * z,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filtered(pixel: [u8; 4], change: impl FnOnce(&mut Options)) -> Vec<u8> {
        let mut options = Options::default();
        change(&mut options);
        let picture = Picture { width: 1, height: 1, layout: Layout::Rgba, pixels: pixel.to_vec() };
        apply(picture, &options, &Budget::unlimited()).expect("filtered").pixels
    }

    #[test]
    fn colour_filters_follow_their_formulas_and_leave_alpha_alone() {
        let pixel = [100, 200, 50, 77];
        assert_eq!(filtered(pixel, |o| o.brightness = Some(1.5)), [150, 255, 75, 77]);
        assert_eq!(filtered(pixel, |o| o.contrast = Some(2.0)), [73, 255, 0, 77]);
        assert_eq!(filtered(pixel, |o| o.contrast = Some(0.0)), [128, 128, 128, 77]);
        assert_eq!(filtered(pixel, |o| o.saturation = Some(0.0)), [168, 168, 168, 77]);
        assert_eq!(filtered(pixel, |o| o.saturation = Some(1.0)), pixel);
    }

    #[test]
    fn grey_is_the_luminance_in_linear_light() {
        // 0.7152 of full light is 219 in sRGB, where 0.7152 of 255 would be 182.
        assert_eq!(filtered([0, 255, 0, 9], |o| o.grayscale = true), [220, 9]);
        for value in [0, 1, 127, 254, 255] {
            assert_eq!(filtered([value, value, value, 255], |o| o.grayscale = true), [value, 255]);
        }
    }

    #[test]
    fn a_tint_keeps_black_white_and_lightness() {
        let grey = "#808080".parse().expect("a colour");
        for value in [0, 60, 128, 255] {
            let tinted = filtered([value, value, value, 255], |o| o.tint = Some(grey));
            assert!(tinted[..3].iter().all(|channel| channel.abs_diff(value) <= 1), "{tinted:?}");
        }
        let red = filtered([128, 128, 128, 255], |o| o.tint = "#c02020".parse().ok());
        assert!(red[0] > 170 && red[1] < 110 && red[2] < 120, "{red:?}");
    }
}
