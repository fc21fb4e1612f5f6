//! The decoder of lz4: what begins as it does.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if bytes.starts_with(&[0x04, 0x22, 0x4d, 0x18]) {
        brawn_fuzz::decompress(bytes);
    }
});
