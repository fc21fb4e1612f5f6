//! Files that were changed: always an error, with the place, and never an output.

use brawn_core::ErrorKind;
use brawn_jobs::encrypt::x25519::Identity;

use super::{CHUNK, SEALED, noise, opened, sealed, service_key, to, with};
use brawn_jobs::decrypt::{DecryptJob, Options};
use brawn_jobs::encrypt::{self, EncryptJob};

/// A file of 70 chunks, in three blocks: its bytes before the first, and the chunks.
fn chunks(key: &Identity) -> (Vec<u8>, Vec<Vec<u8>>) {
    let file = sealed(&to(&[key], false), &noise(69 * CHUNK + 1000));
    let start = file.len() - (69 * SEALED + 1016);
    (file[..start].to_vec(), file[start..].chunks(SEALED).map(<[u8]>::to_vec).collect())
}

#[test]
fn damage_is_named_by_its_chunk_and_offset() {
    let key = super::key();
    let (start, whole) = chunks(&key);
    assert_eq!(whole.len(), 70);
    let fails = |chunks: &[Vec<u8>], chunk: usize, why: &str| {
        let file = [start.clone(), chunks.concat()].concat();
        let error = opened(&with(&key), &file).expect_err(why);
        let place = format!(
            "the payload is damaged in chunk {}, at byte {}: ",
            chunk + 1,
            start.len() + chunk * SEALED
        );
        let text = error.to_string();
        assert!(text.starts_with(&place) && text.contains(why), "{why}: {text}");
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    };
    // Cut at the end of a chunk, of a block too.
    for count in [1, 31, 32, 33, 64, 69] {
        fails(&whole[..count], count - 1, "the rest is missing");
    }
    // Cut inside of one.
    for (count, left) in [(1, 5), (1, 16), (33, 16), (33, 17), (70, 15), (70, 1015)] {
        let mut cut = whole[..count].to_vec();
        cut[count - 1].truncate(left);
        let why = match left {
            5 | 15 => "it ends early",
            16 if count > 1 => "it is empty",
            _ => "not authentic",
        };
        fails(&cut, count - 1, why);
    }
    // Swapped, repeated, left out, of another file.
    for place in [0, 31, 32, 50] {
        let mut swapped = whole.clone();
        swapped.swap(place, place + 1);
        fails(&swapped, place, "not authentic");
        let mut repeated = whole.clone();
        repeated.insert(place, whole[place].clone());
        fails(&repeated, place + 1, "not authentic");
        let mut less = whole.clone();
        less.remove(place);
        fails(&less, place, "not authentic");
        let mut other = whole.clone();
        other[place].clone_from(&chunks(&key).1[place]);
        fails(&other, place, "not authentic");
        for byte in [0, CHUNK, SEALED - 1] {
            let mut flipped = whole.clone();
            flipped[place][byte] ^= 1;
            fails(&flipped, place, "not authentic");
        }
    }
    // More behind the end.
    let mut longer = whole.clone();
    longer[69].push(0);
    fails(&longer, 69, "not authentic");
    let file = sealed(&to(&[&key], false), &noise(3 * CHUNK));
    let error = opened(&with(&key), &[&file[..], &[0; 100]].concat()).expect_err("more follows");
    assert!(error.to_string().contains("chunk 3, at byte"), "{error}");
    assert!(error.to_string().contains("it is the last one, and more follows"), "{error}");
}

#[test]
fn the_header_and_what_follows_it_must_be_whole() {
    let key = super::key();
    let file = sealed(&to(&[&key], false), b"plain");
    for len in 0..file.len() {
        let error = opened(&with(&key), &file[..len]).expect_err("it is cut");
        assert!(error.is_rejection(), "{len}: {error}");
    }
    // Every bit of it counts, but for which of the errors it is.
    for place in 0..file.len() {
        for bit in [0, 5, 7] {
            let mut changed = file.clone();
            changed[place] ^= 1 << bit;
            let error = opened(&with(&key), &changed).expect_err("it was changed");
            assert!(error.is_rejection(), "{place}: {error}");
        }
    }
}

#[test]
fn armor_that_is_cut_or_changed_is_an_error() {
    let key = super::key();
    let file = sealed(&to(&[&key], true), &noise(300));
    // The end of the last line may be missing.
    for len in 0..file.len() - 1 {
        assert!(opened(&with(&key), &file[..len]).is_err(), "{len}");
    }
    for place in 0..file.len() - 1 {
        let mut changed = file.clone();
        changed[place] = if changed[place] == b'-' { b'+' } else { b'-' };
        assert!(opened(&with(&key), &changed).is_err(), "{place}");
    }
    let endless = [&file[..40], &vec![b'A'; 8 << 20]].concat();
    let error = opened(&with(&key), &endless).expect_err("no lines");
    assert!(error.to_string().contains("longer than 64"), "{error}");
}

#[test]
fn a_header_that_goes_on_and_on_is_refused() {
    let key = super::key();
    let endless = format!("age-encryption.org/v1\n{}", "-> x\n\n".repeat(1 << 20));
    let error = opened(&with(&key), endless.as_bytes()).expect_err("too long");
    assert!(error.to_string().contains("longer than 1 MiB"), "{error}");
    let error = opened(&with(&key), &vec![b'x'; 8 << 20]).expect_err("no age file");
    assert!(error.to_string().contains("first line"), "{error}");
    let error = opened(&with(&key), b"age-encryption.org/v2\nand so on").expect_err("no v1");
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}

#[test]
fn the_same_key_and_nonce_give_the_same_bytes() {
    let job = |key: u8| {
        let recipients: Vec<encrypt::AnyRecipient> = vec![Box::new(service_key("k"))];
        EncryptJob::with_recipients(encrypt::Options::default(), recipients)
            .expect("a recipient")
            .with_known_key([key; 16], [2; 16])
    };
    let plain = noise(40 * CHUNK + 9);
    let one = sealed(&job(1), &plain);
    assert!(one == sealed(&job(1), &plain) && one != sealed(&job(3), &plain));
    // Without it, nothing is the same twice.
    let key = super::key();
    let (one, two) = (sealed(&to(&[&key], false), &plain), sealed(&to(&[&key], false), &plain));
    assert!(one[one.len() - SEALED..] != two[two.len() - SEALED..]);
    let service = DecryptJob::with_identities(Options::default(), vec![Box::new(service_key("k"))]);
    let file = sealed(&job(1), &plain);
    assert!(opened(&service.expect("a key"), &file).expect("its key") == plain);
}
