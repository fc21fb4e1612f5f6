//! What every brawn job promises, for encryption. Its own process, one job after the other: how soon a job stops is measured.

use std::sync::{Arc, Mutex, PoisonError};

use brawn_core::conformance::{Subject, check};
use brawn_core::{Budget, Error, Job, MemorySink, Source};
use brawn_jobs::decrypt::{self, DecryptJob};
use brawn_jobs::encrypt::secrecy::zeroize::Zeroizing;
use brawn_jobs::encrypt::x25519::Identity;
use brawn_jobs::encrypt::{self, EncryptJob, KeyService, ServiceKey};

const LARGE: usize = 48 << 20;

fn conforms(job: &dyn Job, name: &str, small: &[u8], large: &[u8]) {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    check(job, &Subject { name, small, large });
}

/// The same again every 4 MiB: no two chunks of a block are the same.
fn numbers(len: usize) -> Vec<u8> {
    let part: Vec<u8> = (0_u32..1 << 20).flat_map(u32::to_le_bytes).collect();
    part.repeat(len.div_ceil(part.len()))[..len].to_vec()
}

/// Gives keys back as they are, so that two runs write the same header.
struct Open;

impl KeyService for Open {
    fn wrap(&self, key: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(key.to_vec())
    }

    fn unwrap(&self, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        Ok(Zeroizing::new(wrapped.to_vec()))
    }
}

#[test]
fn encryption_conforms() {
    for armor in [false, true] {
        let key = ServiceKey::new("test", Arc::new(Open)).expect("an id");
        let options = encrypt::Options { armor, ..encrypt::Options::default() };
        let job = EncryptJob::with_recipients(options, vec![Box::new(key)]).expect("a recipient");
        let large = numbers(if armor { LARGE / 2 } else { LARGE });
        conforms(&job.with_known_key([7; 16], [9; 16]), "x/a.bin", &large[..70_000], &large);
    }
}

#[test]
fn decryption_conforms() {
    let key = Identity::generate().expect("random bytes");
    let encrypted = |len: usize, armor| {
        let recipients = vec![key.to_recipient().expect("a key").to_string()];
        let options = encrypt::Options { recipients, armor, ..encrypt::Options::default() };
        let job = EncryptJob::new(options).expect("a recipient");
        let (plain, mut sink) = (numbers(len), MemorySink::default());
        job.run(Source::bytes("a", &plain), &mut sink, &Budget::unlimited()).expect("encrypted");
        sink.outputs.pop().expect("an output").bytes
    };
    let identities: Vec<decrypt::AnyIdentity> = vec![Box::new(key.clone())];
    let job = DecryptJob::with_identities(decrypt::Options::default(), identities).expect("a key");
    for (armor, len) in [(false, LARGE), (true, 8 << 20)] {
        conforms(&job, "x/a.bin.age", &encrypted(70_000, armor), &encrypted(len, armor));
    }
}
