//! Pictures made in code, ways to run a job over them, and a measure of likeness.

use std::path::PathBuf;

use brawn_core::{Budget, Job, MemorySink, Output, Result, Source};
use brawn_jobs::image::{ImageJob, Options};
use libjpeg_turbo_rs::{Encoder, PixelFormat};

/// RGB pixels.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rgb {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) pixels: Vec<u8>,
}

impl Rgb {
    pub(crate) fn pixel(&self, x: u32, y: u32) -> [u8; 3] {
        let at = (y * self.width + x) as usize * 3;
        [self.pixels[at], self.pixels[at + 1], self.pixels[at + 2]]
    }
}

/// Something like a photo: soft shapes, some texture, a little noise.
pub(crate) fn photo(width: u32, height: u32) -> Rgb {
    let mut pixels = Vec::with_capacity(width as usize * height as usize * 3);
    let mut state = 12_345_u32;
    let wave: Vec<i32> =
        (0..1024).map(|n| ((f64::from(n) * 0.061_36).sin() * 60.0) as i32).collect();
    for y in 0..height as usize {
        for x in 0..width as usize {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = (state >> 29) as i32 - 4;
            let shape = wave[x / 3 % 1024] + wave[(y / 5 + x / 11) % 1024];
            for channel in 0..3 {
                let slope = (x * (channel + 1) / 16 + y * (3 - channel) / 24) % 400;
                let slope = (slope as i32 - 200).abs() / 2;
                pixels.push((90 + shape / 2 + slope / 2 + noise).clamp(0, 255) as u8);
            }
        }
    }
    Rgb { width, height, pixels }
}

pub(crate) fn jpeg(picture: &Rgb) -> Vec<u8> {
    let (width, height) = (picture.width as usize, picture.height as usize);
    let encoder = Encoder::new(&picture.pixels, width, height, PixelFormat::Rgb).quality(92);
    encoder.encode().expect("encoded")
}

/// A JPEG of four inks.
pub(crate) fn jpeg_cmyk(width: u32, height: u32) -> Vec<u8> {
    let picture = photo(width, height);
    let inks: Vec<u8> =
        picture.pixels.as_chunks::<3>().0.iter().flat_map(|[c, m, y]| [*c, *m, *y, 220]).collect();
    let encoder = Encoder::new(&inks, width as usize, height as usize, PixelFormat::Cmyk);
    encoder.quality(92).encode().expect("encoded")
}

/// A flat gray progressive JPEG of one scan of DCs and `refinements` of all ACs, which no scan brought before. Its sides
/// should be multiples of 64.
pub(crate) fn many_scans_jpeg(width: u16, height: u16, refinements: u8) -> Vec<u8> {
    let segment = |marker: u8, content: &[u8]| {
        [&[0xff, marker][..], &(content.len() as u16 + 2).to_be_bytes(), content].concat()
    };
    // One code of one bit: as a DC no difference, as an AC the end of 2^14 bands.
    let table =
        |class: u8, symbol: u8| segment(0xc4, &[&[class, 1][..], &[0; 15], &[symbol]].concat());
    let [h1, h0] = height.to_be_bytes();
    let [w1, w0] = width.to_be_bytes();
    let blocks = usize::from(width) / 8 * (usize::from(height) / 8);
    let ends = blocks.div_ceil(1 << 14) * 15;
    let refinement = [
        segment(0xda, &[1, 1, 0, 1, 63, 0x10]),
        vec![0; ends / 8],
        if ends % 8 > 0 { vec![0xff >> (ends % 8)] } else { vec![] },
    ]
    .concat();
    [
        vec![0xff, 0xd8],
        segment(0xdb, &[&[0][..], &[1; 64]].concat()),
        segment(0xc2, &[8, h1, h0, w1, w0, 1, 1, 0x11, 0]),
        table(0, 0),
        table(0x10, 0xe0),
        segment(0xda, &[1, 1, 0, 0, 0, 0]),
        vec![0; blocks / 8],
        refinement.repeat(usize::from(refinements)),
        vec![0xff, 0xd9],
    ]
    .concat()
}

