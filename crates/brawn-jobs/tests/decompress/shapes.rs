//! Inputs of every shape: one part or many, with known ends or without, and what lies between and behind.

use brawn_core::{Head, Job};
use brawn_jobs::compress::Format;
use brawn_jobs::decompress::{DecompressJob, Options};

use crate::{decompress, frame, frame_of, member, own, refusal, text};

#[test]
fn what_brawn_writes_comes_back() {
    for len in [0, 1, 65_280, 65_281, 512 << 10, (5 << 20) + 5] {
        let plain = text(len);
        for format in [Format::Gzip, Format::Bgzf, Format::Zstd, Format::Lz4] {
            let back = decompress(&own(format, &plain)).expect("it is right");
            assert!(back == plain, "{format} of {len} bytes");
        }
    }
}

#[test]
fn parts_are_decompressed_one_after_the_other_whoever_wrote_them() {
    let (one, two) = (text(3 << 20), text(100));
    let zeros = vec![0; 3 << 20];
    let gzip = [
        member(&one),
        own(Format::Gzip, &two),
        member(b""),
        own(Format::Bgzf, &one),
        member(&zeros),
        own(Format::Gzip, &zeros),
    ];
    let skippable = [&0x184D_2A53_u32.to_le_bytes()[..], &5_u32.to_le_bytes(), b"brawn"].concat();
    let zstd = [
        frame(&one),
        own(Format::Zstd, &two),
        skippable.clone(),
        frame(b""),
        own(Format::Zstd, &one),
        frame(&zeros[1..]),
        own(Format::Zstd, &zeros),
    ];
    // Beginning with each, so that what streams comes first, in the middle and last.
    for (mut parts, plain) in [
        (gzip.to_vec(), vec![&one, &two, &Vec::new(), &one, &zeros, &zeros]),
        (
            zstd.to_vec(),
            vec![&one, &two, &Vec::new(), &Vec::new(), &one, &zeros[1..].to_vec(), &zeros],
        ),
    ] {
        let mut plain: Vec<Vec<u8>> = plain.into_iter().cloned().collect();
        for _ in 0..parts.len() {
            let back = decompress(&parts.concat()).expect("it is right");
            assert!(back == plain.concat());
            parts.rotate_left(1);
            plain.rotate_left(1);
        }
    }
}

#[test]
fn frames_without_a_size_and_of_many_sizes_are_decompressed() {
    let plain = text(9 << 20);
    for size in [1000, 300_000, 4 << 20, 8 << 20, 9 << 20] {
        for has_size in [false, true] {
            let frames = plain.chunks(size).flat_map(|block| frame_of(block, has_size));
            let bytes: Vec<u8> = frames.collect();
            assert!(decompress(&bytes).expect("it is right") == plain, "frames of {size}");
        }
    }
}

#[test]
fn thousands_of_small_members_are_decompressed() {
    let plain = text(500_000);
    let bytes: Vec<u8> = plain.chunks(200).flat_map(member).collect();
    assert!(decompress(&bytes).expect("it is right") == plain);
}

#[test]
fn zeros_behind_gzip_are_padding_and_anything_else_is_named() {
    let plain = text(1000);
    for mut bytes in [member(&plain), own(Format::Gzip, &plain), own(Format::Bgzf, &plain)] {
        let len = bytes.len();
        bytes.resize(len + 3000, 0);
        assert!(decompress(&bytes).expect("padding") == plain);
        bytes.push(7);
        let error = refusal(&bytes);
        assert!(error.contains(&format!("what begins at byte {}, behind", len + 3000)), "{error}");
        bytes.truncate(len);
        bytes.extend_from_slice(b"garbage");
        let error = refusal(&bytes);
        assert!(error.contains(&format!("what begins at byte {len}, behind")), "{error}");
    }
    for bytes in [frame(&plain), own(Format::Zstd, &plain)] {
        for garbage in [&b"garbage"[..], &[0; 9], b"x"] {
            let error = refusal(&[&bytes, garbage].concat());
            let wanted = format!("what begins at byte {}, behind", bytes.len());
            assert!(error.contains(&wanted), "{error}");
        }
    }
}

