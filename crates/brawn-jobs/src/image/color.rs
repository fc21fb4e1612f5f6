//! Colour profiles to sRGB.

use std::sync::Arc;

use brawn_core::{Budget, Error};
use moxcms::{ColorProfile, DataColorSpace, ParsingOptions, RenderingIntent, TransformOptions};
use rayon::prelude::*;

use super::picture::{Layout, Picture};

/// The largest profile that is read. Those of cameras and screens are 0.5 to 4 KB, those of presses 0.5 to 3 MB.
const MAX_PROFILE: usize = 8 << 20;

/// Pixels per piece of work: some 0.2 ms with a matrix, 1 ms with a four-dimensional table.
const PIECE: usize = 1 << 14;

/// How far the primaries (as XYZ) and the curve (of 0 to 1) of a profile may be from sRGB's to be taken for it. A
/// quarter of an 8-bit level; the sRGB profiles of HP, Google, Apple, Facebook and littleCMS all differ by less.
const SAME: f64 = 0.001;

/// Converts pixels in place from the profile to sRGB, perceptually as sharp does; alpha is untouched.
///
/// # Errors
/// [`brawn_core::ErrorKind::InvalidInput`] when the profile is broken or not one for such pixels, or the budget's end.
pub(crate) fn to_srgb(mut picture: Picture, icc: &[u8], budget: &Budget) -> Result<Picture, Error> {
    let profile = parse(icc)?;
    match (profile.color_space, picture.layout) {
        (DataColorSpace::Rgb, Layout::Rgb) => {
            rgb(&mut picture, &profile, moxcms::Layout::Rgb, budget)?;
        }
        (DataColorSpace::Rgb, Layout::Rgba) => {
            rgb(&mut picture, &profile, moxcms::Layout::Rgba, budget)?;
        }
        (DataColorSpace::Gray, Layout::Gray | Layout::GrayAlpha) => {
            gray(&mut picture, &profile, budget)?;
        }
        (space, layout) => {
            return Err(Error::invalid_input(format!(
                "the colour profile is for {space:?} and the picture is {layout:?}"
            )));
        }
    }
    Ok(picture)
}

/// What reading a profile of so many bytes holds: copies of it, and its tables as floats.
pub(super) const fn memory(profile: u64) -> u64 {
    profile * 8
}

/// The profile, unless it is sRGB: the usual case, in which nothing is to be done.
pub(crate) fn unless_srgb(icc: Option<Vec<u8>>) -> Option<Vec<u8>> {
    icc.filter(|icc| !parse(icc).is_ok_and(|profile| is_srgb(&profile)))
}

/// CMYK pixels (0 is no ink) to RGB: by the profile where there is a good one, else as ideal inks.
pub(super) struct Inks {
    transform: Option<Arc<moxcms::Transform8BitExecutor>>,
    /// Black point compensation, which moxcms leaves out: the darkest print becomes black, not dark gray.
    darken: [u8; 256],
}

impl Inks {
    pub(super) fn new(icc: Option<&[u8]>, warnings: &mut Vec<String>) -> Inks {
        let transform = icc.and_then(|icc| match cmyk_transform(icc) {
            Ok(transform) => Some(transform),
            Err(error) => {
                warnings.push(format!("{error}, and was ignored"));
                None
            }
        });
        let mut black = [0; 3];
        if let Some(transform) = &transform {
            let printed = transform.transform(&[u8::MAX; 4], &mut black);
            black = printed.map_or([0; 3], |()| black);
        }
        Inks { transform, darken: darken(black) }
    }

    /// What a conversion by a profile of so many bytes holds.
    pub(super) const fn memory(profile: u64) -> u64 {
        // moxcms builds a table of its own, of 17^4 * 3 floats.
        if profile == 0 { 0 } else { memory(profile) + (8 << 20) }
    }

