//! The job: blocks are compressed side by side and written in order.

use brawn_core::blocks::{self, Spare};
use brawn_core::{
    Budget, Error, Head, Job, Plan, PlannedOutput, Planning, Result, Sink, Source, Tally, Vcpus,
};

use super::seek_table::SeekTable;
use super::{Format, Options, bgzf, gzip, zstd_frame};

/// What libzstd holds to compress a frame of 4 MB, at the levels where it is more than a few MB.
const ZSTD_CONTEXT: u64 = 12 << 20;
const ZSTD_CONTEXT_HIGH: u64 = 60 << 20;
const DEFLATE_CONTEXT: u64 = 1 << 20;

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
        self.options.format.block() as u64
    }

    /// The memory of one block in flight: itself, what it becomes, and what compressing it takes.
    fn for_one(&self) -> u64 {
        let context = match (self.options.format, self.options.level()) {
            (Format::Zstd, 0..10) => ZSTD_CONTEXT,
            (Format::Zstd, _) => ZSTD_CONTEXT_HIGH,
            (Format::Gzip | Format::Bgzf, _) => DEFLATE_CONTEXT,
        };
        // What cannot be compressed becomes a little longer.
        2 * self.block() + self.block() / 64 + context
    }

    fn output(&self, name: &str) -> String {
        format!("{name}{}", self.options.format.suffix())
    }

    fn compress(
        &self,
        number: u64,
        block: &[u8],
        out: &mut Vec<u8>,
        budget: &Budget,
    ) -> Result<()> {
        let level = self.options.level();
        match self.options.format {
            Format::Zstd => zstd_frame::frame(level, block, out, budget),
            Format::Gzip => gzip::member(level, number, block, out),
            Format::Bgzf => bgzf::members(level, block, out, budget),
        }
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
        let suffix = self.options.format.suffix();
        if head.name.ends_with(suffix) {
            return Err(Error::invalid_input(format!("it has the suffix `{suffix}` already"))
                .with_hint("leave it as it is, or rename it"));
        }
        let blocks = head.size.map_or(u64::MAX, |size| size.div_ceil(self.block()).max(1));
        let ahead = (blocks::ahead(Vcpus::detect().workers.get()) as u64).min(blocks);
        Ok(Planning::Ready(Plan {
            peak_memory: ahead * self.for_one(),
            outputs: vec![PlannedOutput {
                name: self.output(head.name),
                content_type: self.options.format.content_type(),
                summary: format!("{} level {}", self.options.format, self.options.level()),
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
        let fit = budget.memory().limit() / self.for_one();
        let ahead = (blocks::ahead(budget.workers()) as u64).min(fit).max(1);
        let _held = budget.reserve(ahead * self.for_one())?;
        let format = self.options.format;
        let name = self.output(source.name());
        let mut draft = sink.open(&name, format.content_type())?;
        let spare = Spare::default();
        let (mut tally, mut table, mut blocks) = (Tally::default(), SeekTable::default(), 0);
        let read = || {
            let mut block = spare.take();
            blocks::fill(&mut source, &mut block, format.block())?;
            tally.bytes_in += block.len() as u64;
            // Nothing, compressed, is one empty frame; of gzip the empty member at the end.
            if block.is_empty() && (blocks > 0 || format != Format::Zstd) {
                return Ok(None);
            }
            blocks += 1;
            Ok(Some((blocks - 1, block)))
        };
        let compute = |(number, block): (u64, Vec<u8>)| {
            budget.check()?;
            let mut out = spare.take();
            out.clear();
            self.compress(number, &block, &mut out, budget)?;
            budget.advance(block.len() as u64);
            let plain = block.len();
            spare.give_back(block);
            Ok((out, plain))
        };
        let mut bytes_out = 0;
        let write = |(out, plain): (Vec<u8>, usize)| {
            draft.write(&out)?;
            bytes_out += out.len() as u64;
            table.add(&out, plain);
            spare.give_back(out);
            Ok(())
        };
        let ahead = usize::try_from(ahead).unwrap_or(usize::MAX);
        blocks::in_order(budget, ahead, read, compute, write)?;
        let end = match format {
            Format::Zstd => table.frame(),
            Format::Gzip => {
                let mut end = Vec::new();
                gzip::member(self.options.level(), blocks, &[], &mut end)?;
                end
            }
            Format::Bgzf => bgzf::END.to_vec(),
        };
        draft.write(&end)?;
        draft.finish()?;
        tally.bytes_out = bytes_out + end.len() as u64;
        Ok(tally)
    }
}
