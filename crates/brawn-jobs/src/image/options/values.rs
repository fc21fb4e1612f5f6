//! Option values with a notation of their own.

use std::fmt;
use std::str::FromStr;

use brawn_core::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::values::number_or_text;
pub(super) use crate::values::{one_or_many, size};

/// An sRGB colour with alpha: `#rgb`, `#rrggbb`, `#rrggbbaa`, a basic CSS name or `transparent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Colour {
    /// Red, green, blue.
    pub rgb: [u8; 3],
    /// 0 is transparent, 255 opaque.
    pub alpha: u8,
}

/// The basic colour keywords of CSS Color 4, with `orange` of CSS 2.1.
const NAMES: [(&str, [u8; 3]); 19] = [
    ("black", [0, 0, 0]),
    ("silver", [192, 192, 192]),
    ("gray", [128, 128, 128]),
    ("grey", [128, 128, 128]),
    ("white", [255, 255, 255]),
    ("maroon", [128, 0, 0]),
    ("red", [255, 0, 0]),
    ("purple", [128, 0, 128]),
    ("fuchsia", [255, 0, 255]),
    ("magenta", [255, 0, 255]),
    ("green", [0, 128, 0]),
    ("lime", [0, 255, 0]),
    ("olive", [128, 128, 0]),
    ("yellow", [255, 255, 0]),
    ("navy", [0, 0, 128]),
    ("blue", [0, 0, 255]),
    ("teal", [0, 128, 128]),
    ("aqua", [0, 255, 255]),
    ("orange", [255, 165, 0]),
];

impl Colour {
    /// Opaque white.
    pub const WHITE: Colour = Colour { rgb: [255; 3], alpha: 255 };
}

impl FromStr for Colour {
    type Err = Error;

    fn from_str(text: &str) -> Result<Colour, Error> {
        let bad = || {
            Error::invalid_options(format!(
                "`{text}` is not a colour: takes #rgb, #rrggbb, #rrggbbaa, `transparent` or a basic CSS name such as \
                 white, black, navy"
            ))
        };
        let word = text.trim().to_ascii_lowercase();
        if word == "transparent" {
            return Ok(Colour { rgb: [0; 3], alpha: 0 });
        }
        if let Some((_, rgb)) = NAMES.iter().find(|(name, _)| *name == word) {
            return Ok(Colour { rgb: *rgb, alpha: 255 });
        }
        let digits = word.strip_prefix('#').ok_or_else(bad)?;
        let nibbles: Vec<u8> = digits
            .chars()
            .map(|digit| digit.to_digit(16).map(|value| value as u8))
            .collect::<Option<_>>()
            .ok_or_else(bad)?;
        match *nibbles.as_slice() {
            [r, g, b] => Ok(Colour { rgb: [r * 17, g * 17, b * 17], alpha: 255 }),
            [a, b, c, d, e, f] => {
                Ok(Colour { rgb: [a << 4 | b, c << 4 | d, e << 4 | f], alpha: 255 })
            }
            [a, b, c, d, e, f, g, h] => {
                Ok(Colour { rgb: [a << 4 | b, c << 4 | d, e << 4 | f], alpha: g << 4 | h })
            }
            _ => Err(bad()),
        }
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [r, g, b] = self.rgb;
        match self.alpha {
            255 => f.pad(&format!("#{r:02x}{g:02x}{b:02x}")),
            alpha => f.pad(&format!("#{r:02x}{g:02x}{b:02x}{alpha:02x}")),
        }
    }
}

impl TryFrom<String> for Colour {
    type Error = Error;

    fn try_from(text: String) -> Result<Colour, Error> {
        text.parse()
    }
}

impl From<Colour> for String {
    fn from(colour: Colour) -> String {
        colour.to_string()
    }
}

/// A 3x3 kernel: nine numbers row by row, then optionally `/scale` and `+offset`: `"0 -1 0 -1 5 -1 0 -1 0"`.
///
/// A pixel becomes the weighted sum of its neighbourhood, divided by the scale (the sum of the numbers when left out, or
/// 1 when that is 0), plus the offset.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Convolve {
    /// Row by row from the top left.
    pub weights: [f64; 9],
    /// What the sum is divided by.
    pub scale: f64,
    /// What is added then.
    pub offset: f64,
}

impl FromStr for Convolve {
    type Err = Error;

