//! What each format decodes to.

use libjpeg_turbo_rs::{ScanScript, Subsampling};

use super::super::super::picture::{Layout, Picture};
use super::super::samples::narrow;
use super::fixtures::{self, BLUE, CLEAR, GREEN, Patch, RED, pixels};
use super::*;

fn psnr(a: &[u8], b: &[u8]) -> f64 {
    assert_eq!(a.len(), b.len());
    let squares: f64 = a.iter().zip(b).map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2)).sum();
    10.0 * (255.0_f64.powi(2) * a.len() as f64 / squares.max(1e-9)).log10()
}

#[test]
fn png_of_every_colour_and_depth_is_eight_bits_rounded() {
    use png::{BitDepth, ColorType};
    let (width, height) = (23, 9);
    for (color, layout) in [
        (ColorType::Grayscale, Layout::Gray),
        (ColorType::GrayscaleAlpha, Layout::GrayAlpha),
        (ColorType::Rgb, Layout::Rgb),
        (ColorType::Rgba, Layout::Rgba),
    ] {
        let data = pixels(width, height, layout.channels());
        let bytes = fixtures::png(23, 9, color, BitDepth::Eight, &data, |_| {});
        let (header, frame) = decode_first(&bytes).expect("decodes");
        assert_eq!(header.layout, layout);
        assert_eq!(frame.picture.pixels, data);
        let wide: Vec<u16> = data.iter().map(|v| u16::from(*v).wrapping_mul(253)).collect();
        let stored: Vec<u8> = wide.iter().flat_map(|value| value.to_be_bytes()).collect();
        let bytes = fixtures::png(23, 9, color, BitDepth::Sixteen, &stored, |_| {});
        let (header, frame) = decode_first(&bytes).expect("decodes");
        assert_eq!(header.layout, layout);
        assert!(header.summary.contains("16-bit"), "{}", header.summary);
        assert_eq!(frame.picture.pixels, wide.iter().map(|v| narrow(*v)).collect::<Vec<_>>());
    }
}

#[test]
fn png_transparency_gives_an_alpha_channel() {
    use png::{BitDepth, ColorType};
    let bytes = fixtures::png(4, 1, ColorType::Indexed, BitDepth::Two, &[0b00_01_10_00], |png| {
        png.set_palette(vec![1, 2, 3, 4, 5, 6, 7, 8, 9]);
        png.set_trns(vec![0, 128]);
    });
    let (header, frame) = decode_first(&bytes).expect("decodes");
    assert_eq!(header.layout, Layout::Rgba);
    assert_eq!(frame.picture.pixels, [1, 2, 3, 0, 4, 5, 6, 128, 7, 8, 9, 255, 1, 2, 3, 0]);
    let bytes = fixtures::png(2, 1, ColorType::Grayscale, BitDepth::Eight, &[7, 9], |png| {
        png.set_trns(vec![0, 9]);
    });
    let (header, frame) = decode_first(&bytes).expect("decodes");
    assert_eq!(header.layout, Layout::GrayAlpha);
    assert_eq!(frame.picture.pixels, [7, 255, 9, 0]);
}

#[test]
fn jpeg_shrinks_to_the_fewest_eighths_that_are_enough() {
    let samplings = [
        None,
        Some(Subsampling::S444),
        Some(Subsampling::S422),
        Some(Subsampling::S420),
        Some(Subsampling::S440),
        Some(Subsampling::S411),
    ];
    for sampling in samplings {
        for progressive in [false, true] {
            let bytes = fixtures::jpeg(203, 117, sampling, progressive);
            let name = format!("{sampling:?}, progressive {progressive}");
            let (_, full) = decode_first(&bytes).expect(&name);
            let channels = full.picture.layout.channels();
            let original = pixels(203, 117, channels);
            assert!(psnr(&full.picture.pixels, &original) > 30.0, "{name}");
            for eighths in 1..=8_u32 {
                let size = ((203 * eighths).div_ceil(8), (117 * eighths).div_ceil(8));
                for at_least in [size, (size.0 - 1, size.1), (1, size.1), (size.0, 1)] {
                    let want = Want { at_least: Some(at_least), frames: 1 };
                    let (_, frames, _) = decode_all(&bytes, &want).expect(&name);
                    let Picture { width, height, ref pixels, .. } = frames[0].picture;
                    assert_eq!((width, height), size, "{name} at {eighths}/8");
                    // Gradients stay where they are: the middle of each scaled pixel of the original.
                    let expected = sampled(&original, channels, (203, 117), size);
                    let quality = psnr(pixels, &expected);
                    assert!(quality > 26.0, "{name} at {eighths}/8: {quality:.1} dB");
                }
            }
        }
    }
}