#[test]
fn the_format_is_told_by_the_content_and_others_are_named() {
    let job = DecompressJob::new(Options::default()).expect("valid");
    for (bytes, name) in [
        (&b"\xfd7zXZ\0\0\x04"[..], "xz"),
        (b"BZh91AY&SY", "bzip2"),
        (b"PK\x03\x04\x14\0", "a zip archive"),
        (&[0x02, 0x21, 0x4c, 0x18, 0x64], "lz4 of the legacy format"),
        (b"just a line\n", "plain text"),
        (&[1, 2, 3, 4], "begins with 01 02 03 04"),
    ] {
        let error = refusal(bytes);
        assert!(
            error.starts_with("it is neither gzip nor zstd nor lz4") && error.contains(name),
            "{error}"
        );
        let head = Head { name: "a.gz", bytes, size: Some(bytes.len() as u64) };
        assert_eq!(job.plan(&head).expect_err("refused").to_string(), error);
    }
    assert_eq!(refusal(b""), "it is empty");
}

#[test]
fn names_lose_their_suffix() {
    let bytes = member(b"x");
    let plan = |options: Options, name: &str| {
        let job = DecompressJob::new(options).expect("valid");
        job.plan(&Head { name, bytes: &bytes, size: Some(bytes.len() as u64) })
    };
    let named = |name| match plan(Options::default(), name) {
        Ok(brawn_core::Planning::Ready(plan)) => plan.outputs[0].name.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(named("x/a.tgz"), "x/a.tar");
    assert_eq!(named("a.txt.gz"), "a.txt");
    let error = plan(Options::default(), "a.txt").expect_err("no suffix");
    assert!(error.to_string().contains("`.gz`, `.zst`") && error.hint().is_some(), "{error}");
    plan(Options { any_name: true, ..Options::default() }, "a.txt").expect("any name");
    plan(Options { test: true, ..Options::default() }, "a.txt").expect("nothing is written");
}

#[test]
fn a_list_and_a_test_say_what_there_is() {
    let plain = text(9 << 20);
    for (bytes, parts, count) in [
        (own(Format::Gzip, &plain), "members", 19),
        (own(Format::Zstd, &plain), "frames", 5),
        (own(Format::Lz4, &plain), "frames", 1),
        (member(&plain), "members", 1),
        (frame(&plain), "frames", 1),
        (frame_of(&plain, false), "frames", 1),
    ] {
        for (test, list) in [(true, false), (false, true)] {
            let options = Options { test, list, ..Options::default() };
            let job = DecompressJob::new(options).expect("valid");
            let mut sink = brawn_core::MemorySink::default();
            let source = brawn_core::Source::bytes("a", &bytes);
            let tally = job.run(source, &mut sink, &brawn_core::Budget::unlimited());
            let facts = tally.expect("it is right").facts;
            assert!(sink.outputs.is_empty());
            let fact = |name: &str| {
                let fact = facts.iter().find(|(fact, _)| fact == name);
                fact.and_then(|(_, value)| value.as_u64()).expect(name)
            };
            assert_eq!(fact(parts), count);
            assert_eq!(fact("compressed"), bytes.len() as u64);
            assert_eq!(fact("uncompressed"), plain.len() as u64);
        }
    }
    // A list of what has its sizes in its headers does not look further, a test does.
    let mut bytes = frame(&plain);
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let with = |test, list| Options { test, list, ..Options::default() };
    for (options, is_right) in [(with(true, false), false), (with(false, true), true)] {
        let job = DecompressJob::new(options).expect("valid");
        let mut sink = brawn_core::MemorySink::default();
        let source = brawn_core::Source::bytes("a", &bytes);
        let ran = job.run(source, &mut sink, &brawn_core::Budget::unlimited());
        assert_eq!(ran.is_ok(), is_right);
    }
}
