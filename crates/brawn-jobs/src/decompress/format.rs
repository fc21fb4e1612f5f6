//! The format of an input, told by its first bytes.

use std::fmt;

use brawn_core::{Error, Result};

/// What can be decompressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Gzip,
    Zstd,
    Lz4,
}

/// What is not, by how it begins.
const OTHERS: [(&[u8], &str); 13] = [
    (&[0xfd, b'7', b'z', b'X', b'Z', 0], "xz"),
    (b"BZh", "bzip2"),
    (b"PK\x03\x04", "a zip archive"),
    (b"PK\x05\x06", "an empty zip archive"),
    (&[0x02, 0x21, 0x4c, 0x18], "lz4 of the legacy format"),
    (&[0x1f, 0x9d], "compress (.Z)"),
    (&[b'7', b'z', 0xbc, 0xaf, 0x27, 0x1c], "a 7z archive"),
    (b"LZIP", "lzip"),
    (&[0x5d, 0, 0], "lzma"),
    (b"\xff\x06\x00\x00sNaPpY", "framed snappy"),
    (&[0x37, 0xa4, 0x30, 0xec], "a dictionary of zstd"),
    (&[0x78, 0x9c], "zlib"),
    (&[0x78, 0xda], "zlib"),
];

impl Format {
    /// From the first bytes, all of them where there are fewer than some hundred.
    ///
    /// # Errors
    /// [`is_rejection`](Error::is_rejection) for everything else, with what it looks like.
    pub(super) fn of(head: &[u8]) -> Result<Format> {
        let not = |what: &str| {
            Error::invalid_input(format!(
                "it is neither gzip nor zstd nor lz4: it looks like {what}"
            ))
        };
        if head.is_empty() {
            return Err(Error::invalid_input("it is empty"));
        }
        let magic = head.first_chunk().map_or(0, |magic| u32::from_le_bytes(*magic));
        if head.starts_with(&super::gzip::MAGIC) {
            return Ok(Format::Gzip);
        }
        if magic == super::zstd::MAGIC {
            return Ok(Format::Zstd);
        }
        if super::zstd::is_skippable(magic) {
            // Both formats have these: what comes after them tells.
            let mut rest = head;
            while let Some(&[a, b, c, d, e, f, g, h]) = rest.first_chunk()
                && super::zstd::is_skippable(u32::from_le_bytes([a, b, c, d]))
            {
                let size = u32::from_le_bytes([e, f, g, h]) as usize;
                rest = rest.get(8 + size..).unwrap_or_default();
            }
            let is_lz4 = rest.starts_with(&super::lz4::MAGIC);
            return Ok(if is_lz4 { Format::Lz4 } else { Format::Zstd });
        }
        if head.starts_with(&super::lz4::MAGIC) {
            return Ok(Format::Lz4);
        }
        if let Some((_, name)) = OTHERS.iter().find(|(magic, _)| head.starts_with(magic)) {
            return Err(not(name));
        }
        if (0xfd2f_b522..0xfd2f_b528).contains(&magic) {
            return Err(not("zstd of a version before 0.8"));
        }
        if super::zstd::MAGIC.to_le_bytes().starts_with(head)
            || super::gzip::MAGIC.starts_with(head)
            || super::lz4::MAGIC.starts_with(head)
        {
            return Err(super::fault::ends_early("first header", 0, head.len() as u64));
        }
        let is_text = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..=0x7e | 0x80..);
        if head.get(257..262) == Some(b"ustar") {
            return Err(not("a plain tar archive"));
        }
        if head.iter().all(is_text) {
            return Err(not("plain text"));
        }
        let start: Vec<String> = head.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        Err(not(&format!("nothing known, it begins with {}", start.join(" "))))
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Format::Gzip => "gzip",
            Format::Zstd => "zstd",
            Format::Lz4 => "lz4",
        })
    }
}
