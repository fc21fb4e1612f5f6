//! SSH keys as `ssh-keygen` makes them, and `age` uses them.

use std::fs;
use std::process::Command;

use brawn_core::ErrorKind;
use brawn_jobs::decrypt::{self, DecryptJob};
use brawn_jobs::encrypt::{self, EncryptJob, Passphrase};

use super::{opened, sealed};

#[test]
fn keys_of_ssh_keygen_go_both_ways() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    for (kind, bits, passphrase) in
        [("ed25519", "256", ""), ("rsa", "2048", ""), ("ed25519", "256", "horse")]
    {
        let key = path(&format!("{kind}{passphrase}"));
        let made = Command::new("ssh-keygen")
            .args(["-q", "-t", kind, "-b", bits, "-N", passphrase, "-a", "4", "-f", &key])
            .output();
        let Ok(made) = made else {
            println!("skipped: no ssh-keygen here");
            return;
        };
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let public = fs::read_to_string(format!("{key}.pub")).expect("a public key");
        let options = encrypt::Options {
            recipients: vec![public.trim().to_owned()],
            ..encrypt::Options::default()
        };
        let file = sealed(&EncryptJob::new(options).expect("a recipient"), b"plain");
        let options =
            decrypt::Options { identity_file: vec![key.clone()], ..decrypt::Options::default() };
        if !passphrase.is_empty() {
            let error = DecryptJob::new(options.clone()).expect_err("it has a passphrase");
            assert!(error.to_string().ends_with("has a passphrase"), "{error}");
        }
        let typed = |text: &str| decrypt::Options {
            passphrase: (!text.is_empty())
                .then(|| Passphrase::new(text.to_owned()).expect("not empty")),
            ..options.clone()
        };
        let job = DecryptJob::new(typed(passphrase)).expect("a key");
        assert_eq!(opened(&job, &file).expect("its key"), b"plain", "{kind}");
        if !passphrase.is_empty() {
            let error = DecryptJob::new(typed("mule")).expect_err("another passphrase");
            assert!(error.to_string().contains("does not open"), "{error}");
            continue;
        }
        let (input, output) = (path("in"), path("out.age"));
        fs::write(&input, &file).expect("written");
        let Ok(read) = Command::new("age").args(["-d", "-i", &key, &input]).output() else {
            println!("skipped: no age here");
            continue;
        };
        assert_eq!(read.stdout, b"plain", "{}", String::from_utf8_lossy(&read.stderr));
        fs::write(&input, "of age").expect("written");
        let public = format!("{key}.pub");
        let wrote = Command::new("age").args(["-R", &public, "-o", &output, &input]).status();
        assert!(wrote.expect("age is there").success());
        let file = fs::read(&output).expect("written");
        assert_eq!(opened(&job, &file).expect("its key"), b"of age", "{kind}");
    }
}

#[test]
fn what_is_no_key_of_ssh_is_refused() {
    let recipient = |text: &str| {
        let recipients = vec![text.to_owned()];
        let options = encrypt::Options { recipients, ..encrypt::Options::default() };
        EncryptJob::new(options).expect_err(text).kind()
    };
    assert_eq!(recipient("ssh-rsa AAAA"), ErrorKind::InvalidOptions);
    assert_eq!(recipient("ssh-ed25519 nonsense"), ErrorKind::InvalidOptions);
}
