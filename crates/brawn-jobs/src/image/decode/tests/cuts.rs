//! Files that end early, and heads of files that go on.

use super::*;

#[test]
fn a_head_asks_for_more_or_says_the_same_as_the_whole() {
    for (name, bytes) in fixtures::all() {
        let whole = header(&bytes).expect(name);
        for end in 1..bytes.len() {
            match probe(&bytes[..end], false).unwrap_or_else(|e| panic!("{name}, {end}: {e}")) {
                Probed::NeedsHead(count) => assert!(count > end as u64, "{name}: {count} at {end}"),
                Probed::Header(head) => assert_eq!(head.summary, whole.summary, "{name} at {end}"),
            }
        }
    }
}

#[test]
fn a_file_that_ends_early_is_a_rejection_and_never_a_panic() {
    for (name, bytes) in fixtures::all() {
        // The last bytes of some formats say nothing about pixels.
        for end in (0..bytes.len().saturating_sub(24)).step_by(3) {
            let error = match decode_all(&bytes[..end], &ALL) {
                Err(error) => error,
                Ok(_) => panic!("{name}: decodes though cut at {end} of {}", bytes.len()),
            };
            assert!(error.is_rejection(), "{name}, cut at {end}: {error:?}");
        }
    }
}

#[test]
fn a_file_without_its_last_pixels_says_that_it_is_truncated() {
    for (name, bytes) in fixtures::all() {
        let cut = &bytes[..bytes.len() * 3 / 4];
        let error = decode_all(cut, &ALL).expect_err(name).to_string();
        assert!(error.contains("truncated") || error.contains("ends inside"), "{name}: {error}");
    }
}

#[test]
fn a_cancelled_budget_stops_every_decoder() {
    let budget = Budget::unlimited();
    budget.cancel();
    for (name, bytes) in fixtures::all() {
        let header = header(&bytes).expect(name);
        let error = decode(&bytes, &header, &ALL, &budget, &mut |_| panic!("a frame of {name}"))
            .expect_err(name);
        assert!(error.is_cancelled(), "{name}: {error}");
    }
}

#[test]
fn bytes_flipped_anywhere_never_panic() {
    for (name, bytes) in fixtures::all() {
        let mut seed = 1_u32;
        for round in 0..150 {
            let mut broken = bytes.clone();
            for _ in 0..=round % 4 {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let at = seed as usize % broken.len();
                broken[at] ^= 1 << (seed >> 24 & 7);
            }
            // Flips in a header can ask for gigabytes: what the pipeline would refuse is not tried.
            let Ok(header) = header(&broken) else { continue };
            if super::super::peak_memory(&header, &FIRST) > 64 << 20 {
                continue;
            }
            if let Err(error) = decode_all(&broken, &FIRST) {
                assert!(error.is_rejection(), "{name}, round {round}: {error:?}");
            }
        }
    }
}
