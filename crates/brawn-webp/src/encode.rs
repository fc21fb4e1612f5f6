//! Encoding, with libwebp's progress hook as the place to stop.
#![expect(unsafe_code, reason = "libwebp's encoder takes pointers and calls back through them")]

use std::any::Any;
use std::cell::Cell;
use std::ffi::c_int;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr;

use libwebp_sys::{
    WebPConfig, WebPEncode, WebPEncodingError, WebPPicture, WebPPictureFree, WebPPictureImportRGB,
    WebPPictureImportRGBA,
};

use crate::{Channels, Config, Error, check_size};

/// Encodes `pixels`, row by row from the top left without padding.
///
/// `keep_going` is asked on this thread while libwebp works. Lossy: before and after the pixels are taken in, then some
/// 45 times, so that the time between two questions grows with the picture.
///
/// # Errors
/// [`Error::Stopped`] when `keep_going` said no, else why libwebp gave up. Nothing of the file is kept.
///
/// # Panics
/// When `keep_going` does, after everything is freed.
pub fn encode(
    pixels: &[u8],
    size: (u32, u32),
    channels: Channels,
    config: &Config,
    keep_going: &dyn Fn() -> bool,
) -> Result<Vec<u8>, Error> {
    check_size(pixels.len(), size, channels)?;
    // libwebp lets NaN pass.
    if !(0.0..=100.0).contains(&config.quality) || config.effort > 6 {
        return Err(Error::Refused(format!(
            "quality {} and effort {}; 0 to 100 and 0 to 6 are possible",
            config.quality, config.effort
        )));
    }
    if !keep_going() {
        return Err(Error::Stopped);
    }
    let other_version = |()| Error::Refused("libwebp is not the version built for".to_owned());
    let mut settings = WebPConfig::new().map_err(other_version)?;
    settings.quality = config.quality;
    settings.method = c_int::from(config.effort);
    settings.lossless = c_int::from(config.lossless);

    let call = Call {
        keep_going,
        stopped: Cell::new(false),
        panic: Cell::new(None),
        file: Cell::new(Vec::new()),
    };
    let mut picture = Picture(WebPPicture::new().map_err(other_version)?);
    // Sides are at most 16383, so that strides fit too.
    picture.0.width = size.0 as c_int;
    picture.0.height = size.1 as c_int;
    // Lossy takes its planes straight from the pixels; by way of ARGB they are the same and cost four bytes a pixel more.
    picture.0.use_argb = c_int::from(config.lossless);
    picture.0.writer = Some(write);
    picture.0.progress_hook = Some(progress);
    picture.0.user_data = ptr::from_ref(&call).cast_mut().cast();

    let stride = size.0 as c_int * channels.count() as c_int;
    let source = pixels.as_ptr();
    // SAFETY: `check_size` proved that `pixels` holds `height` rows of `stride` bytes, all that is read; the picture was
    // initialised by libwebp and is freed by its guard.
    let imported = unsafe {
        match channels {
            Channels::Rgb => WebPPictureImportRGB(&mut picture.0, source, stride),
            Channels::Rgba => WebPPictureImportRGBA(&mut picture.0, source, stride),
        }
    };
    // SAFETY: both structs are initialised and outlive the call. `user_data` points to `call`, a local that outlives it
    // too and is reached by the two callbacks as `&Call` alone.
    let encoded =
        imported != 0 && call.asks() && unsafe { WebPEncode(&settings, &mut picture.0) } != 0;

    let failure = picture.0.error_code;
    drop(picture);
    if let Some(panic) = call.panic.take() {
        resume_unwind(panic);
    }
    match failure {
        _ if encoded => Ok(call.file.take()),
        _ if call.stopped.get() => Err(Error::Stopped),
        WebPEncodingError::VP8_ENC_ERROR_OUT_OF_MEMORY
        | WebPEncodingError::VP8_ENC_ERROR_BITSTREAM_OUT_OF_MEMORY => Err(Error::OutOfMemory),
        other => Err(Error::Refused(format!("{other:?}"))),
    }
}

/// What the callbacks of one call reach.
struct Call<'a> {
    keep_going: &'a dyn Fn() -> bool,
    stopped: Cell<bool>,
    panic: Cell<Option<Box<dyn Any + Send>>>,
    file: Cell<Vec<u8>>,
}

impl Call<'_> {
    /// Asks whether to go on. A panic is kept for later and means no: it must not unwind through C.
    fn asks(&self) -> bool {
        // Nothing of the closure is looked at after a panic: it is resumed as soon as libwebp has returned.
        let answer = catch_unwind(AssertUnwindSafe(self.keep_going)).unwrap_or_else(|panic| {
            self.panic.set(Some(panic));
            false
        });
        self.stopped.set(!answer);
        answer
    }

    /// Appends to the file; false without memory. Does not panic.
    fn append(&self, bytes: &[u8]) -> bool {
        let mut file = self.file.take();
        let fits = file.try_reserve(bytes.len()).is_ok();
        if fits {
            file.extend_from_slice(bytes);
        }
        self.file.set(file);
        fits
    }
}

