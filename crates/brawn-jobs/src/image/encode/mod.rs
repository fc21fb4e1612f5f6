//! From pixels to the bytes of a file.

#[cfg(feature = "avif")]
mod avif;
mod jpeg;
mod metadata;
mod png;
mod riff;
mod webp;

use brawn_core::{Budget, Error, Result};

pub(crate) use metadata::Metadata;
pub(crate) use webp::Animation;

use super::decode;
use super::options::{Format, Options};
use super::picture::{Layout, Picture};

/// A format that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Jpeg,
    Png,
    WebP,
    #[cfg(feature = "avif")]
    Avif,
}

impl Target {
    /// What `format` means for an input of format `input`.
    pub(crate) fn new(format: Format, input: decode::Format, alpha: bool) -> Target {
        match (format, input) {
            (Format::Jpeg, _) | (Format::Auto, decode::Format::Jpeg) => Target::Jpeg,
            (Format::Png, _) | (Format::Auto, decode::Format::Png) => Target::Png,
            (Format::WebP, _) | (Format::Auto, decode::Format::WebP) => Target::WebP,
            #[cfg(feature = "avif")]
            (Format::Avif, _) | (Format::Auto, decode::Format::Avif) => Target::Avif,
            // Options that ask for what is not built are refused before.
            #[cfg(not(feature = "avif"))]
            (Format::Avif, _) if alpha => Target::Png,
            #[cfg(not(feature = "avif"))]
            (Format::Avif, _) => Target::Jpeg,
            (Format::Auto, _) if alpha => Target::Png,
            (Format::Auto, _) => Target::Jpeg,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Target::Jpeg => "jpeg",
            Target::Png => "png",
            Target::WebP => "webp",
            #[cfg(feature = "avif")]
            Target::Avif => "avif",
        }
    }

    pub(crate) fn extension(self) -> &'static str {
        match self {
            Target::Jpeg => "jpg",
            Target::Png => "png",
            Target::WebP => "webp",
            #[cfg(feature = "avif")]
            Target::Avif => "avif",
        }
    }

    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Target::Jpeg => "image/jpeg",
            Target::Png => "image/png",
            Target::WebP => "image/webp",
            #[cfg(feature = "avif")]
            Target::Avif => "image/avif",
        }
    }

    /// The longest side the format can hold.
    pub(crate) fn longest_side(self) -> u32 {
        match self {
            // libjpeg's own limit, a little below the format's 65535.
            Target::Jpeg => 65_500,
            Target::Png => i32::MAX as u32,
            Target::WebP => 16_383,
            #[cfg(feature = "avif")]
            Target::Avif => 65_535,
        }
    }

    /// Whether transparency must be painted over first.
    pub(crate) fn needs_flat(self) -> bool {
        self == Target::Jpeg
    }

    /// The most bytes that encoding a picture of this size holds beside the picture, the result included.
    pub(crate) fn working_memory(self, size: (u32, u32), layout: Layout, options: &Options) -> u64 {
        match self {
            Target::Jpeg => jpeg::working_memory(size, layout, options),
            Target::Png => png::working_memory(size, layout),
            Target::WebP => webp::working_memory(size, layout, options),
            #[cfg(feature = "avif")]
            Target::Avif => avif::working_memory(size, layout, options),
        }
    }
}

/// A bound for the bytes of a file, which stay until all files of an input are done.
pub(crate) fn longest_result(
    target: Target,
    size: (u32, u32),
    layout: Layout,
    options: &Options,
) -> u64 {
    let pixels = u64::from(size.0) * u64::from(size.1);
    match target {
        Target::Jpeg => jpeg::longest_result(size, layout, options),
        Target::Png => pixels * layout.channels() as u64 * 3 / 2 + (64 << 10),
        Target::WebP if options.lossless => pixels * 4 + (64 << 10),
        #[cfg(feature = "avif")]
        Target::Avif => avif::longest_result(size, layout),
        Target::WebP => pixels * if options.quality > 90 { 3 } else { 1 } + (64 << 10),
    }
}

/// The bytes of a file that shows `picture`.
pub(crate) fn encode(
    picture: &Picture,
    target: Target,
    options: &Options,
    metadata: &Metadata,
    budget: &Budget,
) -> Result<Vec<u8>> {
    budget.check()?;
    match target {
        Target::Jpeg => jpeg::encode(picture, options, metadata, budget),
        Target::Png => png::encode(picture, options, metadata, budget),
        Target::WebP => webp::encode(picture, options, metadata, budget),
        #[cfg(feature = "avif")]
        Target::Avif => avif::encode(picture, options, metadata, budget),
    }
}

/// An encoder gave up. They check their arguments, which are right by construction, and allocate.
fn gave_up(target: Target, error: impl std::fmt::Display) -> Error {
    Error::unsupported(format!("the {} encoder gave up: {error}", target.name()))
}
