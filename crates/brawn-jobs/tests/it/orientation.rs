//! All eight EXIF orientations give the upright picture.

use brawn_jobs::image::{Fit, Gravity, Options};

use super::fixtures::{Rgb, decoded, files, inputs, jpeg_oriented, photo, pixels, psnr};

/// Red, green, blue and white quarters, wider than high.
fn quarters() -> Rgb {
    let (width, height) = (192, 128);
    let pixels = (0..width * height)
        .flat_map(|at| match (at % width < width / 2, at / width < height / 2) {
            (true, true) => [255, 0, 0],
            (false, true) => [0, 255, 0],
            (true, false) => [0, 0, 255],
            (false, false) => [255, 255, 255],
        })
        .collect();
    Rgb { width, height, pixels }
}

/// The picture as a camera would store it that says `orientation`.
fn stored(upright: &Rgb, orientation: u8) -> Rgb {
    let buffer = image::RgbImage::from_raw(upright.width, upright.height, upright.pixels.clone());
    let picture = image::DynamicImage::from(buffer.expect("as many pixels as its size says"));
    let picture = match orientation {
        1 => picture,
        2 => picture.fliph(),
        3 => picture.rotate180(),
        4 => picture.flipv(),
        5 => picture.rotate270().flipv(),
        6 => picture.rotate270(),
        7 => picture.rotate90().flipv(),
        _ => picture.rotate90(),
    }
    .into_rgb8();
    Rgb { width: picture.width(), height: picture.height(), pixels: picture.into_raw() }
}

fn is_near(a: [u8; 3], b: [u8; 3]) -> bool {
    a.iter().zip(b).all(|(a, b)| a.abs_diff(b) < 40)
}

#[test]
fn all_eight_orientations_are_upright_at_any_size() {
    let upright = quarters();
    for orientation in 1..=8 {
        let jpeg = jpeg_oriented(&stored(&upright, orientation), orientation);
        for (width, height) in [(192, 128), (96, 64), (24, 16), (90, 60)] {
            let options = Options { width: vec![width], ..Options::default() };
            let small = pixels(options, "a.jpg", &jpeg);
            assert_eq!((small.width, small.height), (width, height), "orientation {orientation}");
            let (left, right) = (width / 4, width * 3 / 4);
            let (top, bottom) = (height / 4, height * 3 / 4);
            let corners = [(left, top), (right, top), (left, bottom), (right, bottom)]
                .map(|(x, y)| small.pixel(x, y));
            let expected = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]];
            let all = corners.iter().zip(expected).all(|(a, b)| is_near(*a, b));
            assert!(all, "orientation {orientation} at {width}: {corners:?}");
        }
    }
}

#[test]
fn a_crop_is_of_the_upright_picture() {
    let upright = photo(960, 640);
    let mut first: Option<Rgb> = None;
    for orientation in 1..=8 {
        let jpeg = jpeg_oriented(&stored(&upright, orientation), orientation);
        let options = Options {
            width: vec![100],
            height: vec![200],
            fit: Fit::Cover,
            gravity: Gravity::West,
            ..Options::default()
        };
        let cut = pixels(options, "a.jpg", &jpeg);
        assert_eq!((cut.width, cut.height), (100, 200));
        let first = first.get_or_insert_with(|| cut.clone());
        assert!(psnr(first, &cut) > 35.0, "orientation {orientation}: {}", psnr(first, &cut));
    }
}

#[test]
fn a_kept_orientation_is_not_followed_twice() {
    let jpeg = jpeg_oriented(&stored(&quarters(), 6), 6);
    let options = Options { keep_metadata: true, ..Options::default() };
    let outputs = super::fixtures::run(options.clone(), "a.jpg", &jpeg).expect("upright");
    let again = pixels(options, "a.jpg", &outputs[0].bytes);
    assert_eq!((again.width, again.height), (192, 128));
    assert!(outputs[0].bytes.windows(4).any(|bytes| bytes == b"Exif"), "EXIF is kept");
    let as_stored = Options { autorotate: false, ..Options::default() };
    assert_eq!(pixels(as_stored, "a.jpg", &jpeg).width, 128);
}

#[test]
fn the_sixteen_orientation_examples_show_one_picture() {
    let Some(inputs) = inputs() else { return };
    for shape in ["Landscape", "Portrait"] {
        let examples: Vec<_> = files(inputs.join("images/orientation"))
            .into_iter()
            .filter(|path| path.to_string_lossy().contains(shape))
            .collect();
        assert_eq!(examples.len(), 8, "{shape}");
        let mut first: Option<Rgb> = None;
        for path in examples {
            let bytes = std::fs::read(&path).expect("readable");
            let options = Options { width: vec![150], ..Options::default() };
            let outputs = super::fixtures::run(options, "a.jpg", &bytes).expect("decodable");
            let small = decoded(&outputs[0].bytes);
            let first = first.get_or_insert_with(|| small.clone());
            assert_eq!((first.width, first.height), (small.width, small.height), "{path:?}");
            assert!(psnr(first, &small) > 22.0, "{path:?}: {:.1} dB", psnr(first, &small));
        }
    }
}
