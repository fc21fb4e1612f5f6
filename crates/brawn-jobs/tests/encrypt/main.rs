//! The encrypt and decrypt jobs: what others of the format read and write, and what nobody may.

#[cfg(feature = "ssh")]
mod age_crate;
mod damage;
mod peers;
mod secrets;
#[cfg(feature = "ssh")]
mod ssh;
mod testkit;

use std::num::NonZeroUsize;
use std::sync::Arc;

use brawn_core::{Budget, Error, Job, MemorySink, Pool, Source};
use brawn_jobs::decrypt::{self, DecryptJob};
use brawn_jobs::encrypt::secrecy::ExposeSecret as _;
use brawn_jobs::encrypt::secrecy::zeroize::Zeroizing;
use brawn_jobs::encrypt::x25519::Identity;
use brawn_jobs::encrypt::{self, EncryptJob, KeyService, ServiceKey};

/// Bytes of plain and of sealed chunks.
const CHUNK: usize = 64 << 10;
const SEALED: usize = CHUNK + 16;

/// What a job makes of `bytes` called `name`, on two threads.
fn run(job: &dyn Job, name: &str, mut bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let pool = Pool::new(NonZeroUsize::new(2).expect("not zero")).expect("threads");
    let mut sink = MemorySink::default();
    let budget = Budget::unlimited().on(&pool);
    let read = bytes.len() as u64;
    match job.run(Source::reader(name, &mut bytes), &mut sink, &budget) {
        Ok(tally) => {
            let output = sink.outputs.pop().expect("an output");
            assert_eq!((tally.bytes_in, tally.bytes_out), (read, output.bytes.len() as u64));
            Ok(output.bytes)
        }
        Err(error) => {
            assert!(sink.outputs.is_empty(), "a failed job leaves nothing");
            assert_eq!(budget.memory().used(), 0);
            Err(error)
        }
    }
}

fn sealed(job: &EncryptJob, bytes: &[u8]) -> Vec<u8> {
    run(job, "a", bytes).expect("encrypted")
}

fn opened(job: &DecryptJob, bytes: &[u8]) -> Result<Vec<u8>, Error> {
    run(job, "a.age", bytes)
}

/// A key that nobody had before.
fn key() -> Identity {
    Identity::generate().expect("random bytes")
}

/// Who it is for others.
fn public(key: &Identity) -> String {
    key.to_recipient().expect("a key").to_string()
}

/// A key as its file has it.
fn secret(key: &Identity) -> String {
    key.to_text().expect("a key").expose_secret().to_owned()
}

fn to(recipients: &[&Identity], armor: bool) -> EncryptJob {
    let recipients = recipients.iter().map(|key| public(key)).collect();
    EncryptJob::new(encrypt::Options { recipients, armor, ..encrypt::Options::default() })
        .expect("recipients")
}

fn with(identity: &Identity) -> DecryptJob {
    DecryptJob::with_identities(decrypt::Options::default(), vec![Box::new(identity.clone())])
        .expect("a key")
}

/// Bytes without a pattern.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 7_u64;
    let mut noise: Vec<u8> = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    })
    .take(len.div_ceil(8))
    .flatten()
    .collect();
    noise.truncate(len);
    noise
}

/// A key service for tests: it is no protection.
struct Double(u8);

impl KeyService for Double {
    fn wrap(&self, key: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(key.iter().map(|byte| byte ^ self.0).collect())
    }

    fn unwrap(&self, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        self.wrap(wrapped).map(Zeroizing::new)
    }
}

fn service_key(id: &str) -> ServiceKey {
    ServiceKey::new(id, Arc::new(Double(0x5a))).expect("an id")
}
