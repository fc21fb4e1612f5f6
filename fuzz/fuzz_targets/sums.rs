//! Lines of checksums: what is read is written and read again as the same.
#![no_main]

use brawn_jobs::hash::{Sum, line, tagged};

libfuzzer_sys::fuzz_target!(|text: &str| {
    for text in text.lines() {
        let Some(sum) = Sum::parse(text) else { continue };
        let written = match sum.algorithm {
            Some(algorithm) => tagged(&sum.fact(algorithm), &sum.digest, &sum.name),
            None => line(&sum.digest, &sum.name),
        };
        assert_eq!(Sum::parse(&written), Some(sum), "{written:?}");
    }
});
