//! Samples around zero to pixels.

use super::header::Colour;

/// Adding this to a value of 0 to 255 leaves the value, rounded, in the lowest bits of the sum.
const ROUND: f32 = 8_388_608.0;

/// The sample as a byte, rounded and limited.
#[inline(always)]
fn byte(sample: f32) -> u32 {
    // Not `as u8`: that does not vectorise.
    ((sample + 128.0).clamp(0.0, 255.0) + ROUND).to_bits() & 0xff
}

/// One row of gray pixels.
pub(super) fn gray(row: &[f32], pixels: &mut [u8]) {
    for (pixel, &value) in pixels.iter_mut().zip(row) {
        *pixel = byte(value) as u8;
    }
}

/// One row of RGB pixels from rows of three components.
pub(super) fn rgb(colour: Colour, [a, b, c]: [&[f32]; 3], pixels: &mut [u8]) {
    if colour == Colour::Rgb {
        convert([a, b, c], pixels, |a, b, c| [a, b, c]);
    } else {
        // JFIF 1.02: ITU-R BT.601 with all 256 levels
        convert([a, b, c], pixels, |y, cb, cr| {
            [y + 1.402 * cr, y - 0.344_136_3 * cb - 0.714_136_3 * cr, y + 1.772 * cb]
        });
    }
}

#[inline(always)]
fn convert(
    [a, b, c]: [&[f32]; 3],
    pixels: &mut [u8],
    function: impl Fn(f32, f32, f32) -> [f32; 3],
) {
    const LANES: usize = 16;
    let (chunks, tail) = pixels.as_chunks_mut::<{ LANES * 3 }>();
    let inputs = a.as_chunks::<LANES>().0.iter().zip(b.as_chunks::<LANES>().0);
    let inputs = inputs.zip(c.as_chunks::<LANES>().0);
    for (chunk, ((a, b), c)) in chunks.iter_mut().zip(inputs) {
        let mut packed = [0; LANES];
        for (lane, packed) in packed.iter_mut().enumerate() {
            let [red, green, blue] = function(a[lane], b[lane], c[lane]);
            *packed = byte(red) | byte(green) << 8 | byte(blue) << 16;
        }
        // Four pixels to three words, which are stored faster than twelve bytes.
        for (four, bytes) in packed.as_chunks::<4>().0.iter().zip(chunk.as_chunks_mut::<12>().0) {
            let words = [
                four[0] | four[1] << 24,
                four[1] >> 8 | four[2] << 16,
                four[2] >> 16 | four[3] << 8,
            ];
            for (word, bytes) in words.iter().zip(bytes.as_chunks_mut::<4>().0) {
                *bytes = word.to_le_bytes();
            }
        }
    }
    let done = chunks.len() * LANES;
    let inputs = a[done..].iter().zip(&b[done..]).zip(&c[done..]);
    for (pixel, ((&a, &b), &c)) in tail.as_chunks_mut::<3>().0.iter_mut().zip(inputs) {
        *pixel = function(a, b, c).map(|sample| byte(sample) as u8);
    }
}
