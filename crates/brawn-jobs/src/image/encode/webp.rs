//! WebP by libwebp, still and animated.

use std::borrow::Cow;

use brawn_core::{Budget, Error, Result};
use brawn_webp::{Channels, Config};

use super::{Metadata, Target, gave_up, riff};
use crate::image::alpha::colourful;
use crate::image::options::Options;
use crate::image::picture::{Layout, Picture};

/// Encodes a still picture.
///
/// libwebp asks the budget some 45 times, at least every 20 ms for lossy 1600x1200 and 70 ms for 4000x3000 at effort 4.
/// What it does in one go: alpha that varies (80 ms for 1600x1200), and in lossless files the search for repetitions
/// (200 ms).
pub(super) fn encode(
    picture: &Picture,
    options: &Options,
    metadata: &Metadata,
    budget: &Budget,
) -> Result<Vec<u8>> {
    let encoded = still(picture, options, budget)?;
    if metadata.is_empty() {
        return Ok(encoded);
    }
    let flags = if picture.layout.has_alpha() { riff::ALPHA } else { 0 };
    let mut file = start(flags, (picture.width, picture.height), metadata);
    for (name, content) in riff::chunks(&encoded) {
        if name != b"VP8X" {
            riff::push(&mut file, name, content);
        }
    }
    Ok(end(file, metadata))
}

fn start(flags: u8, size: (u32, u32), metadata: &Metadata) -> Vec<u8> {
    let flag = |present: bool, flag: u8| if present { flag } else { 0 };
    let flags = flags
        | flag(metadata.icc.is_some(), riff::ICC)
        | flag(metadata.exif.is_some(), riff::EXIF)
        | flag(metadata.xmp.is_some(), riff::XMP);
    let mut file = riff::start(flags, size.0, size.1);
    if let Some(icc) = &metadata.icc {
        riff::push(&mut file, b"ICCP", icc);
    }
    file
}

fn end(mut file: Vec<u8>, metadata: &Metadata) -> Vec<u8> {
    if let Some(exif) = &metadata.exif {
        riff::push(&mut file, b"EXIF", exif);
    }
    if let Some(xmp) = &metadata.xmp {
        riff::push(&mut file, b"XMP ", xmp);
    }
    riff::finish(file)
}

fn still(picture: &Picture, options: &Options, budget: &Budget) -> Result<Vec<u8>> {
    let picture = match picture.layout {
        Layout::Rgb | Layout::Rgba => Cow::Borrowed(picture),
        Layout::Gray | Layout::GrayAlpha => Cow::Owned(colourful(picture.clone())),
    };
    let channels = if picture.layout.has_alpha() { Channels::Rgba } else { Channels::Rgb };
    let config = Config {
        quality: f32::from(options.quality),
        effort: options.effort,
        lossless: options.lossless,
    };
    let size = (picture.width, picture.height);
    let keep_going = || budget.check().is_ok();
    let encoded = brawn_webp::encode(&picture.pixels, size, channels, &config, &keep_going);
    budget.check()?;
    encoded.map_err(|error| match error {
        brawn_webp::Error::OutOfMemory => Error::out_of_memory(format!(
            "the webp encoder could not allocate what {}x{} needs",
            size.0, size.1
        )),
        other => gave_up(Target::WebP, other),
    })
}

/// The most bytes held, the result included. libwebp keeps ARGB, YUV(A) and its tokens: measured for noise at 1600x1200,
/// bytes a pixel: 22 at quality 80, 25 at 90, 32 at 100, lossless 37.
pub(super) fn working_memory(size: (u32, u32), layout: Layout, options: &Options) -> u64 {
    let pixels = (u64::from(size.0) + 32) * (u64::from(size.1) + 32);
    let widened = match layout {
        Layout::Gray => 3,
        Layout::GrayAlpha => 6,
        Layout::Rgb | Layout::Rgba => 0,
    };
    let encoder = match options.quality {
        _ if options.lossless => 42,
        0..=80 => 25,
        81..=90 => 29,
        _ => 37,
    };
    pixels * (widened + encoder) + (1 << 20)
}

/// An animated WebP that grows frame by frame; only what changed since the last frame is encoded.
#[derive(Debug)]
pub(crate) struct Animation {
    frames: Vec<u8>,
    /// Where the duration of the newest frame is in `frames`, and what it is.
    duration: Option<(usize, u32)>,
    last: Option<Picture>,
    alpha: bool,
}

/// A frame's duration has 24 bits.
const LONGEST: u32 = (1 << 24) - 1;

impl Animation {
    pub(crate) fn new() -> Animation {
        Animation { frames: Vec::new(), duration: None, last: None, alpha: false }
    }

    /// Adds a frame that is shown for `delay_ms`. All frames have the size of the first.
    pub(crate) fn push(
        &mut self,
        picture: Picture,
        delay_ms: u32,
        options: &Options,
        budget: &Budget,
    ) -> Result<()> {
        let changed = match &self.last {
            Some(last) => changes(last, &picture),
            None => Some((0, 0, picture.width, picture.height)),
        };
        let Some((left, top, width, height)) = changed else {
            // Nothing moved: the newest frame stays for longer.
            if let Some((at, duration)) = &mut self.duration {
                *duration = duration.saturating_add(delay_ms).min(LONGEST);
                self.frames[*at..*at + 3].copy_from_slice(&riff::u24(*duration));
            }
            return Ok(());
        };
        let changed = part(&picture, (left, top, width, height));
        let encoded = still(&changed, options, budget)?;
        let delay_ms = delay_ms.min(LONGEST);
        let mut content = Vec::with_capacity(encoded.len() + 16);
        for value in [left / 2, top / 2, width - 1, height - 1, delay_ms] {
            content.extend(riff::u24(value));
        }
        // Bit 1: the frame replaces what is under it instead of being blended over it. Bit 0 (clear): it stays.
        content.push(0b10);
        for (name, chunk) in riff::chunks(&encoded) {
            if name != b"VP8X" {
                riff::push(&mut content, name, chunk);
            }
        }
        self.duration = Some((self.frames.len() + 8 + 12, delay_ms));
        riff::push(&mut self.frames, b"ANMF", &content);
        self.alpha |= picture.layout.has_alpha();
        self.last = Some(picture);
        Ok(())
    }

