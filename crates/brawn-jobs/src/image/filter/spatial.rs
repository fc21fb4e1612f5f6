//! Filters that look at a neighbourhood; beyond the edge lies the edge.

use brawn_core::{Budget, Result};
use rayon::prelude::*;

use crate::image::options::Convolve;
use crate::image::picture::Picture;

/// Weights of a Gaussian out to three sigma, as fractions of 65536 that add up to exactly that, so that an even area
/// keeps its value.
fn gaussian(sigma: f64) -> Vec<u32> {
    let radius = (sigma * 3.0).ceil() as i32;
    let raw: Vec<f64> =
        (-radius..=radius).map(|x| (-f64::from(x * x) / (2.0 * sigma * sigma)).exp()).collect();
    let sum: f64 = raw.iter().sum();
    let mut weights: Vec<u32> = raw.iter().map(|w| (w / sum * 65_536.0).round() as u32).collect();
    let total: u32 = weights.iter().sum();
    let middle = &mut weights[radius as usize];
    *middle = (*middle + 65_536).saturating_sub(total);
    weights
}

/// Adds `weight` times a row to the sums.
fn accumulate(sums: &mut [u32], row: &[u8], weight: u32) {
    for (sum, value) in sums.iter_mut().zip(row) {
        *sum += weight * u32::from(*value);
    }
}

fn settle(sums: &[u32], row: &mut [u8]) {
    for (value, sum) in row.iter_mut().zip(sums) {
        *value = ((sum + 32_768) >> 16).min(255) as u8;
    }
}

/// Gaussian blur of all channels, in two passes.
pub(super) fn blur(picture: &Picture, sigma: f64, budget: &Budget) -> Result<Picture> {
    let weights = gaussian(sigma);
    let radius = weights.len() / 2;
    let (stride, channels) = (picture.stride(), picture.layout.channels());
    let mut across = Picture::new(picture.width, picture.height, picture.layout);
    let rows = across.pixels.par_chunks_mut(stride).zip(picture.pixels.par_chunks(stride));
    rows.try_for_each_init(
        || (Vec::new(), vec![0_u32; stride]),
        |(padded, sums), (target, source)| {
            budget.check()?;
            padded.clear();
            (0..radius).for_each(|_| padded.extend_from_slice(&source[..channels]));
            padded.extend_from_slice(source);
            (0..radius).for_each(|_| padded.extend_from_slice(&source[stride - channels..]));
            sums.fill(0);
            for (tap, weight) in weights.iter().enumerate() {
                accumulate(sums, &padded[tap * channels..][..stride], *weight);
            }
            settle(sums, target);
            Ok(())
        },
    )?;
    let mut down = Picture::new(picture.width, picture.height, picture.layout);
    let last = picture.height as usize - 1;
    down.pixels.par_chunks_mut(stride).enumerate().try_for_each_init(
        || vec![0_u32; stride],
        |sums, (y, target)| {
            budget.check()?;
            sums.fill(0);
            for (tap, weight) in weights.iter().enumerate() {
                let row = (y + tap).saturating_sub(radius).min(last);
                accumulate(sums, &across.pixels[row * stride..][..stride], *weight);
            }
            settle(sums, target);
            Ok(())
        },
    )?;
    Ok(down)
}

