//! The beginning of a table: what it is written in, its columns, and what they hold.

use std::collections::HashMap;
use std::io::{Cursor, Read};

use brawn_core::{Budget, Error, Result, blocks};
use serde_json::{Value, json};

use super::infer::{Form, Guess, Type};
use super::options::{Input, Options, Per, Rejects};
use super::read::{
    BLOCK, Block, Cells, Decoded, Dialect, Encoding, Frame, Layout, Splitter, csv, is_blank, json,
    json_keys,
};
use super::row::RowPlan;

/// A table, ready to be read block by block.
pub(crate) struct Table<R> {
    pub(crate) splitter: Splitter<R>,
    pub(crate) format: Format,
    pub(crate) layout: Layout,
    pub(crate) warnings: Vec<String>,
    encoding: &'static str,
}

impl<R> Table<R> {
    /// How it is read, as far as that was found out or said.
    pub(crate) fn read_as(&self) -> Value {
        let text = |byte: u8| char::from(byte).to_string();
        match self.format {
            Format::Csv(Dialect { delimiter, quote, header, .. }) => json!({
                "format": "csv",
                "delimiter": text(delimiter),
                "quote": quote.map(text),
                "header": header,
                "encoding": self.encoding,
            }),
            Format::Json => json!({ "format": "jsonl", "encoding": self.encoding }),
        }
    }
}

/// What the records are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Format {
    Csv(Dialect),
    Json,
}

impl Format {
    pub(crate) fn parse(&self, block: &Block, layout: &Layout, budget: &Budget) -> Result<Frame> {
        match self {
            Format::Csv(dialect) => csv(block, dialect, layout, budget),
            Format::Json => json(block, layout, budget),
        }
    }
}

/// Whether the name, or else the first character, is that of JSON Lines.
fn is_json(options: &Options, name: &str, sample: &[u8]) -> bool {
    let name = name.to_ascii_lowercase();
    let name = name.strip_suffix(".gz").or(name.strip_suffix(".zst")).unwrap_or(&name);
    match options.input {
        Some(input) => input == Input::Jsonl,
        None if name.ends_with(".csv") || name.ends_with(".tsv") => false,
        None if name.ends_with(".jsonl") || name.ends_with(".ndjson") => true,
        None => sample.trim_ascii_start().first() == Some(&b'{'),
    }
}

/// The members of the objects of a sample.
fn keys(sample: &[u8]) -> Result<Vec<String>> {
    let names = json_keys(sample);
    match names.len() {
        0 => {
            Err(Error::invalid_input("no line of its first megabyte is a JSON object with members"))
        }
        1..=MOST_COLUMNS => Ok(names),
        more => {
            Err(Error::limit_exceeded(format!("it has {more} columns, more than {MOST_COLUMNS}")))
        }
    }
}

/// The records: what the sample holds of them, then what comes after it.
type Rest<R> = std::io::Chain<Cursor<Vec<u8>>, Text<R>>;

type Text<R> = Decoded<std::io::Chain<Cursor<Vec<u8>>, R>>;

/// Reads the first block of `reader` and looks at it.
///
/// # Errors
/// [`is_rejection`](Error::is_rejection) where it is empty or a column that was asked for is not there.
pub(crate) fn open<R: Read>(
    reader: R,
    name: &str,
    options: &Options,
    budget: &Budget,
) -> Result<Table<Rest<R>>> {
    let mut warnings = Vec::new();
    let (sample, at_end, text) = sample(reader, options.encoding, &mut warnings)?;
    if sample.trim_ascii().is_empty() && at_end {
        return Err(Error::invalid_input("it is empty").with_hint("a table has a header at least"));
    }
    if sample.first() == Some(&b'[') && is_json_name(name) {
        return Err(Error::invalid_input("it is one JSON array, not JSON Lines")
            .with_hint("write an object a line (`jq -c '.[]'`)"));
    }
    let format = match is_json(options, name, &sample) {
        true => Format::Json,
        false => Format::Csv(Dialect::sniff(options, name, &sample)?),
    };
    let (names, first) = match &format {
        Format::Json => (keys(&sample)?, 0),
        Format::Csv(dialect) => header(dialect, &sample)?,
    };
    let lines = sample.get(..first).unwrap_or_default();
    let newline = match &format {
        Format::Csv(dialect) => dialect.newline,
        Format::Json => b'\n',
    };
    let line = 1 + memchr::memchr_iter(newline, lines).count() as u64;
    let mut layout = Layout {
        wanted: vec![Cells::Texts(Vec::new()); names.len()],
        names,
        nulls: options.null.iter().map(|word| word.clone().into_bytes()).collect(),
        point: options.decimal_separator as u8,
        null_padding: true,
        longest: usize::try_from(options.max_line_size.0).unwrap_or(usize::MAX),
        most_rejects: u64::MAX,
        pinned: Vec::new(),
        lines: options.per == Per::Row,
    };
    let rest = sample.get(first..).unwrap_or_default().to_vec();
    let dialect = match &format {
        Format::Csv(dialect) => *dialect,
        Format::Json => Dialect { delimiter: b',', quote: None, newline: b'\n', header: false },
    };
    let guesses = guess(&format, dialect, &layout, &rest, at_end, budget)?;
    (layout.null_padding, layout.most_rejects) = (options.null_padding, most_rejects(options));
    want(&mut layout, options, &guesses)?;
    for (name, guess) in layout.names.iter().zip(&guesses) {
        if let Some(example) = guess.trap().filter(|_| !options.types.contains_key(name)) {
            warnings.push(format!(
                "column `{name}` is read as text: {example} is no number (`types` pins it to float)"
            ));
        }
    }
    let encoding = text.encoding();
    let rest = Cursor::new(rest).chain(text);
    let splitter = Splitter::new(rest, first as u64, line, dialect, layout.longest);
    Ok(Table { splitter, format, layout, warnings, encoding })
}

