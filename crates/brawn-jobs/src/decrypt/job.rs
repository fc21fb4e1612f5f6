//! The job: chunks are opened side by side and written in order.

use std::fmt;
use std::io::Read;
use std::sync::atomic::{AtomicU64, Ordering};

use brawn_core::blocks::{self, Block, Spare};
use brawn_core::{
    Budget, ByteSize, Error, Head, Job, Plan, PlannedOutput, Planning, Pool, Result, Sink, Source,
    Tally,
};

use super::Options;
use super::identities::{self, AnyIdentity};
use crate::encrypt::{
    Blocks, CHUNK, CHUNKS, Counted, Header, Identity, NONCE, PayloadKey, SEALED, SUFFIX, dearmored,
    in_flight, malformed, maybe_armored, memory, on_pool, work_factor,
};

/// The memory of one block in flight: itself, and what it becomes.
const FOR_ONE: u64 = (CHUNKS * (CHUNK + SEALED)) as u64;
/// The block by which the end is known.
const BESIDE: u64 = (CHUNKS * SEALED) as u64;

/// Decrypts an object in the age format.
pub struct DecryptJob {
    identities: Vec<AnyIdentity>,
    max_work_factor: u8,
    any_name: bool,
}

impl DecryptJob {
    /// The job for `options`. Files and variables that they name are read now, and one that is encrypted itself is decrypted.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidOptions`](brawn_core::ErrorKind::InvalidOptions) where they name no key, or one that is none.
    pub fn new(options: Options) -> Result<DecryptJob> {
        DecryptJob::with_identities(options, Vec::new())
    }

    /// The same, with `more` keys: those of a [`KeyService`](crate::encrypt::KeyService), or any that implements the trait.
    ///
    /// # Errors
    /// As [`new`](DecryptJob::new).
    pub fn with_identities(options: Options, more: Vec<AnyIdentity>) -> Result<DecryptJob> {
        options.validate()?;
        let mut identities = more;
        identities.extend(identities::named_by(&options)?);
        if identities.is_empty() {
            return Err(Error::invalid_options("no identity is given: with which key?")
                .with_hint("give a file of keys, `identity_file`, or a passphrase"));
        }
        let max_work_factor = options.max_work_factor();
        Ok(DecryptJob { identities, max_work_factor, any_name: options.any_name })
    }

    fn output<'a>(&self, name: &'a str) -> Result<&'a str> {
        match name.strip_suffix(SUFFIX) {
            Some(plain) if !plain.is_empty() && !plain.ends_with('/') => Ok(plain),
            _ if self.any_name => Ok(name),
            _ => Err(Error::invalid_input(format!("its name does not end with `{SUFFIX}`"))
                .with_hint("say what the output is called, or write it to stdout")),
        }
    }
}

/// The memory that deriving the key of `header` takes: nothing where it has no passphrase.
///
/// # Errors
/// [`ErrorKind::LimitExceeded`](brawn_core::ErrorKind::LimitExceeded) where it is more work than `most`.
pub(super) fn bounded(header: &Header, most: u8) -> Result<u64> {
    match work_factor(&header.stanzas)? {
        None => Ok(0),
        Some(factor) if factor > most => Err(Error::limit_exceeded(format!(
            "the header asks for 2^{factor} rounds of scrypt, allowed are 2^{most}"
        ))
        .with_hint("raise `max_work_factor` if you trust the file")),
        Some(factor) => Ok(memory(factor)),
    }
}

