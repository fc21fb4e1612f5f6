//! The samples of a TIFF as pixels.

use brawn_core::Error;
use tiff::decoder::DecodingResult;

use super::super::super::color::{self, Inks};
use super::super::super::picture::{Layout, Picture};
use super::super::samples;
use super::ifd::Directory;
use super::{Place, tag};

/// What the samples of a pixel mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ink {
    Gray,
    Rgb,
    Palette,
    Cmyk,
    YCbCr,
    Lab,
}

/// How pixels are stored.
#[derive(Clone, Debug)]
pub(super) struct Sheet {
    pub(super) ink: Ink,
    pub(super) samples: usize,
    pub(super) bits: usize,
    alpha: Alpha,
    /// White is zero, or a and b are signed.
    inverted: bool,
    profile: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Alpha {
    None,
    Straight,
    /// Colours are multiplied by it.
    Associated,
}

impl Sheet {
    pub(super) fn read(bytes: &[u8], directory: &Directory) -> Result<Sheet, Error> {
        let unsupported = |what: String| Err(Error::unsupported(format!("the tiff {what}")));
        let number = |tag, default| directory.number(bytes, tag).unwrap_or(default);
        let photometric = number(tag::PHOTOMETRIC, 1);
        let (ink, colours, word) = match photometric {
            0 | 1 => (Ink::Gray, 1, "gray"),
            2 => (Ink::Rgb, 3, "rgb"),
            3 => (Ink::Palette, 1, "a palette"),
            5 => (Ink::Cmyk, 4, "cmyk"),
            6 => (Ink::YCbCr, 3, "ycbcr"),
            8 | 9 => (Ink::Lab, 3, "lab"),
            other => return unsupported(format!("has photometric interpretation {other}")),
        };
        let samples = number(tag::SAMPLES, 1);
        if !(colours..=16).contains(&samples) {
            return unsupported(format!("has {samples} samples per pixel of {word}"));
        }
        let depths: Vec<u64> = directory.numbers(bytes, tag::BITS).take(16).collect();
        let bits = depths.first().copied().unwrap_or(1);
        if depths.iter().any(|other| *other != bits) || !matches!(bits, 1 | 2 | 4 | 8 | 16) {
            let depths: Vec<_> = depths.iter().map(u64::to_string).collect();
            return unsupported(format!(
                "has {} bits per sample; 1, 2, 4, 8 and 16, the same for all, are handled",
                depths.join(", ")
            ));
        }
        let whole = bits == 8 || bits == 16;
        if (samples > 1 && !whole) || (ink == Ink::Palette && bits == 16) {
            return unsupported(format!("has {bits} bits per sample of {word}"));
        }
        if directory.numbers(bytes, tag::SAMPLE_FORMAT).take(16).any(|kind| kind != 1 && kind != 4)
            && ink != Ink::Lab
        {
            return unsupported("has samples that are signed or floating-point numbers".to_owned());
        }
        let planar = number(tag::PLANAR, 1) == 2 && samples > 1;
        if planar && !matches!(ink, Ink::Gray | Ink::Rgb | Ink::Lab) {
            return unsupported(format!("has {word} in separate planes"));
        }
        let alpha = match (samples > colours, directory.number(bytes, tag::EXTRA)) {
            (true, Some(1)) => Alpha::Associated,
            (true, Some(2)) => Alpha::Straight,
            // Some writers leave out what the fourth sample is; Pillow takes it for alpha too.
            (true, None) if ink == Ink::Rgb && samples == 4 => Alpha::Straight,
            _ => Alpha::None,
        };
        let alpha = if matches!(ink, Ink::Gray | Ink::Rgb) { alpha } else { Alpha::None };
        let profile = directory.raw(bytes, tag::ICC).map_or(0, <[u8]>::len) as u64;
        Ok(Sheet {
            ink,
            samples: samples as usize,
            bits: bits as usize,
            alpha,
            inverted: photometric == 0 || photometric == 8,
            profile,
        })
    }

    pub(super) fn layout(&self) -> Layout {
        match (self.ink, self.alpha) {
            (Ink::Gray, Alpha::None) => Layout::Gray,
            (Ink::Gray, _) => Layout::GrayAlpha,
            (_, Alpha::None) => Layout::Rgb,
            _ => Layout::Rgba,
        }
    }

