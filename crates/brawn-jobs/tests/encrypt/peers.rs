//! Others of the format: the age crate always, the `age` and `rage` commands where they are installed.

use std::fs;
use std::io::{Read as _, Write as _};
use std::iter;
use std::path::Path;
use std::process::Command;

use age::armor::{ArmoredReader, ArmoredWriter, Format};
use age::secrecy::{ExposeSecret as _, SecretString};
use age::x25519::Identity;
use age::{Decryptor, Encryptor, scrypt};
use brawn_jobs::decrypt::{self, DecryptJob};
use brawn_jobs::encrypt::{self, EncryptJob, Passphrase};

use super::{CHUNK, noise, opened, sealed, to, with};

/// Around the ends of chunks and of blocks of 32 chunks.
const SIZES: [usize; 10] = [
    0,
    1,
    47,
    CHUNK - 1,
    CHUNK,
    CHUNK + 1,
    32 * CHUNK - 1,
    32 * CHUNK,
    32 * CHUNK + 1,
    97 * CHUNK + 5,
];

#[test]
fn the_age_crate_reads_what_is_written() {
    let (one, two) = (Identity::generate(), Identity::generate());
    for (len, armor) in SIZES.iter().flat_map(|len| [(*len, false), (*len, true)]) {
        let plain = noise(len);
        let file = sealed(&to(&[&one, &two], armor), &plain);
        for key in [&one, &two] {
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
    let key = Identity::generate();
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
    let key = Identity::generate();
    let recipient = key.to_public();
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
    let quick = EncryptJob::with_recipients(
        encrypt::Options::default(),
        vec![Box::new(scrypt_recipient("a horse"))],
    )
    .expect("a recipient");
    let file = sealed(&quick, b"plain");
    let identity = scrypt::Identity::new(SecretString::from("a horse".to_owned()));
    let read = age::decrypt(&identity, &file).expect("the age crate reads it");
    assert_eq!(read, b"plain");
    let horse = DecryptJob::new(options("a horse")).expect("a passphrase");
    assert_eq!(opened(&horse, &file).expect("the passphrase"), b"plain");
    let file = age::encrypt(&scrypt_recipient("a horse"), b"plain").expect("the age crate writes");
    assert_eq!(opened(&horse, &file).expect("the passphrase"), b"plain");
    let mule = DecryptJob::new(options("a mule")).expect("a passphrase");
    let error = opened(&mule, &file).expect_err("another passphrase");
    assert_eq!(error.to_string(), "the passphrase does not match that of the file");
    let key = with(&Identity::generate());
    let error = opened(&key, &file).expect_err("no passphrase");
    assert!(error.to_string().contains("encrypted with a passphrase"), "{error}");
}

/// The output of a tool; nothing where it is not installed.
fn tool(name: &str, arguments: &[&str]) -> Option<Vec<u8>> {
    let Ok(done) = Command::new(name).args(arguments).output() else {
        println!("skipped: no {name} here");
        return None;
    };
    let stderr = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{name} {arguments:?}: {stderr}");
    Some(done.stdout)
}

fn text(path: &Path) -> &str {
    path.to_str().expect("test paths are UTF-8")
}

#[test]
fn the_commands_read_and_write_the_same_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let key = Identity::generate();
    let (keys, plain, file) =
        (folder.path().join("keys"), folder.path().join("plain"), folder.path().join("file.age"));
    fs::write(&keys, key.to_string().expose_secret()).expect("written");
    let recipient = key.to_public().to_string();
    for name in ["age", "rage"] {
        for len in [0, 5, CHUNK, 33 * CHUNK + 7] {
            let bytes = noise(len);
            fs::write(&plain, &bytes).expect("written");
            for armor in [false, true] {
                fs::write(&file, sealed(&to(&[&key], armor), &bytes)).expect("written");
                let Some(read) = tool(name, &["-d", "-i", text(&keys), text(&file)]) else { break };
                assert!(read == bytes, "{name} read {len} bytes");
                let armored: &[&str] = if armor { &["-a"] } else { &[] };
                let arguments = [armored, &["-r", &recipient, text(&plain)]].concat();
                let Some(written) = tool(name, &arguments) else { break };
                assert!(opened(&with(&key), &written).expect(name) == bytes, "{len} of {name}");
            }
        }
    }
}
