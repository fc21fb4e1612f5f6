//! AVIF: AV1 by rav1e, boxes written here.

mod boxes;
mod planes;
#[cfg(test)]
mod tests;

use brawn_av1::{
    ChromaSampling, ColorDescription, ColorPrimaries, EncoderConfig, Frame, MatrixCoefficients,
    PixelRange, SceneDetectionSpeed, SpeedSettings, Stream, TransferCharacteristics,
};
use brawn_core::{Budget, Result};

use super::{Metadata, Target, gave_up};
use crate::image::options::{Chroma, Options};
use crate::image::picture::{Layout, Picture};
use boxes::{Colours, File};

/// Pixels of a tile, at least. Tiles are encoded side by side, so how many there are must depend on the picture alone.
const TILE: u64 = 1 << 17;

/// More are not worth their bytes.
const MOST_TILES: u64 = 16;

/// Encodes a still picture. rav1e cannot be stopped; its tiles run on the pool that this is called from.
pub(super) fn encode(
    picture: &Picture,
    options: &Options,
    metadata: &Metadata,
    budget: &Budget,
) -> Result<Vec<u8>> {
    let sampling = sampling(picture.layout, options.chroma);
    let colours = || {
        let (color_primaries, transfer_characteristics) = match metadata.icc {
            None => (ColorPrimaries::BT709, TransferCharacteristics::SRGB),
            Some(_) => (ColorPrimaries::Unspecified, TransferCharacteristics::Unspecified),
        };
        let description = Some(ColorDescription {
            color_primaries,
            transfer_characteristics,
            matrix_coefficients: MatrixCoefficients::BT601,
        });
        let config = config(picture, options, quantizer(options.quality), sampling, description);
        av1(config, budget, |frame| planes::colours(picture, sampling, frame, budget))
    };
    let alpha = || {
        let quantizer = quantizer(alpha_quality(options.quality));
        let config = config(picture, options, quantizer, ChromaSampling::Cs400, None);
        av1(config, budget, |frame| planes::alpha(picture, frame, budget))
    };
    let (colours, alpha) = if picture.layout.has_alpha() {
        let (colours, alpha) = rayon::join(colours, alpha);
        (colours?, Some(alpha?))
    } else {
        (colours()?, None)
    };
    budget.check()?;
    let file = File {
        size: (picture.width, picture.height),
        colours: Colours {
            // Primaries, transfer, matrix: those of sRGB, or of the profile.
            codes: if metadata.icc.is_some() { [2, 2, 6] } else { [1, 13, 6] },
            channels: if sampling == ChromaSampling::Cs400 { 1 } else { 3 },
        },
        stream: &colours,
        alpha: alpha.as_ref(),
        metadata,
    };
    Ok(file.write())
}

fn sampling(layout: Layout, chroma: Chroma) -> ChromaSampling {
    match (layout, chroma) {
        (Layout::Gray | Layout::GrayAlpha, _) => ChromaSampling::Cs400,
        (_, Chroma::Quarter) => ChromaSampling::Cs420,
        (_, Chroma::Half) => ChromaSampling::Cs422,
        (_, Chroma::Full) => ChromaSampling::Cs444,
    }
}

/// rav1e's quantizer (0 to 255) for a quality on libjpeg's scale.
fn quantizer(quality: u8) -> usize {
    let quality = f32::from(quality) / 100.0;
    let part = if quality >= 0.82 {
        (1.0 - quality) * 2.6
    } else if quality > 0.25 {
        (1.0 - 0.125) - quality * 0.5
    } else {
        1.0 - quality
    };
    (part * 255.0).round() as usize
}

/// rav1e's speed, of which 10 is the fastest, for an effort. Measured for a photo of 0.9 MP at quality 80: 139 KB in 2.0 s of
/// CPU at 10, 121 KB in 2.1 at 9, 113 KB in 3.9 at 8, 114 KB in 7.1 at 6, 100 KB in 26 at 5.
fn speed(effort: u8) -> u8 {
    match effort {
        0 => 10,
        1..=3 => 9,
        4 => 8,
        5 => 6,
        _ => 5,
    }
}

/// Alpha has edges where colours have texture.
fn alpha_quality(quality: u8) -> u8 {
    quality.saturating_add((100 - quality) / 2)
}

fn config(
    picture: &Picture,
    options: &Options,
    quantizer: usize,
    chroma_sampling: ChromaSampling,
    color_description: Option<ColorDescription>,
) -> EncoderConfig {
    let mut speed_settings = SpeedSettings::from_preset(speed(options.effort));
    speed_settings.multiref = false;
    speed_settings.rdo_lookahead_frames = 1;
    speed_settings.scene_detection_mode = SceneDetectionSpeed::None;
    let pixels = u64::from(picture.width) * u64::from(picture.height);
    EncoderConfig {
        width: picture.width as usize,
        height: picture.height as usize,
        bit_depth: 8,
        chroma_sampling,
        pixel_range: PixelRange::Full,
        color_description,
        still_picture: true,
        quantizer,
        min_quantizer: quantizer as u8,
        tiles: (pixels / TILE).clamp(1, MOST_TILES) as usize,
        speed_settings,
        ..EncoderConfig::default()
    }
}

/// One frame as an AV1 stream.
fn av1(
    config: EncoderConfig,
    budget: &Budget,
    fill: impl FnOnce(&mut Frame<u8>) -> Result<()>,
) -> Result<Stream> {
    budget.check()?;
    let mut fill = Some(fill);
    let mut filled = Ok(());
    let mut paint = |frame: &mut Frame<u8>| {
        filled = fill.take().map_or(Ok(()), |fill| fill(frame));
        filled.is_ok()
    };
    let encoded = brawn_av1::encode(config, &mut paint, &|| budget.check().is_ok());
    filled?;
    budget.check()?;
    encoded.map_err(|error| gave_up(Target::Avif, error))
}

/// The most bytes held, the result included. rav1e keeps the symbols of the tiles it works on, so quality and workers count:
/// measured for noise, bytes a pixel with one worker and with four, 30 and 40 for 4:2:0 at quality 80, 86 and 193 for 4:4:4
/// at 100.
pub(super) fn working_memory(size: (u32, u32), layout: Layout, options: &Options) -> u64 {
    let side = |length: u32| u64::from(length).next_multiple_of(64) + 64;
    let pixels = side(size.0) * side(size.1);
    let bytes = |halves: u64, quality: u8| match quality {
        0..=80 => 30 + 6 * halves,
        81..=90 => 35 + 14 * halves,
        _ => 100 + 32 * halves,
    };
    // Samples of two pixels.
    let colours = match sampling(layout, options.chroma) {
        ChromaSampling::Cs400 => 2,
        ChromaSampling::Cs420 => 3,
        ChromaSampling::Cs422 => 4,
        ChromaSampling::Cs444 => 6,
    };
    let alpha = if layout.has_alpha() { bytes(2, alpha_quality(options.quality)) } else { 0 };
    pixels * (bytes(colours, options.quality) + alpha) + (4 << 20)
}

/// A bound for the bytes of a file.
pub(super) fn longest_result(size: (u32, u32), layout: Layout) -> u64 {
    let pixels = u64::from(size.0) * u64::from(size.1);
    pixels * layout.channels() as u64 * 3 / 2 + (64 << 10)
}