/// A JPEG with nothing in its EXIF but the orientation.
pub(crate) fn jpeg_oriented(picture: &Rgb, orientation: u8) -> Vec<u8> {
    let mut exif = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0]);
    let (width, height) = (picture.width as usize, picture.height as usize);
    let encoder = Encoder::new(&picture.pixels, width, height, PixelFormat::Rgb).quality(92);
    encoder.exif_data(&exif).encode().expect("encoded")
}

pub(crate) fn png(picture: &Rgb) -> Vec<u8> {
    png_of(picture.width, picture.height, png::ColorType::Rgb, &picture.pixels)
}

pub(crate) fn png_of(width: u32, height: u32, color: png::ColorType, pixels: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(color);
    encoder.set_compression(png::Compression::Fastest);
    let mut writer = encoder.write_header().expect("a header");
    writer.write_image_data(pixels).expect("pixels");
    writer.finish().expect("the end");
    bytes
}

/// An animated GIF: a square that moves over a field.
pub(crate) fn gif(width: u16, height: u16, frames: u16) -> Vec<u8> {
    let mut bytes = Vec::new();
    let palette = [20, 30, 200, 250, 240, 10];
    let mut encoder = gif::Encoder::new(&mut bytes, width, height, &palette).expect("a header");
    encoder.set_repeat(gif::Repeat::Finite(3)).expect("repeats");
    for index in 0..frames {
        let mut pixels = vec![0; usize::from(width) * usize::from(height)];
        for y in 4..12 {
            for x in 0..8 {
                pixels[y * usize::from(width) + x + usize::from(index) * 6] = 1;
            }
        }
        let mut frame = gif::Frame::from_indexed_pixels(width, height, pixels, None);
        frame.delay = 5 + index;
        encoder.write_frame(&frame).expect("a frame");
    }
    drop(encoder);
    bytes
}

pub(crate) fn run(options: Options, name: &str, bytes: &[u8]) -> Result<Vec<Output>> {
    let mut sink = MemorySink::default();
    ImageJob::new(options)?.run(Source::bytes(name, bytes), &mut sink, &Budget::unlimited())?;
    Ok(sink.outputs)
}

/// The one output, decoded by the `image` crate.
pub(crate) fn pixels(options: Options, name: &str, bytes: &[u8]) -> Rgb {
    let outputs = run(options, name, bytes).unwrap_or_else(|error| panic!("{name}: {error:?}"));
    assert_eq!(outputs.len(), 1, "{name} gives one output");
    decoded(&outputs[0].bytes)
}

pub(crate) fn decoded(bytes: &[u8]) -> Rgb {
    let picture = image::load_from_memory(bytes).expect("an output that the image crate reads");
    let picture = picture.into_rgb8();
    Rgb { width: picture.width(), height: picture.height(), pixels: picture.into_raw() }
}

/// Peak signal-to-noise ratio in dB, over all channels.
pub(crate) fn psnr(a: &Rgb, b: &Rgb) -> f64 {
    assert_eq!((a.width, a.height), (b.width, b.height));
    let pairs = a.pixels.iter().zip(&b.pixels);
    let error: u64 = pairs.map(|(a, b)| u64::from(a.abs_diff(*b)).pow(2)).sum();
    10.0 * (255.0_f64.powi(2) * a.pixels.len() as f64 / error.max(1) as f64).log10()
}

/// Where real inputs are, if this machine has them.
pub(crate) fn inputs() -> Option<PathBuf> {
    let folder = std::env::var_os("BRAWN_INPUTS").map(PathBuf::from);
    if folder.is_none() {
        println!("skipped: BRAWN_INPUTS is not set, the folder with real pictures");
    }
    folder
}

/// All files under a folder, in order.
pub(crate) fn files(folder: PathBuf) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a readable folder") {
            let path = entry.expect("a readable entry").path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}
