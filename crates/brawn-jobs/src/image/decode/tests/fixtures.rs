//! Small files of every format, made in code.

use std::io::Cursor;

use libjpeg_turbo_rs::{Encoder, PixelFormat, ScanScript, Subsampling};

#[cfg(feature = "avif")]
use super::super::super::{
    encode::{Metadata, Target, encode},
    options::{Chroma, Options},
    picture::{Layout, Picture},
};
#[cfg(feature = "avif")]
use brawn_core::Budget;

/// Gradients with some structure, so that no channel equals another.
pub(super) fn pixels(width: usize, height: usize, channels: usize) -> Vec<u8> {
    let value = |x: usize, y: usize, channel: usize| match channel {
        0 => x * 255 / width.max(2),
        1 => y * 255 / height.max(2),
        2 => (x + y) * 255 / (width + height),
        _ => 255 - (x * y) % 200,
    };
    (0..width * height * channels)
        .map(|i| value(i / channels % width, i / channels / width, i % channels) as u8)
        .collect()
}

pub(in super::super) fn jpeg(
    width: usize,
    height: usize,
    sampling: Option<Subsampling>,
    progressive: bool,
) -> Vec<u8> {
    let (channels, format) = match sampling {
        Some(_) => (3, PixelFormat::Rgb),
        None => (1, PixelFormat::Grayscale),
    };
    Encoder::new(&pixels(width, height, channels), width, height, format)
        .quality(92)
        .subsampling(sampling.unwrap_or(Subsampling::S444))
        .progressive(progressive)
        .encode()
        .expect("encodes")
}

/// A gray square in the scans of `script`.
pub(super) fn scripted_jpeg(side: usize, script: &[ScanScript]) -> Vec<u8> {
    Encoder::new(&pixels(side, side, 1), side, side, PixelFormat::Grayscale)
        .progressive(true)
        .scan_script(script.to_vec())
        .encode()
        .expect("encodes")
}

