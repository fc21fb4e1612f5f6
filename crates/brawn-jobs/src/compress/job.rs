//! The job: blocks are compressed side by side and written in order.

use brawn_core::blocks::{self, Block, Spare};
use brawn_core::{
    Budget, Error, Head, Job, Plan, PlannedOutput, Planning, Pool, Result, Sink, Source, Tally,
};

use super::seek_table::SeekTable;
use super::tool::{self, Tools};
use super::{Format, Options, bgzf, gzip, lz4};

/// Compresses an object.
#[derive(Clone, Debug)]
pub struct CompressJob {
    options: Options,
}

impl CompressJob {
    /// The job for `options`.
    ///
    /// # Errors
    /// As [`Options::validate`].
    pub fn new(options: Options) -> Result<CompressJob> {
        options.validate()?;
        Ok(CompressJob { options })
    }

    fn block(&self) -> u64 {
        self.options.format().block() as u64
    }

    /// The memory of one block in flight: itself and what it becomes.
    fn for_one(&self) -> u64 {
        // What cannot be compressed becomes a little longer, and lz4 wants a tenth.
        let more = if self.options.format() == Format::Lz4 { 8 } else { 64 };
        2 * self.block() + self.block() / more
    }

    /// The memory of `ahead` blocks in flight, of which no more than there are `workers` are compressed at once.
    fn memory(&self, ahead: u64, workers: usize) -> u64 {
        let tool = tool::memory(self.options.format(), self.options.level());
        ahead * self.for_one() + ahead.min(workers as u64) * tool
    }

    /// How many blocks in flight `workers` are kept busy with, and have the memory for.
    fn ahead(&self, workers: usize, memory: u64) -> u64 {
        let most = blocks::ahead(workers) as u64;
        (1..=most).rev().find(|ahead| self.memory(*ahead, workers) <= memory).unwrap_or(1)
    }

    fn output(&self, name: &str) -> String {
        format!("{name}{}", self.options.format().suffix())
    }
}

impl Job for CompressJob {
    fn name(&self) -> &'static str {
        "compress"
    }

    fn streams(&self) -> bool {
        true
    }

    fn plan(&self, head: &Head<'_>) -> Result<Planning> {
        let suffix = self.options.format().suffix();
        if head.name.ends_with(suffix) {
            return Err(Error::invalid_input(format!("it has the suffix `{suffix}` already"))
                .with_hint("leave it as it is, or rename it"));
        }
        let blocks = head.size.map_or(u64::MAX, |size| size.div_ceil(self.block()).max(1));
        let workers = Pool::expected_workers();
        let ahead = self.ahead(workers, u64::MAX).min(blocks);
        Ok(Planning::Ready(Plan {
            peak_memory: self.memory(ahead, workers),
            outputs: vec![PlannedOutput {
                name: self.output(head.name),
                content_type: self.options.format().content_type(),
                summary: format!("{} level {}", self.options.format(), self.options.level()),
                aside: None,
            }],
            streaming: true,
            summary: match head.size {
                Some(size) => brawn_core::ByteSize(size).to_string(),
                None => "a stream".to_owned(),
            },
        }))
    }

    fn run(&self, mut source: Source<'_>, sink: &mut dyn Sink, budget: &Budget) -> Result<Tally> {
        let ahead = self.ahead(budget.workers(), budget.memory().limit());
        let _held = budget.reserve(self.memory(ahead, budget.workers()))?;
        let format = self.options.format();
        let name = self.output(source.name());
        let mut draft = sink.open(&name, format.content_type())?;
        let (plain, packed) = (Spare::default(), Spare::default());
        let tools = Tools::new(&self.options);
        let (mut tally, mut table, mut blocks) = (Tally::default(), SeekTable::default(), 0);
        let mut content = lz4::Content::new();
        // The checksum of lz4 takes longer to read than others can wait for.
        let nobody_waits = format != Format::Lz4 && source.left().is_some() && draft.never_waits();
        let read = || {
            let block = match format {
                // The checksum of everything is computed in the order of everything.
                Format::Lz4 => {
                    let mut block = plain.take();
                    blocks::fill(&mut source, &mut block, format.block())?;
                    content.add(&block);
                    Some(Block::from(block)).filter(|block| !block.is_empty())
                }
                _ => source.block(format.block(), &plain)?,
            };
            let block = match block {
                Some(block) => block,
                // Nothing, compressed, is one empty frame; of gzip the empty member at the end.
                None if blocks == 0 && format == Format::Zstd => Block::from(Vec::new()),
                None => return Ok(None),
            };
            tally.bytes_in += block.len() as u64;
            blocks += 1;
            Ok(Some((blocks - 1, block)))
        };
        let compute = |(number, block): (u64, Block<'_>)| {
            budget.check()?;
            let mut out = packed.take();
            let len = block.len();
            block.with(&plain, |bytes| tools.compress(number, bytes, &mut out, budget))?;
            budget.advance(len as u64);
            Ok((out, len))
        };
        let mut bytes_out = 0;
        let mut write = |bytes: &[u8]| {
            bytes_out += bytes.len() as u64;
            draft.write(bytes)
        };
        if format == Format::Lz4 {
            write(&lz4::header())?;
        }
        let written = |(out, plain): (Vec<u8>, usize)| {
            write(&out)?;
            table.add(&out, plain);
            packed.give_back(out);
            Ok(())
        };
        let ahead = usize::try_from(ahead).unwrap_or(usize::MAX);
        blocks::in_order_by_workers(nobody_waits, budget, ahead, read, compute, written)?;
        let end = match format {
            Format::Zstd => table.frame(),
            Format::Gzip => {
                let mut end = Vec::new();
                let mut compressor = gzip::compressor(self.options.level())?;
                gzip::member(&mut compressor, blocks, &[], &mut end)?;
                end
            }
            Format::Bgzf => bgzf::END.to_vec(),
            Format::Lz4 => content.end(),
        };
        write(&end)?;
        draft.finish()?;
        tally.bytes_out = bytes_out;
        Ok(tally)
    }
}
