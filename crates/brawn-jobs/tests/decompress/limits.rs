//! Bombs, windows and dictionaries: refused before they cost anything.

use brawn_core::{Budget, ByteSize, ErrorKind, Job, Memory, MemorySink, Source};
use brawn_jobs::compress::Format;
use brawn_jobs::decompress::{DecompressJob, Options};

use crate::{decompress, decompress_with, frame, frame_of, member, own, text};

#[test]
fn more_than_the_limit_is_refused_and_the_limit_itself_is_not() {
    let plain = text(5 << 20);
    for bytes in [
        own(Format::Gzip, &plain),
        own(Format::Bgzf, &plain),
        own(Format::Zstd, &plain),
        member(&plain),
        frame(&plain),
    ] {
        let limited = |most: u64| {
            let max_output_bytes = Some(ByteSize(most));
            decompress_with(&Options { max_output_bytes, ..Options::default() }, &bytes)
        };
        assert!(limited(5 << 20).expect("just as long") == plain);
        let error = limited((5 << 20) - 1).expect_err("one too many");
        assert_eq!(error.kind(), ErrorKind::LimitExceeded);
        assert_eq!(error.hint(), Some("raise `max_output_bytes`"));
    }
}

#[test]
fn zeros_without_end_are_refused_to_who_asks_for_a_limit() {
    let zeros = vec![0; 80 << 20];
    let unasked = Options { test: true, ..Options::default() };
    let asked = Options { max_ratio: Some(2000), ..unasked.clone() };
    for (bytes, passes_2000) in [
        (frame_of(&zeros, false), true),
        (frame(&zeros), true),
        (own(Format::Zstd, &zeros), true),
        (own(Format::Gzip, &zeros), false),
        (member(&zeros), false),
    ] {
        let run = |options: &Options| {
            let job = DecompressJob::new(options.clone()).expect("valid");
            let mut sink = MemorySink::default();
            job.run(Source::bytes("a", &bytes), &mut sink, &Budget::unlimited())
        };
        run(&unasked).expect("80 MB fit everywhere");
        match run(&asked) {
            Ok(_) => assert!(!passes_2000),
            Err(error) => {
                assert!(passes_2000, "{error}");
                assert_eq!(error.kind(), ErrorKind::LimitExceeded);
                assert!(error.to_string().contains("64 MB and 2000 times"), "{error}");
            }
        }
    }
}

/// A frame that asks for a window of 2^exponent bytes and has a block of three.
fn asks_for(exponent: u8) -> Vec<u8> {
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0, (exponent - 10) << 3];
    frame.extend_from_slice(&[3 << 3 | 1, 0, 0]);
    frame.extend_from_slice(b"abc");
    // Too long for one worker, so that it streams.
    [&frame[..], &[0x28, 0xb5, 0x2f, 0xfd, 0, (exponent - 10) << 3], &[2, 0, 16, b'x'].repeat(40)]
        .concat()
}

#[test]
fn windows_are_refused_by_their_size_before_they_are_allocated() {
    let error = decompress(&asks_for(31)).expect_err("2 GB");
    assert_eq!(error.kind(), ErrorKind::LimitExceeded);
    assert!(error.to_string().ends_with("a window of 2 GB, the limit is 128 MB"), "{error}");
    let small = Options { max_window: ByteSize::mib(8), ..Options::default() };
    let error = decompress_with(&small, &asks_for(24)).expect_err("16 MB");
    assert!(error.to_string().ends_with("a window of 16 MB, the limit is 8 MB"), "{error}");
    // Of what is allowed the memory is asked for first.
    let job = DecompressJob::new(Options::default()).expect("valid");
    let budget = Budget::unlimited().within(Memory::limited(100 << 20));
    let bytes = asks_for(27);
    let ran = job.run(Source::bytes("a.zst", &bytes), &mut MemorySink::default(), &budget);
    assert!(ran.expect_err("128 of 100 MB").is_out_of_memory());
}

/// The header of RFC 8878, section 3.1.1.1: one segment, a dictionary in four bytes, three bytes of content.
#[test]
fn dictionaries_are_named() {
    let mut bytes = vec![0x28, 0xb5, 0x2f, 0xfd, 0x23];
    bytes.extend_from_slice(&1_234_567_u32.to_le_bytes());
    bytes.extend_from_slice(&[3, 3 << 3 | 1, 0, 0, b'a', b'b', b'c']);
    let error = decompress(&bytes).expect_err("it is not there");
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("at byte 0 needs the dictionary 1234567"), "{error}");
    // None is none.
    bytes[5..9].fill(0);
    assert_eq!(decompress(&bytes).expect("it needs none"), b"abc");
}