/// How many bad records of a block are worth to be found.
fn most_rejects(options: &Options) -> u64 {
    match options.max_rejects {
        Rejects::Count(most) => most,
        Rejects::Percent(_) => u64::MAX,
    }
}

fn is_json_name(name: &str) -> bool {
    name.contains(".json") || name.contains(".ndjson")
}

/// The first bytes as text, whether these are all, and what comes after them.
fn sample<R: Read>(
    reader: R,
    encoding: Encoding,
    warnings: &mut Vec<String>,
) -> Result<(Vec<u8>, bool, Text<R>)> {
    let mut text = Decoded::new(Cursor::new(Vec::new()).chain(reader), encoding)?;
    let mut sample = Vec::new();
    blocks::fill(&mut text, &mut sample, BLOCK)?;
    let mut at_end = sample.len() < BLOCK;
    let foreign = match std::str::from_utf8(&sample) {
        Err(error) if encoding == Encoding::Auto => {
            // What has a letter of UTF-8 is UTF-8 with a bad byte in it.
            let has_letters = sample.utf8_chunks().any(|chunk| !chunk.valid().is_ascii());
            (at_end || error.error_len().is_some()) && !has_letters
        }
        _ => false,
    };
    if foreign {
        warnings.push(
            "it is no UTF-8 and is read as windows-1252 (`encoding` says what else)".to_owned(),
        );
        let (_, rest) = text.into_inner().into_inner();
        let again = Cursor::new(sample).chain(rest);
        text = Decoded::new(again, Encoding::Windows1252)?;
        sample = Vec::new();
        blocks::fill(&mut text, &mut sample, BLOCK)?;
        at_end = sample.len() < BLOCK;
    }
    Ok((sample, at_end, text))
}

/// More columns are a mistake in how the table is read.
const MOST_COLUMNS: usize = 10_000;

/// The names of the columns, and where the records begin.
fn header(dialect: &Dialect, sample: &[u8]) -> Result<(Vec<String>, usize)> {
    let mut at = 0;
    let (first, end) = loop {
        let Some((record, end)) = dialect.record(sample, at) else {
            return Err(
                Error::invalid_input("it has no record").with_hint("a table has a header at least")
            );
        };
        if !is_blank(&record) {
            break (record, end);
        }
        at = end;
    };
    let ends_open = dialect.quote.is_some_and(|quote| {
        let header = sample.get(at..end).unwrap_or_default();
        end == sample.len() && memchr::memchr_iter(quote, header).count() % 2 == 1
    });
    if ends_open {
        return Err(Error::invalid_input("a quote opens in the header and is not closed")
            .with_hint("`quote` says what encloses fields, nothing for nothing"));
    }
    if first.len() > MOST_COLUMNS {
        return Err(Error::limit_exceeded(format!(
            "it has {} columns, more than {MOST_COLUMNS}",
            first.len()
        )));
    }
    if !dialect.header {
        return Ok(((0..first.len()).map(|index| format!("column{index}")).collect(), at));
    }
    let mut seen: HashMap<String, usize> = HashMap::new();
    let named = first.into_iter().enumerate().map(|(index, name)| {
        let name = String::from_utf8_lossy(&name).into_owned();
        let name = if name.trim().is_empty() { format!("column{index}") } else { name };
        // The second `a` is `a_1`, as in DuckDB.
        let mut unique = name.clone();
        while let Some(count) = seen.get_mut(&unique) {
            unique = format!("{name}_{count}");
            *count += 1;
        }
        seen.insert(unique.clone(), 1);
        unique
    });
    Ok((named.collect(), end))
}

