//! The decoder of gzip: what begins as it does.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if bytes.starts_with(&[0x1f, 0x8b]) {
        brawn_fuzz::decompress(bytes);
    }
});
