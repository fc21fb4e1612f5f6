//! What names say about formats.

use super::Format;

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
            _ => None,
        }
    }
}