/// Frees what libwebp allocated for a picture.
struct Picture(WebPPicture);

impl Drop for Picture {
    fn drop(&mut self) {
        // SAFETY: libwebp initialised it, and freeing sets its pointers to null.
        unsafe { WebPPictureFree(&mut self.0) }
    }
}

/// libwebp's progress hook.
unsafe extern "C" fn progress(_: c_int, picture: *const WebPPicture) -> c_int {
    // SAFETY: libwebp hands over the picture it was given (or a copy with the same `user_data`), which `encode` set to a
    // `Call` that lives until libwebp has returned and is never borrowed mutably.
    let call = unsafe { &*(*picture).user_data.cast::<Call<'_>>() };
    c_int::from(call.asks())
}

/// libwebp's writer.
unsafe extern "C" fn write(bytes: *const u8, count: usize, picture: *const WebPPicture) -> c_int {
    if count == 0 {
        // The pointer may be null then, which no slice is.
        return 1;
    }
    // SAFETY: as in `progress`.
    let call = unsafe { &*(*picture).user_data.cast::<Call<'_>>() };
    // SAFETY: libwebp promises `count` bytes that stay as they are during this call.
    c_int::from(call.append(unsafe { std::slice::from_raw_parts(bytes, count) }))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;
    use crate::decode;

    const SIZE: (u32, u32) = (61, 47);

    fn noise(channels: Channels) -> Vec<u8> {
        let mut state = 1_u32;
        (0..SIZE.0 as usize * SIZE.1 as usize * channels.count())
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            })
            .collect()
    }

    fn configs() -> impl Iterator<Item = Config> {
        let config = |effort, lossless| Config { quality: 80.0, effort, lossless };
        (0..=6).flat_map(move |effort| [config(effort, false), config(effort, true)])
    }

    #[test]
    fn lossless_gives_back_what_is_visible() {
        for channels in [Channels::Rgb, Channels::Rgba] {
            let mut pixels = noise(channels);
            if channels == Channels::Rgba {
                // Colours under full transparency may change.
                pixels.iter_mut().skip(3).step_by(4).for_each(|alpha| *alpha |= 1);
            }
            let config = Config { quality: 75.0, effort: 2, lossless: true };
            let file = encode(&pixels, SIZE, channels, &config, &|| true).expect("encoded");
            let mut back = vec![0; pixels.len()];
            decode(&file, SIZE, channels, &mut back, &|| true).expect("decoded");
            assert!(back == pixels, "{channels:?}");
        }
    }

    #[test]
    fn every_question_can_be_answered_with_no() {
        for channels in [Channels::Rgb, Channels::Rgba] {
            let pixels = noise(channels);
            for config in configs() {
                let asked = Cell::new(0);
                let count = || {
                    asked.set(asked.get() + 1);
                    true
                };
                encode(&pixels, SIZE, channels, &config, &count).expect("encoded");
                let questions = asked.get();
                assert!(questions > 5, "{config:?} asked {questions} times");
                for last in 0..questions {
                    asked.set(0);
                    let no = || {
                        asked.set(asked.get() + 1);
                        asked.get() <= last
                    };
                    let outcome = encode(&pixels, SIZE, channels, &config, &no);
                    // libwebp does not act upon a no when everything is done.
                    if outcome != Err(Error::Stopped) {
                        assert!(outcome.is_ok() && last + 2 >= questions, "{last} of {questions}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_panic_in_a_question_comes_out_as_it_was() {
        let pixels = noise(Channels::Rgba);
        for config in configs() {
            for wanted in 1..6 {
                let asked = Cell::new(0);
                let panics = || {
                    asked.set(asked.get() + 1);
                    assert!(asked.get() < wanted, "question {wanted}");
                    true
                };
                let caught = catch_unwind(AssertUnwindSafe(|| {
                    encode(&pixels, SIZE, Channels::Rgba, &config, &panics)
                }));
                let panic = caught.expect_err("it panics");
                let message = panic.downcast_ref::<String>().expect("a message");
                assert_eq!(message, &format!("question {wanted}"));
            }
        }
    }

    #[test]
    fn a_size_that_the_pixels_do_not_have_is_refused() {
        let config = Config { quality: 80.0, effort: 0, lossless: false };
        let sizes = [(0, 5), (5, 0), (16_384, 1), (4, 4), (4, 5), (u32::MAX, u32::MAX)];
        for size in sizes {
            let outcome = encode(&[0; 4 * 4 * 3 + 1], size, Channels::Rgb, &config, &|| true);
            assert!(matches!(outcome, Err(Error::Refused(_))), "{size:?}");
        }
    }

    #[test]
    fn a_config_that_libwebp_does_not_know_is_refused() {
        for (quality, effort) in [(101.0, 4), (f32::NAN, 4), (80.0, 7)] {
            let config = Config { quality, effort, lossless: false };
            let pixels = noise(Channels::Rgb);
            let outcome = encode(&pixels, SIZE, Channels::Rgb, &config, &|| true);
            assert!(matches!(outcome, Err(Error::Refused(_))), "{config:?}");
        }
    }
}
