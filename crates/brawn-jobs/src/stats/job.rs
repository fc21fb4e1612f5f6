//! The job: blocks are parsed and summed up side by side, and merged in order.

use std::io::Read;

use brawn_core::blocks::{self, Spare};
use brawn_core::{
    Budget, ByteSize, Error, Head, Job, Plan, PlannedOutput, Planning, Reservation, Result, Sink,
    Source, Tally, Vcpus,
};
use serde_json::{Map, Value, json};

use super::columns::{self, Estimated, Groups};
use super::open::{Table, open, row_plan};
use super::options::{Format, Options, Per};
use super::read::{BLOCK, Block, Frame, Reject};
use super::rejects::{self, Rejects};
use super::row::RowPlan;
use super::to::To;
use crate::decompress::unpacked;

/// A block, its values as numbers, in order, and what is told of them.
const FOR_ONE: u64 = 10 * BLOCK as u64;

/// What is read ahead of the blocks.
const READING: u64 = 4 * BLOCK as u64;

/// What the statistics of columns hold, but for many columns of many values or groups, which take more as they come.
const STATE: u64 = 144 << 20;

/// What they hold of the smallest table, with bad records put aside.
const LEAST: u64 = 4 << 20;

/// Memory for more is taken in steps of this.
const STEP: u64 = 1 << 20;

/// Statistics of a table.
#[derive(Clone, Debug)]
pub struct StatsJob {
    options: Options,
}

impl StatsJob {
    /// The job for `options`.
    ///
    /// # Errors
    /// As [`Options::validate`].
    pub fn new(options: Options) -> Result<StatsJob> {
        options.validate()?;
        Ok(StatsJob { options })
    }

    /// What results are written in, where they are written at all.
    fn format(&self) -> Option<Format> {
        match self.options.per {
            Per::Row => Some(self.options.format.unwrap_or(Format::Csv)),
            Per::Column => self.options.format,
        }
    }

    /// The name of the file of results of `name`, `2024/a.rows.csv` for `2024/a.csv`.
    fn output(&self, name: &str, format: Format) -> String {
        let what = match self.options.per {
            Per::Row => "rows",
            Per::Column => "columns",
        };
        let mut stem = name;
        for suffix in [".gz", ".zst", ".csv", ".tsv", ".jsonl", ".ndjson"] {
            stem = stem.strip_suffix(suffix).unwrap_or(stem);
        }
        format!("{stem}.{what}.{}", format.extension())
    }

    /// What is read ahead of the blocks, with the longest line in it.
    fn reading(&self) -> u64 {
        READING + 2 * self.options.max_line_size.0
    }

    /// What a file that is no text takes before it is written.
    fn writing(&self) -> u64 {
        match self.format() {
            #[cfg(feature = "parquet")]
            Some(Format::Parquet) => super::parquet::MEMORY,
            _ => 0,
        }
    }

    /// Bytes that the statistics hold, of an object of `size`.
    fn state(&self, size: Option<u64>) -> u64 {
        // A value of two bytes, with what separates it, is a number of eight, and may be counted.
        size.map_or(STATE, |size| (16 * size + LEAST).min(STATE))
    }
}

impl Job for StatsJob {
    fn name(&self) -> &'static str {
        "stats"
    }

    fn streams(&self) -> bool {
        true
    }

    fn plan(&self, head: &Head<'_>) -> Result<Planning> {
        if head.size == Some(0) {
            return Err(
                Error::invalid_input("it is empty").with_hint("a table has a header at least")
            );
        }
        // What is compressed becomes many times as much.
        let is_packed = head.name.ends_with(".gz") || head.name.ends_with(".zst");
        let size = head.size.filter(|_| !is_packed);
        let count = size.map_or(u64::MAX, |size| size.div_ceil(BLOCK as u64) + 1);
        let ahead = (blocks::ahead(Vcpus::detect().workers.get()) as u64).min(count);
        let mut outputs = Vec::new();
        if let Some(format) = self.format() {
            outputs.push(PlannedOutput {
                name: self.output(head.name, format),
                content_type: format.content_type(),
                summary: format!("statistics, {}", format.extension()),
                aside: None,
            });
        }
        if let Some(name) = rejects::file(&self.options, head.name) {
            outputs.push(PlannedOutput {
                name,
                content_type: Format::Csv.content_type(),
                summary: "bad records".to_owned(),
                aside: Some(".rejects.csv"),
            });
        }
        Ok(Planning::Ready(Plan {
            peak_memory: self.reading() + ahead * FOR_ONE + self.state(size) + self.writing(),
            outputs,
            streaming: true,
            summary: head.size.map_or("a stream".to_owned(), |size| ByteSize(size).to_string()),
        }))
    }

    fn run(&self, source: Source<'_>, sink: &mut dyn Sink, budget: &Budget) -> Result<Tally> {
        let name = source.name();
        let limit = budget.memory().limit();
        let state = (limit / 3).clamp(LEAST, STATE);
        let reading = self.reading() + self.writing();
        let fit = limit.saturating_sub(reading + state) / FOR_ONE;
        let ahead = (blocks::ahead(budget.workers()) as u64).min(fit).max(1);
        // A Parquet file takes its own.
        let held = budget.reserve(self.reading() + ahead * FOR_ONE)?;
        let mut counted = Counted { reader: source, bytes: 0 };
        let table = open(unpacked(&mut counted, budget)?, name, &self.options, budget)?;
        let mut run = Run {
            options: &self.options,
            rejects: Rejects::new(&self.options),
            read_as: table.read_as(),
            rows: 0,
            ahead: usize::try_from(ahead).unwrap_or(usize::MAX),
            held: vec![held],
            budget,
            tally: Tally::default(),
        };
        if sink.takes_rows() {
            // A sink that has this object already says so before the work.
            let rows = match self.options.per {
                Per::Row => row_plan(&table.layout, &self.options).schema(),
                Per::Column => columns::schema(&self.options),
            };
            let rejects = self.options.keeps_rejects().then(rejects::schema);
            for schema in std::iter::once(rows).chain(rejects) {
                sink.table(&schema)?.finish()?;
            }
        }
        let output = self.format().map(|format| (self.output(name, format), format));
        match (self.options.per, output) {
            (Per::Row, Some((file, format))) => run.per_row(table, name, sink, &file, format)?,
            (_, output) => run.per_column(table, name, sink, output)?,
        }
        let Run { mut tally, .. } = run;
        tally.bytes_in = counted.bytes;
        Ok(tally)
    }
}

