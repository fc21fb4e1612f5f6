//! Damage of every kind: an error that says where, or what was meant; never anything else.

use brawn_jobs::compress::Format;

use crate::{decompress_alone, frame, frame_of, member, own, refusal, text};

/// Every kind of small input, the bits of it that may flip without anybody noticing, and where it may end.
struct Small {
    name: &'static str,
    bytes: Vec<u8>,
    /// Bytes that nobody reads, or that say only how it is to be read.
    ignored: Vec<usize>,
    /// Lengths at which nothing is missing.
    whole: Vec<usize>,
}

fn small(plain: &[u8]) -> Vec<Small> {
    // Modification time, extra flags, system: and the flag "text", which says nothing.
    let header = |start: usize| (start + 3..start + 10).collect::<Vec<_>>();
    let gzip = own(Format::Gzip, plain);
    let bgzf = own(Format::Bgzf, plain);
    let zstd = own(Format::Zstd, plain);
    let end = u32::from_le_bytes(gzip[16..20].try_into().expect("four bytes")) as usize;
    let data = zstd.len() - 29;
    let streamed = frame_of(plain, false);
    vec![
        Small {
            name: "own gzip",
            // What the lengths are called: a member is decompressed without, too.
            ignored: [header(0), (12..16).collect(), header(end), (end + 12..end + 16).collect()]
                .concat(),
            whole: vec![],
            bytes: gzip,
        },
        Small {
            name: "BGZF",
            ignored: [
                header(0),
                (12..18).collect(),
                header(bgzf.len() - 28),
                (bgzf.len() - 16..bgzf.len() - 10).collect(),
            ]
            .concat(),
            whole: vec![],
            bytes: bgzf,
        },
        Small { name: "gzip", ignored: header(0), whole: vec![], bytes: member(plain) },
        Small {
            name: "own zstd",
            // The unused bit; how the table is called, before and behind.
            ignored: [vec![4, data], (zstd.len() - 4..zstd.len()).collect()].concat(),
            whole: vec![data],
            bytes: zstd,
        },
        Small { name: "zstd", ignored: vec![4, 5], whole: vec![], bytes: frame(plain) },
        Small { name: "own lz4", ignored: vec![], whole: vec![], bytes: own(Format::Lz4, plain) },
        Small { name: "zstd of a pipe", ignored: vec![4, 5], whole: vec![], bytes: streamed },
    ]
}

#[test]
fn no_flipped_bit_gives_anything_else() {
    let plain = text(150);
    for Small { name, bytes, ignored, .. } in small(&plain) {
        let mut unnoticed = Vec::new();
        for bit in 0..8 * bytes.len() {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            match decompress_alone(&flipped) {
                Ok(back) => {
                    assert!(back == plain, "{name}, bit {bit}: other bytes");
                    unnoticed.push(bit / 8);
                }
                Err(error) => assert!(error.is_rejection(), "{name}, bit {bit}: {error}"),
            }
        }
        unnoticed.retain(|byte| !ignored.contains(byte));
        println!("{name}: {} bytes, unnoticed {unnoticed:?}", bytes.len());
        // The last bits of a deflate stream may be padding, and there are two at most.
        assert!(unnoticed.len() <= 14, "{name} of {} bytes: {unnoticed:?}", bytes.len());
    }
}

#[test]
fn no_beginning_passes_for_the_whole() {
    let plain = text(150);
    for Small { name, bytes, whole, .. } in small(&plain) {
        for len in 0..bytes.len() {
            match decompress_alone(&bytes[..len]) {
                Ok(back) => {
                    assert!(whole.contains(&len), "{name}: {len} of {} bytes", bytes.len());
                    assert!(back == plain);
                }
                Err(error) => {
                    let text = error.to_string();
                    assert!(len == 0 || text.contains("at byte"), "{name}, {len} bytes: {text}");
                }
            }
        }
    }
}

/// Offsets of the parts of what brawn writes, and its end.
fn cuts(format: Format, bytes: &[u8]) -> Vec<usize> {
    let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
    let mut cuts = vec![0];
    let count = match format {
        Format::Zstd => word(bytes.len() - 9) as usize,
        _ => usize::MAX,
    };
    while cuts.len() <= count && cuts[cuts.len() - 1] < bytes.len() {
        let at = cuts[cuts.len() - 1];
        let len = match format {
            Format::Gzip => word(at + 16) as usize,
            Format::Bgzf => (word(at + 16) & 0xffff) as usize + 1,
            Format::Zstd => word(bytes.len() - 9 - 12 * (count + 1 - cuts.len())) as usize,
            Format::Lz4 => unreachable!("its parts are in lz4.rs"),
        };
        cuts.push(at + len);
    }
    cuts
}

