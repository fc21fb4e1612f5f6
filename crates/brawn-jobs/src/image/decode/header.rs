//! What an input is, from its first bytes.

use brawn_core::Error;

use super::super::orient::Orientation;
use super::super::picture::Layout;
#[cfg(feature = "avif")]
use super::avif;
use super::{bmp, gif, jpeg, magic, png, tiff, webp};

/// The format of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Format {
    Jpeg,
    Png,
    WebP,
    Gif,
    Tiff,
    Bmp,
    Avif,
}

impl Format {
    /// As users write it: `jpeg`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Format::Jpeg => "jpeg",
            Format::Png => "png",
            Format::WebP => "webp",
            Format::Gif => "gif",
            Format::Tiff => "tiff",
            Format::Bmp => "bmp",
            Format::Avif => "avif",
        }
    }
}

/// What is known of an input before any pixel is decoded.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    pub(crate) format: Format,
    /// As stored, before orientation.
    pub(crate) width: u32,
    /// As stored, before orientation.
    pub(crate) height: u32,
    pub(crate) orientation: Orientation,
    /// Of the decoded picture, 8 bits per channel.
    pub(crate) layout: Layout,
    /// 1 for stills, and for APNG, of which only the default image is decoded.
    pub(crate) frames: u32,
    /// For people: `jpeg 4032x3024, progressive, orientation 6`.
    pub(crate) summary: String,
    pub(super) detail: Detail,
}

/// What each decoder wants to know again.
#[derive(Clone, Debug)]
pub(super) enum Detail {
    Jpeg(jpeg::Detail),
    Png(png::Detail),
    WebP(webp::Detail),
    Gif,
    Tiff(tiff::Detail),
    Bmp,
    #[cfg(feature = "avif")]
    Avif(avif::Detail),
}

impl Header {
    /// A still picture's header; `facts` are the words after the size in the summary.
    pub(super) fn still(
        format: Format,
        (width, height): (u32, u32),
        layout: Layout,
        orientation: Orientation,
        facts: &[String],
        detail: Detail,
    ) -> Result<Header, Error> {
        Header {
            format,
            width,
            height,
            orientation,
            layout,
            frames: 1,
            summary: String::new(),
            detail,
        }
        .checked(facts)
    }

    /// The same with that many frames.
    pub(super) fn with_frames(mut self, frames: u32) -> Header {
        self.frames = frames.max(1);
        if frames > 1 {
            self.summary.push_str(&format!(", {frames} frames"));
        }
        self
    }

    fn checked(mut self, facts: &[String]) -> Result<Header, Error> {
        let (name, width, height) = (self.format.name(), self.width, self.height);
        if width == 0 || height == 0 {
            return Err(Error::invalid_input(format!(
                "a {name} of {width}x{height} pixels has nothing in it"
            )));
        }
        self.summary = format!("{name} {width}x{height}");
        for fact in facts {
            self.summary.push_str(", ");
            self.summary.push_str(fact);
        }
        if self.orientation != Orientation::default() {
            self.summary.push_str(&format!(", orientation {}", self.orientation as u16));
        }
        Ok(self)
    }

    /// The pixels of one frame.
    pub(crate) fn pixels(&self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }
}

/// What [`probe`] found.
#[derive(Clone, Debug)]
pub(crate) enum Probed {
    /// Everything.
    Header(Header),
    /// That it must see at least this many first bytes, or all if there are fewer.
    NeedsHead(u64),
}

/// To be asked for when a fact stands behind all pixels: the frames of an animation, the EXIF of a WebP.
pub(super) const EVERYTHING: u64 = i64::MAX as u64;

/// From the first bytes. `complete` says that these are all bytes there are.
///
/// # Errors
/// A rejection: empty, no image, an image that is not handled, a header that is cut off or makes no sense.
pub(crate) fn probe(bytes: &[u8], complete: bool) -> Result<Probed, Error> {
    let format = match magic::format(bytes) {
        Ok(format) => format,
        Err(_) if bytes.len() < magic::ENOUGH && !complete => {
            return Ok(Probed::NeedsHead(magic::ENOUGH as u64));
        }
        Err(error) => return Err(error),
    };
    match format {
        Format::Jpeg => jpeg::probe(bytes, complete),
        Format::Png => png::probe(bytes, complete),
        Format::WebP => webp::probe(bytes, complete),
        Format::Gif => gif::probe(bytes, complete),
        Format::Tiff => tiff::probe(bytes, complete),
        Format::Bmp => bmp::probe(bytes, complete),
        #[cfg(feature = "avif")]
        Format::Avif => avif::probe(bytes, complete),
        #[cfg(not(feature = "avif"))]
        Format::Avif => Err(magic::avif_not_built()),
    }
}

/// The answer where the header goes on behind `bytes`: more of it, or that there is no more.
pub(super) fn cut_off(format: Format, needed: u64, complete: bool) -> Result<Probed, Error> {
    if complete {
        Err(Error::invalid_input(format!("the {} ends inside its header", format.name())))
    } else {
        Ok(Probed::NeedsHead(needed))
    }
}
