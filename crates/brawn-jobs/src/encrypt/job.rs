//! The job: chunks are sealed side by side and written in order.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use brawn_core::blocks::{self, Block, Spare};
use brawn_core::{
    Budget, ByteSize, Error, Head, Job, Plan, PlannedOutput, Planning, Pool, Result, Sink, Source,
    Tally,
};

use super::armor::Armor;
use super::blocks::{Blocks, Counted};
use super::format::{FileKey, KEY};
use super::header::header;
use super::on_pool::on_pool;
use super::passphrase::{self, WORK_FACTOR};
use super::payload::{CHUNK, CHUNKS, NONCE, PayloadKey, SEALED};
use super::recipients::{self, AnyRecipient};
use super::scrypt::Knower;
use super::wrapping::random;
use super::{Options, SUFFIX};

/// The memory of one block in flight: itself, and what it becomes.
const FOR_ONE: u64 = (CHUNKS * (CHUNK + SEALED)) as u64;
/// The block by which the end is known, and one as text.
const BESIDE: u64 = (CHUNKS * CHUNK) as u64;
const AS_TEXT: u64 = (CHUNKS * SEALED * 2) as u64;

/// Encrypts an object in the age format.
pub struct EncryptJob {
    recipients: Vec<AnyRecipient>,
    armor: bool,
    /// What deriving a key from a passphrase takes, where there is one.
    derivation: u64,
    known: Option<([u8; 16], [u8; NONCE])>,
}

impl EncryptJob {
    /// The job for `options`. Files and variables that they name are read now.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidOptions`](brawn_core::ErrorKind::InvalidOptions) where they name no recipient, or one that is none.
    pub fn new(options: Options) -> Result<EncryptJob> {
        EncryptJob::with_recipients(options, Vec::new())
    }

    /// The same, to `more` recipients: those of a [`KeyService`](super::KeyService), or any that implements the trait.
    ///
    /// # Errors
    /// As [`new`](EncryptJob::new).
    pub fn with_recipients(options: Options, more: Vec<AnyRecipient>) -> Result<EncryptJob> {
        let mut recipients = more;
        for text in &options.recipients {
            recipients.push(recipients::parse(text)?);
        }
        for path in &options.recipients_file {
            recipients.extend(recipients::file(path)?);
        }
        let passphrase = passphrase::named(
            options.passphrase.as_ref(),
            options.passphrase_env.as_deref(),
            options.passphrase_file.as_deref(),
        )?;
        let mut derivation = 0;
        if let Some(passphrase) = passphrase {
            if !recipients.is_empty() {
                return Err(Error::invalid_options("a passphrase and other recipients are given")
                    .with_hint("a passphrase stands alone in an age file"));
            }
            recipients.push(Box::new(Knower { passphrase, work_factor: WORK_FACTOR }));
            derivation = passphrase::memory(WORK_FACTOR);
        }
        if recipients.is_empty() {
            return Err(Error::invalid_options("no recipient is given: who is to read it?")
                .with_hint("give `recipient`, `recipients_file` or a passphrase"));
        }
        Ok(EncryptJob { recipients, armor: options.armor, derivation, known: None })
    }

    /// The same with a file key and a nonce that are known, and so the same payload for the same input. For tests alone: two
    /// payloads under one key and nonce give both away.
    #[doc(hidden)]
    #[must_use]
    pub fn with_known_key(mut self, key: [u8; 16], nonce: [u8; NONCE]) -> EncryptJob {
        self.known = Some((key, nonce));
        self
    }

    fn content_type(&self) -> &'static str {
        if self.armor { "text/plain" } else { "application/octet-stream" }
    }

    /// Memory apart from that of the blocks in flight.
    fn beside(&self) -> u64 {
        if self.armor { BESIDE + AS_TEXT } else { BESIDE }
    }

    fn secrets(&self) -> Result<(FileKey, [u8; NONCE])> {
        if let Some((known, nonce)) = self.known {
            let known = FileKey::try_new(|key: &mut [u8; KEY]| {
                *key = known;
                Ok::<_, Error>(())
            })?;
            return Ok((known, nonce));
        }
        let mut nonce = [0; NONCE];
        random(&mut nonce)?;
        Ok((FileKey::try_new(|key| random(key))?, nonce))
    }
}