    fn from_str(text: &str) -> Result<Convolve, Error> {
        let bad = || {
            Error::invalid_options(format!(
                "`{text}` is not a 3x3 kernel: takes nine numbers and optionally `/scale` and `+offset`, such as \
                 `0 -1 0 -1 5 -1 0 -1 0` or `1 1 1 1 1 1 1 1 1/9`"
            ))
        };
        let number = |text: &str| -> Result<f64, Error> {
            text.trim().parse().ok().filter(|value: &f64| value.is_finite()).ok_or_else(bad)
        };
        let (weights, rest) = text.split_once('/').map_or((text, None), |(a, b)| (a, Some(b)));
        let weights: Vec<f64> = weights
            .split(|c: char| c == ',' || c.is_whitespace())
            .filter(|part| !part.is_empty())
            .map(number)
            .collect::<Result<_, _>>()?;
        let weights: [f64; 9] = weights.try_into().map_err(|_| bad())?;
        let (scale, offset) = match rest {
            None => {
                let sum: f64 = weights.iter().sum();
                (if sum == 0.0 { 1.0 } else { sum }, 0.0)
            }
            Some(rest) => match rest.trim().split_once('+') {
                None => (number(rest)?, 0.0),
                Some((scale, offset)) => (number(scale)?, number(offset)?),
            },
        };
        if scale == 0.0 { Err(bad()) } else { Ok(Convolve { weights, scale, offset }) }
    }
}

impl fmt::Display for Convolve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let weights: Vec<String> = self.weights.iter().map(f64::to_string).collect();
        write!(f, "{}/{}", weights.join(" "), self.scale)?;
        if self.offset == 0.0 { Ok(()) } else { write!(f, "+{}", self.offset) }
    }
}

impl TryFrom<String> for Convolve {
    type Error = Error;

    fn try_from(text: String) -> Result<Convolve, Error> {
        text.parse()
    }
}

impl From<Convolve> for String {
    fn from(kernel: Convolve) -> String {
        kernel.to_string()
    }
}

/// How many frames of an animation are read: a number, or `all`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frames {
    /// The first so many.
    First(u32),
    /// All of them.
    All,
}

impl FromStr for Frames {
    type Err = Error;

    fn from_str(text: &str) -> Result<Frames, Error> {
        match text.trim() {
            "all" => Ok(Frames::All),
            number => number.parse().map(Frames::First).map_err(|_| {
                Error::invalid_options(format!(
                    "`{text}` is not a number of frames: takes 1 or more, or `all`"
                ))
            }),
        }
    }
}

impl fmt::Display for Frames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Frames::First(count) => write!(f, "{count}"),
            Frames::All => f.pad("all"),
        }
    }
}

impl Serialize for Frames {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Frames::First(count) => serializer.serialize_u32(*count),
            Frames::All => serializer.serialize_str("all"),
        }
    }
}

impl<'de> Deserialize<'de> for Frames {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Frames, D::Error> {
        number_or_text(deserializer, "a number of frames, or `all`", |count| {
            u32::try_from(count).ok().map(Frames::First)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_read_as_css_writes_them() {
        for (text, printed) in [
            ("#fff", "#ffffff"),
            ("#10203040", "#10203040"),
            ("Navy", "#000080"),
            ("transparent", "#00000000"),
        ] {
            let colour: Colour = text.parse().expect(text);
            assert_eq!(colour.to_string(), printed);
            assert_eq!(printed.parse::<Colour>().expect(printed), colour);
        }
        for text in ["", "#12", "#ggg", "fff", "#12345", "#ééé"] {
            assert!(text.parse::<Colour>().is_err(), "{text}");
        }
    }

    #[test]
    fn kernels_read_and_print_the_same() {
        for text in ["0 -1 0 -1 5 -1 0 -1 0", "1,1,1,1,1,1,1,1,1/9", "1 0 -1 2 0 -2 1 0 -1/1+128"] {
            let kernel: Convolve = text.parse().expect(text);
            assert_eq!(kernel.to_string().parse::<Convolve>().expect("its own text"), kernel);
        }
        for text in ["", "1 2 3", "1 1 1 1 1 1 1 1 1/0", "1 1 1 1 1 1 1 1 x", "1 1 1 1 1 1 1 1 inf"]
        {
            assert!(text.parse::<Convolve>().is_err(), "{text}");
        }
    }
}
