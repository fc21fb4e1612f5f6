//! The vectors of C2SP's CCTV, `age/testdata`: every failure for its own reason.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use brawn_core::{Error, ErrorKind};
use brawn_jobs::decrypt::{DecryptJob, Options};
use brawn_jobs::encrypt::Passphrase;
use sha2::{Digest as _, Sha256};

use super::opened;

struct Vector {
    name: String,
    fields: Vec<(String, String)>,
    file: Vec<u8>,
}

impl Vector {
    fn read(path: &PathBuf) -> Vector {
        let bytes = fs::read(path).expect("readable");
        let end = bytes.windows(2).position(|two| two == b"\n\n").expect("an empty line");
        let text = std::str::from_utf8(&bytes[..end]).expect("fields are text");
        let fields: Vec<(String, String)> = text
            .lines()
            .map(|line| line.split_once(": ").expect("a name and a value"))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let mut vector = Vector {
            name: path.file_name().expect("a file").to_string_lossy().into_owned(),
            fields,
            file: bytes[end + 2..].to_vec(),
        };
        if vector.all("compressed").next().is_some() {
            let mut plain = vec![0; 32 << 20];
            let len = libdeflater::Decompressor::new()
                .zlib_decompress(&vector.file, &mut plain)
                .expect("zlib");
            plain.truncate(len);
            vector.file = plain;
        }
        vector
    }

    fn all<'a>(&'a self, field: &'a str) -> impl Iterator<Item = &'a str> {
        self.fields.iter().filter(move |(name, _)| name == field).map(|(_, value)| value.as_str())
    }

    fn job(&self) -> Result<DecryptJob, Error> {
        let folder = tempfile::tempdir().expect("a folder");
        let mut options = Options::default();
        let keys: Vec<&str> = self.all("identity").collect();
        if !keys.is_empty() {
            let path = folder.path().join("keys");
            fs::write(&path, keys.join("\n")).expect("written");
            options.identity_file.push(path.to_string_lossy().into_owned());
        }
        // The one with two of them has a header that neither may open.
        let mut passphrases = self.all("passphrase").map(|text| Passphrase::new(text.to_owned()));
        options.passphrase = passphrases.next().map(|passphrase| passphrase.expect("not empty"));
        if keys.is_empty() && options.passphrase.is_none() {
            // Nobody's: any key will do.
            return DecryptJob::with_identities(options, vec![Box::new(super::key())]);
        }
        DecryptJob::new(options)
    }
}

/// The word of the test kit for what brawn says.
fn reason(error: &Error) -> &'static str {
    let text = error.to_string();
    let reasons = [
        ("the header is ", "header failure"),
        ("the header asks for ", "header failure"),
        ("the HMAC of the header ", "HMAC failure"),
        ("no identity matched", "no match"),
        ("the passphrase does not match", "no match"),
        ("the payload is damaged", "payload failure"),
        ("the armor is damaged", "armor failure"),
    ];
    let found = reasons.iter().find(|(start, _)| text.starts_with(start));
    found.map_or("no reason of the format", |(_, reason)| reason)
}

#[test]
fn every_vector_of_the_test_kit() {
    let Some(inputs) = std::env::var_os("BRAWN_INPUTS") else {
        println!("skipped: no BRAWN_INPUTS, no test kit");
        return;
    };
    let folder = PathBuf::from(inputs).join("kat/age-testkit");
    let mut wrong = Vec::new();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("the test kit") {
        let vector = Vector::read(&entry.expect("an entry").path());
        let wanted = vector.all("expect").next().expect("what is expected").to_owned();
        let is_hybrid = vector.all("identity").any(|key| key.starts_with("AGE-SECRET-KEY-PQ-"));
        let job = match vector.job() {
            Ok(job) => job,
            // There are no post-quantum identities: that is said, and nothing else happens.
            Err(error) if is_hybrid => {
                assert_eq!(error.kind(), ErrorKind::Unsupported, "{}: {error}", vector.name);
                assert!(error.to_string().contains("post-quantum"), "{error}");
                *counts.entry("unsupported".to_owned()).or_default() += 1;
                continue;
            }
            Err(error) => panic!("{}: {error}", vector.name),
        };
        let got = match opened(&job, &vector.file) {
            Ok(plain) => {
                let sum: String =
                    Sha256::digest(&plain).iter().map(|byte| format!("{byte:02x}")).collect();
                assert_eq!(vector.all("payload").next(), Some(sum.as_str()), "{}", vector.name);
                "success"
            }
            Err(error) => reason(&error),
        };
        // Armor is told by how it begins: with anything else in front of it, it is no age file at all.
        let is_told = vector.file.trim_ascii_start().starts_with(b"-----");
        let is_untold = vector.all("armored").next().is_some() && !is_told;
        let is_right = got == wanted || (is_untold && got == "header failure");
        if !is_right {
            wrong.push(format!("{}: {got}, not {wanted}", vector.name));
        }
        *counts.entry(wanted).or_default() += 1;
    }
    println!("{counts:?}");
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(counts.values().sum::<usize>(), 143);
}