/// Any 3x3 kernel over the colours.
pub(super) fn convolve(picture: &Picture, kernel: &Convolve, budget: &Budget) -> Result<Picture> {
    let weights = kernel.weights.map(|weight| (weight / kernel.scale) as f32);
    let offset = kernel.offset as f32;
    let (stride, channels) = (picture.stride(), picture.layout.channels());
    let alpha = picture.layout.has_alpha().then_some(channels - 1);
    let (right, bottom) = (picture.width as usize - 1, picture.height as usize - 1);
    let mut target = Picture::new(picture.width, picture.height, picture.layout);
    target.pixels.par_chunks_mut(stride).enumerate().try_for_each(|(y, target)| {
        budget.check()?;
        let rows = [y.saturating_sub(1), y, (y + 1).min(bottom)]
            .map(|row| &picture.pixels[row * stride..][..stride]);
        for x in 0..=right {
            let columns = [x.saturating_sub(1), x, (x + 1).min(right)];
            for channel in 0..channels {
                let at = x * channels + channel;
                if alpha == Some(channel) {
                    target[at] = rows[1][at];
                    continue;
                }
                let mut sum = offset;
                for (row, weights) in rows.iter().zip(weights.as_chunks::<3>().0) {
                    for (column, weight) in columns.iter().zip(weights) {
                        sum += weight * f32::from(row[column * channels + channel]);
                    }
                }
                target[at] = sum.round() as u8;
            }
        }
        Ok(())
    })?;
    Ok(target)
}

/// Unsharp mask: every colour moves away from its blurred value by as much as it differs: `c + (c - blur(c))`.
pub(super) fn sharpen(mut picture: Picture, sigma: f64, budget: &Budget) -> Result<Picture> {
    let soft = blur(&picture, sigma, budget)?;
    let (stride, channels) = (picture.stride(), picture.layout.channels());
    let alpha = picture.layout.has_alpha().then_some(channels - 1);
    let rows = picture.pixels.par_chunks_mut(stride).zip(soft.pixels.par_chunks(stride));
    rows.try_for_each(|(row, soft)| {
        budget.check()?;
        for (at, (value, soft)) in row.iter_mut().zip(soft).enumerate() {
            if alpha != Some(at % channels) {
                *value = (2 * i16::from(*value) - i16::from(*soft)).clamp(0, 255) as u8;
            }
        }
        Ok(())
    })?;
    Ok(picture)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::picture::Layout;

    fn dot() -> Picture {
        let mut picture = Picture::new(21, 21, Layout::Gray);
        picture.pixels[10 * 21 + 10] = 255;
        picture
    }

    #[test]
    fn an_even_area_stays_even() {
        let budget = Budget::unlimited();
        let mut picture = Picture::new(33, 17, Layout::Rgba);
        picture.pixels.as_chunks_mut::<4>().0.fill([255, 17, 3, 200]);
        for sigma in [0.3, 1.0, 4.4, 30.0, 250.0] {
            assert!(blur(&picture, sigma, &budget).expect("blurred") == picture, "{sigma}");
        }
        assert!(sharpen(picture.clone(), 2.0, &budget).expect("sharpened") == picture);
    }

    #[test]
    fn a_blurred_dot_is_a_gaussian() {
        let picture = blur(&dot(), 1.5, &Budget::unlimited()).expect("blurred");
        let at = |x: usize, y: usize| i32::from(picture.pixels[y * 21 + x]);
        // 255 / (2 pi 1.5^2) is 18.04; one and two sigma away 0.607 and 0.135 of it.
        assert!((at(10, 10) - 18).abs() <= 1, "{}", at(10, 10));
        assert!((at(10, 13) - at(13, 10)).abs() <= 1 && (at(10, 13) - 2).abs() <= 1);
        assert_eq!(at(10, 20), 0);
    }

    #[test]
    fn a_kernel_weighs_its_neighbourhood() {
        let budget = Budget::unlimited();
        let shift: Convolve = "0 0 0 1 0 0 0 0 0".parse().expect("a kernel");
        let moved = convolve(&dot(), &shift, &budget).expect("convolved");
        assert_eq!(moved.pixels.iter().position(|value| *value == 255), Some(10 * 21 + 11));
        let edges: Convolve = "-1 -1 -1 -1 8 -1 -1 -1 -1/1+128".parse().expect("a kernel");
        let edges = convolve(&dot(), &edges, &budget).expect("convolved");
        assert_eq!(
            (edges.pixels[0], edges.pixels[9 * 21 + 9], edges.pixels[10 * 21 + 10]),
            (128, 0, 255)
        );
    }
}
