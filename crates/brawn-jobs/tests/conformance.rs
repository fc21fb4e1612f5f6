//! What every brawn job promises, for several recipes of this one. Its own process, one recipe after the other: how soon
//! a job stops is measured.

#[path = "it/fixtures.rs"]
#[allow(dead_code, reason = "shared with the other tests, which use more of it")]
mod fixtures;

use std::sync::{Mutex, PoisonError};

use brawn_core::conformance::{Subject, check};
use brawn_jobs::image::{Fit, Format, Gravity, ImageJob, Options};

use fixtures::{Rgb, gif, jpeg, jpeg_cmyk, many_scans_jpeg, photo, png};

fn conforms(options: Options, name: &str, small: &[u8], large: &[u8]) {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let job = ImageJob::new(options).expect("valid options");
    check(&job, &Subject { name, small, large });
}

fn jpegs() -> (Vec<u8>, Vec<u8>) {
    (jpeg(&photo(400, 300)), jpeg(&photo(6000, 4000)))
}

#[test]
fn jpeg_to_a_jpeg_thumbnail_conforms() {
    let (small, large) = jpegs();
    conforms(Options { width: vec![800], ..Options::default() }, "a/b.jpg", &small, &large);
}

#[test]
fn jpeg_to_six_files_conforms() {
    let (small, large) = jpegs();
    let options = Options {
        width: vec![320, 800, 1600],
        format: vec![Format::Jpeg, Format::WebP],
        effort: 0,
        ..Options::default()
    };
    conforms(options, "b.jpg", &small, &large);
}

#[test]
fn png_to_a_jpeg_of_full_size_conforms() {
    let (small, large) = (png(&photo(400, 300)), png(&photo(4000, 3000)));
    let options = Options { format: vec![Format::Jpeg], ..Options::default() };
    conforms(options, "b.png", &small, &large);
}

#[test]
fn jpeg_to_filtered_png_conforms() {
    let (small, large) = jpegs();
    let options = Options {
        width: vec![900],
        height: vec![500],
        fit: Fit::Cover,
        gravity: Gravity::Entropy,
        format: vec![Format::Png],
        blur: Some(2.0),
        sharpen: Some(1.0),
        rotate: Some(10.0),
        tint: "teal".parse().ok(),
        compression_level: 3,
        ..Options::default()
    };
    conforms(options, "b.jpg", &small, &large);
}

#[test]
fn png_to_webp_conforms() {
    let (small, large) = (png(&photo(400, 300)), png(&photo(3000, 2000)));
    let options = Options { width: vec![1600], format: vec![Format::WebP], ..Options::default() };
    conforms(options, "b.png", &small, &large);
}

#[test]
fn webp_to_a_jpeg_conforms() {
    let webp = |picture: &Rgb| {
        let config = brawn_webp::Config { quality: 80.0, effort: 0, lossless: false };
        let size = (picture.width, picture.height);
        brawn_webp::encode(&picture.pixels, size, brawn_webp::Channels::Rgb, &config, &|| true)
            .expect("a WebP")
    };
    let (small, large) = (webp(&photo(400, 300)), webp(&photo(6000, 4000)));
    let options = Options { width: vec![200], format: vec![Format::Jpeg], ..Options::default() };
    conforms(options, "b.webp", &small, &large);
}

#[test]
fn cmyk_jpeg_of_full_size_conforms() {
    let (small, large) = (jpeg_cmyk(400, 300), jpeg_cmyk(4000, 3000));
    let options = Options { format: vec![Format::Jpeg], ..Options::default() };
    conforms(options, "b.jpg", &small, &large);
}

#[test]
fn cmyk_jpeg_to_a_thumbnail_conforms() {
    let (small, large) = (jpeg_cmyk(400, 300), jpeg_cmyk(6000, 4000));
    conforms(Options { width: vec![800], ..Options::default() }, "b.jpg", &small, &large);
}

#[test]
fn jpeg_of_many_scans_to_a_thumbnail_conforms() {
    let (small, large) = (many_scans_jpeg(512, 448, 3), many_scans_jpeg(11_008, 11_008, 98));
    conforms(Options { width: vec![800], ..Options::default() }, "b.jpg", &small, &large);
}

#[test]
fn animations_conform() {
    let (small, large) = (gif(64, 48, 3), gif(600, 400, 60));
    let options = Options {
        frames: brawn_jobs::image::Frames::All,
        format: vec![Format::WebP, Format::Jpeg],
        effort: 0,
        ..Options::default()
    };
    conforms(options, "b.gif", &small, &large);
}

/// Nothing ends a frame of AV1 once it is begun, neither while it is decoded nor while it is encoded.
#[cfg(feature = "avif")]
mod avif {
    use brawn_core::conformance::check_all_but_stopping;

    use super::*;

    fn conforms(options: Options, name: &str, small: &[u8], large: &[u8]) {
        let job = ImageJob::new(options).expect("valid options");
        check_all_but_stopping(&job, &Subject { name, small, large });
    }

    #[test]
    fn avif_to_a_jpeg_conforms_but_for_stopping() {
        let avif = |picture: &Rgb| {
            let options = Options { format: vec![Format::Avif], effort: 0, ..Options::default() };
            fixtures::run(options, "a.png", &png(picture)).expect("an AVIF").remove(0).bytes
        };
        let (small, large) = (avif(&photo(120, 90)), avif(&photo(1200, 900)));
        let options =
            Options { width: vec![200], format: vec![Format::Jpeg], ..Options::default() };
        conforms(options, "b.avif", &small, &large);
    }

    #[test]
    fn jpeg_to_avif_conforms_but_for_stopping() {
        let (small, large) = (jpeg(&photo(120, 90)), jpeg(&photo(900, 600)));
        let options = Options { format: vec![Format::Avif], effort: 0, ..Options::default() };
        conforms(options, "b.jpg", &small, &large);
    }
}
