//! Others of the format: the `age` and `rage` commands where they are installed.

use std::fs;
use std::path::Path;
use std::process::Command;

use brawn_jobs::decrypt::{self, DecryptJob};
use brawn_jobs::encrypt::{self, EncryptJob, Passphrase};

use super::{CHUNK, key, noise, opened, public, sealed, secret, to, with};

/// Around the ends of chunks and of blocks of 32 chunks.
pub(super) const SIZES: [usize; 10] = [
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
fn sizes_around_the_ends_of_chunks_come_back() {
    let (one, two) = (key(), key());
    for (len, armor) in SIZES.iter().flat_map(|len| [(*len, false), (*len, true)]) {
        let plain = noise(len);
        let file = sealed(&to(&[&one, &two], armor), &plain);
        for key in [&one, &two] {
            assert!(opened(&with(key), &file).expect("its key") == plain, "{len} bytes");
        }
    }
}

#[test]
fn a_passphrase_opens_what_it_closed() {
    let passphrase = |text: &str| Passphrase::new(text.to_owned()).ok();
    let with_word = |text| {
        let options =
            decrypt::Options { passphrase: passphrase(text), ..decrypt::Options::default() };
        DecryptJob::new(options).expect("a passphrase")
    };
    let options =
        encrypt::Options { passphrase: passphrase("a horse"), ..encrypt::Options::default() };
    let file = sealed(&EncryptJob::new(options).expect("a passphrase"), b"plain");
    assert_eq!(opened(&with_word("a horse"), &file).expect("the passphrase"), b"plain");
    let error = opened(&with_word("a mule"), &file).expect_err("another passphrase");
    assert_eq!(error.to_string(), "the passphrase does not match that of the file");
    let error = opened(&with(&key()), &file).expect_err("no passphrase");
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
    let key = key();
    let (keys, plain, file) =
        (folder.path().join("keys"), folder.path().join("plain"), folder.path().join("file.age"));
    fs::write(&keys, secret(&key)).expect("written");
    let recipient = public(&key);
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