#[test]
fn parts_that_are_missing_doubled_or_out_of_order_are_noticed() {
    // All blocks of the same length, with different content, and all with the same.
    let block = text(4 << 20);
    for (plain, are_same) in [(text(9 << 20), false), (block.repeat(3), true)] {
        for format in [Format::Gzip, Format::Zstd] {
            let bytes = own(format, &plain);
            let cuts = cuts(format, &bytes);
            let part = |index: usize| bytes[cuts[index]..cuts[index + 1]].to_vec();
            let (one, two, rest) = (part(0), part(1), bytes[cuts[2]..].to_vec());
            let damaged = [
                ("missing at the beginning", [two.clone(), rest.clone()].concat()),
                ("missing", [one.clone(), rest.clone()].concat()),
                ("doubled", [one.clone(), two.clone(), two.clone(), rest.clone()].concat()),
                ("out of order", [two.clone(), one.clone(), rest.clone()].concat()),
            ];
            for (what, damaged) in damaged {
                if damaged == bytes {
                    assert!(are_same, "only the same content cannot be out of order");
                    continue;
                }
                let error = refusal(&damaged);
                let told = "missing, doubled or out of order";
                assert!(error.contains(told), "{format}, {what}: {error}");
            }
        }
    }
}

#[test]
fn gzip_that_ends_between_two_members_is_cut_off() {
    let plain = text(2 << 20);
    for format in [Format::Gzip, Format::Bgzf] {
        let bytes = own(format, &plain);
        for cut in &cuts(format, &bytes)[1..] {
            if *cut < bytes.len() {
                let error = refusal(&bytes[..*cut]);
                assert!(error.contains(&format!("cut off: it ends at byte {cut}")), "{error}");
            }
        }
    }
}

/// Two members with the same content, the first of which says that it is as long as both: its CRC and size are right.
#[test]
fn a_length_that_takes_in_the_next_member_hides_nothing() {
    let plain = vec![0; 1 << 20];
    let mut bytes = own(Format::Gzip, &plain);
    let member = u32::from_le_bytes(bytes[16..20].try_into().expect("four bytes"));
    bytes[16..20].copy_from_slice(&(2 * member).to_le_bytes());
    let error = refusal(&bytes);
    assert!(error.contains("begins at byte 0 is damaged: it is shorter than it says"), "{error}");
}

#[test]
fn damage_in_a_late_part_is_told_with_its_offset() {
    let plain = text(9 << 20);
    for format in [Format::Gzip, Format::Bgzf, Format::Zstd] {
        let whole = own(format, &plain);
        let cuts = cuts(format, &whole);
        for late in [cuts.len() - 3, 1] {
            let mut bytes = whole.clone();
            let (start, end) = (cuts[late], cuts[late + 1]);
            bytes[usize::midpoint(start, end)] ^= 0x55;
            let error = refusal(&bytes);
            let told = format!("that begins at byte {start} is damaged: ");
            assert!(error.contains(&told), "{format}: {error}");
        }
    }
    // What streams, too.
    for (mut bytes, name) in [(member(&plain), "gzip member"), (frame(&plain), "zstd frame")] {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x55;
        let error = refusal(&bytes);
        assert!(
            error.contains(&format!("the {name} that begins at byte 0 is damaged: ")),
            "{error}"
        );
    }
}

/// Pieces cut out, doubled or moved: an error, or for zstd what libzstd makes of it, for gzip what was compressed.
#[test]
fn no_splice_gives_anything_else() {
    let plain = [text(700 << 10), vec![0; 700 << 10]].concat();
    let gzip = own(Format::Gzip, &plain);
    let zstd = [frame(&plain[..5000]), own(Format::Zstd, &plain[..9000]), frame(b"end")].concat();
    let mut state = 1_u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as usize % below
    };
    for round in 0..400 {
        for whole in [&gzip, &zstd] {
            let (one, two) = (random(whole.len()), random(whole.len()));
            let (from, to) = (one.min(two), one.max(two));
            let piece = &whole[from..to.min(from + 60_000)];
            let mut spliced = whole.clone();
            match round % 3 {
                0 => drop(spliced.drain(from..from + piece.len())),
                1 => drop(spliced.splice(to..to, piece.iter().copied())),
                _ => spliced[to - piece.len().min(to)..to].fill(random(256) as u8),
            }
            let Ok(back) = decompress_alone(&spliced) else { continue };
            if whole == &gzip {
                assert!(back == plain, "round {round}");
            } else {
                let wanted = zstd::stream::decode_all(&*spliced).expect("libzstd reads it too");
                assert!(back == wanted, "round {round}");
            }
        }
    }
}