    /// Some pixels, on this thread.
    pub(super) fn print(&self, cmyk: &[u8], rgb: &mut [u8]) -> Result<(), Error> {
        match &self.transform {
            Some(transform) => {
                transform.transform(cmyk, rgb).map_err(broken)?;
                rgb.iter_mut().for_each(|value| *value = self.darken[usize::from(*value)]);
                Ok(())
            }
            None => {
                super::decode::naive_cmyk(cmyk, rgb);
                Ok(())
            }
        }
    }

    /// All pixels, on all threads.
    pub(super) fn print_all(
        &self,
        cmyk: &[u8],
        rgb: &mut [u8],
        budget: &Budget,
    ) -> Result<(), Error> {
        cmyk.par_chunks(PIECE * 4).zip(rgb.par_chunks_mut(PIECE * 3)).try_for_each(|(from, to)| {
            budget.check()?;
            self.print(from, to)
        })
    }
}

/// Lab pixels in the 8-bit encoding of ICC (D50, a and b offset by 128) to sRGB, in place.
pub(super) fn lab_to_srgb(pixels: &mut [u8], budget: &Budget) -> Result<(), Error> {
    pixels.par_chunks_mut(PIECE * 3).try_for_each(|piece| {
        budget.check()?;
        for pixel in piece.chunks_exact_mut(3) {
            let rgb = lab([pixel[0], pixel[1], pixel[2]]);
            pixel.copy_from_slice(&rgb);
        }
        Ok(())
    })
}

/// One pixel, by the definition of CIE Lab and the matrix from D50 to sRGB (Bradford adapted, by Bruce Lindbloom).
fn lab([l, a, b]: [u8; 3]) -> [u8; 3] {
    let fy = (f32::from(l) * (100.0 / 255.0) + 16.0) / 116.0;
    let fx = fy + (f32::from(a) - 128.0) / 500.0;
    let fz = fy - (f32::from(b) - 128.0) / 200.0;
    let cube = |f: f32| {
        if f > 6.0 / 29.0 { f * f * f } else { 3.0 * (6.0_f32 / 29.0).powi(2) * (f - 4.0 / 29.0) }
    };
    let [x, y, z] = [cube(fx) * 0.964_22, cube(fy), cube(fz) * 0.825_21];
    [
        3.133_856 * x - 1.616_867 * y - 0.490_615 * z,
        -0.978_768 * x + 1.916_142 * y + 0.033_454 * z,
        0.071_945 * x - 0.228_991 * y + 1.405_243 * z,
    ]
    .map(|linear| (coded(f64::from(linear)) * 255.0 + 0.5) as u8)
}

/// A linear value as sRGB writes it.
fn coded(linear: f64) -> f64 {
    if linear <= 0.003_130_8 { linear * 12.92 } else { 1.055 * linear.powf(1.0 / 2.4) - 0.055 }
}

fn parse(icc: &[u8]) -> Result<ColorProfile, Error> {
    if icc.len() > MAX_PROFILE {
        return Err(Error::invalid_input(format!(
            "the colour profile is {} long, more than {}",
            brawn_core::ByteSize(icc.len() as u64),
            brawn_core::ByteSize(MAX_PROFILE as u64),
        )));
    }
    let options = ParsingOptions { max_profile_size: MAX_PROFILE, ..ParsingOptions::default() };
    ColorProfile::new_from_slice_with_options(icc, options).map_err(broken)
}

fn broken(error: moxcms::CmsError) -> Error {
    Error::invalid_input(format!("the colour profile is broken: {error}"))
}

fn options() -> TransformOptions {
    TransformOptions {
        rendering_intent: RenderingIntent::Perceptual,
        ..TransformOptions::default()
    }
}

fn cmyk_transform(icc: &[u8]) -> Result<Arc<moxcms::Transform8BitExecutor>, Error> {
    let profile = parse(icc)?;
    if profile.color_space != DataColorSpace::Cmyk {
        return Err(Error::invalid_input(format!(
            "the colour profile is for {:?} and the picture is Cmyk",
            profile.color_space
        )));
    }
    profile
        .create_transform_8bit(
            moxcms::Layout::Rgba,
            &ColorProfile::new_srgb(),
            moxcms::Layout::Rgb,
            options(),
        )
        .map_err(broken)
}

