//! The reader of tables, its dialects and types, and the statistics of what it finds.
#![no_main]

use std::sync::LazyLock;

use brawn_core::Job;
use serde_json::json;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    static JOB: LazyLock<Box<dyn Job>> =
        LazyLock::new(|| brawn_fuzz::job(json!({"job": "stats"})));
    brawn_fuzz::twice(&**JOB, "a.csv", bytes);
});
