//! The pictures of `BRAWN_INPUTS`, against what another decoder says of them.

use std::path::{Path, PathBuf};

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::super::super::picture::{Layout, Picture};
use super::super::{Format, peak_memory};
use super::*;

/// Decoded pictures larger than this are not tried: the pipeline's limits refuse them.
const MOST: u64 = 512 << 20;

pub(super) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() { &mut folders } else { &mut files }.push(path);
        }
    }
    files.sort();
    files
}

fn is_avif(file: &str) -> bool {
    file.ends_with(".avif") || file.ends_with(".avifs")
}

fn expected(images: &Path) -> Vec<Value> {
    let text = std::fs::read(images.join("expected.json")).expect("expected.json");
    let mut list: Value = serde_json::from_slice(&text).expect("JSON");
    match list["images"].take() {
        Value::Array(entries) => entries,
        other => panic!("a list, not {other}"),
    }
}

/// Known differences of size, orientation or frames, each for a reason.
fn differs_knowingly(file: &str, header: &Header, entry: &Value) -> bool {
    // One page, the default image and the still are what is read of TIFF, APNG and AVIF; the other decoder counts them all.
    let one_of_many =
        header.frames == 1 && matches!(header.format, Format::Tiff | Format::Png | Format::Avif);
    let frames = entry["frames"].as_u64().unwrap_or(1);
    (one_of_many && frames > 1)
        // It turns this format upright while reading.
        || (header.format == Format::Tiff && file.contains("g4_orientation"))
        // It follows an orientation in XMP, which HEIF gives no meaning.
        || (header.format == Format::Avif && file.contains("xmp_tags_orientation"))
}

#[test]
fn headers_say_what_another_decoder_says() {
    let Some(images) = images("headers_say_what_another_decoder_says") else { return };
    for entry in expected(&images) {
        let file = entry["file"].as_str().expect("a name");
        if entry["width"].is_null()
            || file.starts_with("pngsuite/x")
            || (!cfg!(feature = "avif") && is_avif(file))
        {
            continue;
        }
        let bytes = std::fs::read(images.join(file)).expect("reads");
        let header = match header(&bytes) {
            Ok(header) => header,
            Err(error) => {
                assert!(file.starts_with("malformed/") && error.is_rejection(), "{file}: {error}");
                continue;
            }
        };
        if differs_knowingly(file, &header, &entry) {
            continue;
        }
        let number = |field: &str| entry[field].as_u64();
        assert_eq!(Some(u64::from(header.width)), number("width"), "{file}");
        assert_eq!(Some(u64::from(header.height)), number("height"), "{file}");
        assert_eq!(u64::from(header.frames), number("frames").unwrap_or(1), "{file}");
        let orientation = header.orientation as u16;
        assert_eq!(u64::from(orientation), number("orientation").unwrap_or(1), "{file}");
        let format = entry["format"].as_str().unwrap_or_default().to_lowercase();
        let format = if format == "mpo" { "jpeg" } else { format.as_str() };
        assert_eq!(header.format.name(), format, "{file}");
    }
}

#[test]
fn every_sound_file_decodes_and_pixels_are_those_of_another_decoder() {
    let Some(images) = images("every_sound_file_decodes") else { return };
    let mut compared = 0;
    for entry in expected(&images) {
        let file = entry["file"].as_str().expect("a name");
        let sound = entry["decode"] == "ok" && !file.starts_with("malformed/");
        // PngSuite names what must be refused with an x.
        let refused = file.starts_with("pngsuite/x");
        let bytes = std::fs::read(images.join(file)).expect("reads");
        if header(&bytes).is_ok_and(|header| peak_memory(&header, &FIRST) > MOST) {
            continue;
        }
        let (summary, frame) = match decode_first(&bytes) {
            Ok((header, frame)) => (header.summary, frame),
            Err(error) => {
                assert!(error.is_rejection(), "{file}: {error:?}");
                let unsupported = error.kind() == brawn_core::ErrorKind::Unsupported;
                assert!(!sound || refused || unsupported, "{file}: {error}");
                continue;
            }
        };
        assert!(!refused, "{file} decodes, though it is broken");
        if let Some(sum) = entry["rgba8_sha256_frame0"].as_str()
            && let Some(rgba) = comparable(file, &summary, &frame.picture)
        {
            let ours: String =
                Sha256::digest(&rgba).iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(ours, sum, "{file}");
            compared += 1;
        }
    }
    assert!(compared > 150, "only {compared} pictures were compared");
}

/// RGBA, unless the other decoder is known to do otherwise.
fn comparable(file: &str, summary: &str, picture: &Picture) -> Option<Vec<u8>> {
    let rgba: Vec<u8> = match picture.layout {
        Layout::Rgba => picture.pixels.clone(),
        Layout::Rgb => {
            picture.pixels.chunks_exact(3).flat_map(|p| [p[0], p[1], p[2], 255]).collect()
        }
        Layout::Gray => picture.pixels.iter().flat_map(|v| [*v, *v, *v, 255]).collect(),
        Layout::GrayAlpha => {
            picture.pixels.chunks_exact(2).flat_map(|p| [p[0], p[0], p[0], p[1]]).collect()
        }
    };
    // In a GIF the colour of what cannot be seen, and of what no frame covers, is left to the decoder. 16 bits are cut
    // there, rounded here.
    let hidden = file.ends_with(".gif") && rgba.chunks_exact(4).any(|pixel| pixel[3] == 0);
    // A transparent gray of fewer than 8 bits is not found there.
    let missed = summary.contains("4-bit gray") && picture.layout == Layout::GrayAlpha;
    // Chroma between its samples is left to the decoder.
    (!is_avif(file) && !hidden && !missed && !summary.contains("16-bit")).then_some(rgba)
}

#[test]
fn nothing_malformed_panics_or_takes_more_than_it_says() {
    let Some(images) = images("nothing_malformed_panics") else { return };
    let broken = files(&images.join("pngsuite")).into_iter().filter(|path| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('x'))
    });
    for path in files(&images.join("malformed")).into_iter().chain(broken) {
        let bytes = std::fs::read(&path).expect("reads");
        if header(&bytes).is_ok_and(|header| peak_memory(&header, &FIRST) > MOST) {
            continue;
        }
        if let Err(error) = decode_all(&bytes, &FIRST) {
            assert!(error.is_rejection(), "{}: {error:?}", path.display());
        }
    }
}
