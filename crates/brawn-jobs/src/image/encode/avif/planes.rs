//! Pixels to the planes that are encoded: BT.601 in full range, as JPEG has it.

use brawn_av1::{ChromaSampling, Frame};
use brawn_core::{Budget, Result};

use crate::image::picture::{Layout, Picture};

/// Rows between two looks at the budget.
const ROWS: usize = 64;

/// Fills a frame with the colours of a picture.
pub(super) fn colours(
    picture: &Picture,
    sampling: ChromaSampling,
    frame: &mut Frame<u8>,
    budget: &Budget,
) -> Result<()> {
    let channels = picture.layout.channels();
    let (width, down) = match sampling {
        ChromaSampling::Cs400 => return one(picture, 0, frame, budget),
        ChromaSampling::Cs420 => (2, 2),
        ChromaSampling::Cs422 => (2, 1),
        ChromaSampling::Cs444 => (1, 1),
    };
    let [luma, blue, red] = &mut frame.planes;
    let mut luma = luma.mut_slice(Default::default());
    let mut blue = blue.mut_slice(Default::default());
    let mut red = red.mut_slice(Default::default());
    let mut luma = luma.rows_iter_mut();
    let chroma = blue.rows_iter_mut().zip(red.rows_iter_mut());
    let bands = picture.pixels.chunks(picture.stride() * down);
    let mut sums = vec![[0.0_f32; 3]; (picture.width as usize).div_ceil(width)];
    for (index, (band, (blue, red))) in bands.zip(chroma).enumerate() {
        if index % ROWS == 0 {
            budget.check()?;
        }
        sums.fill([0.0; 3]);
        for row in band.chunks_exact(picture.stride()) {
            let Some(luma) = luma.next() else { break };
            let pixels = row.chunks_exact(channels).zip(luma.iter_mut());
            for (x, (pixel, luma)) in pixels.enumerate() {
                let [y, b, r] = ycbcr([pixel[0], pixel[1], pixel[2]]);
                *luma = (y + 0.5) as u8;
                let sum = &mut sums[x / width];
                sum[0] += b;
                sum[1] += r;
                sum[2] += 1.0;
            }
        }
        for ((sum, blue), red) in sums.iter().zip(blue).zip(red) {
            let [b, r, count] = *sum;
            *blue = (b / count + 128.5) as u8;
            *red = (r / count + 128.5) as u8;
        }
    }
    Ok(())
}

/// Fills a frame with the alpha of a picture.
pub(super) fn alpha(picture: &Picture, frame: &mut Frame<u8>, budget: &Budget) -> Result<()> {
    one(picture, picture.layout.channels() - 1, frame, budget)
}

fn one(picture: &Picture, channel: usize, frame: &mut Frame<u8>, budget: &Budget) -> Result<()> {
    debug_assert!(picture.layout != Layout::Rgb, "three channels are not one");
    let channels = picture.layout.channels();
    let mut plane = frame.planes[0].mut_slice(Default::default());
    let rows = picture.pixels.chunks_exact(picture.stride()).zip(plane.rows_iter_mut());
    for (index, (row, target)) in rows.enumerate() {
        if index % ROWS == 0 {
            budget.check()?;
        }
        for (pixel, target) in row.chunks_exact(channels).zip(target) {
            *target = pixel[channel];
        }
    }
    Ok(())
}

fn ycbcr(rgb: [u8; 3]) -> [f32; 3] {
    let [r, g, b] = rgb.map(f32::from);
    let luma = 0.299 * r + 0.587 * g + 0.114 * b;
    [luma, (b - luma) / 1.772, (r - luma) / 1.402]
}
