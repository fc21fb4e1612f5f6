//! The real peak of the heap stays within the plan, however long the input is. Its own process: the allocator counts for
//! everyone. What libzstd allocates it does not see.

use brawn_core::{
    Budget, Draft, Head, Job, MemorySink, Output, Planning, Pool, Result, Sink, Source, Vcpus,
};
use brawn_jobs::compress::{self, CompressJob, Format};
use brawn_jobs::decompress::{DecompressJob, Options};
use peak_alloc::PeakAlloc;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// Takes everything and keeps nothing.
struct Nowhere;

impl Sink for Nowhere {
    fn put(&mut self, _: Output) -> Result<()> {
        Ok(())
    }

    fn open(&mut self, _: &str, _: &'static str) -> Result<Box<dyn Draft + '_>> {
        Ok(Box::new(Nowhere))
    }
}

impl Draft for Nowhere {
    fn write(&mut self, _: &[u8]) -> Result<()> {
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}

/// Noise with runs: half of it can be compressed.
fn half_noise(len: usize) -> Vec<u8> {
    let mut state = 7_u64;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        bytes.extend_from_slice(&(state >> 32).to_le_bytes());
    }
    bytes
}

fn own(format: Format, plain: &[u8]) -> Vec<u8> {
    let job = CompressJob::new(compress::Options { format: Some(format), level: Some(1) })
        .expect("valid");
    let mut sink = MemorySink::default();
    job.run(Source::bytes("a", plain), &mut sink, &Budget::unlimited()).expect("compressed");
    sink.outputs.remove(0).bytes
}

fn member(plain: &[u8]) -> Vec<u8> {
    let mut compressor = libdeflater::Compressor::new(libdeflater::CompressionLvl::fastest());
    let mut member = vec![0; compressor.gzip_compress_bound(plain.len())];
    let len = compressor.gzip_compress(plain, &mut member).expect("it fits");
    member.truncate(len);
    member
}

#[test]
fn the_heap_stays_within_the_plan() {
    let pool = Pool::new(Vcpus::detect().workers).expect("threads");
    let plain = half_noise(64 << 20);
    let zeros = vec![0; 48 << 20];
    for (name, bytes) in [
        ("own gzip", own(Format::Gzip, &plain)),
        ("BGZF", own(Format::Bgzf, &plain)),
        ("own zstd", own(Format::Zstd, &plain)),
        ("own zstd of zeros", own(Format::Zstd, &zeros)),
        ("own gzip of zeros", own(Format::Gzip, &zeros)),
        ("gzip", member(&plain)),
        ("gzip of zeros", member(&zeros)),
        ("zstd", zstd::bulk::compress(&plain, 1).expect("compressed")),
        ("zstd of zeros", zstd::bulk::compress(&zeros, 1).expect("compressed")),
        ("small frames", plain.chunks(900).take(200_000).flat_map(frame).collect()),
    ] {
        let job = DecompressJob::new(Options::default()).expect("valid");
        let head = Head { name: "a.gz", bytes: &bytes[..1 << 10], size: Some(bytes.len() as u64) };
        let Ok(Planning::Ready(plan)) = job.plan(&head) else { panic!("{name} is planned") };
        let budget = Budget::unlimited().on(&pool);
        let before = HEAP.current_usage();
        HEAP.reset_peak_usage();
        let mut reader = bytes.as_slice();
        job.run(Source::reader("a.gz", &mut reader), &mut Nowhere, &budget).expect(name);
        let peak = HEAP.peak_usage().saturating_sub(before) as u64;
        println!("{name}: {peak} of {}", plan.peak_memory);
        assert!(peak <= plan.peak_memory, "{name}: {peak} of {}", plan.peak_memory);
    }
}

fn frame(plain: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(plain, 1).expect("compressed")
}