#[test]
fn a_large_jpeg_decodes_as_well_and_is_as_strict() {
    for (sampling, progressive) in
        [(None, false), (Some(Subsampling::S420), false), (Some(Subsampling::S422), true)]
    {
        let bytes = fixtures::jpeg(2100, 1500, sampling, progressive);
        let name = format!("{sampling:?}, progressive {progressive}");
        let (_, full) = decode_first(&bytes).expect(&name);
        let original = pixels(2100, 1500, full.picture.layout.channels());
        assert!(psnr(&full.picture.pixels, &original) > 30.0, "{name}");
        // Of a large picture only halves of halves.
        let want = Want { at_least: Some((600, 400)), frames: 1 };
        let (_, frames, _) = decode_all(&bytes, &want).expect(&name);
        assert_eq!((frames[0].picture.width, frames[0].picture.height), (1050, 750), "{name}");
        let error = decode_first(&bytes[..bytes.len() / 2]).expect_err(&name);
        assert!(error.to_string().contains("truncated"), "{name}: {error}");
    }
}

fn sampled(
    original: &[u8],
    channels: usize,
    (width, height): (u32, u32),
    (to_width, to_height): (u32, u32),
) -> Vec<u8> {
    let mut out = Vec::new();
    for y in 0..to_height {
        for x in 0..to_width {
            let from_x = ((2 * x + 1) * width / (2 * to_width)) as usize;
            let from_y = ((2 * y + 1) * height / (2 * to_height)) as usize;
            let at = (from_y * width as usize + from_x) * channels;
            out.extend_from_slice(&original[at..at + channels]);
        }
    }
    out
}

#[test]
fn a_jpeg_of_too_many_scans_is_refused() {
    let bytes = fixtures::jpeg(64, 64, Some(Subsampling::S420), true);
    let last = bytes.windows(2).rposition(|pair| pair == [0xff, 0xda]).expect("a scan");
    let (end, eoi) = (bytes.len() - 2, [0xff, 0xd9]);
    assert_eq!(bytes[end..], eoi);
    let bomb = [&bytes[..end], &bytes[last..end].repeat(500), &eoi[..]].concat();
    let error = decode_first(&bomb).expect_err("512 scans");
    assert_eq!(error.kind(), brawn_core::ErrorKind::LimitExceeded, "{error}");
}

#[test]
fn a_sound_jpeg_of_too_many_scans_is_refused_at_every_scale() {
    let coefficient = |at| ScanScript { components: vec![0], ss: at, se: at, ah: 0, al: 0 };
    // Each of the 63 AC coefficients in a scan of its own, and for the second file a refinement of each.
    let sound: Vec<ScanScript> = (0..64).map(coefficient).collect();
    let first = |scan: &ScanScript| ScanScript { al: u8::from(scan.ss > 0), ..scan.clone() };
    let refined = sound.iter().skip(1).map(|scan| ScanScript { ah: 1, ..scan.clone() });
    let bomb: Vec<ScanScript> = sound.iter().map(first).chain(refined).collect();
    for at_least in [None, Some((32, 32)), Some((16, 16)), Some((8, 8))] {
        let want = Want { at_least, frames: 1 };
        let decode =
            |script: &[ScanScript]| decode_all(&fixtures::scripted_jpeg(64, script), &want);
        decode(&sound).expect("64 scans");
        let error = decode(&bomb).expect_err("127 scans");
        assert_eq!(error.kind(), brawn_core::ErrorKind::LimitExceeded, "{at_least:?}: {error}");
    }
}

