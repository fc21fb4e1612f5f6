//! The options of the image job: one struct for flags, JSON and code.

mod choices;
mod validate;
mod values;

use brawn_core::ByteSize;
use serde::{Deserialize, Serialize};

pub use choices::{Chroma, Fit, Format, Gravity, Kernel};
pub use values::{Colour, Convolve, Frames};

/// What the image job makes of a picture.
///
/// Every field has a default; the default as a whole converts a picture to itself, upright, in sRGB and without its
/// metadata. The same names serve as JSON fields (`max_src_resolution`) and as flags (`--max-src-resolution`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct Options {
    /// Widths to make, one output each: `800` or `320,800,1600`. Alone, the height follows.
    #[serde(deserialize_with = "values::one_or_many")]
    #[cfg_attr(
        feature = "clap",
        arg(
            long,
            short = 'w',
            value_name = "PIXELS",
            value_delimiter = ',',
            help_heading = "Size"
        )
    )]
    pub width: Vec<u32>,

    /// Heights to make: one for all widths, or one for each.
    #[serde(deserialize_with = "values::one_or_many")]
    #[cfg_attr(
        feature = "clap",
        arg(long, value_name = "PIXELS", value_delimiter = ',', help_heading = "Size")
    )]
    pub height: Vec<u32>,

    /// Factor for both sides instead of a width or height: `0.5` halves them.
    #[cfg_attr(feature = "clap", arg(long, value_name = "FACTOR", conflicts_with_all = ["width", "height"], help_heading = "Size"))]
    pub scale: Option<f64>,

    /// How a picture is fitted when both width and height are given (sharp's words; sharp's own default is `cover`).
    #[cfg_attr(
        feature = "clap",
        arg(
            long,
            value_name = "FIT",
            default_value_t,
            hide_possible_values = false,
            help_heading = "Size"
        )
    )]
    pub fit: Fit,

    /// Let outputs be larger than the input. Off: a picture that is too small keeps its size.
    #[cfg_attr(feature = "clap", arg(long, help_heading = "Size"))]
    pub enlarge: bool,

    /// Which part `cover` keeps and where `contain` puts the picture.
    #[cfg_attr(
        feature = "clap",
        arg(long, value_name = "WHERE", default_value_t, help_heading = "Size")
    )]
    pub gravity: Gravity,

    /// What `contain`, `--rotate` and transparent parts in a JPEG are filled with: `#rrggbb[aa]`, `transparent` or a
    /// basic CSS name.
    #[cfg_attr(feature = "clap", arg(long, value_name = "COLOUR", default_value_t = Colour::WHITE, help_heading = "Size"))]
    pub background: Colour,

    /// Kernel for resizing.
    #[cfg_attr(
        feature = "clap",
        arg(long, value_name = "KERNEL", default_value_t, help_heading = "Size")
    )]
    pub kernel: Kernel,

    /// Leave the picture as it is stored, whatever EXIF says about its orientation.
    #[cfg_attr(feature = "clap", arg(long = "no-autorotate", action = clap::ArgAction::SetFalse, help_heading = "Size"))]
    pub autorotate: bool,

    /// Formats to write, one output each: `webp,jpeg`.
    #[serde(deserialize_with = "values::one_or_many")]
    #[cfg_attr(
        feature = "clap",
        arg(
            long,
            value_name = "FORMAT",
            value_delimiter = ',',
            default_value = "auto",
            help_heading = "Output"
        )
    )]
    pub format: Vec<Format>,

    /// Quality of lossy formats, 1 to 100, on libjpeg's scale.
    #[cfg_attr(
        feature = "clap",
        arg(
            long,
            short = 'q',
            value_name = "1-100",
            default_value_t = 80,
            help_heading = "Output"
        )
    )]
    pub quality: u8,

    /// JPEG that appears coarse first and sharpens: some percent smaller, slower to make, in one go that nothing stops
    /// (250 ms for 10 MP).
    #[cfg_attr(feature = "clap", arg(long, help_heading = "Output"))]
    pub progressive: bool,

    /// Make Huffman tables for each JPEG: 1 to 3 % smaller, takes half as long again to encode (sharp's default), in one
    /// go that nothing stops (150 ms for 10 MP).
    #[cfg_attr(feature = "clap", arg(long, help_heading = "Output"))]
    pub optimise_coding: bool,

    /// How finely JPEG and AVIF store colour.
    #[cfg_attr(
        feature = "clap",
        arg(long, value_name = "SAMPLING", default_value_t, help_heading = "Output")
    )]
    pub chroma: Chroma,

    /// Write WebP without loss.
    #[cfg_attr(feature = "clap", arg(long, help_heading = "Output"))]
    pub lossless: bool,

    /// Compression level of PNG, 0 (none) to 9 (smallest).
    #[cfg_attr(
        feature = "clap",
        arg(long, value_name = "0-9", default_value_t = 6, help_heading = "Output")
    )]
    pub compression_level: u8,

    /// How hard WebP and AVIF try to be small, 0 (fastest) to 6. AVIF takes seconds a megapixel.
    #[cfg_attr(
        feature = "clap",
        arg(long, value_name = "0-6", default_value_t = 4, help_heading = "Output")
    )]
    pub effort: u8,

    /// Keep EXIF (with the orientation reset), XMP and the ICC profile. Off: all of it is stripped and colours are
    /// converted to sRGB.
    #[cfg_attr(feature = "clap", arg(long, help_heading = "Output"))]
    pub keep_metadata: bool,

    /// Frames to read from an animated GIF or WebP: a number, or `all`. More than one makes an animated WebP; other
    /// formats take the first.
    #[cfg_attr(feature = "clap", arg(long, value_name = "N|all", default_value_t = Frames::First(1), help_heading = "Output"))]
    pub frames: Frames,

    /// Template for output names, such as `{dir}/{stem}-{width}.{ext}`. Takes {dir} {stem} {width} {height} {format}
    /// {ext} {source_ext}; width and height are those that were asked for. Without {dir}, the input's folder goes in
    /// front. [default: `{stem}.{ext}` for one size, else with `-{width}`, `-{height}` or `-{width}x{height}`]
    #[cfg_attr(feature = "clap", arg(long, value_name = "TEMPLATE", help_heading = "Output"))]
    pub name: Option<String>,

    /// Turn clockwise by degrees, before resizing for 90, 180 and 270; other angles turn the finished picture and fill
    /// the corners with `--background`.
    #[cfg_attr(
        feature = "clap",
        arg(long, value_name = "DEGREES", allow_negative_numbers = true, help_heading = "Filters")
    )]
    pub rotate: Option<f64>,

    /// Mirror top to bottom.
    #[cfg_attr(feature = "clap", arg(long, help_heading = "Filters"))]
    pub flip: bool,

    /// Mirror left to right.
    #[cfg_attr(feature = "clap", arg(long, help_heading = "Filters"))]
    pub flop: bool,

    /// Gaussian blur with this sigma in output pixels, 0.3 to 250.
    #[cfg_attr(feature = "clap", arg(long, value_name = "SIGMA", help_heading = "Filters"))]
    pub blur: Option<f64>,

    /// Any 3x3 kernel: nine numbers, then optionally /scale (their sum if left out) and +offset:
    /// `"0 -1 0 -1 5 -1 0 -1 0"`.
    #[cfg_attr(
        feature = "clap",
        arg(long, value_name = "KERNEL", allow_hyphen_values = true, help_heading = "Filters")
    )]
    pub convolve: Option<Convolve>,

    /// Unsharp mask with this sigma in output pixels, 0.3 to 10.
    #[cfg_attr(feature = "clap", arg(long, value_name = "SIGMA", help_heading = "Filters"))]
    pub sharpen: Option<f64>,

    /// Multiply by this factor: `1.2` is a fifth brighter.
    #[cfg_attr(feature = "clap", arg(long, value_name = "FACTOR", help_heading = "Filters"))]
    pub brightness: Option<f64>,

    /// Multiply the distance from middle grey: `0` is grey, `1` unchanged.
    #[cfg_attr(feature = "clap", arg(long, value_name = "FACTOR", help_heading = "Filters"))]
    pub contrast: Option<f64>,

    /// Multiply the distance from the pixel's own grey: `0` is grey, `1` unchanged.
    #[cfg_attr(feature = "clap", arg(long, value_name = "FACTOR", help_heading = "Filters"))]
    pub saturation: Option<f64>,

    /// Drop the colours.
    #[cfg_attr(feature = "clap", arg(long, help_heading = "Filters"))]
    pub grayscale: bool,

    /// Give all pixels the hue of this colour and keep their lightness.
    #[cfg_attr(feature = "clap", arg(long, value_name = "COLOUR", help_heading = "Filters"))]
    pub tint: Option<Colour>,

    /// Most megapixels of an input, the frames that are read added up. 128 takes photos of 108 MP phones; imgproxy's
    /// default is 50.
    #[cfg_attr(
        feature = "clap",
        arg(long, value_name = "MEGAPIXELS", default_value_t = 128.0, help_heading = "Limits")
    )]
    pub max_src_resolution: f64,

    /// Most pixels on a side of an input.
    #[cfg_attr(
        feature = "clap",
        arg(long, value_name = "PIXELS", default_value_t = 65_535, help_heading = "Limits")
    )]
    pub max_src_dimension: u32,

    /// Most bytes of an input: `256MB`.
    #[serde(with = "values::size")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "SIZE", default_value_t = ByteSize::mib(256), help_heading = "Limits"))]
    pub max_src_file_size: ByteSize,

    /// Most frames that are read from one input.
    #[cfg_attr(
        feature = "clap",
        arg(long, value_name = "N", default_value_t = 500, help_heading = "Limits")
    )]
    pub max_animation_frames: u32,

    /// Most pixels on a side of an output.
    #[cfg_attr(
        feature = "clap",
        arg(long, value_name = "PIXELS", default_value_t = 16_384, help_heading = "Limits")
    )]
    pub max_result_dimension: u32,

    /// Most memory that one input may need, estimated from its header: `448MB` keeps one inside a 512 MB function.
    #[serde(with = "values::size")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "SIZE", default_value_t = ByteSize::mib(448), help_heading = "Limits"))]
    pub max_decoded_memory: ByteSize,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            width: Vec::new(),
            height: Vec::new(),
            scale: None,
            fit: Fit::default(),
            enlarge: false,
            gravity: Gravity::default(),
            background: Colour::WHITE,
            kernel: Kernel::default(),
            autorotate: true,
            format: vec![Format::Auto],
            quality: 80,
            progressive: false,
            optimise_coding: false,
            chroma: Chroma::default(),
            lossless: false,
            compression_level: 6,
            effort: 4,
            keep_metadata: false,
            frames: Frames::First(1),
            name: None,
            rotate: None,
            flip: false,
            flop: false,
            blur: None,
            convolve: None,
            sharpen: None,
            brightness: None,
            contrast: None,
            saturation: None,
            grayscale: false,
            tint: None,
            max_src_resolution: 128.0,
            max_src_dimension: 65_535,
            max_src_file_size: ByteSize::mib(256),
            max_animation_frames: 500,
            max_result_dimension: 16_384,
            max_decoded_memory: ByteSize::mib(448),
        }
    }
}

