//! The decompress job: what others write is read, and what is damaged is told.

mod damage;
mod limits;
mod lz4;
mod shapes;
mod tools;
mod vectors;

use std::io::Write as _;
use std::num::NonZeroUsize;
use std::sync::LazyLock;

use brawn_core::{Budget, Job, MemorySink, Pool, Result, Source, Tally};
use brawn_jobs::compress::{self, CompressJob, Format};
use brawn_jobs::decompress::{DecompressJob, Options};

static POOL: LazyLock<Pool> =
    LazyLock::new(|| Pool::new(NonZeroUsize::new(2).expect("not zero")).expect("threads"));

/// Words of a small language: compresses to about a quarter.
fn text(len: usize) -> Vec<u8> {
    static TEXT: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let (mut text, mut state) = (Vec::new(), 1_u32);
        while text.len() < 9 << 20 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            text.extend_from_slice(format!("{} ", state >> 20).as_bytes());
        }
        text
    });
    TEXT[..len].to_vec()
}

fn run(job: &dyn Job, mut bytes: &[u8], budget: &Budget) -> Result<(Vec<u8>, Tally)> {
    let mut sink = MemorySink::default();
    let ran = job.run(Source::reader("a.gz", &mut bytes), &mut sink, budget);
    assert_eq!(ran.is_err(), sink.outputs.is_empty(), "an error leaves nothing");
    Ok((sink.outputs.pop().map(|output| output.bytes).unwrap_or_default(), ran?))
}

/// What brawn writes.
fn own(format: Format, plain: &[u8]) -> Vec<u8> {
    let job =
        CompressJob::new(compress::Options { format: Some(format), level: None }).expect("valid");
    run(&job, plain, &Budget::unlimited().on(&POOL)).expect("compressed").0
}

/// One gzip member that says nothing of itself.
fn member(plain: &[u8]) -> Vec<u8> {
    let mut compressor = libdeflater::Compressor::new(libdeflater::CompressionLvl::fastest());
    let mut member = vec![0; compressor.gzip_compress_bound(plain.len())];
    let len = compressor.gzip_compress(plain, &mut member).expect("it fits");
    member.truncate(len);
    member
}

/// One zstd frame, as the tool writes it: with a checksum, and with its size where it is that of a file.
fn frame_of(plain: &[u8], is_file: bool) -> Vec<u8> {
    let mut encoder = zstd::stream::Encoder::new(Vec::new(), 1).expect("an encoder");
    encoder.include_checksum(true).expect("it can");
    encoder.set_pledged_src_size(is_file.then_some(plain.len() as u64)).expect("it can");
    encoder.write_all(plain).and_then(|()| encoder.finish()).expect("compressed")
}

fn frame(plain: &[u8]) -> Vec<u8> {
    frame_of(plain, true)
}

fn decompress_with(options: &Options, bytes: &[u8]) -> Result<Vec<u8>> {
    let job = DecompressJob::new(options.clone())?;
    let result = run(&job, bytes, &Budget::unlimited().on(&POOL)).map(|(plain, _)| plain);
    let alone = run(&job, bytes, &Budget::unlimited()).map(|(plain, _)| plain);
    match (&result, &alone) {
        (Ok(two), Ok(one)) => assert!(two == one, "the same bytes without a pool"),
        (Err(two), Err(one)) => assert_eq!(two.chain(), one.chain(), "the same error"),
        _ => panic!("{:?} on a pool, {:?} without", result.is_ok(), alone.is_ok()),
    }
    result
}

/// Without a pool alone: for inputs by the thousand.
fn decompress_alone(bytes: &[u8]) -> Result<Vec<u8>> {
    let job = DecompressJob::new(Options::default()).expect("valid");
    run(&job, bytes, &Budget::unlimited()).map(|(plain, _)| plain)
}

fn decompress(bytes: &[u8]) -> Result<Vec<u8>> {
    decompress_with(&Options::default(), bytes)
}

/// The error of what cannot be decompressed.
fn refusal(bytes: &[u8]) -> String {
    let Err(error) = decompress(bytes) else { panic!("it is not refused") };
    assert!(error.is_rejection(), "{error}");
    error.chain()
}
