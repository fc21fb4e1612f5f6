//! Samples of other depths and colours as 8-bit gray, RGB and alpha.

/// 16 bits to 8, to the nearest: dropping the low byte would darken by half a level on average.
pub(super) const fn narrow(value: u16) -> u8 {
    ((value as u32 * 255 + 32_767) / 65_535) as u8
}

/// Big-endian 16-bit samples to 8 bits.
pub(super) fn narrow_row(wide: &[u8], out: &mut [u8]) {
    for (pair, out) in wide.chunks_exact(2).zip(out) {
        *out = narrow(u16::from_be_bytes([pair[0], pair[1]]));
    }
}

/// The same within one row: the first half of it holds the result.
pub(super) fn narrow_in_place(row: &mut [u8]) {
    for index in 0..row.len() / 2 {
        row[index] = narrow(u16::from_be_bytes([row[2 * index], row[2 * index + 1]]));
    }
}

/// CMYK (0 is no ink) to RGB as if inks were ideal: what libjpeg's users do where no profile says better.
pub(crate) fn naive_cmyk(cmyk: &[u8], rgb: &mut [u8]) {
    for (ink, rgb) in cmyk.chunks_exact(4).zip(rgb.chunks_exact_mut(3)) {
        let light = 255 - u32::from(ink[3]);
        for (ink, out) in ink.iter().zip(rgb) {
            *out = (((255 - u32::from(*ink)) * light + 127) / 255) as u8;
        }
    }
}

/// JFIF's YCbCr to RGB.
pub(super) fn ycbcr([y, cb, cr]: [u8; 3]) -> [u8; 3] {
    let (y, cb, cr) = (f32::from(y), f32::from(cb) - 128.0, f32::from(cr) - 128.0);
    // `as` saturates, so that colours outside of RGB are clipped.
    [y + 1.402 * cr, y - 0.344_136 * cb - 0.714_136 * cr, y + 1.772 * cb].map(|v| (v + 0.5) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_bits_round_to_the_nearest_of_eight() {
        for value in 0..=u16::MAX {
            let exact = (f64::from(value) * 255.0 / 65_535.0).round() as u8;
            assert_eq!(narrow(value), exact, "{value}");
        }
    }

    #[test]
    fn ideal_inks_take_light_away() {
        let mut rgb = [0; 9];
        naive_cmyk(&[0, 0, 0, 0, 255, 0, 0, 0, 10, 20, 30, 255], &mut rgb);
        assert_eq!(rgb, [255, 255, 255, 0, 255, 255, 0, 0, 0]);
    }
}
