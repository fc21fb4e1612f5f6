//! What comes out, for recipes that people write.

use brawn_core::ErrorKind;
use brawn_jobs::Recipe;
use brawn_jobs::image::{Fit, Format, Frames, Options};
use serde_json::json;

use super::fixtures::{gif, jpeg, photo, pixels, png, png_of, run};

#[test]
fn names_and_sizes_are_as_planned() {
    let recipe = Recipe::from_json(&json!({
        "job": "image", "width": [50, 100], "format": ["webp", "jpeg", "png"],
    }));
    let Ok(Recipe::Image(options)) = recipe else { panic!("{recipe:?}") };
    let outputs = run(options, "2024/sea side.JPG", &jpeg(&photo(200, 100))).expect("made");
    let found: Vec<_> = outputs
        .iter()
        .map(|output| {
            let picture = image::load_from_memory(&output.bytes).expect("readable");
            (output.name.as_str(), output.content_type, picture.width(), picture.height())
        })
        .collect();
    assert_eq!(
        found,
        [
            ("2024/sea side-50.webp", "image/webp", 50, 25),
            ("2024/sea side-50.jpg", "image/jpeg", 50, 25),
            ("2024/sea side-50.png", "image/png", 50, 25),
            ("2024/sea side-100.webp", "image/webp", 100, 50),
            ("2024/sea side-100.jpg", "image/jpeg", 100, 50),
            ("2024/sea side-100.png", "image/png", 100, 50),
        ]
    );
}

#[test]
fn auto_keeps_what_can_be_written() {
    let name = |bytes: &[u8]| run(Options::default(), "a.x", bytes).expect("made").remove(0).name;
    let photo = photo(40, 30);
    assert_eq!(name(&jpeg(&photo)), "a.jpg");
    assert_eq!(name(&png(&photo)), "a.png");
    assert!(["a.jpg", "a.png"].contains(&name(&gif(64, 48, 2)).as_str()));
}

#[test]
fn a_lossless_round_trip_changes_nothing() {
    let photo = photo(123, 77);
    assert!(pixels(Options::default(), "a.png", &png(&photo)) == photo);
    let turned = Options { rotate: Some(90.0), flip: true, ..Options::default() };
    let there = run(turned.clone(), "a.png", &png(&photo)).expect("turned").remove(0).bytes;
    // A quarter turn with a mirror is its own inverse.
    assert!(pixels(turned, "a.png", &there) == photo);
}

#[test]
fn contain_pads_and_jpeg_flattens_onto_the_background() {
    let clear = png_of(20, 10, png::ColorType::Rgba, &[0; 20 * 10 * 4]);
    let options = Options {
        width: vec![20],
        height: vec![20],
        fit: Fit::Contain,
        format: vec![Format::Jpeg],
        background: "#00ff00".parse().expect("a colour"),
        ..Options::default()
    };
    let padded = pixels(options, "a.png", &clear);
    assert_eq!((padded.width, padded.height), (20, 20));
    for y in [1, 10, 18] {
        let [r, g, b] = padded.pixel(10, y);
        assert!(r < 10 && g > 245 && b < 10, "{r} {g} {b}");
    }
}

#[test]
fn an_animated_gif_becomes_an_animated_webp() {
    let options = Options {
        frames: Frames::All,
        format: vec![Format::WebP, Format::Jpeg],
        width: vec![32],
        lossless: true,
        ..Options::default()
    };
    let outputs = run(options, "a.gif", &gif(64, 48, 4)).expect("made");
    assert_eq!(outputs.len(), 2);
    let mut decoder =
        image_webp::WebPDecoder::new(std::io::Cursor::new(&outputs[0].bytes)).expect("a WebP");
    assert_eq!((decoder.dimensions(), decoder.num_frames()), ((32, 24), 4));
    let mut frame = vec![0; decoder.output_buffer_size().expect("small")];
    let delays: Vec<u32> =
        (0..4).map(|_| decoder.read_frame(&mut frame).expect("a frame")).collect();
    assert_eq!(delays, [50, 60, 70, 80]);
    assert_eq!(image::load_from_memory(&outputs[1].bytes).expect("a JPEG").width(), 32);
}

#[test]
fn too_many_frames_are_refused() {
    let options = Options { frames: Frames::All, max_animation_frames: 3, ..Options::default() };
    let error = run(options, "a.gif", &gif(64, 48, 4)).expect_err("4 of 3");
    assert_eq!(error.kind(), ErrorKind::LimitExceeded);
    assert_eq!(error.to_string(), "4 frames are to be read, the limit is 3");
}

#[test]
fn two_outputs_of_one_name_are_refused() {
    let options = Options {
        width: vec![10, 20],
        name: Some("{stem}.{ext}".to_owned()),
        ..Options::default()
    };
    let error = run(options, "a.png", &png(&photo(40, 30))).expect_err("the same name twice");
    assert_eq!(error.kind(), ErrorKind::InvalidOptions);
    assert_eq!(error.to_string(), "two outputs would both be called `a.png`");
}

#[test]
fn the_quality_is_that_of_libjpeg() {
    // Table K.1 of the JPEG standard, scaled as libjpeg does: at 50 it is the table itself.
    let options = Options { quality: 50, ..Options::default() };
    let bytes = run(options, "a.jpg", &jpeg(&photo(40, 30))).expect("made").remove(0).bytes;
    let table = bytes.windows(4).position(|b| b[..2] == [0xFF, 0xDB]).expect("a table");
    assert_eq!(bytes[table + 5..table + 13], [16, 11, 12, 14, 12, 10, 16, 14]);
}
