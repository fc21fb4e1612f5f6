//! What names say about formats.

use brawn_core::{Error, Result};

use super::{Format, Options};

/// Extensions of pictures, in lower case: what a folder is searched for. What a file really is, its first bytes say.
pub(crate) const EXTENSIONS: &[&str] = &[
    "apng", "avif", "avifs", "bmp", "dib", "gif", "jfif", "jpe", "jpeg", "jpg", "png", "tif",
    "tiff", "webp",
];

impl Format {
    /// The format that a file named with `extension` (without the dot, in any case) is written in.
    pub fn from_extension(extension: &str) -> Option<Format> {
        match extension.to_ascii_lowercase().as_str() {
            "jpg" | "jpeg" | "jpe" | "jfif" => Some(Format::Jpeg),
            "png" => Some(Format::Png),
            "webp" => Some(Format::WebP),
            "avif" => Some(Format::Avif),
            _ => None,
        }
    }
}

impl Options {
    /// The same with the format that the one output `to` has by its `extension`.
    pub(crate) fn written_to(mut self, to: &str, extension: &str) -> Result<Options> {
        match (self.format.as_slice(), Format::from_extension(extension)) {
            ([Format::Auto], Some(named)) => self.format = vec![named],
            ([Format::Auto], None) => {
                return Err(Error::invalid_options(format!(
                    "`{to}`: `.{extension}` is not the extension of a format that can be written"
                ))
                .with_hint(if cfg!(feature = "avif") {
                    "use .jpg, .png, .webp or .avif, or say which with `format`"
                } else {
                    "use .jpg, .png or .webp, or say which with `format`"
                }));
            }
            ([only], Some(named)) if *only != named => {
                return Err(Error::invalid_options(format!(
                    "`{to}` and the format `{only}` contradict each other"
                ))
                .with_hint("leave `format` out, or change the extension"));
            }
            _ => {}
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extension_is_the_format_unless_the_options_say_it() {
        let asked = |format: &[Format]| Options { format: format.to_vec(), ..Options::default() };
        for (format, extension, written) in [
            (&[Format::Auto][..], "WEBP", Some(&[Format::WebP][..])),
            (&[Format::Png], "png", Some(&[Format::Png])),
            (&[Format::Png], "out", Some(&[Format::Png])),
            (&[Format::Auto], "out", None),
            (&[Format::Png], "jpg", None),
        ] {
            let options = asked(format).written_to("a", extension).ok();
            assert_eq!(options.as_ref().map(|options| &options.format[..]), written, "{extension}");
        }
    }
}
