//! The words that options choose from.

use std::fmt;

use serde::{Deserialize, Serialize};

/// `Display` with the word that JSON and flags use.
macro_rules! words {
    ($type:ident: $($variant:ident = $word:literal),+ $(,)?) => {
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(match self { $($type::$variant => $word),+ })
            }
        }
    };
}

/// How a picture is fitted into a width and a height; the words are sharp's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum), value(rename_all = "lowercase"))]
pub enum Fit {
    /// Fill both sides, cut off what projects (see `--gravity`).
    Cover,
    /// Fit inside both sides, pad with `--background` to the exact size.
    Contain,
    /// Stretch to the exact size.
    Fill,
    /// As large as possible within both sides.
    #[default]
    Inside,
    /// As small as possible while reaching both sides.
    Outside,
}

words!(Fit: Cover = "cover", Contain = "contain", Fill = "fill", Inside = "inside", Outside = "outside");

/// Which part of a picture is kept by `cover`, and where it is put by `contain`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum), value(rename_all = "lowercase"))]
#[allow(missing_docs, reason = "compass points")]
pub enum Gravity {
    #[default]
    #[serde(alias = "centre")]
    #[cfg_attr(feature = "clap", value(alias = "centre"))]
    Center,
    North,
    NorthEast,
    East,
    SouthEast,
    South,
    SouthWest,
    West,
    NorthWest,
    /// The region with the highest Shannon entropy (`cover` only).
    Entropy,
}

words!(
    Gravity: Center = "center", North = "north", NorthEast = "northeast", East = "east",
    SouthEast = "southeast", South = "south", SouthWest = "southwest", West = "west",
    NorthWest = "northwest", Entropy = "entropy",
);

impl Gravity {
    /// The position along both axes: 0 is left or top, 1 right or bottom.
    pub(crate) fn position(self) -> (f64, f64) {
        match self {
            Gravity::NorthWest => (0.0, 0.0),
            Gravity::North => (0.5, 0.0),
            Gravity::NorthEast => (1.0, 0.0),
            Gravity::West => (0.0, 0.5),
            Gravity::Center | Gravity::Entropy => (0.5, 0.5),
            Gravity::East => (1.0, 0.5),
            Gravity::SouthWest => (0.0, 1.0),
            Gravity::South => (0.5, 1.0),
            Gravity::SouthEast => (1.0, 1.0),
        }
    }
}

/// The format of an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum), value(rename_all = "lowercase"))]
pub enum Format {
    /// The input's own where it can be written, else png with an alpha channel and jpeg without.
    Auto,
    /// Lossy, no alpha.
    #[serde(alias = "jpg")]
    #[cfg_attr(feature = "clap", value(alias = "jpg"))]
    Jpeg,
    /// Lossless.
    Png,
    /// Lossy, or lossless with `--lossless`; animated with `--frames`.
    WebP,
    /// Lossy, small and slow to make; for builds with the feature `avif`.
    #[cfg_attr(all(feature = "clap", not(feature = "avif")), value(hide = true))]
    Avif,
}

words!(Format: Auto = "auto", Jpeg = "jpeg", Png = "png", WebP = "webp", Avif = "avif");

/// How finely JPEG and AVIF store colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum Chroma {
    /// One colour sample for 2x2 pixels.
    #[default]
    #[serde(rename = "420", alias = "4:2:0")]
    #[cfg_attr(feature = "clap", value(name = "420", alias = "4:2:0"))]
    Quarter,
    /// One colour sample for 2x1 pixels.
    #[serde(rename = "422", alias = "4:2:2")]
    #[cfg_attr(feature = "clap", value(name = "422", alias = "4:2:2"))]
    Half,
    /// One colour sample for each pixel.
    #[serde(rename = "444", alias = "4:4:4")]
    #[cfg_attr(feature = "clap", value(name = "444", alias = "4:4:4"))]
    Full,
}

words!(Chroma: Quarter = "420", Half = "422", Full = "444");

/// The kernel that new pixels are weighed with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum), value(rename_all = "lowercase"))]
pub enum Kernel {
    /// Sharpest for photos.
    #[default]
    Lanczos3,
    /// Softer, with hardly any ringing.
    Mitchell,
    /// Between the two.
    CatmullRom,
    /// Triangle.
    Linear,
    /// Plain average.
    Box,
    /// No averaging: for pixel art.
    Nearest,
}

words!(
    Kernel: Lanczos3 = "lanczos3", Mitchell = "mitchell", CatmullRom = "catmullrom",
    Linear = "linear", Box = "box", Nearest = "nearest",
);
