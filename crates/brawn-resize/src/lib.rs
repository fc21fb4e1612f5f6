//! The resizer of 8-bit pictures, compiled once.
//!
//! fast_image_resize is generic over its images, so all of it is compiled again in every crate that calls it: 4 of the 6 MB of
//! code that brawn-jobs had, and the same for its tests. This crate calls it once, for pixels that lie in one buffer.

use fast_image_resize::{MulDiv, MulDivImagesError};

pub use fast_image_resize::images::{Image, ImageRef};
pub use fast_image_resize::{
    FilterType, ImageBufferError, PixelType, ResizeAlg, ResizeError, ResizeOptions,
};

/// Resizes pictures and keeps the buffers between its passes.
#[derive(Debug, Default)]
pub struct Resizer(fast_image_resize::Resizer);

impl Resizer {
    /// One without buffers.
    pub fn new() -> Resizer {
        Resizer::default()
    }

    /// Fills `target` with what `options` take of `source`.
    ///
    /// # Errors
    /// Where the two have different pixels, or the part to take is not within `source`.
    pub fn resize(
        &mut self,
        source: &ImageRef<'_>,
        target: &mut Image<'_>,
        options: &ResizeOptions,
    ) -> Result<(), ResizeError> {
        self.0.resize(source, target, options)
    }
}

/// Fills `target` with the colours of `source` multiplied by its alpha.
///
/// # Errors
/// Where the two differ in size or pixels, or have no alpha.
pub fn multiply_alpha(
    source: &ImageRef<'_>,
    target: &mut Image<'_>,
) -> Result<(), MulDivImagesError> {
    MulDiv::new().multiply_alpha(source, target)
}

/// Multiplies the colours by alpha.
///
/// # Errors
/// Where the pixels have no alpha.
pub fn multiply_alpha_inplace(image: &mut Image<'_>) -> Result<(), MulDivImagesError> {
    MulDiv::new().multiply_alpha_inplace(image).map_err(MulDivImagesError::from)
}

/// Divides the colours by alpha.
///
/// # Errors
/// Where the pixels have no alpha.
pub fn divide_alpha_inplace(image: &mut Image<'_>) -> Result<(), MulDivImagesError> {
    MulDiv::new().divide_alpha_inplace(image).map_err(MulDivImagesError::from)
}
