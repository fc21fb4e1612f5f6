//! The compress job: that the formats' own tools read what it writes.

use std::io::Write as _;
use std::num::NonZeroUsize;
use std::process::{Command, Stdio};

use brawn_core::{Budget, Head, Job, MemorySink, Pool, Source};
use brawn_jobs::compress::{CompressJob, Format, Options};

/// Words of a small language: compresses to about a quarter.
fn text(len: usize) -> Vec<u8> {
    let (mut text, mut state) = (Vec::with_capacity(len + 16), 1_u32);
    while text.len() < len {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        text.extend_from_slice(format!("{} ", state >> 20).as_bytes());
    }
    text.truncate(len);
    text
}

fn job(format: Format, level: Option<u8>) -> CompressJob {
    CompressJob::new(Options { format: Some(format), level }).expect("valid")
}

fn compress(job: &CompressJob, mut bytes: &[u8]) -> Vec<u8> {
    let pool = Pool::new(NonZeroUsize::new(2).expect("not zero")).expect("threads");
    let mut sink = MemorySink::default();
    let budget = Budget::unlimited().on(&pool);
    let tally = job.run(Source::reader("a", &mut bytes), &mut sink, &budget).expect("compressed");
    let output = sink.outputs.pop().expect("an output");
    assert_eq!(tally.bytes_out, output.bytes.len() as u64);
    output.bytes
}

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
fn the_tools_of_the_formats_read_it() {
    for len in [0, 1, 65_280, 65_281, 4 << 20, (5 << 20) + 5] {
        let bytes = text(len);
        for (format, level, tool) in [
            (Format::Zstd, None, "zstd"),
            (Format::Zstd, Some(1), "zstd"),
            (Format::Gzip, None, "gzip"),
            (Format::Bgzf, Some(1), "gzip"),
            (Format::Lz4, None, "lz4"),
        ] {
            let compressed = compress(&job(format, level), &bytes);
            let Some(plain) = through(tool, &["-dc"], &compressed) else { continue };
            assert!(plain == bytes, "{format} of {len} bytes");
        }
    }
}

#[test]
fn what_cannot_be_compressed_grows_little() {
    let mut state = 7_u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    })
    .take(3 << 20)
    .collect();
    for format in [Format::Zstd, Format::Gzip, Format::Bgzf, Format::Lz4] {
        let compressed = compress(&job(format, None), &noise);
        assert!(compressed.len() < noise.len() + noise.len() / 500, "{format}");
        let tool = match format {
            Format::Zstd => "zstd",
            Format::Lz4 => "lz4",
            Format::Gzip | Format::Bgzf => "gzip",
        };
        if let Some(plain) = through(tool, &["-dc"], &compressed) {
            assert!(plain == noise, "{format}");
        }
    }
}

#[test]
fn a_zst_ends_with_its_seek_table() {
    let compressed = compress(&job(Format::Zstd, None), &text((9 << 20) + 5));
    let (_, footer) = compressed.split_at(compressed.len() - 9);
    assert_eq!(footer, [5, 0, 0, 0, 0x80, 0xb1, 0xea, 0x92, 0x8f], "five frames");
    let table = compressed.len() - 9 - 5 * 12;
    let entry = |at: usize| {
        u32::from_le_bytes(compressed[at..at + 4].try_into().expect("four bytes")) as usize
    };
    let (mut offset, mut plain) = (0, 0);
    for frame in 0..5 {
        assert_eq!(compressed[offset..offset + 4], [0x28, 0xb5, 0x2f, 0xfd], "frame {frame}");
        offset += entry(table + 12 * frame);
        plain += entry(table + 12 * frame + 4);
        let checksum = table + 12 * frame + 8;
        assert_eq!(compressed[offset - 4..offset], compressed[checksum..checksum + 4]);
    }
    assert_eq!((offset + 8, plain), (table, (9 << 20) + 5));
}

