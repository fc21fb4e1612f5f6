//! What the tools of the formats write, where they are installed.

use std::io::Write as _;
use std::process::{Command, Stdio};

use brawn_jobs::compress::Format;

use crate::{decompress, own, text};

/// What a tool makes of `bytes`; nothing where it is not installed.
fn through(tool: &str, arguments: &[&str], bytes: &[u8]) -> Option<Vec<u8>> {
    let mut command = Command::new(tool);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
    let Ok(mut running) = command.spawn() else {
        println!("skipped: no {tool} here");
        return None;
    };
    let mut stdin = running.stdin.take().expect("piped");
    let bytes = bytes.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&bytes));
    let output = running.wait_with_output().expect("it ends");
    writer.join().expect("no panic").expect("it reads all");
    assert!(output.status.success(), "{tool} {arguments:?}");
    Some(output.stdout)
}

#[test]
fn what_tools_compress_is_decompressed() {
    for len in [0, 1, 70_000, (2 << 20) + 5] {
        let plain = text(len);
        for (tool, arguments) in [
            ("gzip", &["-c"][..]),
            ("gzip", &["-1c"]),
            ("pigz", &["-c", "-p2"]),
            ("pigz", &["-ic", "-p2"]),
            ("bgzip", &["-c"]),
            ("zstd", &["-c"]),
            ("zstd", &["-c", "-T2", "--no-check"]),
            ("zstd", &["-c", "-1", "--long=27"]),
            ("zstd", &["-c", "-5", "-T2", "-B100000"]),
            ("pzstd", &["-c", "-p2"]),
            ("lz4", &["-c"]),
            ("lz4", &["-c", "-9"]),
            ("lz4", &["-c", "-B4", "-BD", "-BX"]),
            ("lz4", &["-c", "-B5", "--no-frame-crc"]),
        ] {
            let Some(compressed) = through(tool, arguments, &plain) else { continue };
            let back = decompress(&compressed).expect("it is right");
            assert!(back == plain, "{tool} {arguments:?}, {len} bytes");
        }
    }
}

#[test]
fn tools_decompress_what_brawn_compresses() {
    for len in [0, 1, 70_000, (2 << 20) + 5] {
        let plain = text(len);
        for (tool, format) in [
            ("gzip", Format::Gzip),
            ("pigz", Format::Gzip),
            ("bgzip", Format::Bgzf),
            ("pigz", Format::Bgzf),
            ("zstd", Format::Zstd),
            ("pzstd", Format::Zstd),
            ("lz4", Format::Lz4),
        ] {
            let Some(back) = through(tool, &["-dc"], &own(format, &plain)) else { continue };
            assert!(back == plain, "{tool}, {len} bytes");
        }
    }
}