impl Job for DecryptJob {
    fn name(&self) -> &'static str {
        "decrypt"
    }

    fn streams(&self) -> bool {
        true
    }

    fn plan(&self, head: &Head<'_>) -> Result<Planning> {
        let name = self.output(head.name)?.to_owned();
        let (derivation, recipients) =
            match dearmored(head.bytes).and_then(|mut input| Header::read(&mut input)) {
                Ok(header) => (bounded(&header, self.max_work_factor)?, header.stanzas.len()),
                Err(error) if head.is_complete() => return Err(error),
                // A long header is told when it is read.
                Err(_) => (0, 0),
            };
        let size = (CHUNKS * SEALED) as u64;
        let count = head.size.map_or(u64::MAX, |bytes| bytes.div_ceil(size).max(1));
        let ahead = (blocks::ahead(Pool::expected_workers()) as u64).min(count);
        Ok(Planning::Ready(Plan {
            peak_memory: derivation.max(BESIDE + ahead * FOR_ONE),
            outputs: vec![PlannedOutput {
                name,
                content_type: "application/octet-stream",
                summary: "decrypted".to_owned(),
                aside: None,
            }],
            streaming: true,
            summary: match head.size {
                Some(size) => format!("age, {recipients} stanzas, {}", ByteSize(size)),
                None => format!("age, {recipients} stanzas, a stream"),
            },
        }))
    }

    fn run(&self, source: Source<'_>, sink: &mut dyn Sink, budget: &Budget) -> Result<Tally> {
        let name = self.output(source.name())?;
        let bytes_in = AtomicU64::new(0);
        let again = source.again(0);
        let (mut input, is_armored) = maybe_armored(Counted::new(source, &bytes_in, budget))?;
        let header = Header::read(&mut input)?;
        let key = {
            let _held = budget.reserve(bounded(&header, self.max_work_factor)?)?;
            let identities: Vec<&(dyn Identity + Sync)> =
                self.identities.iter().map(|identity| &**identity as _).collect();
            on_pool(budget, || identities::unwrap(&header, &identities, budget))?
        };
        header.verify(&key)?;
        let payload = PayloadKey::derive(&key, &nonce(&mut input)?)?;
        drop(key);
        let ahead = in_flight(budget, BESIDE, FOR_ONE);
        let _held = budget.reserve(BESIDE + ahead * FOR_ONE)?;
        let mut draft = sink.open(name, "application/octet-stream")?;
        let start = header.length + NONCE as u64;
        let (spare, opened) = (Spare::default(), Spare::default());
        let mut sealed = match again.and_then(|source| source.again(start)) {
            Some(payload) if !is_armored => {
                drop(input);
                let left = payload.left().unwrap_or_default();
                bytes_in.store(start + left, Ordering::Relaxed);
                Blocks::of_places(payload, SEALED)
            }
            _ => Blocks::of_reader(input, SEALED),
        };
        let nobody_waits = draft.never_waits() && sealed.never_wait();
        let read = || match sealed.next(&spare)? {
            Some((place, block)) if block.is_empty() => {
                debug_assert_eq!(place.first, 0);
                Err(Error::invalid_input("the payload is damaged: it has no chunk"))
            }
            block => Ok(block),
        };
        let compute = |(place, block): (_, Block<'_>)| {
            budget.check()?;
            let mut plain = opened.take();
            let len = block.len();
            block.with(&spare, |block| payload.open(place, block, start, &mut plain, budget))?;
            budget.advance(len as u64);
            Ok(plain)
        };
        let mut bytes_out = 0;
        let write = |plain: Vec<u8>| {
            draft.write(&plain)?;
            bytes_out += plain.len() as u64;
            opened.give_back(plain);
            Ok(())
        };
        let ahead = usize::try_from(ahead).unwrap_or(usize::MAX);
        blocks::in_order_by_workers(nobody_waits, budget, ahead, read, compute, write)?;
        draft.finish()?;
        Ok(Tally { bytes_in: bytes_in.load(Ordering::Relaxed), bytes_out, ..Tally::default() })
    }
}

/// The bytes between the header and the first chunk.
fn nonce(input: &mut impl Read) -> Result<[u8; NONCE]> {
    let mut nonce = Vec::new();
    blocks::fill(input, &mut nonce, NONCE)?;
    nonce.try_into().map_err(|_| malformed("it ends before the nonce of the payload"))
}

impl fmt::Debug for DecryptJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecryptJob")
            .field("identities", &self.identities.len())
            .field("max_work_factor", &self.max_work_factor)
            .finish_non_exhaustive()
    }
}