impl Job for EncryptJob {
    fn name(&self) -> &'static str {
        "encrypt"
    }

    fn streams(&self) -> bool {
        true
    }

    fn plan(&self, head: &Head<'_>) -> Result<Planning> {
        if head.name.ends_with(SUFFIX) {
            return Err(Error::invalid_input(format!("it has the suffix `{SUFFIX}` already"))
                .with_hint("leave it as it is, or rename it"));
        }
        let size = (CHUNKS * CHUNK) as u64;
        let count = head.size.map_or(u64::MAX, |bytes| bytes.div_ceil(size).max(1));
        let ahead = (blocks::ahead(Pool::expected_workers()) as u64).min(count);
        Ok(Planning::Ready(Plan {
            peak_memory: self.derivation.max(self.beside() + ahead * FOR_ONE),
            outputs: vec![PlannedOutput {
                name: format!("{}{SUFFIX}", head.name),
                content_type: self.content_type(),
                summary: match self.recipients.len() {
                    1 => "age, 1 recipient".to_owned(),
                    more => format!("age, {more} recipients"),
                },
                aside: None,
            }],
            streaming: true,
            summary: match head.size {
                Some(size) => ByteSize(size).to_string(),
                None => "a stream".to_owned(),
            },
        }))
    }

    fn run(&self, source: Source<'_>, sink: &mut dyn Sink, budget: &Budget) -> Result<Tally> {
        let name = format!("{}{SUFFIX}", source.name());
        let (key, nonce) = self.secrets()?;
        let stanzas = {
            let _held = budget.reserve(self.derivation)?;
            on_pool(budget, || recipients::wrap(&self.recipients, &key))?
        };
        let payload = PayloadKey::derive(&key, &nonce)?;
        let ahead = super::in_flight(budget, self.beside(), FOR_ONE);
        let _held = budget.reserve(self.beside() + ahead * FOR_ONE)?;
        let mut draft = sink.open(&name, self.content_type())?;
        let never_waits = draft.never_waits();
        let mut armor = self.armor.then(Armor::default);
        let mut bytes_out = 0;
        let mut text = Vec::new();
        let mut write = |bytes: &[u8]| {
            let bytes = match &mut armor {
                Some(armor) => {
                    text.clear();
                    armor.write(bytes, &mut text);
                    text.as_slice()
                }
                None => bytes,
            };
            bytes_out += bytes.len() as u64;
            draft.write(bytes)
        };
        write(&header(&stanzas, &key)?)?;
        write(&nonce)?;
        let (spare, sealed, bytes_in) = (Spare::default(), Spare::default(), AtomicU64::new(0));
        let mut plain = match source.left() {
            Some(left) => {
                bytes_in.store(left, Ordering::Relaxed);
                Blocks::of_places(source, CHUNK)
            }
            None => Blocks::of_reader(Counted::new(source, &bytes_in, budget), CHUNK),
        };
        let nobody_waits = never_waits && plain.never_wait();
        let compute = |(place, block): (_, Block<'_>)| {
            budget.check()?;
            let mut out = sealed.take();
            let len = block.len();
            block.with(&spare, |block| payload.seal(place, block, &mut out, budget))?;
            budget.advance(len as u64);
            Ok(out)
        };
        let ahead = usize::try_from(ahead).unwrap_or(usize::MAX);
        let written = |out: Vec<u8>| {
            write(&out)?;
            sealed.give_back(out);
            Ok(())
        };
        let read = || plain.next(&spare);
        blocks::in_order_by_workers(nobody_waits, budget, ahead, read, compute, written)?;
        if let Some(armor) = armor {
            let mut end = Vec::new();
            armor.finish(&mut end);
            bytes_out += end.len() as u64;
            draft.write(&end)?;
        }
        draft.finish()?;
        Ok(Tally { bytes_in: bytes_in.load(Ordering::Relaxed), bytes_out, ..Tally::default() })
    }
}

impl fmt::Debug for EncryptJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncryptJob")
            .field("recipients", &self.recipients.len())
            .field("armor", &self.armor)
            .finish_non_exhaustive()
    }
}
