//! Pictures made smaller by whole factors, for those that had to be decoded at full size.

use brawn_core::{Budget, Error};

use super::super::super::picture::Picture;
use super::super::room;

/// `picture` at `eighths` (1, 2 or 4) of its size: each pixel the mean of 8x8, 4x4 or 2x2, of fewer at the right and
/// lower edge. A side of `n` pixels becomes one of `ceil(n * eighths / 8)`, as in libjpeg.
pub(super) fn averaged(picture: &Picture, eighths: u32, budget: &Budget) -> Result<Picture, Error> {
    let by = 8 / eighths;
    let (width, height) = (picture.width.div_ceil(by), picture.height.div_ceil(by));
    let channels = picture.layout.channels();
    let mut pixels = room(u64::from(width) * u64::from(height) * channels as u64)?;
    let stride = picture.stride();
    let bands = picture.pixels.chunks(stride * by as usize);
    let mut sums = vec![0_u16; stride];
    for (target, band) in pixels.chunks_exact_mut(width as usize * channels).zip(bands) {
        budget.check()?;
        sums.fill(0);
        // Down first: this is what can be vectorised, and leaves little for the other direction.
        for row in band.chunks_exact(stride) {
            sums.iter_mut().zip(row).for_each(|(sum, sample)| *sum += u16::from(*sample));
        }
        let rows = (band.len() / stride) as u32;
        let groups = sums.chunks(by as usize * channels);
        for (pixel, group) in target.chunks_exact_mut(channels).zip(groups) {
            let count = rows * (group.len() / channels) as u32;
            for (channel, sample) in pixel.iter_mut().enumerate() {
                let column = group.iter().skip(channel).step_by(channels);
                let sum: u32 = column.map(|sum| u32::from(*sum)).sum();
                *sample = ((sum + count / 2) / count) as u8;
            }
        }
    }
    Ok(Picture { width, height, layout: picture.layout, pixels })
}

#[cfg(test)]
mod tests {
    use super::super::super::super::picture::Layout;
    use super::*;

    #[test]
    fn every_pixel_is_the_mean_of_its_square() {
        for layout in [Layout::Gray, Layout::Rgb, Layout::Rgba] {
            let mut picture = Picture::new(13, 9, layout);
            let channels = layout.channels();
            let bytes = picture.pixels.iter_mut().enumerate();
            bytes.for_each(|(index, byte)| *byte = (index * index % 251) as u8);
            for eighths in [1, 2, 4] {
                let by = 8 / eighths;
                let small = averaged(&picture, eighths, &Budget::unlimited()).expect("averaged");
                assert_eq!((small.width, small.height), (13_u32.div_ceil(by), 9_u32.div_ceil(by)));
                for (index, ours) in small.pixels.iter().enumerate() {
                    let (at, channel) = ((index / channels) as u32, index % channels);
                    let (left, top) = (at % small.width * by, at / small.width * by);
                    let square: Vec<f64> = (top..9.min(top + by))
                        .flat_map(|y| (left..13.min(left + by)).map(move |x| (x, y)))
                        .map(|(x, y)| picture.pixels[(y * 13 + x) as usize * channels + channel])
                        .map(f64::from)
                        .collect();
                    let mean = square.iter().sum::<f64>() / square.len() as f64;
                    assert!((mean - f64::from(*ours)).abs() <= 0.5, "{layout:?} {eighths} {index}");
                }
            }
        }
    }
}
