//! The bad records of a table: counted, bounded, written where the rows go.

use brawn_core::rows::{Column, Field, Kind, Rows, Schema, Texts};
use brawn_core::{Budget, Error, Reservation, Result, Sink};

use super::options::{Format, Options, Rejects as Allowed};
use super::read::{Layout, Reject};
use super::write;

/// Rejects are kept until the rows are written; so much of them at most.
const MOST: u64 = 64 << 20;

/// Memory is reserved for them in steps of this.
const STEP: u64 = 1 << 20;

/// So many are named in a warning.
const NAMED: usize = 3;

/// Bad records so far.
#[derive(Debug)]
pub(crate) struct Rejects {
    allowed: Allowed,
    /// So many are kept.
    most: usize,
    kept: Vec<Reject>,
    count: u64,
    bytes: u64,
    held: Vec<Reservation>,
}

impl Rejects {
    pub(crate) fn new(options: &Options) -> Rejects {
        let most = if options.keeps_rejects() { usize::MAX } else { NAMED };
        let allowed = options.max_rejects;
        Rejects { allowed, most, kept: Vec::new(), count: 0, bytes: 0, held: Vec::new() }
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// Adds those of the next block, the first of them and how many more, after which `rows` records were good.
    pub(crate) fn add(
        &mut self,
        (rejects, more): (Vec<Reject>, u64),
        rows: u64,
        layout: &Layout,
        budget: &Budget,
    ) -> Result<()> {
        for reject in rejects {
            self.count += 1;
            if self.allowed.exceeded(self.count, self.count + rows, false) {
                return Err(self.too_many(&reject, layout));
            }
            if self.kept.len() >= self.most {
                continue;
            }
            self.bytes += (reject.text.len() + reject.message.len() + size_of::<Reject>()) as u64;
            if self.bytes > MOST {
                return Err(self.full());
            }
            while self.bytes > self.held.len() as u64 * STEP {
                self.held.push(budget.reserve(STEP)?);
            }
            self.kept.push(reject);
        }
        self.count += more;
        match self.kept.last() {
            Some(last) if self.allowed.exceeded(self.count, self.count + rows, false) => {
                Err(self.too_many(last, layout))
            }
            _ if more > 0 && self.most == usize::MAX => Err(self.full()),
            _ => Ok(()),
        }
    }

    fn full(&self) -> Error {
        let kept = self.kept.len();
        Error::limit_exceeded(format!("the first {kept} bad records are all that can be put aside"))
            .with_hint("look at how it is read: delimiter, quote, encoding, types")
    }

    /// All are there.
    pub(crate) fn finish(&self, rows: u64, layout: &Layout) -> Result<()> {
        match self.kept.first() {
            Some(first) if self.allowed.exceeded(self.count, self.count + rows, true) => {
                Err(self.too_many(first, layout))
            }
            _ => Ok(()),
        }
    }

    fn too_many(&self, reject: &Reject, layout: &Layout) -> Error {
        let allowed = match self.allowed {
            Allowed::Count(0) => String::new(),
            Allowed::Count(most) => format!("more than {most} bad records, "),
            Allowed::Percent(most) => {
                format!("{} bad records, more than {most}% of all, ", self.count)
            }
        };
        let hint = "`max_rejects` puts bad records aside; `types` pins what a column holds, `null` what stands for \
                    no value, `null_padding` fills up short records";
        Error::invalid_input(format!("{allowed}{}", described(reject, layout))).with_hint(hint)
    }

    /// What people should know.
    pub(crate) fn warning(&self, layout: &Layout) -> Option<String> {
        let named: Vec<String> =
            self.kept.iter().take(NAMED).map(|reject| described(reject, layout)).collect();
        let more = self.count.saturating_sub(named.len() as u64);
        let more = if more > 0 { format!("; and {more} more") } else { String::new() };
        let records = if self.count == 1 { "record was" } else { "records were" };
        (self.count > 0)
            .then(|| format!("{} bad {records} put aside: {}{more}", self.count, named.join("; ")))
    }

    /// Writes them, a table or a file of the name `file`; gives how many bytes.
    pub(crate) fn write(&self, sink: &mut dyn Sink, file: &str, layout: &Layout) -> Result<u64> {
        let (schema, rows) = (schema(), self.rows(layout));
        if sink.takes_rows() {
            let mut table = sink.table(&schema)?;
            table.write(&rows)?;
            table.finish()?;
            return Ok(0);
        }
        let mut text = write::header(&schema, Format::Csv);
        text.push_str(&write::rows(&schema, &rows, Format::Csv));
        let mut draft = sink.open(file, Format::Csv.content_type())?;
        draft.write(text.as_bytes())?;
        draft.finish()?;
        Ok(text.len() as u64)
    }

    fn rows(&self, layout: &Layout) -> Rows {
        let integer = |of: &dyn Fn(&Reject) -> Option<u64>| {
            let values =
                self.kept.iter().map(|reject| of(reject).and_then(|n| i64::try_from(n).ok()));
            Column::Integer(values.collect())
        };
        let text = |of: &dyn Fn(&Reject) -> Option<String>| {
            let mut texts = Texts::default();
            self.kept.iter().for_each(|reject| texts.push(of(reject).as_deref()));
            Column::Text(texts)
        };
        let columns = vec![
            integer(&|reject| Some(reject.line)),
            integer(&|reject| Some(reject.at)),
            // DuckDB counts columns from 1.
            integer(&|reject| reject.column.map(|index| index as u64 + 1)),
            text(&|reject| layout.names.get(reject.column?).cloned()),
            text(&|reject| Some(reject.fault.to_string())),
            text(&|reject| Some(reject.text.clone())),
            text(&|reject| Some(reject.message.clone())),
        ];
        Rows::new(columns).unwrap_or_default()
    }
}

/// The name of the file that goes with the rows of `name`.
pub(crate) fn file(options: &Options, name: &str) -> Option<String> {
    options.keeps_rejects().then(|| format!("{name}.rejects.csv"))
}

/// The columns of DuckDB's `reject_errors`.
pub(crate) fn schema() -> Schema {
    let field = |name: &str, kind, is_key| Field { name: name.to_owned(), kind, is_key };
    Schema {
        name: "rejects".to_owned(),
        fields: vec![
            field("line", Kind::Integer, true),
            field("byte_position", Kind::Integer, false),
            field("column_idx", Kind::Integer, false),
            field("column_name", Kind::Text, false),
            field("error_type", Kind::Text, false),
            field("csv_line", Kind::Text, false),
            field("error_message", Kind::Text, false),
        ],
    }
}

fn described(reject: &Reject, layout: &Layout) -> String {
    let column = reject.column.and_then(|index| layout.names.get(index));
    let column = column.map(|name| format!(", column `{name}`")).unwrap_or_default();
    format!(
        "line {} (byte {}){column}: {} ({})",
        reject.line, reject.at, reject.message, reject.fault
    )
}
