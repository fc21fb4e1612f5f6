//! libwebp that can be stopped: WebP is encoded and decoded while a closure says whether to go on.
//!
//! ```
//! use brawn_webp::{Channels, Config, decode, encode};
//!
//! let config = Config { quality: 80.0, effort: 4, lossless: false };
//! let file = encode(&[200; 32 * 16 * 3], (32, 16), Channels::Rgb, &config, &|| true)?;
//! let mut pixels = vec![0; 32 * 16 * 3];
//! decode(&file, (32, 16), Channels::Rgb, &mut pixels, &|| true)?;
//! # Ok::<(), brawn_webp::Error>(())
//! ```
//!
//! # Why this crate exists, and why it may say `unsafe`
//! Work in brawn stops within 50 ms of its deadline. The safe wrappers of libwebp make one call into C that nothing can
//! end: 138 ms to encode 1600x1200, some 300 ms to decode 24 MP (2-core EPYC, 2026-11-24). The encoders in safe Rust are
//! lossless only, and the decoder takes twice as long and cannot be stopped either. libwebp itself can do both (a progress
//! hook, an incremental decoder), but only through pointers.
//!
//! So the unsafe code of the whole workspace stands here, in two modules of one function each that copy no pixel and
//! compute no offset. Sizes are checked against slices before the first call, libwebp owns what it allocates until a guard
//! frees it, and a panic never crosses C.

mod decode;
mod encode;

use std::fmt;

pub use decode::decode;
pub use encode::encode;

/// The bytes of a pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channels {
    /// Red, green, blue.
    Rgb,
    /// Red, green, blue and straight alpha.
    Rgba,
}

impl Channels {
    /// How many there are.
    pub const fn count(self) -> usize {
        match self {
            Channels::Rgb => 3,
            Channels::Rgba => 4,
        }
    }
}

/// How to encode.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Config {
    /// 0 to 100. Of a lossless file: how hard to try.
    pub quality: f32,
    /// libwebp's `method`, 0 (fast) to 6 (small).
    pub effort: u8,
    /// Whether every visible pixel is kept as it is.
    pub lossless: bool,
}

/// Why there is no result.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The closure said not to go on.
    Stopped,
    /// The file ends before its last pixel.
    Truncated,
    /// libwebp could not allocate what it needs.
    OutOfMemory,
    /// Anything else that libwebp or the check of the arguments found; for people.
    Refused(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Stopped => f.write_str("stopped by the caller"),
            Error::Truncated => f.write_str("the file ends before its last pixel"),
            Error::OutOfMemory => f.write_str("libwebp ran out of memory"),
            Error::Refused(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for Error {}

/// The largest side that the format can hold.
const LONGEST_SIDE: u32 = 16_383;

/// That `bytes` are the pixels of a picture of this size, no more and no less.
fn check_size(bytes: usize, (width, height): (u32, u32), channels: Channels) -> Result<(), Error> {
    if ![width, height].iter().all(|side| (1..=LONGEST_SIDE).contains(side)) {
        return Err(Error::Refused(format!(
            "a size of {width}x{height}; sides of 1 to {LONGEST_SIDE} are possible"
        )));
    }
    // At most 2^30, which any usize holds.
    let expected = width as usize * height as usize * channels.count();
    if bytes == expected {
        return Ok(());
    }
    Err(Error::Refused(format!("{bytes} bytes of pixels; {width}x{height} has {expected}")))
}
