//! The vectors of zstd's own tests, in `kat/zstd-golden` below `BRAWN_INPUTS`.

use std::fs;
use std::path::PathBuf;

use brawn_core::{ByteSize, ErrorKind};
use brawn_jobs::compress::Format;
use brawn_jobs::decompress::Options;

use crate::{decompress, decompress_alone, decompress_with, own};

fn golden(test: &str) -> Option<PathBuf> {
    let golden = std::env::var_os("BRAWN_INPUTS");
    let golden = golden.map(|root| PathBuf::from(root).join("kat/zstd-golden"));
    if golden.is_none() {
        println!("{test}: skipped, BRAWN_INPUTS is not set");
    }
    golden
}

fn files(folder: PathBuf) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder).expect("the folder of the vectors");
    let each = |entry: std::io::Result<fs::DirEntry>| {
        let entry = entry.expect("readable");
        let name = entry.file_name().to_string_lossy().into_owned();
        (name, fs::read(entry.path()).expect("readable"))
    };
    entries.map(each).collect()
}

#[test]
fn golden_frames_are_decompressed() {
    let Some(golden) = golden("golden_frames_are_decompressed") else { return };
    for (name, bytes) in files(golden.join("golden-decompression")) {
        let plain = decompress(&bytes).expect(&name);
        // libzstd in one call is the judge; `rle-first-block` becomes 1 MB of zeros.
        let wanted = zstd::bulk::decompress(&bytes, 2 << 20).expect(&name);
        assert!(plain == wanted, "{name}");
    }
    for (name, plain) in files(golden.join("golden-compression")) {
        for format in [Format::Zstd, Format::Gzip, Format::Bgzf] {
            assert!(decompress(&own(format, &plain)).expect(&name) == plain, "{name}, {format}");
        }
    }
}

#[test]
fn windows_are_bounded() {
    let Some(golden) = golden("windows_are_bounded") else { return };
    for (name, bytes) in files(golden.join("window-limits")) {
        let wanted = zstd::stream::decode_all(&*bytes);
        match decompress(&bytes) {
            Ok(plain) => assert!(wanted.is_ok_and(|wanted| wanted == plain), "{name}"),
            Err(error) => {
                assert_eq!(name, "window_256mib.zst");
                assert_eq!(error.kind(), ErrorKind::LimitExceeded, "{error}");
            }
        }
        if name == "abc.txt.zst" {
            continue;
        }
        let small = Options { max_window: ByteSize::mib(4), ..Options::default() };
        let error = decompress_with(&small, &bytes).expect_err("more than 4 MB");
        assert_eq!(error.kind(), ErrorKind::LimitExceeded, "{name}: {error}");
        let large = Options { max_window: ByteSize::mib(512), ..Options::default() };
        decompress_with(&large, &bytes).expect(&name);
    }
}

/// Cut anywhere, or with any bit flipped, a vector is an error or becomes what libzstd makes of it.
#[test]
fn malformed_frames_are_refused() {
    let Some(golden) = golden("malformed_frames_are_refused") else { return };
    for (name, bytes) in files(golden.join("golden-decompression")) {
        for bit in 0..8 * bytes.len() {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            if let Ok(plain) = decompress_alone(&flipped) {
                let wanted = zstd::stream::decode_all(&*flipped);
                assert!(wanted.is_ok_and(|wanted| wanted == plain), "{name}, bit {bit}");
            }
        }
        for len in 0..bytes.len() {
            decompress_alone(&bytes[..len]).expect_err(&name);
        }
    }
}
