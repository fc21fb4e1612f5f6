//! What every brawn job promises, for those that stream. Its own process, one job after the other: how soon a job stops is
//! measured.

use std::sync::{Mutex, PoisonError};

use brawn_core::conformance::{Subject, check};
use brawn_core::{Budget, Job, MemorySink, Source};
use brawn_jobs::compress::{CompressJob, Format, Options};
use brawn_jobs::decompress::{self, DecompressJob};
use brawn_jobs::hash::{Algorithm, HashJob};

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn conforms(job: &dyn Job, large: &[u8]) {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    check(job, &Subject { name: "x/a.bin", small: &large[..70_000], large });
}

/// The same of what comes of `small` and `large`.
fn decompress_conforms(compress: impl Fn(&[u8]) -> Vec<u8>, large: &[u8]) {
    let job = DecompressJob::new(decompress::Options::default()).expect("valid");
    let (small, large) = (compress(&large[..70_000]), compress(large));
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    check(&job, &Subject { name: "x/a.gz", small: &small, large: &large });
}

fn compressed(format: Format, plain: &[u8]) -> Vec<u8> {
    let mut sink = MemorySink::default();
    let job = compress(format, Some(1));
    job.run(Source::bytes("a", plain), &mut sink, &Budget::unlimited()).expect("compressed");
    sink.outputs.remove(0).bytes
}

/// Numbers, the same again every 4 MiB: no frame or member sees the repetition.
fn numbers(len: usize) -> Vec<u8> {
    let (mut text, mut state) = (Vec::new(), 1_u32);
    while text.len() < 4 << 20 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        text.extend_from_slice(&(state >> 12).to_le_bytes());
    }
    text.repeat(len.div_ceil(4 << 20))[..len].to_vec()
}

fn compress(format: Format, level: Option<u8>) -> CompressJob {
    CompressJob::new(Options { format: Some(format), level }).expect("valid")
}

#[test]
fn every_checksum_at_once_conforms() {
    let options = brawn_jobs::hash::Options {
        algorithm: Algorithm::ALL.to_vec(),
        sums: true,
        ..brawn_jobs::hash::Options::default()
    };
    conforms(&HashJob::new(options).expect("valid"), &numbers(16 << 20));
}

#[cfg(feature = "stats")]
#[test]
fn statistics_conform() {
    let mut table = "a,b,name\n".to_owned();
    let mut state = 1_u32;
    while table.len() < 12 << 20 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        table.push_str(&format!("{},{}.5,n{}\n", state >> 8, state >> 20, state >> 28));
    }
    let large = table.as_bytes();
    let end = large[..70_000].iter().rposition(|byte| *byte == b'\n').expect("lines");
    for recipe in [
        serde_json::json!({ "job": "stats", "format": "json", "group_by": "name" }),
        serde_json::json!({ "job": "stats", "per": "row" }),
        #[cfg(feature = "parquet")]
        serde_json::json!({ "job": "stats", "per": "row", "format": "parquet" }),
    ] {
        let job = brawn_jobs::Recipe::from_json(&recipe).and_then(brawn_jobs::Recipe::into_job);
        let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        check(&*job.expect("valid"), &Subject { name: "x/a.csv", small: &large[..end], large });
    }
}

#[test]
fn zstd_conforms() {
    conforms(&compress(Format::Zstd, None), &numbers(24 << 20));
}

#[test]
fn gzip_conforms() {
    conforms(&compress(Format::Gzip, None), &numbers(5 << 20));
}

#[test]
fn bgzf_conforms() {
    conforms(&compress(Format::Bgzf, None), &numbers(5 << 20));
}

#[test]
fn decompressing_own_zstd_conforms() {
    decompress_conforms(|plain| compressed(Format::Zstd, plain), &numbers(64 << 20));
}

#[test]
fn decompressing_own_gzip_conforms() {
    decompress_conforms(|plain| compressed(Format::Gzip, plain), &numbers(48 << 20));
}

#[test]
fn lz4_conforms() {
    conforms(&compress(Format::Lz4, None), &numbers(48 << 20));
}

#[test]
fn decompressing_own_lz4_conforms() {
    decompress_conforms(|plain| compressed(Format::Lz4, plain), &numbers(96 << 20));
}

#[test]
fn decompressing_one_frame_conforms() {
    let compress = |plain: &[u8]| zstd::bulk::compress(plain, 1).expect("compressed");
    decompress_conforms(compress, &numbers(48 << 20));
}

#[test]
fn decompressing_one_member_conforms() {
    let compress = |plain: &[u8]| {
        let mut compressor = libdeflater::Compressor::new(libdeflater::CompressionLvl::fastest());
        let mut member = vec![0; compressor.gzip_compress_bound(plain.len())];
        let len = compressor.gzip_compress(plain, &mut member).expect("it fits");
        member.truncate(len);
        member
    };
    decompress_conforms(compress, &numbers(24 << 20));
}
