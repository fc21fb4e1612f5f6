//! The job: one pass, every algorithm beside the others, while the next block is read; BLAKE3 alone goes by its tree.

use brawn_core::blocks::{self, Block, Spare};
use brawn_core::{
    Budget, Head, Job, Output, Plan, PlannedOutput, Planning, Pool, Result, Sink, Source, Tally,
};
use rayon::prelude::*;

use super::parts::Checksum;
use super::sums::S3;
use super::{Algorithm, Options, line, tagged, tree};

/// A block is some 7 ms of MD5, the slowest.
const BLOCK: u64 = 4 << 20;
const SMALLEST: u64 = 64 << 10;

/// A file of this size at most is read by who computes it, in pieces that stay in the cache of his core. In a larger one the
/// next block is read meanwhile: that takes two buffers, whose first use is a tenth of the time that 4 MB of SHA-256 take.
const IN_PIECES: u64 = 16 << 20;
const PIECE: u64 = 128 << 10;

/// Computes the checksums of an object.
#[derive(Clone, Debug)]
pub struct HashJob {
    options: Options,
}

impl HashJob {
    /// The job for `options`.
    ///
    /// # Errors
    /// As [`Options::validate`].
    pub fn new(options: Options) -> Result<HashJob> {
        options.validate()?;
        Ok(HashJob { options })
    }

    fn checksums(&self) -> Vec<Checksum> {
        let part_size = self.options.part_size.map(|size| size.0);
        let of_parts = self.options.algorithm.iter().map(|name| Checksum::new(*name, part_size));
        let whole = self.options.whole.iter().map(|name| Checksum::new(*name, None));
        of_parts.chain(whole).collect()
    }

    fn is_tree(&self) -> bool {
        self.options.algorithm == [Algorithm::Blake3] && self.options.whole.is_empty()
    }

    /// Each checksum by its name, and how many bytes there are.
    fn sums(
        &self,
        source: &mut Source<'_>,
        budget: &Budget,
    ) -> Result<(Vec<(String, String)>, u64)> {
        if self.is_tree() {
            let block = tree::BLOCK as u64;
            let fit = budget.memory().limit() / block;
            let ahead = (blocks::ahead(budget.workers()) as u64).min(fit).max(1);
            let _held = budget.reserve((ahead * block).min(budget.memory().limit()))?;
            let ahead = usize::try_from(ahead).unwrap_or(usize::MAX);
            let (hash, bytes_in) = tree::hash(source, ahead, budget)?;
            let name = Algorithm::Blake3.name().to_owned();
            return Ok((vec![(name, hash.to_hex().to_string())], bytes_in));
        }
        let most = (budget.memory().limit() / 2).clamp(SMALLEST, BLOCK);
        let in_pieces = source.left().filter(|left| *left <= IN_PIECES);
        let block = if in_pieces.is_some() { most.min(PIECE) } else { most };
        let piece = usize::try_from(block).unwrap_or(usize::MAX);
        let _held = budget.reserve(2 * block)?;
        let mut checksums = self.checksums();
        let spare = Spare::default();
        let mut bytes_in = 0;
        let read = || {
            let block = match in_pieces {
                Some(all) => source.block(usize::try_from(all).unwrap_or(usize::MAX), &spare)?,
                None => {
                    let mut bytes = spare.take();
                    blocks::fill(source, &mut bytes, piece)?;
                    Some(Block::from(bytes)).filter(|block| !block.is_empty())
                }
            };
            bytes_in += block.as_ref().map_or(0, |block| block.len() as u64);
            Ok(block)
        };
        let mut update = |bytes: &[u8]| {
            budget.check()?;
            match checksums.as_mut_slice() {
                [only] => only.update(bytes),
                many if rayon::current_thread_index().is_some() => {
                    many.par_iter_mut().for_each(|sum| sum.update(bytes));
                }
                many => many.iter_mut().for_each(|sum| sum.update(bytes)),
            }
            budget.advance(bytes.len() as u64);
            Ok(())
        };
        blocks::in_turn(budget, read, |block: Block<'_>| block.pieces(piece, &spare, &mut update))?;
        Ok((checksums.into_iter().map(Checksum::finish).collect(), bytes_in))
    }

    fn file(&self, name: &str, fact: &str) -> String {
        format!("{name}.{}", fact.trim_start_matches(S3))
    }
}

impl Job for HashJob {
    fn name(&self) -> &'static str {
        "hash"
    }

    fn streams(&self) -> bool {
        true
    }

    fn plan(&self, head: &Head<'_>) -> Result<Planning> {
        let block = head.size.unwrap_or(BLOCK).clamp(SMALLEST, BLOCK);
        let names: Vec<String> = self.checksums().into_iter().map(|sum| sum.finish().0).collect();
        let outputs = names.iter().filter(|_| self.options.sums).map(|fact| PlannedOutput {
            name: self.file(head.name, fact),
            content_type: "text/plain; charset=utf-8",
            summary: fact.clone(),
            aside: None,
        });
        Ok(Planning::Ready(Plan {
            peak_memory: match self.is_tree() {
                true => tree::memory(Pool::expected_workers(), head.size).max(SMALLEST),
                false => 2 * block,
            },
            outputs: outputs.collect(),
            streaming: true,
            summary: names.join(", "),
        }))
    }

    fn run(&self, mut source: Source<'_>, sink: &mut dyn Sink, budget: &Budget) -> Result<Tally> {
        let name = source.name();
        let (sums, bytes_in) = self.sums(&mut source, budget)?;
        let mut tally = Tally { bytes_in, ..Tally::default() };
        for (fact, value) in sums.iter().filter(|_| self.options.sums) {
            let last = name.rsplit('/').next().unwrap_or(name);
            let text = match self.options.part_size {
                None => line(value, last),
                Some(_) => tagged(fact, value, last),
            };
            let bytes = (text + "\n").into_bytes();
            tally.bytes_out += bytes.len() as u64;
            sink.put(Output {
                name: self.file(name, fact),
                content_type: "text/plain; charset=utf-8",
                bytes,
            })?;
        }
        tally.facts = sums.into_iter().map(|(fact, value)| (fact, value.into())).collect();
        Ok(tally)
    }
}
