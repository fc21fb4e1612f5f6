//! The job: blocks of points are computed side by side and written in order.

use brawn_core::{
    Budget, ByteSize, Error, Head, Job, Plan, PlannedOutput, Planning, Result, Sink, Source, Tally,
    Vcpus, blocks,
};

use super::Algorithm;
use super::algorithm::Parameters;
use super::compute::{Computed, Recipe};
use super::form::{Form, SNIFFED};
use super::input::{self, BLOCK, Block, FOR_LARGE, Input, POINTS};
use super::options::{OnError, Options, no_q};
use super::overall::{self, Overall};

/// One block on its way: its text, its values (`1,` is 8 bytes then), its metadata, and its results.
const FOR_ONE: u64 = 6 * BLOCK as u64 + 256 * POINTS as u64;

/// What is held beside the blocks.
const BESIDE: u64 = input::HELD + overall::HELD;

/// What a document is thought to have that does not say its size and names its algorithm last.
const PIPED: u64 = 256 << 20;

/// Computes a result for each point, and statistics over all.
#[derive(Clone, Debug)]
pub struct PointsJob {
    options: Options,
}

impl PointsJob {
    /// The job for `options`.
    ///
    /// # Errors
    /// As [`Options::validate`].
    pub fn new(options: Options) -> Result<PointsJob> {
        options.validate()?;
        Ok(PointsJob { options })
    }

    fn parameters(&self, named: Option<Algorithm>) -> Result<Parameters> {
        let Options { algorithm, ddof, q, quantile_method, .. } = self.options;
        let algorithm = algorithm.or(named).unwrap_or_default();
        if algorithm == Algorithm::Quantile && q.is_none() {
            return Err(no_q(Error::invalid_input));
        }
        Ok(Parameters { algorithm, ddof, q: q.unwrap_or(0.5), rule: quantile_method })
    }
}

fn ahead(workers: usize) -> u64 {
    blocks::ahead(workers.min(Vcpus::detect().workers.get())) as u64
}

/// A block, or what became of one that is too large to be one of many.
enum Work {
    Block(Block),
    Done(Computed),
}

impl Job for PointsJob {
    fn name(&self) -> &'static str {
        "points"
    }

    fn streams(&self) -> bool {
        true
    }

    fn plan(&self, head: &Head<'_>) -> Result<Planning> {
        let first = head.bytes.get(..SNIFFED).unwrap_or(head.bytes);
        let is_complete = head.is_complete() && first.len() == head.bytes.len();
        let form = Form::of(first, is_complete)?;
        let size = head.size.unwrap_or(u64::MAX / 2);
        let is_small = size <= BLOCK as u64;
        let blocks = if is_small { 1 } else { ahead(usize::MAX) };
        let large =
            if is_small { 0 } else { FOR_LARGE * (self.options.max_point.0 + 1).min(2 * size) };
        let held = match form {
            Form::Document { named_first: false } if self.options.algorithm.is_none() => {
                head.size.unwrap_or(PIPED)
            }
            _ => 0,
        };
        let what = match form {
            Form::Document { .. } => "a document",
            Form::Array => "an array",
            Form::Lines => "lines",
        };
        let size =
            head.size.map_or_else(|| "a stream".to_owned(), |size| ByteSize(size).to_string());
        Ok(Planning::Ready(Plan {
            peak_memory: BESIDE + blocks * FOR_ONE + large + held,
            outputs: vec![PlannedOutput {
                name: form.output(head.name),
                content_type: form.content_type(),
                summary: self.options.algorithm.map_or("results", Algorithm::name).to_owned(),
                aside: None,
            }],
            streaming: true,
            summary: format!("{what} of points, {size}"),
        }))
    }

    fn run(&self, source: Source<'_>, sink: &mut dyn Sink, budget: &Budget) -> Result<Tally> {
        let _beside = budget.reserve(BESIDE)?;
        let name = source.name();
        let mut input = Input::open(source, self.options.max_point, budget)?;
        let form = input.form;
        let named = match self.options.algorithm {
            Some(_) => None,
            None => input.algorithm()?,
        };
        let recipe = Recipe {
            form,
            parameters: self.parameters(named)?,
            classes: self.options.classes(),
            on_error: self.options.on_error,
        };
        let memory = budget.memory();
        let fit = memory.limit().saturating_sub(memory.used()) / FOR_ONE;
        let ahead = ahead(budget.workers()).min(fit).max(1);
        let _held = budget.reserve(ahead * FOR_ONE)?;

        let mut draft = sink.open(&form.output(name), form.content_type())?;
        let mut written = 0;
        let mut put = |piece: &[u8]| {
            written += piece.len() as u64;
            draft.write(piece)
        };
        let (mut overall, mut left_out, mut points) = (Overall::default(), LeftOut::default(), 0);
        // Not before there are results: what went to standard output cannot be taken back.
        let begin: &[u8] = if form.is_lines() { b"" } else { b"{\"processed\":[" };
        let mut between = begin;
        let read = || {
            let Some(block) = input.next()? else { return Ok(None) };
            Ok(Some(if block.bytes.len() > BLOCK {
                // Where it was read: of these there is memory for one.
                Work::Done(recipe.compute(&block, budget)?)
            } else {
                Work::Block(block)
            }))
        };
        let compute = |work| match work {
            Work::Block(block) => recipe.compute(&block, budget),
            Work::Done(done) => Ok(done),
        };
        let write = |done: Computed| {
            points += done.results.len() as u64 + done.without;
            left_out.add(done.without, done.first);
            overall.add(&done.results);
            if done.text.is_empty() {
                return Ok(());
            }
            put(between)?;
            between = if form.is_lines() { b"" } else { b"," };
            put(&done.text)
        };
        blocks::in_order(
            budget,
            usize::try_from(ahead).unwrap_or(usize::MAX),
            read,
            compute,
            write,
        )?;
        if points == 0 {
            return Err(nothing(form));
        }
        let stats = overall.finish(self.options.ddof)?;
        if !form.is_lines() {
            if between == begin {
                put(begin)?;
            }
            put(format!("],\"stats\":{stats}}}\n").as_bytes())?;
        }
        draft.finish()?;
        Ok(Tally {
            bytes_in: input.bytes_in(),
            bytes_out: written,
            warnings: left_out.warning(self.options.on_error).into_iter().collect(),
            facts: vec![("statistics".to_owned(), stats)],
        })
    }
}

fn nothing(form: Form) -> Error {
    Error::invalid_input(match form {
        Form::Document { .. } => "`data` is empty, and statistics of nothing are no numbers",
        Form::Array => "the array is empty, and statistics of nothing are no numbers",
        Form::Lines => "there is no point in it, and statistics of nothing are no numbers",
    })
}

/// Points without a result.
#[derive(Debug, Default)]
struct LeftOut {
    count: u64,
    first: Option<String>,
}

impl LeftOut {
    fn add(&mut self, count: u64, first: Option<String>) {
        self.count += count;
        self.first = self.first.take().or(first);
    }

    fn warning(self, on_error: OnError) -> Option<String> {
        let first = self.first?;
        let what = match on_error {
            OnError::Skip => "left out",
            _ => "without a result",
        };
        let points = if self.count == 1 { "point is" } else { "points are" };
        Some(format!("{} {points} {what}: {first}", self.count))
    }
}
