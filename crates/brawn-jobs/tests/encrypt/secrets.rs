//! Keys: where they come from, what does not fit, and that none of them is shown.

use std::fs;
use std::sync::Arc;

use brawn_core::{Error, ErrorKind, Head, Job};
use brawn_jobs::Recipe;
use brawn_jobs::decrypt::{self, DecryptJob};
use brawn_jobs::encrypt::secrecy::ExposeSecret as _;
use brawn_jobs::encrypt::secrecy::zeroize::Zeroizing;
use brawn_jobs::encrypt::{self, EncryptJob, KeyPair, KeyService, Passphrase, ServiceKey};
use serde_json::json;

use super::{key, opened, public, sealed, secret, service_key, to, with};

/// The error that options end with.
fn refusal(recipe: serde_json::Value) -> Error {
    let job = Recipe::from_json(&recipe).and_then(Recipe::into_job);
    job.err().unwrap_or_else(|| panic!("{recipe} is refused"))
}

#[test]
fn a_generated_key_works_and_is_read_from_its_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("key.txt");
    let pair = KeyPair::generate().expect("random bytes");
    let text = pair.file("2026-11-27T12:00:00Z");
    let lines: Vec<&str> = text.expose_secret().lines().collect();
    assert_eq!(lines[0], "# created: 2026-11-27T12:00:00Z");
    assert_eq!(lines[1], format!("# public key: {}", pair.recipient()));
    assert!(lines[2].starts_with("AGE-SECRET-KEY-1") && lines.len() == 3);
    fs::write(&path, text.expose_secret()).expect("written");
    let path = path.to_str().expect("UTF-8");
    assert_eq!(encrypt::recipients_of(path).expect("a key"), [pair.recipient()]);
    let listed = folder.path().join("recipients.txt");
    fs::write(&listed, format!("# us\n\n{}\n", pair.recipient())).expect("written");
    let job = Recipe::from_json(&json!({
        "job": "encrypt", "recipients_file": listed.to_str().expect("UTF-8"), "armor": true,
    }));
    let job = job.and_then(Recipe::into_job).expect("a recipe");
    let file = super::run(&*job, "a", b"plain").expect("encrypted");
    assert!(file.starts_with(b"-----BEGIN AGE ENCRYPTED FILE-----\n"));
    let job = Recipe::from_json(&json!({"job": "decrypt", "identity_file": path}));
    let job = job.and_then(Recipe::into_job).expect("a recipe");
    assert_eq!(super::run(&*job, "a.age", &file).expect("its key"), b"plain");
    let shown = format!("{pair:?}");
    assert!(!shown.contains("SECRET"), "{shown}");
}

#[test]
fn keys_of_others_do_not_fit() {
    let (mine, other) = (key(), key());
    let file = sealed(&to(&[&mine], false), b"plain");
    let error = opened(&with(&other), &file).expect_err("another key");
    assert_eq!(error.to_string(), "no identity matched any of the recipients");
    assert!(error.is_rejection());
}