/// A flat gray progressive JPEG of one scan of DCs and `refinements` of all ACs, which no scan brought before. Its sides
/// should be multiples of 64.
pub(in super::super) fn many_scans_jpeg(width: u16, height: u16, refinements: u8) -> Vec<u8> {
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

/// Three planes, each in a sequential scan of its own: Y, Cb and Cr of the same slopes.
pub(super) fn apart_jpeg(width: usize, height: usize) -> Vec<u8> {
    let coded = |shift: u8| {
        let samples: Vec<u8> =
            pixels(width, height, 1).iter().map(|value| value / 2 + shift).collect();
        Encoder::new(&samples, width, height, PixelFormat::Grayscale)
            .quality(92)
            .encode()
            .expect("encodes")
    };
    // Tables and frame of the first, then the scan of each: FFDA, 8 bytes of header, data.
    let sos = |jpeg: &[u8]| jpeg.windows(2).position(|pair| pair == [0xff, 0xda]).expect("a scan");
    let first = coded(20);
    let head = &first[..sos(&first)];
    let sof = head.windows(2).position(|pair| pair == [0xff, 0xc0]).expect("a frame");
    let mut file = head[..sof].to_vec();
    file.extend([0xff, 0xc0, 0, 17, 8]);
    file.extend_from_slice(&head[sof + 5..sof + 9]);
    file.extend([3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0]);
    file.extend_from_slice(&head[sof + 13..]);
    for (id, shift) in [(1, 20), (2, 60), (3, 90)] {
        let jpeg = coded(shift);
        file.extend([0xff, 0xda, 0, 8, 1, id, 0, 0, 63, 0]);
        file.extend_from_slice(&jpeg[sos(&jpeg) + 10..jpeg.len() - 2]);
    }
    file.extend([0xff, 0xd9]);
    file
}

pub(super) fn cmyk_jpeg(width: usize, height: usize) -> Vec<u8> {
    Encoder::new(&pixels(width, height, 4), width, height, PixelFormat::Cmyk)
        .quality(95)
        .encode()
        .expect("encodes")
}

pub(super) fn png(
    width: u32,
    height: u32,
    color: png::ColorType,
    depth: png::BitDepth,
    data: &[u8],
    change: impl FnOnce(&mut png::Encoder<'_, &mut Vec<u8>>),
) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(color);
    encoder.set_depth(depth);
    change(&mut encoder);
    let mut writer = encoder.write_header().expect("a header");
    writer.write_image_data(data).expect("pixels");
    writer.finish().expect("an end");
    bytes
}

pub(super) fn rgb_png(width: u32, height: u32) -> Vec<u8> {
    let data = pixels(width as usize, height as usize, 3);
    png(width, height, png::ColorType::Rgb, png::BitDepth::Eight, &data, |_| {})
}

/// One frame of a GIF: a rectangle of one colour.
pub(super) struct Patch {
    pub(super) at: (u16, u16),
    pub(super) size: (u16, u16),
    pub(super) colour: u8,
    pub(super) transparent: Option<u8>,
    pub(super) dispose: gif::DisposalMethod,
}

pub(super) const RED: [u8; 4] = [255, 0, 0, 255];
pub(super) const GREEN: [u8; 4] = [0, 255, 0, 255];
pub(super) const BLUE: [u8; 4] = [0, 0, 255, 255];
pub(super) const CLEAR: [u8; 4] = [0; 4];

/// Colours 0 to 3: red, green, blue, white.
pub(super) fn gif(width: u16, height: u16, repeat: gif::Repeat, patches: &[Patch]) -> Vec<u8> {
    let palette = [255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255];
    let mut bytes = Vec::new();
    let mut encoder = gif::Encoder::new(&mut bytes, width, height, &palette).expect("a header");
    encoder.set_repeat(repeat).expect("a repeat");
    for patch in patches {
        let count = usize::from(patch.size.0) * usize::from(patch.size.1);
        let frame = gif::Frame {
            left: patch.at.0,
            top: patch.at.1,
            width: patch.size.0,
            height: patch.size.1,
            delay: 7,
            dispose: patch.dispose,
            transparent: patch.transparent,
            buffer: vec![patch.colour; count].into(),
            ..gif::Frame::default()
        };
        encoder.write_frame(&frame).expect("a frame");
    }
    drop(encoder);
    bytes
}

pub(super) fn plain_gif() -> Vec<u8> {
    let patch = Patch {
        at: (0, 0),
        size: (9, 7),
        colour: 1,
        transparent: None,
        dispose: gif::DisposalMethod::Any,
    };
    gif(9, 7, gif::Repeat::Infinite, &[patch])
}

pub(super) fn webp(width: u32, height: u32) -> Vec<u8> {
    let data = pixels(width as usize, height as usize, 4);
    let mut bytes = Vec::new();
    image_webp::WebPEncoder::new(&mut bytes)
        .encode(&data, width, height, image_webp::ColorType::Rgba8)
        .expect("encodes");
    bytes
}

fn lossy(data: &[u8], width: u32, height: u32) -> Vec<u8> {
    let config = brawn_webp::Config { quality: 90.0, effort: 4, lossless: false };
    brawn_webp::encode(data, (width, height), brawn_webp::Channels::Rgb, &config, &|| true)
        .expect("encodes")
}

pub(super) fn lossy_webp(width: u32, height: u32) -> Vec<u8> {
    lossy(&pixels(width as usize, height as usize, 3), width, height)
}

/// Whole frames of 100 ms, played three times.
pub(super) fn animated_webp(width: u32, height: u32, frames: u32) -> Vec<u8> {
    fn push(file: &mut Vec<u8>, name: &[u8], content: &[u8]) {
        file.extend([name, &(content.len() as u32).to_le_bytes(), content].concat());
        file.resize(file.len().next_multiple_of(2), 0);
    }
    let side = |side: u32| (side - 1).to_le_bytes()[..3].to_vec();
    let size = [side(width), side(height)].concat();
    let mut file = b"RIFF\0\0\0\0WEBP".to_vec();
    push(&mut file, b"VP8X", &[&[2, 0, 0, 0], &size[..]].concat());
    push(&mut file, b"ANIM", &[255, 255, 255, 255, 3, 0]);
    for frame in 0..frames {
        let shift = |value: &u8| value.wrapping_add(frame as u8 * 40);
        let data: Vec<u8> = pixels(width as usize, height as usize, 3).iter().map(shift).collect();
        let still = lossy(&data, width, height);
        push(&mut file, b"ANMF", &[&[0; 6], &size[..], &[100, 0, 0, 0], &still[12..]].concat());
    }
    let length = (file.len() as u32 - 8).to_le_bytes();
    file[4..8].copy_from_slice(&length);
    file
}

pub(super) fn tiff<C>(width: u32, height: u32, data: &[C::Inner]) -> Vec<u8>
where
    C: tiff::encoder::colortype::ColorType,
    [C::Inner]: tiff::encoder::TiffValue,
{
    let mut bytes = Cursor::new(Vec::new());
    let mut encoder = tiff::encoder::TiffEncoder::new(&mut bytes).expect("a header");
    encoder.write_image::<C>(width, height, data).expect("pixels");
    bytes.into_inner()
}

pub(in super::super) fn rgb_tiff(width: u32, height: u32) -> Vec<u8> {
    let data = pixels(width as usize, height as usize, 3);
    tiff::<tiff::encoder::colortype::RGB8>(width, height, &data)
}

pub(super) fn bmp(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    image::codecs::bmp::BmpEncoder::new(&mut bytes)
        .encode(
            &pixels(width as usize, height as usize, 3),
            width,
            height,
            image::ExtendedColorType::Rgb8,
        )
        .expect("encodes");
    bytes
}

/// One of every kind, with its name.
pub(super) fn all() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("gray jpeg", jpeg(61, 43, None, false)),
        ("4:2:0 jpeg", jpeg(61, 43, Some(Subsampling::S420), false)),
        ("4:4:4 jpeg", jpeg(61, 43, Some(Subsampling::S444), false)),
        ("progressive jpeg", jpeg(61, 43, Some(Subsampling::S422), true)),
        ("cmyk jpeg", cmyk_jpeg(61, 43)),
        ("png", rgb_png(61, 43)),
        ("gif", plain_gif()),
        ("lossless webp", webp(61, 43)),
        ("lossy webp", lossy_webp(61, 43)),
        ("animated webp", animated_webp(61, 43, 3)),
        ("tiff", rgb_tiff(61, 43)),
        ("bmp", bmp(61, 43)),
        #[cfg(feature = "avif")]
        ("avif", avif(61, 43, Layout::Rgb, Chroma::Quarter)),
        #[cfg(feature = "avif")]
        ("avif with alpha", avif(61, 43, Layout::Rgba, Chroma::Full)),
    ]
}

#[cfg(feature = "avif")]
pub(super) fn avif(width: u32, height: u32, layout: Layout, chroma: Chroma) -> Vec<u8> {
    let pixels = pixels(width as usize, height as usize, layout.channels());
    let picture = Picture { width, height, layout, pixels };
    let options = Options { chroma, effort: 0, ..Options::default() };
    encode(&picture, Target::Avif, &options, &Metadata::default(), &Budget::unlimited())
        .expect("encoded")
}
