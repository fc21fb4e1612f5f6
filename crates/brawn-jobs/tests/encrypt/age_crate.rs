//! The age crate, which is there with the feature `ssh`: what one writes the other reads.

use std::io::{Read as _, Write as _};
use std::iter;

use age::armor::{ArmoredReader, ArmoredWriter, Format};
use age::secrecy::SecretString;
use age::{Decryptor, Encryptor, scrypt};
use brawn_jobs::decrypt::{self, DecryptJob};
use brawn_jobs::encrypt::x25519::Identity;
use brawn_jobs::encrypt::{self, EncryptJob, Passphrase};

use super::peers::SIZES;
use super::{key, noise, opened, public, sealed, secret, service_key, to, with};

fn of_the_crate(key: &Identity) -> age::x25519::Identity {
    secret(key).parse().expect("the age crate reads it")
}

#[test]
fn the_age_crate_reads_what_is_written() {
    let (one, two) = (key(), key());
    for (len, armor) in SIZES.iter().flat_map(|len| [(*len, false), (*len, true)]) {
        let plain = noise(len);
        let file = sealed(&to(&[&one, &two], armor), &plain);
        for key in [&one, &two] {
            let key = &of_the_crate(key);
            let decryptor = Decryptor::new(ArmoredReader::new(&file[..])).expect("a header");
            let mut reader = decryptor.decrypt(iter::once(key as _)).expect("its key");
            let mut read = Vec::new();
            reader.read_to_end(&mut read).expect("authentic");
            assert!(read == plain, "{len} bytes, armor: {armor}");
        }
        assert!(opened(&with(&two), &file).expect("its own") == plain, "{len} bytes");
    }
}

#[test]
fn armor_is_that_of_the_age_crate() {
    let key = key();
    for len in 0..150 {
        let plain = noise(len);
        let armored = sealed(&to(&[&key], true), &plain);
        let mut bytes = Vec::new();
        ArmoredReader::new(&armored[..]).read_to_end(&mut bytes).expect("armor");
        let mut again = ArmoredWriter::wrap_output(Vec::new(), Format::AsciiArmor).expect("memory");
        again.write_all(&bytes).expect("memory");
        assert_eq!(again.finish().expect("memory"), armored, "{len} bytes");
    }
}

#[test]
fn what_the_age_crate_writes_is_read() {
    let key = key();
    let recipient: age::x25519::Recipient = public(&key).parse().expect("the age crate reads it");
    for (len, format) in
        SIZES.iter().flat_map(|len| [(*len, Format::Binary), (*len, Format::AsciiArmor)])
    {
        let plain = noise(len);
        let encryptor = Encryptor::with_recipients(iter::once(&recipient as _)).expect("one");
        let out = ArmoredWriter::wrap_output(Vec::new(), format).expect("memory");
        let mut writer = encryptor.wrap_output(out).expect("memory");
        writer.write_all(&plain).expect("memory");
        let file = writer.finish().and_then(ArmoredWriter::finish).expect("memory");
        assert!(opened(&with(&key), &file).expect("its key") == plain, "{len} bytes");
    }
}

fn scrypt_recipient(text: &str) -> scrypt::Recipient {
    let mut recipient = scrypt::Recipient::new(SecretString::from(text.to_owned()));
    recipient.set_work_factor(10);
    recipient
}

#[test]
fn passphrases_go_both_ways() {
    let options = |text: &str| decrypt::Options {
        passphrase: Some(Passphrase::new(text.to_owned()).expect("not empty")),
        ..decrypt::Options::default()
    };
    let passphrase = Passphrase::new("a horse".to_owned()).ok();
    let to = encrypt::Options { passphrase, ..encrypt::Options::default() };
    let file = sealed(&EncryptJob::new(to).expect("a passphrase"), b"plain");
    let identity = scrypt::Identity::new(SecretString::from("a horse".to_owned()));
    let read = age::decrypt(&identity, &file).expect("the age crate reads it");
    assert_eq!(read, b"plain");
    let horse = DecryptJob::new(options("a horse")).expect("a passphrase");
    assert_eq!(opened(&horse, &file).expect("the passphrase"), b"plain");
    let file = age::encrypt(&scrypt_recipient("a horse"), b"plain").expect("the age crate writes");
    assert_eq!(opened(&horse, &file).expect("the passphrase"), b"plain");
}

#[test]
fn the_crate_passes_over_a_key_service() {
    let key = key();
    let options =
        encrypt::Options { recipients: vec![public(&key)], ..encrypt::Options::default() };
    let job = EncryptJob::with_recipients(options, vec![Box::new(service_key("a"))]);
    let file = sealed(&job.expect("recipients"), b"plain");
    assert_eq!(age::decrypt(&of_the_crate(&key), &file).expect("its key"), b"plain");
}