/// The subfield of mgzip, with the length of the member, at byte 12; its number in the comment.
#[test]
fn members_of_gzip_say_their_length_and_number_and_the_last_is_empty() {
    let compressed = compress(&job(Format::Gzip, None), &text((1 << 20) + 5));
    let (mut offset, mut members) = (0, 0);
    while offset < compressed.len() {
        let member = &compressed[offset..];
        assert_eq!(member[..4], [0x1f, 0x8b, 8, 0x14]);
        assert_eq!(member[10..16], [8, 0, b'I', b'G', 4, 0]);
        let comment = format!("brawn member {members}\0");
        assert_eq!(&member[20..35], comment.as_bytes());
        offset += u32::from_le_bytes(member[16..20].try_into().expect("four bytes")) as usize;
        members += 1;
    }
    assert_eq!((offset, members), (compressed.len(), 4), "three of data and one empty");
    assert_eq!(compressed[offset - 8..], [0; 8]);
}

/// "The BGZF compression format": every member says its length less one at byte 16, the last is empty.
#[test]
fn a_bgzf_can_be_walked_by_its_lengths() {
    let bytes = text(200_000);
    let compressed = compress(&job(Format::Bgzf, None), &bytes);
    let (mut offset, mut members) = (0, 0);
    while offset < compressed.len() {
        let member = &compressed[offset..];
        assert_eq!(member[..4], [0x1f, 0x8b, 8, 4]);
        assert_eq!(member[10..16], [6, 0, b'B', b'C', 2, 0]);
        offset += usize::from(u16::from_le_bytes([member[16], member[17]])) + 1;
        members += 1;
    }
    assert_eq!((offset, members), (compressed.len(), 5), "four of data and one empty");
}

#[test]
fn higher_levels_are_smaller() {
    let bytes = text(1 << 20);
    for (format, low, high) in [(Format::Zstd, 1, 15), (Format::Gzip, 1, 9)] {
        let low = compress(&job(format, Some(low)), &bytes).len();
        let high = compress(&job(format, Some(high)), &bytes).len();
        assert!(high < low, "{format}: {high} and {low}");
    }
}

#[test]
fn what_is_compressed_already_and_levels_that_are_not_are_refused() {
    let head = Head { name: "a.zst", bytes: b"", size: Some(0) };
    let error = job(Format::Zstd, None).plan(&head).expect_err("it has the suffix");
    assert!(error.is_rejection(), "{error}");
    for (format, level) in
        [(Format::Zstd, 0), (Format::Zstd, 20), (Format::Gzip, 10), (Format::Lz4, 2)]
    {
        let options = Options { format: Some(format), level: Some(level) };
        let error = CompressJob::new(options).expect_err("no level");
        assert!(error.to_string().starts_with("`level` is "), "{error}");
    }
}

#[test]
fn the_extension_of_an_exact_output_says_the_format() {
    let options = |format| Options { format, level: None };
    let written = |format, extension| {
        options(format).written_to("x", extension).map(|options| options.format()).ok()
    };
    assert_eq!(written(None, "gz"), Some(Format::Gzip));
    assert_eq!(written(Some(Format::Bgzf), "gz"), Some(Format::Bgzf));
    assert_eq!(written(None, "zst"), Some(Format::Zstd));
    assert_eq!(written(Some(Format::Gzip), "zst"), None);
    assert_eq!(written(None, "lz4"), Some(Format::Lz4));
    assert_eq!(written(Some(Format::Lz4), "lz4"), Some(Format::Lz4));
    assert_eq!(written(Some(Format::Lz4), "gz"), None);
    assert_eq!(written(Some(Format::Bgzf), "lz4"), None);
    assert_eq!(written(None, "tgz"), Some(Format::Gzip));
    assert_eq!(written(Some(Format::Gzip), "bgz"), Some(Format::Bgzf));
    // Asked for, the default is a format as any other.
    assert_eq!(written(Some(Format::Zstd), "zst"), Some(Format::Zstd));
    for other in ["gz", "tgz", "bgz", "lz4"] {
        assert_eq!(written(Some(Format::Zstd), other), None, "{other}");
    }
    // Says nothing of a format; or says one that is not written.
    assert_eq!(written(Some(Format::Gzip), "backup"), Some(Format::Gzip));
    for foreign in ["xz", "zip", "bz2", "7z"] {
        let error = options(None).written_to("a.x", foreign).expect_err(foreign);
        assert!(error.to_string().contains("a format that is not written here"), "{error}");
    }
}