    /// The file. `loops` as in the input: `None` is for ever.
    pub(crate) fn finish(self, loops: Option<u16>, metadata: &Metadata) -> Result<Vec<u8>> {
        let Some(last) = &self.last else {
            return Err(gave_up(Target::WebP, "an animation without frames"));
        };
        let flags = riff::ANIMATED | if self.alpha { riff::ALPHA } else { 0 };
        let mut file = start(flags, (last.width, last.height), metadata);
        let mut content = vec![0; 4];
        content.extend(loops.unwrap_or(0).to_le_bytes());
        riff::push(&mut file, b"ANIM", &content);
        file.extend_from_slice(&self.frames);
        Ok(end(file, metadata))
    }
}

/// The rectangle outside of which two pictures of one size are the same, with left and top even; none if they are the
/// same.
fn changes(last: &Picture, next: &Picture) -> Option<(u32, u32, u32, u32)> {
    if (last.width, last.height, last.layout) != (next.width, next.height, next.layout) {
        return Some((0, 0, next.width, next.height));
    }
    let (stride, channels) = (next.stride(), next.layout.channels());
    let rows = || last.pixels.chunks_exact(stride).zip(next.pixels.chunks_exact(stride));
    let differs = |(a, b): (&[u8], &[u8])| a != b;
    let top = rows().position(differs)?;
    let bottom = next.height as usize - rows().rev().position(differs)?;
    let (mut left, mut right) = (stride, 0);
    for (a, b) in rows().take(bottom).skip(top) {
        let differs = |(a, b): (&u8, &u8)| a != b;
        if let Some(first) = a.iter().zip(b).position(differs) {
            left = left.min(first);
            let behind = a.iter().zip(b).rev().position(differs).unwrap_or(0);
            right = right.max(stride - behind);
        }
    }
    let left = (left / channels) as u32 & !1;
    let top = top as u32 & !1;
    let right = right.div_ceil(channels) as u32;
    Some((left, top, right - left, bottom as u32 - top))
}

fn part(picture: &Picture, (left, top, width, height): (u32, u32, u32, u32)) -> Cow<'_, Picture> {
    if (width, height) == (picture.width, picture.height) {
        return Cow::Borrowed(picture);
    }
    let channels = picture.layout.channels();
    let rows = picture.pixels.chunks_exact(picture.stride());
    let columns = left as usize * channels..(left + width) as usize * channels;
    let pixels = rows
        .skip(top as usize)
        .take(height as usize)
        .flat_map(|row| &row[columns.clone()])
        .copied()
        .collect();
    Cow::Owned(Picture { width, height, layout: picture.layout, pixels })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spot(x: u32, y: u32) -> Picture {
        let mut picture = Picture::new(40, 30, Layout::Rgba);
        for pixel in picture.pixels.as_chunks_mut::<4>().0 {
            *pixel = [10, 200, 30, 255];
        }
        for row in y..y + 5 {
            for column in x..x + 5 {
                let at = (row * 40 + column) as usize * 4;
                picture.pixels[at..at + 4].copy_from_slice(&[255, 0, 0, 255]);
            }
        }
        picture
    }

    #[test]
    fn an_animation_shows_its_frames_for_their_time() {
        let options = Options { lossless: true, ..Options::default() };
        let frames = [(spot(3, 3), 40), (spot(7, 9), 50), (spot(7, 9), 60), (spot(30, 20), 70)];
        let mut animation = Animation::new();
        for (picture, delay) in &frames {
            animation
                .push(picture.clone(), *delay, &options, &Budget::unlimited())
                .expect("encoded");
        }
        let file = animation.finish(Some(3), &Metadata::default()).expect("frames");
        let mut decoder =
            image_webp::WebPDecoder::new(std::io::Cursor::new(&file)).expect("a WebP");
        assert_eq!(decoder.num_frames(), 3, "the frame that shows nothing new is merged");
        for (picture, delay) in [(&frames[0].0, 40), (&frames[1].0, 110), (&frames[3].0, 70)] {
            let mut pixels = vec![0; 40 * 30 * 4];
            assert_eq!(decoder.read_frame(&mut pixels).expect("a frame"), delay);
            assert!(pixels == picture.pixels, "the frame of {delay} ms");
        }
    }

    #[test]
    fn metadata_travels_in_the_container() {
        let metadata = Metadata {
            icc: Some(vec![1, 2, 3]),
            exif: Some(vec![4, 5]),
            xmp: Some(b"<x/>".to_vec()),
        };
        let options = Options { lossless: true, ..Options::default() };
        for layout in [Layout::Gray, Layout::GrayAlpha, Layout::Rgb, Layout::Rgba] {
            let picture = Picture::new(7, 5, layout);
            let file =
                encode(&picture, &options, &metadata, &Budget::unlimited()).expect("encoded");
            let mut decoder =
                image_webp::WebPDecoder::new(std::io::Cursor::new(&file)).expect("a WebP");
            assert_eq!(decoder.dimensions(), (7, 5));
            assert_eq!(decoder.icc_profile().expect("read"), metadata.icc);
            assert_eq!(decoder.exif_metadata().expect("read"), metadata.exif);
            assert_eq!(decoder.xmp_metadata().expect("read"), metadata.xmp);
        }
    }
}