/// A size that was asked for; a side that was not follows from the other, or from the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) width: Option<u32>,
    pub(crate) height: Option<u32>,
}

impl Options {
    /// The sizes that were asked for, in order; one that leaves both sides open when there are none.
    pub(crate) fn sizes(&self) -> Vec<Asked> {
        let count = self.width.len().max(self.height.len()).max(1);
        let side = |list: &[u32], index: usize| match list {
            [only] => Some(*only),
            list => list.get(index).copied(),
        };
        (0..count)
            .map(|index| Asked {
                width: side(&self.width, index),
                height: side(&self.height, index),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_height_serves_all_widths_and_lists_go_in_pairs() {
        let asked = |width, height| Asked { width, height };
        let sizes = |width: &[u32], height: &[u32]| {
            Options { width: width.to_vec(), height: height.to_vec(), ..Options::default() }.sizes()
        };
        assert_eq!(sizes(&[], &[]), [asked(None, None)]);
        assert_eq!(sizes(&[1, 2], &[]), [asked(Some(1), None), asked(Some(2), None)]);
        assert_eq!(sizes(&[1, 2], &[9]), [asked(Some(1), Some(9)), asked(Some(2), Some(9))]);
        assert_eq!(sizes(&[1, 2], &[8, 9]), [asked(Some(1), Some(8)), asked(Some(2), Some(9))]);
        assert_eq!(sizes(&[], &[8, 9]), [asked(None, Some(8)), asked(None, Some(9))]);
    }

    #[cfg(feature = "clap")]
    #[test]
    fn no_flags_and_no_fields_mean_the_same() {
        use clap::{Args, FromArgMatches};
        let command = Options::augment_args(clap::Command::new("image"));
        let matches = command.get_matches_from(["image"]);
        let flags = Options::from_arg_matches(&matches).expect("no flags are needed");
        assert_eq!(flags, Options::default());
        let fields: Options = serde_json::from_str("{}").expect("no fields are needed");
        assert_eq!(fields, Options::default());
    }
}
