//! Decoding by libwebp's incremental decoder, which stops whenever its input does.
#![expect(unsafe_code, reason = "libwebp's decoder takes pointers")]

use std::ffi::c_int;
use std::ptr::NonNull;

use libwebp_sys::{
    VP8StatusCode, WEBP_CSP_MODE, WebPBitstreamFeatures, WebPGetFeatures, WebPIDecoder,
    WebPIDelete, WebPINewRGB, WebPIUpdate,
};

use crate::{Channels, Error, check_size};

/// About how many pixels are decoded between two questions: 1 ms for a photo, 8 ms if the file has its rows in eight
/// partitions, of which the first seven give no pixel before the last one comes.
const PIXELS: u64 = 1 << 16;

/// Fewer bytes at a time cost more than they give: what was begun for nothing is decoded again.
const SMALLEST_PIECE: u64 = 256;

/// Decodes a still picture of this size into `pixels`, row by row from the top left without padding.
///
/// `keep_going` is asked on this thread before each piece of the file. Lossy rows of one colour take next to no bytes, so
/// that a flat picture comes out of few pieces.
///
/// # Errors
/// [`Error::Stopped`] when `keep_going` said no, [`Error::Truncated`], or what is wrong with the file. `pixels` may be
/// written in part then.
pub fn decode(
    file: &[u8],
    size: (u32, u32),
    channels: Channels,
    pixels: &mut [u8],
    keep_going: &dyn Fn() -> bool,
) -> Result<(), Error> {
    check_size(pixels.len(), size, channels)?;
    let found = features(file)?;
    if found.has_animation != 0 {
        return Err(Error::Refused("an animation; still pictures are decoded".to_owned()));
    }
    if (i64::from(found.width), i64::from(found.height)) != (size.0.into(), size.1.into()) {
        return Err(Error::Refused(format!(
            "a picture of {}x{}; {}x{} is asked for",
            found.width, found.height, size.0, size.1
        )));
    }
    let mode = match channels {
        Channels::Rgb => WEBP_CSP_MODE::MODE_RGB,
        Channels::Rgba => WEBP_CSP_MODE::MODE_RGBA,
    };
    // At most 4 * 16383, by `check_size`.
    let stride = size.0 as c_int * channels.count() as c_int;
    // SAFETY: the buffer is `pixels`, with its own length, which libwebp checks against the size it decodes before it
    // writes. The guard ends before the exclusive borrow of `pixels` does, and `pixels` is not used in between.
    let decoder = unsafe { WebPINewRGB(mode, pixels.as_mut_ptr(), pixels.len(), stride) };
    let decoder = Decoder(NonNull::new(decoder).ok_or(Error::OutOfMemory)?);

    let area = u64::from(size.0) * u64::from(size.1);
    let piece = (file.len() as u64 * PIXELS / area).max(SMALLEST_PIECE) as usize;
    let mut end = 0;
    while end < file.len() {
        if !keep_going() {
            return Err(Error::Stopped);
        }
        end = file.len().min(end.saturating_add(piece));
        // SAFETY: the decoder lives, and reads `file[..end]` through this pointer now and from the next call on through
        // that of the next; both are to the same bytes, borrowed for longer than the decoder lives.
        match unsafe { WebPIUpdate(decoder.0.as_ptr(), file.as_ptr(), end) } {
            VP8StatusCode::VP8_STATUS_OK => return Ok(()),
            VP8StatusCode::VP8_STATUS_SUSPENDED => {}
            other => return Err(because(other)),
        }
    }
    Err(Error::Truncated)
}

fn features(file: &[u8]) -> Result<WebPBitstreamFeatures, Error> {
    let mut features = WebPBitstreamFeatures {
        width: 0,
        height: 0,
        has_alpha: 0,
        has_animation: 0,
        format: 0,
        pad: [0; 5],
    };
    // SAFETY: it reads `file` within its length and writes the struct.
    match unsafe { WebPGetFeatures(file.as_ptr(), file.len(), &mut features) } {
        VP8StatusCode::VP8_STATUS_OK => Ok(features),
        other => Err(because(other)),
    }
}

fn because(status: VP8StatusCode) -> Error {
    match status {
        VP8StatusCode::VP8_STATUS_OUT_OF_MEMORY => Error::OutOfMemory,
        VP8StatusCode::VP8_STATUS_NOT_ENOUGH_DATA | VP8StatusCode::VP8_STATUS_SUSPENDED => {
            Error::Truncated
        }
        VP8StatusCode::VP8_STATUS_BITSTREAM_ERROR => {
            Error::Refused("a bit stream that is not WebP's".to_owned())
        }
        other => Error::Refused(format!("{other:?}")),
    }
}