fn rgb(
    picture: &mut Picture,
    profile: &ColorProfile,
    layout: moxcms::Layout,
    budget: &Budget,
) -> Result<(), Error> {
    let transform = profile
        .create_transform_8bit(layout, &ColorProfile::new_srgb(), layout, options())
        .map_err(broken)?;
    in_place(&mut picture.pixels, picture.layout.channels(), &*transform, budget)
}

fn in_place(
    pixels: &mut [u8],
    channels: usize,
    transform: &moxcms::Transform8BitExecutor,
    budget: &Budget,
) -> Result<(), Error> {
    pixels.par_chunks_mut(PIECE * channels).try_for_each_init(Vec::new, |copy, piece| {
        budget.check()?;
        copy.clear();
        copy.extend_from_slice(piece);
        transform.transform(copy, piece).map_err(broken)?;
        if channels == 4 {
            let alpha = |pixels: &[u8]| pixels.get(3).copied().unwrap_or(u8::MAX);
            for (to, from) in piece.chunks_exact_mut(4).zip(copy.chunks_exact(4)) {
                to[3] = alpha(from);
            }
        }
        Ok(())
    })
}

/// One channel has 256 values: each is looked up.
fn gray(picture: &mut Picture, profile: &ColorProfile, budget: &Budget) -> Result<(), Error> {
    let mut to = ColorProfile::new_gray_with_gamma(2.2);
    to.gray_trc = ColorProfile::new_srgb().red_trc;
    let from: Vec<u8> = (0..=u8::MAX).collect();
    let mut table = vec![0; from.len()];
    profile
        .create_transform_8bit(moxcms::Layout::Gray, &to, moxcms::Layout::Gray, options())
        .and_then(|transform| transform.transform(&from, &mut table))
        .map_err(broken)?;
    let channels = picture.layout.channels();
    for piece in picture.pixels.chunks_mut(PIECE * channels) {
        budget.check()?;
        piece.iter_mut().step_by(channels).for_each(|value| *value = table[usize::from(*value)]);
    }
    Ok(())
}

