//! What fuzzing kept, read once more: without a fuzzer, by the functions that the targets call.

use std::fs;
use std::path::Path;

use brawn_jobs::decrypt::{DecryptJob, Options};
// What is instrumented for a fuzzer needs it to be linked.
use libfuzzer_sys as _;
use serde_json::json;

fn each(target: &str, mut read: impl FnMut(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let mut count = 0;
    for entry in fs::read_dir(folder).expect("the folder is there") {
        read(&fs::read(entry.expect("it can be listed").path()).expect("it can be read"));
        count += 1;
    }
    assert!(count > 3, "{target} has more than its seeds");
}

#[test]
fn decoders_end_the_same_with_any_number_of_threads() {
    for target in ["gzip", "bgzf", "zstd", "lz4"] {
        each(target, brawn_fuzz::decompress);
    }
    let stats = brawn_fuzz::job(json!({"job": "stats"}));
    each("csv", |bytes| brawn_fuzz::twice(&*stats, "a.csv", bytes));
    let decrypt = DecryptJob::with_identities(Options::default(), vec![Box::new(brawn_fuzz::key())])
        .expect("a key");
    each("age", |bytes| brawn_fuzz::twice(&decrypt, "a.age", bytes));
}
