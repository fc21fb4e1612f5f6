//! Header, payload and armor of age files.
#![no_main]

use std::sync::LazyLock;

use brawn_jobs::decrypt::{DecryptJob, Options};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    static JOB: LazyLock<DecryptJob> = LazyLock::new(|| {
        DecryptJob::with_identities(Options::default(), vec![Box::new(brawn_fuzz::key())])
            .expect("a key")
    });
    brawn_fuzz::twice(&*JOB, "a.age", bytes);
});
