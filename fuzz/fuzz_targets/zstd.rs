//! The decoder of zstd: what begins as it does.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if bytes.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        brawn_fuzz::decompress(bytes);
    }
});
