//! The AEAD in use against published vectors.

use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use serde_json::Value;

use super::payload::TAG;

fn hex(value: &Value) -> Vec<u8> {
    let text = value.as_str().expect("text");
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex"))
        .collect()
}

/// Wycheproof, `chacha20_poly1305_test.json`, by the two calls that payloads are sealed and opened with.
#[test]
fn the_aead_agrees_with_wycheproof() {
    let Some(inputs) = std::env::var_os("BRAWN_INPUTS") else {
        println!("skipped: no BRAWN_INPUTS, no vectors of Wycheproof");
        return;
    };
    let path = std::path::Path::new(&inputs).join("kat/wycheproof/chacha20_poly1305_test.json");
    let text = std::fs::read(path).expect("the vectors");
    let vectors: Value = serde_json::from_slice(&text).expect("JSON");
    let mut checked = 0;
    for group in vectors["testGroups"].as_array().expect("groups") {
        for test in group["tests"].as_array().expect("tests") {
            let id = &test["tcId"];
            let is_valid = test["result"] == "valid";
            let [key, iv, aad, plain, sealed, tag] =
                ["key", "iv", "aad", "msg", "ct", "tag"].map(|field| hex(&test[field]));
            checked += 1;
            let Ok(nonce) = <[u8; NONCE_LEN]>::try_from(iv) else {
                assert!(!is_valid, "{id}: a nonce of another length");
                continue;
            };
            let key = LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, &key).expect("a key"));
            let nonce = || Nonce::assume_unique_for_key(nonce);
            let mut opened = vec![0; sealed.len()];
            let ended =
                key.open_separate_gather(nonce(), Aad::from(&aad), &sealed, &tag, &mut opened);
            assert_eq!(ended.is_ok(), is_valid, "{id}");
            if is_valid {
                assert_eq!(opened, plain, "{id}");
                let (mut text, mut mac) = (vec![0; plain.len()], [0; TAG]);
                let aad = Aad::from(&aad);
                key.seal_out_of_place_scatter(nonce(), aad, &plain, &mut text, &[], &mut mac)
                    .expect("sealed");
                assert_eq!((text, mac.as_slice()), (sealed, tag.as_slice()), "{id}");
            }
        }
    }
    assert!(checked > 300, "{checked} vectors");
}