/// sRGB levels when the darkest print, `black` in sRGB, is to become black.
///
/// As littleCMS does it for perceptual conversions: a neutral gray as light as `black`, at most L* 50, goes to zero and
/// white stays, linearly in XYZ. Along the neutral axis that is the same line for each linear channel.
fn darken(black: [u8; 3]) -> [u8; 256] {
    let linear = |level: u8| {
        let value = f64::from(level) / 255.0;
        if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    let [r, g, b] = black.map(linear);
    let zero = (0.2126 * r + 0.7152 * g + 0.0722 * b).min(0.184);
    std::array::from_fn(|level| {
        let value = ((linear(level as u8) - zero) / (1.0 - zero)).max(0.0);
        (coded(value) * 255.0 + 0.5) as u8
    })
}

fn is_srgb(profile: &ColorProfile) -> bool {
    let srgb = ColorProfile::new_srgb();
    let near = |a: f64, b: f64| (a - b).abs() < SAME;
    let same_colorants = [
        (profile.red_colorant, srgb.red_colorant),
        (profile.green_colorant, srgb.green_colorant),
        (profile.blue_colorant, srgb.blue_colorant),
    ]
    .into_iter()
    .all(|(a, b)| near(a.x, b.x) && near(a.y, b.y) && near(a.z, b.z));
    let same_curve = |curve: &Option<moxcms::ToneReprCurve>| {
        let curves = curve.as_ref().zip(srgb.red_trc.as_ref()).and_then(|(a, b)| {
            Some((a.make_linear_evaluator().ok()?, b.make_linear_evaluator().ok()?))
        });
        curves.is_some_and(|(a, b)| {
            (0..=32_u8).map(|step| f32::from(step) / 32.0).all(|value| {
                near(f64::from(a.evaluate_value(value)), f64::from(b.evaluate_value(value)))
            })
        })
    };
    profile.is_matrix_shaper()
        && profile.lut_a_to_b_perceptual.is_none()
        && profile.lut_a_to_b_colorimetric.is_none()
        && same_colorants
        && [&profile.red_trc, &profile.green_trc, &profile.blue_trc].into_iter().all(same_curve)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(profile: &ColorProfile) -> Vec<u8> {
        profile.encode().expect("a profile")
    }

    fn picture(layout: Layout, pixels: &[u8]) -> Picture {
        let width = (pixels.len() / layout.channels()) as u32;
        Picture { width, height: 1, layout, pixels: pixels.to_vec() }
    }

    #[test]
    fn srgb_is_told_from_what_is_near_it() {
        assert!(unless_srgb(Some(encoded(&ColorProfile::new_srgb()))).is_none());
        for profile in [
            ColorProfile::new_display_p3(),
            ColorProfile::new_adobe_rgb(),
            ColorProfile::new_pro_photo_rgb(),
            ColorProfile::new_gray_with_gamma(2.2),
        ] {
            assert!(unless_srgb(Some(encoded(&profile))).is_some());
        }
        assert_eq!(unless_srgb(Some(vec![1, 2, 3])), Some(vec![1, 2, 3]), "broken is kept");
        assert_eq!(unless_srgb(None), None);
    }

    #[test]
    fn display_p3_comes_to_srgb_and_alpha_stays() {
        // By littleCMS: the colours that Display P3 calls so.
        let p3 = [200, 100, 50, 7, 10, 20, 30, 0, 255, 255, 255, 255];
        let given = picture(Layout::Rgba, &p3);
        let icc = encoded(&ColorProfile::new_display_p3());
        let srgb = to_srgb(given, &icc, &Budget::unlimited()).expect("converts");
        for (ours, expected) in
            srgb.pixels.iter().zip([215, 93, 31, 7, 7, 20, 31, 0, 255, 255, 255, 255])
        {
            assert!(ours.abs_diff(expected) <= 2, "{:?}", srgb.pixels);
        }
    }

    #[test]
    fn lab_comes_to_srgb() {
        // By littleCMS: white, black, a skin colour.
        let mut pixels = [255, 128, 128, 0, 128, 128, 112, 170, 159];
        lab_to_srgb(&mut pixels, &Budget::unlimited()).expect("converts");
        for (ours, expected) in pixels.iter().zip([255, 255, 255, 0, 0, 0, 172, 70, 55]) {
            assert!(ours.abs_diff(expected) <= 1, "{pixels:?}");
        }
    }

    #[test]
    fn gray_of_another_gamma_comes_to_srgb() {
        let icc = encoded(&ColorProfile::new_gray_with_gamma(1.8));
        let given = picture(Layout::GrayAlpha, &[0, 1, 128, 2, 255, 3]);
        let srgb = to_srgb(given, &icc, &Budget::unlimited()).expect("converts");
        assert_eq!((srgb.pixels[0], srgb.pixels[4]), (0, 255));
        // 0.502^1.8 is 0.289, which sRGB writes as 147.
        assert!(srgb.pixels[2].abs_diff(147) <= 1, "{:?}", srgb.pixels);
        assert_eq!([srgb.pixels[1], srgb.pixels[3], srgb.pixels[5]], [1, 2, 3]);
    }

    #[test]
    fn a_profile_for_other_pixels_or_a_broken_one_is_an_error() {
        let gray = picture(Layout::Gray, &[7]);
        let icc = encoded(&ColorProfile::new_display_p3());
        let error = to_srgb(gray.clone(), &icc, &Budget::unlimited()).expect_err("not for gray");
        assert_eq!(error.to_string(), "the colour profile is for Rgb and the picture is Gray");
        assert!(to_srgb(gray, &icc[..100], &Budget::unlimited()).is_err());
    }

    #[test]
    fn the_darkest_print_becomes_black_and_white_stays() {
        let levels = darken([35, 31, 32]);
        assert_eq!((levels[0], levels[30], levels[255]), (0, 0, 255));
        assert!(levels.is_sorted());
        assert!(darken([0; 3]).into_iter().eq(0..=255));
    }
}