    /// For people: `16-bit rgb with alpha`.
    pub(super) fn words(&self) -> String {
        let ink = match self.ink {
            Ink::Gray => "gray",
            Ink::Rgb => "rgb",
            Ink::Palette => "palette",
            Ink::Cmyk => "cmyk",
            Ink::YCbCr => "ycbcr",
            Ink::Lab => "lab",
        };
        let alpha = if self.alpha == Alpha::None { "" } else { " with alpha" };
        format!("{}-bit {ink}{alpha}", self.bits)
    }

    /// What a conversion by the profile holds.
    pub(super) fn profile_memory(&self) -> u64 {
        if self.ink == Ink::Cmyk { Inks::memory(self.profile) } else { color::memory(self.profile) }
    }

    pub(super) fn printer(
        &self,
        icc: Option<&[u8]>,
        palette: Vec<u16>,
        warnings: &mut Vec<String>,
    ) -> Result<Printer<'_>, Error> {
        let inks = (self.ink == Ink::Cmyk).then(|| Inks::new(icc, warnings));
        let palette =
            if self.ink == Ink::Palette { rgb_palette(palette, self.bits)? } else { Vec::new() };
        Ok(Printer { sheet: self, inks, palette, row: Vec::new(), bytes: Vec::new() })
    }
}

/// All reds, all greens, all blues, as triples of 8 bits.
fn rgb_palette(map: Vec<u16>, bits: usize) -> Result<Vec<[u8; 3]>, Error> {
    let count = 1 << bits;
    if map.len() < 3 * count {
        return Err(Error::invalid_input(format!(
            "the tiff is corrupt: its palette has {} values, not {}",
            map.len(),
            3 * count
        )));
    }
    // Some old writers put 8-bit values where 16-bit ones belong; libtiff looks for the same sign.
    let wide = map.iter().any(|value| *value > 255);
    let byte = |value: u16| if wide { samples::narrow(value) } else { value as u8 };
    Ok((0..count).map(|i| [byte(map[i]), byte(map[count + i]), byte(map[2 * count + i])]).collect())
}

/// Puts chunks of samples into a picture.
pub(super) struct Printer<'a> {
    sheet: &'a Sheet,
    inks: Option<Inks>,
    palette: Vec<[u8; 3]>,
    /// Samples of one row, over the whole range of 16 bits; indices as they are.
    row: Vec<u16>,
    bytes: Vec<u8>,
}