#[test]
fn what_shrink_declines_by_the_header_is_made_smaller_from_full_size() {
    for (name, bytes) in
        [("cmyk", fixtures::cmyk_jpeg(2100, 1501)), ("planes", fixtures::apart_jpeg(2100, 1501))]
    {
        let (_, whole) = decode_first(&bytes).expect("decodes");
        for eighths in [1, 2, 4] {
            let at_least = Some((2100_u32 * eighths / 8, 1501 * eighths / 8));
            let (_, frames, _) =
                decode_all(&bytes, &Want { at_least, frames: 1 }).expect("decodes");
            let small = &frames[0].picture;
            let by = 8 / eighths;
            assert_eq!((small.width, small.height), (2100_u32.div_ceil(by), 1501_u32.div_ceil(by)));
            let mean = |x: u32, y: u32| {
                let square = (y * by..1501.min(y * by + by))
                    .flat_map(|y| (x * by..2100.min(x * by + by)).map(move |x| y * 2100 + x));
                let samples = square.map(|at| f64::from(whole.picture.pixels[at as usize * 3]));
                let (sum, count) = samples.fold((0.0, 0.0), |(s, c), sample| (s + sample, c + 1.0));
                sum / count
            };
            let off = (0..small.width * small.height).map(|at| {
                let (x, y) = (at % small.width, at / small.width);
                (mean(x, y) - f64::from(small.pixels[at as usize * 3])).abs()
            });
            let mean = off.sum::<f64>() / f64::from(small.width * small.height);
            assert!(mean < 4.0, "{name} at {eighths}/8 is off by {mean:.1}");
        }
    }
}

#[test]
fn a_jpeg_that_would_take_long_in_one_call_is_refused() {
    let sound = fixtures::many_scans_jpeg(8192, 8192, 98);
    let want = Want { at_least: Some((800, 800)), frames: 1 };
    let (_, frames, _) = decode_all(&sound, &want).expect("many scans, one after the other");
    assert!(frames[0].picture.pixels.iter().all(|sample| *sample == 128));
    // Without its end.
    let error = decode_all(&sound[..sound.len() - 2], &want).expect_err("a flaw");
    assert_eq!(error.kind(), brawn_core::ErrorKind::LimitExceeded, "{error}");
    assert!(error.to_string().contains("67 million samples in 99 scans"), "{error}");
}

#[test]
fn cmyk_jpeg_comes_as_rgb() {
    let (header, frame) = decode_first(&fixtures::cmyk_jpeg(32, 24)).expect("decodes");
    assert_eq!(header.layout, Layout::Rgb);
    assert!(header.summary.contains("cmyk"), "{}", header.summary);
    let mut expected = vec![0; 32 * 24 * 3];
    let inks: Vec<u8> = pixels(32, 24, 4).iter().map(|value| 255 - value).collect();
    super::super::naive_cmyk(&inks, &mut expected);
    let plain = psnr(&frame.picture.pixels, &expected);
    super::super::naive_cmyk(&pixels(32, 24, 4), &mut expected);
    let other = psnr(&frame.picture.pixels, &expected);
    assert!(plain.max(other) > 28.0, "{plain:.1} or {other:.1} dB");
}

fn patch(at: (u16, u16), size: (u16, u16), colour: u8, dispose: gif::DisposalMethod) -> Patch {
    Patch { at, size, colour, transparent: None, dispose }
}

fn colours(frame: &Frame) -> Vec<[u8; 4]> {
    frame.picture.pixels.chunks_exact(4).map(|p| [p[0], p[1], p[2], p[3]]).collect()
}

#[test]
fn gif_frames_are_composed_as_their_disposal_says() {
    use gif::DisposalMethod::{Background, Keep, Previous};
    let bytes = fixtures::gif(
        3,
        1,
        gif::Repeat::Finite(2),
        &[
            patch((0, 0), (3, 1), 0, Keep),
            patch((1, 0), (1, 1), 1, Previous),
            patch((2, 0), (1, 1), 2, Background),
            patch((0, 0), (1, 1), 1, Keep),
        ],
    );
    let (header, frames, extras) = decode_all(&bytes, &ALL).expect("decodes");
    assert_eq!((header.frames, frames.len(), extras.loops), (4, 4, Some(2)));
    assert_eq!(colours(&frames[0]), [RED, RED, RED]);
    assert_eq!(colours(&frames[1]), [RED, GREEN, RED]);
    assert_eq!(colours(&frames[2]), [RED, RED, BLUE]);
    assert_eq!(colours(&frames[3]), [GREEN, RED, CLEAR]);
    assert!(frames.iter().all(|frame| frame.delay_ms == 70));
    let two = Want { at_least: None, frames: 2 };
    assert_eq!(decode_all(&bytes, &two).expect("decodes").1.len(), 2);
}

