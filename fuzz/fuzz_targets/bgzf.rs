//! The decoder of bgzf: what begins as it does.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if bytes.starts_with(&[0x1f, 0x8b, 8, 4]) {
        brawn_fuzz::decompress(bytes);
    }
});