/// Frees the incremental decoder.
struct Decoder(NonNull<WebPIDecoder>);

impl Drop for Decoder {
    fn drop(&mut self) {
        // SAFETY: it came from `WebPINewRGB` and is deleted once. Buffer and input are not libwebp's and stay.
        unsafe { WebPIDelete(self.0.as_ptr()) }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;
    use crate::{Config, encode};

    const SIZE: (u32, u32) = (300, 200);

    fn files() -> Vec<(Channels, Vec<u8>)> {
        let mut files = Vec::new();
        for channels in [Channels::Rgb, Channels::Rgba] {
            let count = channels.count();
            let pixels: Vec<u8> = (0..SIZE.0 as usize * SIZE.1 as usize * count)
                .map(|at| ((at / count % 300) * (at % count + 1) / 3 + ((at * at) >> 7) % 60) as u8)
                .collect();
            for lossless in [false, true] {
                let config = Config { quality: 90.0, effort: 1, lossless };
                let file = encode(&pixels, SIZE, channels, &config, &|| true).expect("encoded");
                files.push((channels, file));
            }
        }
        files
    }

    fn room(channels: Channels) -> Vec<u8> {
        vec![0; SIZE.0 as usize * SIZE.1 as usize * channels.count()]
    }

    #[test]
    fn every_question_can_be_answered_with_no_or_a_panic() {
        for (channels, file) in files() {
            let mut pixels = room(channels);
            let asked = Cell::new(0);
            let count = || {
                asked.set(asked.get() + 1);
                true
            };
            decode(&file, SIZE, channels, &mut pixels, &count).expect("decoded");
            let questions = asked.get();
            for last in 0..questions {
                asked.set(0);
                let no = || {
                    asked.set(asked.get() + 1);
                    asked.get() <= last
                };
                let outcome = decode(&file, SIZE, channels, &mut pixels, &no);
                assert_eq!(outcome, Err(Error::Stopped), "{last} of {questions}");
                asked.set(0);
                let panics = || {
                    assert!(no(), "enough");
                    true
                };
                let caught = catch_unwind(AssertUnwindSafe(|| {
                    decode(&file, SIZE, channels, &mut pixels, &panics)
                }));
                assert!(caught.is_err());
            }
        }
    }

    #[test]
    fn a_file_cut_off_anywhere_is_truncated() {
        for (channels, file) in files() {
            let mut pixels = room(channels);
            for end in (0..file.len() - 4).step_by(61) {
                let outcome = decode(&file[..end], SIZE, channels, &mut pixels, &|| true);
                assert_eq!(outcome, Err(Error::Truncated), "{end} of {}", file.len());
            }
        }
    }

    #[test]
    fn damage_gives_an_error_or_other_pixels_within_the_buffer() {
        for (channels, file) in files() {
            let mut pixels = room(channels);
            for at in (12..file.len()).step_by(97) {
                let mut damaged = file.clone();
                damaged[at] ^= 0x5a;
                // Under valgrind this is the test that nothing else is touched.
                let _ = decode(&damaged, SIZE, channels, &mut pixels, &|| true);
            }
        }
    }

    #[test]
    fn a_size_other_than_the_file_has_is_refused() {
        let (channels, file) = files().swap_remove(0);
        let mut pixels = room(channels);
        for size in [(SIZE.1, SIZE.0), (SIZE.0 / 2, SIZE.1 * 2), (SIZE.0, SIZE.1 - 1), (0, 0)] {
            let outcome = decode(&file, size, channels, &mut pixels, &|| true);
            assert!(matches!(outcome, Err(Error::Refused(_))), "{size:?} gave {outcome:?}");
        }
    }

    #[test]
    fn colour_without_alpha_is_decoded_of_a_file_that_has_it() {
        let (_, file) = files().swap_remove(3);
        let (mut with, mut without) = (room(Channels::Rgba), room(Channels::Rgb));
        decode(&file, SIZE, Channels::Rgba, &mut with, &|| true).expect("decoded");
        decode(&file, SIZE, Channels::Rgb, &mut without, &|| true).expect("decoded");
        let colours = with.chunks_exact(4).flat_map(|pixel| &pixel[..3]);
        assert!(colours.eq(&without));
    }
}
