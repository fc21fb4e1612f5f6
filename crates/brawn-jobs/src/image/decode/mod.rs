//! Inputs to pixels.

#[cfg(feature = "avif")]
mod avif;
mod bmp;
mod gif;
mod header;
mod jpeg;
mod magic;
mod png;
mod polled;
mod samples;
mod shrink;
mod tiff;
mod webp;

#[cfg(test)]
mod tests;

use brawn_core::{Budget, ByteSize, Error};

pub(crate) use header::{Format, Header, Probed, probe};
pub(crate) use samples::naive_cmyk;

use super::picture::Picture;
use header::Detail;

/// What the caller will use of a picture.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Want {
    /// The size, in stored orientation, that the decoder may shrink to but never below; `None` is full size.
    pub(crate) at_least: Option<(u32, u32)>,
    /// At most so many frames; 1 is the first alone.
    pub(crate) frames: u32,
}

/// One frame, fully composed: the size of the canvas, disposal and blending done.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) picture: Picture,
    pub(crate) delay_ms: u32,
}

/// What came with the pixels.
#[derive(Clone, Debug, Default)]
pub(crate) struct Extras {
    /// The profile that the pictures are still in; `None` when that is sRGB or unknown. CMYK and Lab are converted
    /// already.
    pub(crate) icc: Option<Vec<u8>>,
    /// A TIFF structure, without `Exif\0\0` before it.
    pub(crate) exif: Option<Vec<u8>>,
    pub(crate) xmp: Option<Vec<u8>>,
    /// How often an animation plays; `None` is for ever.
    pub(crate) loops: Option<u16>,
    pub(crate) warnings: Vec<String>,
}

/// Takes each frame.
pub(crate) type Each<'a> = dyn FnMut(Frame) -> Result<(), Error> + 'a;

/// The most bytes [`decode`] holds at once, the picture it hands out included, the encoded input not included.
pub(crate) fn peak_memory(header: &Header, want: &Want) -> u64 {
    /// State of the codecs that does not depend on the picture: tables, windows, read buffers.
    const FIXED: u64 = 512 << 10;
    FIXED
        + match &header.detail {
            Detail::Jpeg(detail) => jpeg::peak_memory(header, detail, want),
            Detail::Png(detail) => png::peak_memory(header, detail),
            Detail::WebP(detail) => webp::peak_memory(header, detail),
            Detail::Gif => gif::peak_memory(header, want),
            Detail::Tiff(detail) => tiff::peak_memory(header, detail),
            Detail::Bmp => bmp::peak_memory(header),
            #[cfg(feature = "avif")]
            Detail::Avif(detail) => avif::peak_memory(header, detail),
        }
}

/// Decodes, calling `each` for every frame in order.
///
/// # Errors
/// What is wrong with the input ([`Error::is_rejection`]), the budget's end, or what `each` returned.
pub(crate) fn decode(
    bytes: &[u8],
    header: &Header,
    want: &Want,
    budget: &Budget,
    each: &mut Each<'_>,
) -> Result<Extras, Error> {
    budget.check()?;
    // Some codecs cannot be interrupted: what they made too late goes no further.
    let each = &mut |frame| {
        budget.check()?;
        each(frame)
    };
    match &header.detail {
        Detail::Jpeg(detail) => jpeg::decode(bytes, header, detail, want, budget, each),
        Detail::Png(detail) => png::decode(bytes, header, detail, budget, each),
        Detail::WebP(detail) => webp::decode(bytes, header, detail, want, budget, each),
        Detail::Gif => gif::decode(bytes, header, want, budget, each),
        Detail::Tiff(detail) => tiff::decode(bytes, header, detail, budget, each),
        Detail::Bmp => bmp::decode(bytes, header, budget, each),
        #[cfg(feature = "avif")]
        Detail::Avif(detail) => avif::decode(bytes, header, detail, budget, each),
    }
}

/// That the pixels of a `format` cannot be read, for the reason a codec gives.
fn corrupt<E>(format: Format, error: E) -> Error
where
    E: std::error::Error + Send + Sync + 'static,
{
    Error::invalid_input(format!("the {} is corrupt: {error}", format.name()))
}

/// That the input stops before its last pixel.
fn truncated(format: Format) -> Error {
    Error::invalid_input(format!(
        "the {} is truncated: it ends before its last pixel",
        format.name()
    ))
    .with_hint("fetch or export it again")
}

/// Room for the pixels of a picture whose size comes from a header.
fn room(bytes: u64) -> Result<Vec<u8>, Error> {
    let refused =
        || Error::out_of_memory(format!("cannot allocate {} for a picture", ByteSize(bytes)));
    let length = usize::try_from(bytes).map_err(|_| refused())?;
    // `vec![0; n]` aborts the process when the allocator says no, and is the fast way to zeroed pages when it does not.
    Vec::<u8>::new().try_reserve_exact(length).map_err(|_| refused())?;
    Ok(vec![0; length])
}
