//! lz4: frames of every kind, one after the other, and blocks that are missing, doubled or out of order.

use brawn_core::Budget;
use brawn_jobs::compress::Format;
use brawn_jobs::decompress::{DecompressJob, Options};

use crate::{decompress, own, refusal, run, text};

/// Where blocks begin, and where the last ends.
fn blocks(bytes: &[u8]) -> Vec<usize> {
    let mut at = vec![7];
    loop {
        let start = *at.last().expect("one");
        let size: [u8; 4] = bytes[start..start + 4].try_into().expect("four bytes");
        match u32::from_le_bytes(size) & 0x7fff_ffff {
            0 => return at,
            size => at.push(start + 4 + size as usize),
        }
    }
}

#[test]
fn frames_come_one_after_the_other_with_what_is_skipped_between() {
    let (one, two) = (text(100), text(5 << 20));
    let skippable = [&0x184D_2A50_u32.to_le_bytes()[..], &3_u32.to_le_bytes(), b"abc"].concat();
    let frames = [own(Format::Lz4, &one), skippable, own(Format::Lz4, &two), own(Format::Lz4, &[])];
    let back = decompress(&frames.concat()).expect("it is right");
    assert!(back == [one, two].concat());
    let error = refusal(&[frames.concat(), b"tail".to_vec()].concat());
    assert!(error.contains("behind the last lz4 frame"), "{error}");
}

#[test]
fn blocks_that_are_missing_doubled_or_out_of_order_are_noticed() {
    let bytes = own(Format::Lz4, &text((2 << 20) + 5));
    let at = blocks(&bytes);
    assert_eq!(at.len(), 4, "three blocks of 1 MB and less");
    let part = |index: usize| &bytes[at[index]..at[index + 1]];
    let (head, tail) = (&bytes[..7], &bytes[at[3]..]);
    for (what, parts) in [
        ("missing", vec![head, part(0), part(2), tail]),
        ("doubled", vec![head, part(0), part(1), part(1), part(2), tail]),
        ("reordered", vec![head, part(1), part(0), part(2), tail]),
    ] {
        let error = refusal(&parts.concat());
        assert!(
            error.contains("the lz4 frame that begins at byte 0 is damaged"),
            "{what}: {error}"
        );
    }
}

#[test]
fn a_block_that_is_longer_than_it_may_be_is_refused_before_it_is_read() {
    let mut bytes = own(Format::Lz4, b"abc");
    bytes[7..11].copy_from_slice(&0x0fff_ffff_u32.to_le_bytes());
    let error = refusal(&bytes);
    assert!(error.contains("the lz4 block that begins at byte 7"), "{error}");
    let legacy = [&0x184C_2102_u32.to_le_bytes()[..], &[3, 0, 0, 0, 0x20, b'a', b'b']].concat();
    assert!(refusal(&legacy).contains("lz4 of the legacy format"));
}

#[test]
fn limits_hold() {
    let zeros = vec![0; 96 << 20];
    let bytes = own(Format::Lz4, &zeros);
    for options in [
        Options { max_ratio: Some(100), ..Options::default() },
        Options { max_output_bytes: Some(brawn_core::ByteSize::mib(5)), ..Options::default() },
    ] {
        let job = DecompressJob::new(options).expect("valid");
        let error = run(&job, &bytes, &Budget::unlimited()).expect_err("too much");
        assert_eq!(error.kind(), brawn_core::ErrorKind::LimitExceeded, "{error}");
    }
}
