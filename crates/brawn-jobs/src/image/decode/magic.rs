//! Formats by their first bytes: the name and the type that a store gives an object are often wrong.

use brawn_core::Error;

use super::header::Format;

/// First bytes that are enough to tell.
pub(super) const ENOUGH: usize = 64;

/// The formats that this build reads.
#[cfg(feature = "avif")]
const HANDLED: &str = "jpeg, png, webp, avif, gif, tiff and bmp";
#[cfg(not(feature = "avif"))]
const HANDLED: &str = "jpeg, png, webp, gif, tiff and bmp";

/// The format, or why these bytes are not handled.
pub(super) fn format(bytes: &[u8]) -> Result<Format, Error> {
    match bytes {
        [] => Err(Error::invalid_input("the input is empty")),
        [0xff, 0xd8, 0xff, ..] => Ok(Format::Jpeg),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Ok(Format::Png),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Ok(Format::Gif),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Ok(Format::WebP),
        [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => Ok(Format::Tiff),
        [b'B', b'M', _, _, _, _, _, _, _, _, _, _, _, _, ..] => Ok(Format::Bmp),
        [_, _, _, _, b'f', b't', b'y', b'p', brands @ ..] => boxes(brands),
        _ => Err(other(bytes)),
    }
}

/// ISO base media files say what they are in a list of four-letter brands.
fn boxes(brands: &[u8]) -> Result<Format, Error> {
    let (major, compatible) = brands.split_at(brands.len().min(4));
    let has = |brand: &[u8]| {
        major == brand
            || compatible.get(4..).unwrap_or_default().chunks_exact(4).take(12).any(|b| b == brand)
    };
    if has(b"avif") || has(b"avis") {
        Ok(Format::Avif)
    } else if [&b"heic"[..], b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"]
        .into_iter()
        .any(has)
    {
        Err(unsupported("heic")
            .with_hint("convert it to jpeg first, or let the phone store `most compatible` photos"))
    } else {
        Err(Error::unsupported("the input is a video or another ISO media file, not a still image"))
    }
}

/// What the formats that are handled start with.
const MAGICS: [&[u8]; 7] =
    [b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF", b"GIF8", b"II*\0", b"MM\0*", b"BM"];

fn other(bytes: &[u8]) -> Error {
    let known: [(&[u8], &str); 12] = [
        (b"\xff\x0a", "jpeg xl"),
        (b"\0\0\0\x0cJXL ", "jpeg xl"),
        (b"\0\0\0\x0cjP  ", "jpeg 2000"),
        (b"\xff\x4f\xff\x51", "jpeg 2000"),
        (b"%PDF", "pdf"),
        (b"8BPS", "photoshop"),
        (b"\0\0\x01\0", "icon"),
        (b"qoif", "qoi"),
        (b"#?RADIANCE", "radiance hdr"),
        (b"v/1\x01", "openexr"),
        (b"DDS ", "dds"),
        (b"<svg", "svg"),
    ];
    if let Some((_, name)) = known.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return unsupported(name);
    }
    if is_svg(bytes) {
        return unsupported("svg");
    }
    if bytes.len() < 12 && MAGICS.iter().any(|magic| magic.starts_with(bytes)) {
        return Error::invalid_input(format!(
            "the input ends after {} bytes of its header",
            bytes.len()
        ))
        .with_hint("fetch or export it again");
    }
    let head = &bytes[..bytes.len().min(8)];
    let shown: String =
        head.iter().map(|byte| std::ascii::escape_default(*byte).to_string()).collect();
    Error::invalid_input(format!("not an image: starts with `{shown}`"))
        .with_hint(format!("images are recognised by their content: {HANDLED}"))
}

fn is_svg(bytes: &[u8]) -> bool {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    text.starts_with(b"<svg")
        || ((text.starts_with(b"<?xml") || text.starts_with(b"<!"))
            && text.windows(4).take(1024).any(|window| window == b"<svg"))
}

fn unsupported(name: &str) -> Error {
    Error::unsupported(format!("the input is {name}, which is not handled"))
        .with_hint(format!("handled are {HANDLED}"))
}

/// Why AVIF is known and not read.
#[cfg(not(feature = "avif"))]
pub(super) fn avif_not_built() -> Error {
    Error::unsupported("the input is avif, which this build cannot decode")
        .with_hint("build with `--features avif`, or convert it first")
}

#[cfg(test)]
mod tests {
    use super::*;
    use brawn_core::ErrorKind;

    #[test]
    fn what_is_known_but_not_handled_is_named() {
        for (bytes, name) in [
            (&b"%PDF-1.7"[..], "pdf"),
            (b"<svg xmlns=", "svg"),
            (b"<?xml version=\"1.0\"?>\n<!-- c -->\n<svg ", "svg"),
            (b"\xff\x0a\0\0", "jpeg xl"),
            (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "heic"),
            (b"\0\0\0\x18ftypisom\0\0\0\0isomavc1", "video"),
        ] {
            let error = format(bytes).expect_err(name);
            assert_eq!(error.kind(), ErrorKind::Unsupported);
            assert!(error.to_string().contains(name), "{error}");
        }
        let avif = b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf";
        assert_eq!(format(avif).expect("a brand of avif"), Format::Avif);
    }

    #[cfg(not(feature = "avif"))]
    #[test]
    fn avif_is_refused_where_it_is_not_built() {
        let error = avif_not_built();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.hint().is_some_and(|hint| hint.contains("`--features avif`")), "{error:?}");
    }

    #[test]
    fn what_is_no_image_shows_how_it_starts() {
        assert_eq!(format(b"").expect_err("empty").to_string(), "the input is empty");
        let error = format(b"hello\n world").expect_err("text");
        assert_eq!(error.to_string(), "not an image: starts with `hello\\n w`");
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
}