/// What the columns hold in the records of the sample, cut as the table will be.
fn guess(
    format: &Format,
    dialect: Dialect,
    layout: &Layout,
    sample: &[u8],
    at_end: bool,
    budget: &Budget,
) -> Result<Vec<Guess>> {
    let mut guesses = vec![Guess::default(); layout.names.len()];
    let mut splitter = Splitter::new(sample, 0, 1, dialect, layout.longest);
    while let Some(block) = splitter.next(Vec::new(), budget)? {
        let mut frame = format.parse(&block, layout, budget)?;
        let is_last = block.at + block.bytes.len() as u64 == sample.len() as u64;
        if is_last && !at_end && frame.rows > 1 {
            // The last record is cut off.
            let rows = frame.rows - 1;
            frame.columns.iter_mut().for_each(|cells| cells.truncate(rows));
        }
        for (guess, cells) in guesses.iter_mut().zip(&frame.columns) {
            budget.check()?;
            if let Cells::Texts(spans) = cells {
                guess.add(spans, &frame, &block.bytes, layout.point);
            }
        }
    }
    Ok(guesses)
}

/// Settles which columns are read, and as what.
fn want(layout: &mut Layout, options: &Options, guesses: &[Guess]) -> Result<()> {
    let of_rows = options.per == Per::Row;
    let named =
        [("select", &options.select), ("key", &options.key), ("group_by", &options.group_by)];
    for (option, name) in
        named.iter().flat_map(|(option, names)| names.iter().map(move |name| (option, name)))
    {
        place(layout, option, name)?;
    }
    for name in options.types.keys() {
        place(layout, "types", name)?;
    }
    for (index, name) in layout.names.iter().enumerate() {
        let is_name = options.key.contains(name) || options.group_by.contains(name);
        let is_selected = options.select.is_empty() || options.select.contains(name);
        let is_number = match options.types.get(name) {
            Some(pinned) => pinned.is_number(),
            None => guesses.get(index).is_some_and(Guess::is_number),
        };
        if of_rows && !is_name && !options.select.is_empty() && is_selected && !is_number {
            return Err(Error::invalid_input(format!(
                "column `{name}` of `select` holds no numbers"
            ))
            .with_hint(
                "`types` pins a column to `float`; then what is no number is a bad record",
            ));
        }
        let cells = match (is_name, is_selected, is_number) {
            (true, _, _) => Cells::Texts(Vec::new()),
            (false, true, true) => Cells::Numbers(Vec::new(), false),
            (false, true, false) if !of_rows => Cells::Texts(Vec::new()),
            _ => Cells::Skipped,
        };
        let is_read = !matches!(cells, Cells::Skipped);
        if let Some(pinned) = options.types.get(name).filter(|_| is_read)
            && (*pinned == Type::Integer || Form::pinned(*pinned).is_some())
        {
            layout.pinned.push((index, *pinned));
        }
        if let Some(wanted) = layout.wanted.get_mut(index) {
            *wanted = cells;
        }
    }
    if of_rows && !layout.wanted.iter().any(|cells| matches!(cells, Cells::Numbers(..))) {
        return Err(Error::invalid_input("no column holds numbers alone"));
    }
    Ok(())
}

fn place(layout: &Layout, option: &str, name: &str) -> Result<usize> {
    layout.names.iter().position(|known| known == name).ok_or_else(|| {
        const SHOWN: usize = 20;
        let mut names: Vec<&str> = layout.names.iter().map(String::as_str).take(SHOWN).collect();
        if layout.names.len() > SHOWN {
            names.push("...");
        }
        Error::invalid_input(format!("`{option}` names `{name}`, which is no column"))
            .with_hint(format!("the columns are {}", names.join(", ")))
    })
}

/// Which columns name a row and which are its numbers.
pub(crate) fn row_plan(layout: &Layout, options: &Options) -> RowPlan {
    let place =
        |name: &String| Some((layout.names.iter().position(|known| known == name)?, name.clone()));
    let is_number =
        |(index, cells): (usize, &Cells)| matches!(cells, Cells::Numbers(..)).then_some(index);
    RowPlan {
        keys: options.key.iter().filter_map(place).collect(),
        values: layout.wanted.iter().enumerate().filter_map(is_number).collect(),
    }
}
