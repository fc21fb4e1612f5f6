//! Pixels in memory.

/// The channels of a [`Picture`], 8 bits each, interleaved, alpha straight (not premultiplied).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Layout {
    /// Luminance.
    Gray,
    /// Luminance and alpha.
    GrayAlpha,
    /// Red, green, blue.
    Rgb,
    /// Red, green, blue, alpha.
    Rgba,
}

impl Layout {
    /// Bytes of one pixel.
    pub(crate) const fn channels(self) -> usize {
        match self {
            Layout::Gray => 1,
            Layout::GrayAlpha => 2,
            Layout::Rgb => 3,
            Layout::Rgba => 4,
        }
    }

    /// Whether the last channel is alpha.
    pub(crate) const fn has_alpha(self) -> bool {
        matches!(self, Layout::GrayAlpha | Layout::Rgba)
    }
}

/// A picture in memory: `width * height * channels` bytes, row by row from the top left, without padding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Picture {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) layout: Layout,
    pub(crate) pixels: Vec<u8>,
}

impl Picture {
    /// A black (and, with alpha, transparent) picture.
    pub(crate) fn new(width: u32, height: u32, layout: Layout) -> Picture {
        let bytes = width as usize * height as usize * layout.channels();
        Picture { width, height, layout, pixels: vec![0; bytes] }
    }

    /// Bytes of one row.
    pub(crate) fn stride(&self) -> usize {
        self.width as usize * self.layout.channels()
    }
}
