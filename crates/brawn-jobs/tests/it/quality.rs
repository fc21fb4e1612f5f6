//! Outputs look like a slow, independent resize: full decode and Lanczos3 by the `image` crate.

use brawn_jobs::image::{Format, Options};
use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder, ImageReader};

use super::fixtures::{Rgb, decoded, files, inputs, jpeg, photo, png, psnr, run};

/// What the `image` crate makes of it, upright; nothing where it cannot read it.
fn reference(bytes: &[u8]) -> Option<DynamicImage> {
    let reader = ImageReader::new(std::io::Cursor::new(bytes)).with_guessed_format().ok()?;
    let mut decoder = reader.into_decoder().ok()?;
    let orientation = decoder.orientation().ok()?;
    let mut picture = DynamicImage::from_decoder(decoder).ok()?;
    picture.apply_orientation(orientation);
    Some(picture)
}

fn resized(picture: &DynamicImage, width: u32, height: u32) -> Rgb {
    let small = picture.resize_exact(width, height, FilterType::Lanczos3).into_rgb8();
    Rgb { width, height, pixels: small.into_raw() }
}

/// Lossless output, so that only decoding and resizing are compared.
fn ours(bytes: &[u8], width: u32) -> brawn_core::Result<Rgb> {
    let options = Options {
        width: vec![width],
        format: vec![Format::Png],
        // The reference leaves colours in their own space.
        keep_metadata: true,
        compression_level: 1,
        ..Options::default()
    };
    run(options, "a", bytes).map(|outputs| decoded(&outputs[0].bytes))
}

#[test]
fn synthetic_photos_look_like_the_reference() {
    let photo = photo(2403, 1601);
    for (name, bytes) in [("jpeg", jpeg(&photo)), ("png", png(&photo))] {
        let whole = reference(&bytes).expect("readable");
        for width in [160, 300, 601, 800, 1201, 1500, 2000, 2400] {
            let small = ours(&bytes, width).expect("resized");
            let found = psnr(&small, &resized(&whole, small.width, small.height));
            assert!(found >= 32.0, "{name} at {width}: {found:.1} dB");
        }
    }
}

#[test]
#[ignore = "half a minute of a slow reference: .ci/features"]
fn real_photos_look_like_the_reference() {
    let Some(inputs) = inputs() else { return };
    let mut compared = 0;
    let mut worst = (f64::MAX, String::new());
    let mut below = Vec::new();
    for path in files(inputs.join("images")) {
        let name = path.strip_prefix(&inputs).unwrap_or(&path).display().to_string();
        if name.contains("malformed") {
            continue;
        }
        let bytes = std::fs::read(&path).expect("readable");
        // The reference panics on some TIFFs; that is not what is tested here.
        let Ok(Some(whole)) = std::panic::catch_unwind(|| reference(&bytes)) else { continue };
        // The reference composes no alpha, and reads no CMYK profiles.
        if whole.color().has_alpha() || name.contains("cmyk") || whole.width() < 64 {
            continue;
        }
        for width in [160, 400, 800, 1600].into_iter().filter(|width| *width < whole.width()) {
            let Ok(small) = ours(&bytes, width) else { continue };
            let found = psnr(&small, &resized(&whole, small.width, small.height));
            compared += 1;
            if found < worst.0 {
                worst = (found, format!("{name} at {width}"));
            }
            if found < 32.0 {
                below.push(format!("{name} at {width}: {found:.1} dB"));
            }
        }
    }
    println!("{compared} comparisons, the worst is {:.1} dB: {}", worst.0, worst.1);
    assert!(below.is_empty(), "{below:#?}");
    assert!(compared > 20, "only {compared} pictures could be compared");
}