#[test]
fn what_is_no_recipient_is_refused_and_a_secret_is_not_shown() {
    let secret = secret(&key());
    let secret = secret.as_str();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("recipients");
    fs::write(&path, format!("# one\n{secret}\n")).expect("written");
    let path = path.to_str().expect("UTF-8");
    for (recipe, kind, part) in [
        (json!({"job": "encrypt"}), ErrorKind::InvalidOptions, "no recipient is given"),
        (json!({"job": "decrypt"}), ErrorKind::InvalidOptions, "no identity is given"),
        (
            json!({"job": "encrypt", "recipients": secret}),
            ErrorKind::InvalidOptions,
            "a secret key",
        ),
        (
            json!({"job": "encrypt", "recipients": secret.to_lowercase()}),
            ErrorKind::InvalidOptions,
            "a secret key",
        ),
        (json!({"job": "encrypt", "recipients_file": path}), ErrorKind::InvalidOptions, "line 2"),
        (json!({"job": "encrypt", "recipients": "me"}), ErrorKind::InvalidOptions, "`me` is not"),
        (
            json!({"job": "encrypt", "recipient": "age1pq1qqqq"}),
            ErrorKind::Unsupported,
            "post-quantum",
        ),
        (
            json!({"job": "encrypt", "recipient": "age1yubikey1qqqq"}),
            ErrorKind::Unsupported,
            "plugin",
        ),
        (
            json!({"job": "decrypt", "identity_file": "/nowhere/key.txt"}),
            ErrorKind::InvalidOptions,
            "cannot read `/nowhere/key.txt`",
        ),
        (
            json!({"job": "decrypt", "identity_env": "BRAWN_TEST_NO_SUCH_KEY"}),
            ErrorKind::InvalidOptions,
            "is not set",
        ),
        (
            json!({"job": "decrypt", "passphrase_env": "BRAWN_TEST_NO_SUCH_KEY"}),
            ErrorKind::InvalidOptions,
            "is not set",
        ),
        (
            json!({"job": "encrypt", "passphrase": "horse"}),
            ErrorKind::InvalidOptions,
            "unknown field `passphrase`",
        ),
        (
            json!({"job": "decrypt", "identity_file": path, "max_work_factor": 31}),
            ErrorKind::InvalidOptions,
            "takes 1 to 30",
        ),
    ] {
        let error = refusal(recipe);
        let text = format!("{} {:?} {error:?}", error.chain(), error.hint());
        assert!(error.chain().contains(part), "{part}: {text}");
        assert_eq!(error.kind(), kind, "{text}");
        assert!(!text.to_lowercase().contains(&secret.to_lowercase()), "{text}");
    }
    // A file of keys with a flaw: the line is named by its number.
    let keys = folder.path().join("keys");
    fs::write(&keys, format!("{secret}\n{}\n", &secret[..70])).expect("written");
    let error = refusal(json!({"job": "decrypt", "identity_file": keys.to_str()}));
    let text = error.chain();
    assert!(text.contains("line 2") && !text.contains("AGE-SECRET"), "{text}");
}

#[test]
fn a_passphrase_is_in_no_recipe_and_no_log() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("passphrase");
    fs::write(&path, "correct horse\r\n").expect("written");
    let path = path.to_str().expect("UTF-8").to_owned();
    let passphrase = Passphrase::new("correct horse".to_owned()).expect("not empty");
    let options =
        encrypt::Options { passphrase: Some(passphrase.clone()), ..encrypt::Options::default() };
    let job = EncryptJob::new(options.clone()).expect("a recipient");
    let shown = format!("{options:?} {job:?} {}", Recipe::Encrypt(options.clone()).to_json());
    assert!(!shown.contains("horse"), "{shown}");
    let both = encrypt::Options { passphrase_file: Some(path.clone()), ..options.clone() };
    assert!(EncryptJob::new(both).is_err(), "one way to give it");
    let recipients = vec![public(&key())];
    let error =
        EncryptJob::new(encrypt::Options { recipients, ..options }).expect_err("it is alone");
    assert!(error.to_string().contains("a passphrase and other recipients"), "{error}");
    // As brawn itself encrypts, and read by the file.
    let file = sealed(&job, b"plain");
    let options = decrypt::Options { passphrase_file: Some(path), ..decrypt::Options::default() };
    let job = DecryptJob::new(options.clone()).expect("a passphrase");
    assert_eq!(opened(&job, &file).expect("the passphrase"), b"plain");
    let plan = |job: &DecryptJob| {
        job.plan(&Head { name: "a.age", bytes: &file, size: Some(file.len() as u64) })
    };
    match plan(&job).expect("a plan") {
        brawn_core::Planning::Ready(plan) => assert_eq!(plan.peak_memory, 256 << 20),
        other => panic!("{other:?}"),
    }
    let careful = DecryptJob::new(decrypt::Options { max_work_factor: Some(17), ..options });
    let error = plan(&careful.expect("a passphrase")).expect_err("too much work");
    assert_eq!(error.kind(), ErrorKind::LimitExceeded);
    assert!(Passphrase::new(String::new()).is_err());
}