/// Counts what is read.
struct Counted<R> {
    reader: R,
    bytes: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.bytes += read as u64;
        Ok(read)
    }
}

/// One table on its way.
struct Run<'a> {
    options: &'a Options,
    rejects: Rejects,
    read_as: Value,
    rows: u64,
    ahead: usize,
    held: Vec<Reservation>,
    budget: &'a Budget,
    tally: Tally,
}

/// What is said of a block.
struct Part<T> {
    said: T,
    rows: u64,
    rejects: (Vec<Reject>, u64),
    unknown: Option<(u64, String)>,
}

impl Run<'_> {
    /// Takes the blocks of `table` through `say`, on the pool, to `take`, in order.
    fn each_block<R: Read, T: Send>(
        &mut self,
        table: &mut Table<R>,
        say: impl Fn(Frame, &Block) -> Result<T> + Sync,
        mut take: impl FnMut(&mut Run<'_>, T) -> Result<()>,
    ) -> Result<()> {
        let spare = Spare::default();
        let Table { splitter, format, layout, warnings, .. } = table;
        let (budget, ahead) = (self.budget, self.ahead);
        let mut unknown: Option<(u64, String)> = None;
        let read = || splitter.next(spare.take(), budget);
        let compute = |block: Block| {
            budget.check()?;
            let mut frame = format.parse(&block, layout, budget)?;
            let rows = frame.rows as u64;
            let rejects = (std::mem::take(&mut frame.rejects), frame.more_rejects);
            let unknown = frame.unknown.take();
            let said = say(frame, &block)?;
            budget.advance(block.bytes.len() as u64);
            spare.give_back(block.bytes);
            Ok(Part { said, rows, rejects, unknown })
        };
        let write = |part: Part<T>| {
            self.rows += part.rows;
            self.rejects.add(part.rejects, self.rows, layout, budget)?;
            if let Some((count, name)) = part.unknown {
                unknown.get_or_insert((0, name)).0 += count;
            }
            take(self, part.said)
        };
        blocks::in_order(budget, ahead, read, compute, write)?;
        self.rejects.finish(self.rows, layout)?;
        self.tally.warnings.append(warnings);
        self.tally.warnings.extend(self.rejects.warning(layout));
        if let Some((count, name)) = unknown {
            self.tally.warnings.push(format!(
                "{count} values are left out whose names first come after the first megabyte, such as `{name}`"
            ));
        }
        Ok(())
    }

    fn per_column<R: Read>(
        &mut self,
        mut table: Table<R>,
        name: &str,
        sink: &mut dyn Sink,
        output: Option<(String, Format)>,
    ) -> Result<()> {
        let options = self.options;
        let place = |name: &String| table.layout.names.iter().position(|known| known == name);
        let by: Vec<usize> = options.group_by.iter().filter_map(place).collect();
        let mut all = Groups::default();
        let budget = self.budget;
        let estimated = Estimated::of(table.layout.names.len());
        let say = |frame: Frame, block: &Block| Groups::of(&frame, block, &by, &estimated, budget);
        let mut blocks = 0_u64;
        self.each_block(&mut table, say, |run, part| {
            all.merge(part)?;
            all.tell(&estimated);
            blocks += 1;
            // Looking is not free, and a block adds little.
            if blocks.is_multiple_of(8) || blocks < 8 { run.hold(all.held()) } else { Ok(()) }
        })?;
        if all.is_empty() && by.is_empty() {
            // A header alone has columns too.
            let none = Block { bytes: Vec::new(), at: 0, line: 1, broken: None };
            let frame = table.format.parse(&none, &table.layout, self.budget)?;
            all = Groups::of(&frame, &none, &by, &estimated, self.budget)?;
        }
        let document = all.describe(&table.layout.names, options, self.budget)?;
        debug_assert_eq!(all.rows(), self.rows, "every good record is in a group");
        self.tally.warnings.extend(all.warnings(&table.layout));
        let statistics = self.document(name, document);
        match output {
            Some((file, Format::Json)) if !sink.takes_rows() => {
                let text = format!("{:#}\n", Value::Object(statistics.clone()));
                let mut draft = sink.open(&file, Format::Json.content_type())?;
                draft.write(text.as_bytes())?;
                draft.finish()?;
                self.tally.bytes_out += text.len() as u64;
            }
            None if !sink.takes_rows() => {}
            output => {
                let (file, format) = output.unwrap_or_else(|| (String::new(), Format::Csv));
                let schema = columns::schema(options);
                let mut to = To::begin(sink, &schema, &file, format, self.budget)?;
                let said = to.form().say(columns::rows(&statistics, options));
                to.write(said)?;
                self.tally.bytes_out += to.finish()?;
            }
        }
        self.put_rejects_aside(&table, name, sink)?;
        self.tally.facts.push(("statistics".to_owned(), Value::Object(statistics)));
        Ok(())
    }

    fn per_row<R: Read>(
        &mut self,
        mut table: Table<R>,
        name: &str,
        sink: &mut dyn Sink,
        file: &str,
        format: Format,
    ) -> Result<()> {
        let options = self.options;
        let plan = row_plan(&table.layout, options);
        let schema = plan.schema();
        let mut to = To::begin(sink, &schema, file, format, self.budget)?;
        let (budget, estimated) = (self.budget, Estimated::of(RowPlan::SUMMED.len()));
        // A file of text gets it made here, side by side.
        let form = to.form();
        let say = |frame: Frame, block: &Block| {
            let (rows, overflows) = plan.rows(&frame, block, options);
            let summed = options
                .row_summary
                .then(|| Groups::of(&plan.summed(&rows), block, &[], &estimated, budget));
            Ok((form.say(rows), overflows, summed.transpose()?))
        };
        let (mut overflows, mut summed) = (0, Groups::default());
        self.each_block(&mut table, say, |run, (said, count, more)| {
            overflows += count;
            if let Some(more) = more {
                summed.merge(more)?;
                summed.tell(&estimated);
                run.hold(summed.held())?;
            }
            to.write(said)
        })?;
        self.tally.bytes_out += to.finish()?;
        if overflows > 0 {
            self.tally.warnings.push(format!(
                "{overflows} rows have numbers so large that their mean or deviation is none"
            ));
        }
        self.put_rejects_aside(&table, name, sink)?;
        let mut document = Map::new();
        if options.row_summary {
            let names = RowPlan::SUMMED.map(str::to_owned).to_vec();
            let described = summed.describe(&names, options, budget)?;
            document
                .extend(described.into_iter().map(|(_, columns)| ("of_rows".to_owned(), columns)));
        }
        let statistics = self.document(name, document);
        self.tally.facts.push(("statistics".to_owned(), Value::Object(statistics)));
        Ok(())
    }

    fn put_rejects_aside<R>(
        &mut self,
        table: &Table<R>,
        name: &str,
        sink: &mut dyn Sink,
    ) -> Result<()> {
        if let Some(file) = rejects::file(self.options, name) {
            self.tally.bytes_out += self.rejects.write(sink, &file, &table.layout)?;
        }
        Ok(())
    }

    fn document(&self, name: &str, mut document: Map<String, Value>) -> Map<String, Value> {
        let Options { ddof, quantile_rule, per, .. } = self.options;
        document.insert("file".to_owned(), name.into());
        document.insert("read_as".to_owned(), self.read_as.clone());
        document.insert("per".to_owned(), json!(per));
        document.insert("rows".to_owned(), self.rows.into());
        document.insert("rejects".to_owned(), self.rejects.count().into());
        document.insert("ddof".to_owned(), (*ddof).into());
        document.insert("quantile_rule".to_owned(), json!(quantile_rule));
        document
    }

    /// Takes memory for `state` bytes of statistics.
    fn hold(&mut self, state: u64) -> Result<()> {
        while state > (self.held.len() as u64 - 1) * STEP {
            self.held.push(self.budget.reserve(STEP)?);
        }
        Ok(())
    }
}