#[test]
fn gif_frames_are_cut_at_the_screen_and_let_through_what_is_below() {
    use gif::DisposalMethod::Keep;
    let mut second = patch((1, 0), (5, 1), 1, Keep);
    let bytes =
        fixtures::gif(3, 1, gif::Repeat::Infinite, &[patch((0, 0), (3, 1), 0, Keep), second]);
    let (header, frames, extras) = decode_all(&bytes, &ALL).expect("decodes");
    assert_eq!((header.layout, extras.loops), (Layout::Rgb, None));
    assert_eq!(frames[1].picture.pixels, [&RED[..3], &GREEN[..3], &GREEN[..3]].concat());
    second = patch((0, 0), (3, 1), 1, Keep);
    second.transparent = Some(1);
    let bytes =
        fixtures::gif(3, 1, gif::Repeat::Infinite, &[patch((0, 0), (2, 1), 0, Keep), second]);
    let (_, frames, _) = decode_all(&bytes, &ALL).expect("decodes");
    assert_eq!(colours(&frames[1]), [RED, RED, CLEAR]);
}

#[test]
fn webp_is_exact_when_lossless_and_animated_when_asked() {
    let (header, frame) = decode_first(&fixtures::webp(31, 17)).expect("decodes");
    assert_eq!(header.layout, Layout::Rgba);
    assert_eq!(frame.picture.pixels, pixels(31, 17, 4));
    let (_, frame) = decode_first(&fixtures::lossy_webp(64, 48)).expect("decodes");
    assert!(psnr(&frame.picture.pixels, &pixels(64, 48, 3)) > 30.0);
    let bytes = fixtures::animated_webp(40, 30, 4);
    let (header, frames, extras) = decode_all(&bytes, &ALL).expect("decodes");
    assert_eq!((header.frames, frames.len(), extras.loops), (4, 4, Some(3)));
    assert_eq!(decode_all(&bytes, &FIRST).expect("decodes").1.len(), 1);
}

#[test]
fn tiff_of_every_ink_is_eight_bit_gray_or_rgb() {
    use tiff::encoder::colortype::{CMYK8, Gray8, Gray16, RGB8, RGB16, RGBA8};
    let rgb = pixels(21, 13, 3);
    let wide: Vec<u16> = rgb.iter().map(|value| u16::from(*value) * 251).collect();
    let narrowed: Vec<u8> = wide.iter().map(|value| narrow(*value)).collect();
    let gray = pixels(21, 13, 1);
    let cmyk = pixels(21, 13, 4);
    let mut printed = vec![0; 21 * 13 * 3];
    super::super::naive_cmyk(&cmyk, &mut printed);
    for (name, bytes, expected) in [
        ("gray8", fixtures::tiff::<Gray8>(21, 13, &gray), &gray),
        ("gray16", fixtures::tiff::<Gray16>(21, 39, &wide), &narrowed),
        ("rgb8", fixtures::tiff::<RGB8>(21, 13, &rgb), &rgb),
        ("rgb16", fixtures::tiff::<RGB16>(21, 13, &wide), &narrowed),
        ("rgba8", fixtures::tiff::<RGBA8>(21, 13, &cmyk), &cmyk),
        ("cmyk8", fixtures::tiff::<CMYK8>(21, 13, &cmyk), &printed),
    ] {
        let (_, frame) = decode_first(&bytes).expect(name);
        assert!(frame.picture.pixels == *expected, "{name}");
    }
}

#[test]
fn bmp_is_exact() {
    let (header, frame) = decode_first(&fixtures::bmp(19, 11)).expect("decodes");
    assert_eq!((header.format.name(), header.layout), ("bmp", Layout::Rgb));
    assert_eq!(frame.picture.pixels, pixels(19, 11, 3));
}