impl Printer<'_> {
    pub(super) fn print(
        &mut self,
        picture: &mut Picture,
        place: Place,
        data: &DecodingResult,
    ) -> Result<(), Error> {
        let per_pixel = if place.plane.is_some() { 1 } else { self.sheet.samples };
        let count = place.width * per_pixel;
        let channels = picture.layout.channels();
        let stride = picture.stride();
        for line in 0..place.height {
            self.unpack(data, line, count)?;
            let y = place.y + line;
            let start = y * stride + place.x * channels;
            let end = (y * stride + (place.x + place.width) * channels).min((y + 1) * stride);
            // A chunk may stick out of the picture by its padding.
            let Some(out) = picture.pixels.get_mut(start..end) else { continue };
            match place.plane {
                None => self.pixels(out, channels)?,
                Some(plane) if plane < channels => {
                    let signed = self.sheet.inverted && self.sheet.ink == Ink::Lab && plane > 0;
                    let inverted = self.sheet.inverted && self.sheet.ink == Ink::Gray && plane == 0;
                    for (out, value) in out.iter_mut().skip(plane).step_by(channels).zip(&self.row)
                    {
                        *out = match (signed, inverted) {
                            (true, _) => lab_signed(*value),
                            (_, true) => !samples::narrow(*value),
                            _ => samples::narrow(*value),
                        };
                    }
                    if self.sheet.alpha == Alpha::Associated && plane + 1 == channels {
                        out.chunks_exact_mut(channels).for_each(divide_bytes);
                    }
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// One row of samples into `self.row`.
    fn unpack(&mut self, data: &DecodingResult, line: usize, count: usize) -> Result<(), Error> {
        let short = || Error::invalid_input("the tiff is corrupt: a row of it is too short");
        self.row.clear();
        let bits = self.sheet.bits;
        let raw = self.sheet.ink == Ink::Palette;
        match data {
            DecodingResult::U16(values) => {
                let row = values.get(line * count..(line + 1) * count).ok_or_else(short)?;
                self.row.extend_from_slice(row);
            }
            DecodingResult::U8(values) if bits == 8 => {
                let row = values.get(line * count..(line + 1) * count).ok_or_else(short)?;
                let scale = if raw { 1 } else { 257 };
                self.row.extend(row.iter().map(|value| u16::from(*value) * scale));
            }
            DecodingResult::U8(values) if bits < 8 => {
                let stride = (count * bits).div_ceil(8);
                let row = values.get(line * stride..(line + 1) * stride).ok_or_else(short)?;
                let most = (1_u16 << bits) - 1;
                let scale = if raw { 1 } else { u16::MAX / most };
                self.row.extend((0..count).map(|index| {
                    let bit = index * bits;
                    let value = u16::from(row[bit / 8]) >> (8 - bits - bit % 8) & most;
                    value * scale
                }));
            }
            _ => {
                return Err(Error::unsupported(
                    "the tiff has samples that are not unsigned numbers",
                ));
            }
        }
        Ok(())
    }

    /// The row as pixels of the picture.
    fn pixels(&mut self, out: &mut [u8], channels: usize) -> Result<(), Error> {
        let Sheet { ink, samples: per_pixel, alpha, inverted, .. } = *self.sheet;
        let pixels = self.row.chunks_exact_mut(per_pixel).zip(out.chunks_exact_mut(channels));
        match ink {
            Ink::Gray | Ink::Rgb => {
                let colours = if ink == Ink::Gray { 1 } else { 3 };
                for (from, to) in pixels {
                    if inverted {
                        from[0] = !from[0];
                    }
                    if alpha == Alpha::Associated {
                        divide(&mut from[..=colours]);
                    }
                    for (value, out) in from.iter().zip(to) {
                        *out = samples::narrow(*value);
                    }
                }
            }
            Ink::Palette => {
                for (from, to) in pixels {
                    let rgb = self.palette.get(usize::from(from[0])).copied().unwrap_or_default();
                    to.copy_from_slice(&rgb);
                }
            }
            Ink::Lab => {
                for (from, to) in pixels {
                    to[0] = samples::narrow(from[0]);
                    for (value, out) in from[1..3].iter().zip(&mut to[1..3]) {
                        *out = if inverted { lab_signed(*value) } else { samples::narrow(*value) };
                    }
                }
            }
            Ink::YCbCr => {
                for (from, to) in pixels {
                    let [y, cb, cr] = [from[0], from[1], from[2]].map(samples::narrow);
                    to.copy_from_slice(&samples::ycbcr([y, cb, cr]));
                }
            }
            Ink::Cmyk => {
                self.bytes.clear();
                for pixel in self.row.chunks_exact(per_pixel) {
                    self.bytes.extend(pixel[..4].iter().map(|value| samples::narrow(*value)));
                }
                if let Some(inks) = &self.inks {
                    inks.print(&self.bytes, out)?;
                }
            }
        }
        Ok(())
    }
}

/// A signed a or b, 1/256 (or 1) per step, as ICC stores it: offset by 128.
fn lab_signed(value: u16) -> u8 {
    ((value >> 8) as u8) ^ 0x80
}

/// Straight colours out of those multiplied by the last sample.
fn divide(pixel: &mut [u16]) {
    let Some((alpha, colours)) = pixel.split_last_mut() else { return };
    let alpha = u32::from(*alpha);
    for colour in colours {
        let straight = (u32::from(*colour) * 65_535 + alpha / 2).checked_div(alpha).unwrap_or(0);
        *colour = straight.min(65_535) as u16;
    }
}

fn divide_bytes(pixel: &mut [u8]) {
    let Some((alpha, colours)) = pixel.split_last_mut() else { return };
    let alpha = u32::from(*alpha);
    for colour in colours {
        let straight = (u32::from(*colour) * 255 + alpha / 2).checked_div(alpha).unwrap_or(0);
        *colour = straight.min(255) as u8;
    }
}