#[test]
fn a_file_of_keys_may_have_a_passphrase() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("key.age");
    let key = key();
    let text = format!("# mine\n{}\n", secret(&key));
    let file = sealed(&to(&[&key], false), b"plain");
    for armor in [false, true] {
        let passphrase = Passphrase::new("horse".to_owned()).ok();
        let to = encrypt::Options { passphrase, armor, ..encrypt::Options::default() };
        let job = EncryptJob::new(to).expect("a passphrase");
        fs::write(&path, sealed(&job, text.as_bytes())).expect("written");
        let options = |passphrase: Option<&str>| decrypt::Options {
            identity_file: vec![path.to_string_lossy().into_owned()],
            passphrase: passphrase.map(|text| Passphrase::new(text.to_owned()).expect("some")),
            ..decrypt::Options::default()
        };
        let job = DecryptJob::new(options(Some("horse"))).expect("its passphrase");
        assert_eq!(opened(&job, &file).expect("its key"), b"plain");
        let error = DecryptJob::new(options(Some("mule"))).expect_err("another passphrase");
        assert!(error.to_string().contains("does not match"), "{error}");
        let error = DecryptJob::new(options(None)).expect_err("no passphrase");
        assert!(error.to_string().ends_with("is encrypted with a passphrase"), "{error}");
    }
}

#[test]
fn a_key_service_is_a_recipient_beside_others() {
    struct Down;
    impl KeyService for Down {
        fn wrap(&self, _: &[u8]) -> Result<Vec<u8>, Error> {
            Err(Error::new(ErrorKind::Unavailable, "the service does not answer"))
        }

        fn unwrap(&self, _: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
            Err(Error::new(ErrorKind::Unavailable, "the service does not answer"))
        }
    }
    let id = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd";
    let key = key();
    let options =
        encrypt::Options { recipients: vec![public(&key)], ..encrypt::Options::default() };
    let job = EncryptJob::with_recipients(options, vec![Box::new(service_key(id))]);
    let file = sealed(&job.expect("recipients"), b"plain");
    let line = format!("-> brawn-kms {id}\n");
    assert!(file.windows(line.len()).any(|text| text == line.as_bytes()));
    let service = |key: ServiceKey| {
        DecryptJob::with_identities(decrypt::Options::default(), vec![Box::new(key)])
            .expect("a key")
    };
    assert_eq!(opened(&service(service_key(id)), &file).expect("the service"), b"plain");
    assert_eq!(opened(&with(&key), &file).expect("the key beside it"), b"plain");
    let error = opened(&service(service_key("another")), &file).expect_err("another key");
    assert!(error.to_string().starts_with("no identity matched"), "{error}");
    // What the service says comes out as it went in.
    let down = ServiceKey::new(id, Arc::new(Down)).expect("an id");
    let error = opened(&service(down.clone()), &file).expect_err("it is down");
    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Unavailable, true));
    let job = EncryptJob::with_recipients(encrypt::Options::default(), vec![Box::new(down)]);
    let error = super::run(&job.expect("a recipient"), "a", b"plain").expect_err("it is down");
    assert_eq!(error.to_string(), "the service does not answer");
    assert!(ServiceKey::new("two words", Arc::new(Down)).is_err());
}

#[test]
fn names_get_the_suffix_and_lose_it() {
    let key = key();
    let file = sealed(&to(&[&key], false), b"plain");
    let head = |name| Head { name, bytes: &file, size: Some(file.len() as u64) };
    assert!(to(&[&key], false).plan(&head("a.age")).expect_err("it has it").is_rejection());
    let error = with(&key).plan(&head("a.bin")).expect_err("it has it not");
    assert!(error.is_rejection() && error.hint().is_some(), "{error}");
    let any = decrypt::Options { any_name: true, ..decrypt::Options::default() };
    let any = DecryptJob::with_identities(any, vec![Box::new(key)]).expect("a key");
    assert_eq!(super::run(&any, "stdin", &file).expect("its key"), b"plain");
}
