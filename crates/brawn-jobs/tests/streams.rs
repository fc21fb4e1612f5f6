//! What every brawn job promises, for those that stream. Its own process, one job after the other: how soon a job stops is
//! measured.

use std::sync::{Mutex, PoisonError};

use brawn_core::Job;
use brawn_core::conformance::{Subject, check};
use brawn_jobs::compress::{CompressJob, Format, Options};
use brawn_jobs::hash::{Algorithm, HashJob};

fn conforms(job: &dyn Job, large: &[u8]) {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    check(job, &Subject { name: "x/a.bin", small: &large[..70_000], large });
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
    CompressJob::new(Options { format, level }).expect("valid")
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
