//! The sink of a job whose rows go into tables.

use brawn_core::rows::{Column, Rows, Schema, Table};
use brawn_core::{Draft, Error, ErrorKind, Output, OutputReport, Result, Sink};

use super::layout::Layout;
use super::{Database, Load, Tables};

/// Takes the rows of one object.
pub(crate) struct TableSink {
    database: Database,
    tables: Tables,
    job: &'static str,
    load: Box<dyn Load>,
    begun: Vec<Begun>,
    /// Rows of it were begun and not ended.
    open: Option<String>,
}

struct Begun {
    schema: Schema,
    name: String,
    rows: u64,
    bytes: u64,
}

/// The rows of an object, which are there now.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// One for each table.
    pub(crate) outputs: Vec<OutputReport>,
}

impl TableSink {
    pub(super) fn new(
        database: Database,
        tables: Tables,
        job: &'static str,
        load: Box<dyn Load>,
    ) -> TableSink {
        TableSink { database, tables, job, load, begun: Vec::new(), open: None }
    }

    /// Whether the job was stopped because this version of its object was loaded before.
    pub(crate) fn was_loaded(&self) -> bool {
        self.load.was_loaded()
    }

    /// Whether loading the object once more may help.
    pub(crate) fn may_pass(&self) -> bool {
        self.load.may_pass()
    }

    /// Keeps what the job wrote; all that is not kept goes when this is dropped.
    pub(crate) fn commit(&mut self) -> Result<Loaded> {
        if let Some(name) = &self.open {
            return Err(Error::new(
                ErrorKind::Storage,
                format!("the job began rows of `{name}` and did not end them"),
            ));
        }
        if self.begun.is_empty() {
            return Err(self.takes_rows());
        }
        let counts: Vec<u64> = self.begun.iter().map(|table| table.rows).collect();
        self.load.commit(&counts)?;
        let outputs = self.begun.iter().map(|table| OutputReport {
            location: self.database.of_table(&table.name),
            bytes: table.bytes,
            content_type: String::new(),
            rows: Some(table.rows),
        });
        Ok(Loaded { outputs: outputs.collect() })
    }

    fn takes_rows(&self) -> Error {
        let (database, job) = (&self.database, self.job);
        Error::invalid_options(format!("`{database}` takes rows, and the job `{job}` writes none"))
            .with_hint("give a folder, a file or a bucket as `to`")
    }
}

impl Sink for TableSink {
    fn put(&mut self, _: Output) -> Result<()> {
        Err(self.takes_rows())
    }

    fn open(&mut self, _: &str, _: &'static str) -> Result<Box<dyn Draft + '_>> {
        Err(self.takes_rows())
    }

    fn takes_rows(&self) -> bool {
        true
    }

    fn table(&mut self, schema: &Schema) -> Result<Box<dyn Table + '_>> {
        let known = self.begun.iter().position(|table| table.schema.name == schema.name);
        let at = match known {
            Some(at) => at,
            None => {
                let layout = Layout::new(schema, self.job, &self.tables)?;
                let name = layout.table.clone();
                if let Some(other) = self.begun.iter().find(|table| table.name == name) {
                    let other = &other.schema.name;
                    return Err(Error::invalid_options(format!(
                        "the rows `{}` and `{other}` would both go into the table `{name}`",
                        schema.name
                    ))
                    .with_hint("leave `table` out: then each kind of rows has its own"));
                }
                self.load.begin(layout)?;
                self.begun.push(Begun { schema: schema.clone(), name, rows: 0, bytes: 0 });
                self.begun.len() - 1
            }
        };
        self.open = Some(schema.name.clone());
        let TableSink { load, begun, open, .. } = self;
        let table = begun.get_mut(at).filter(|table| table.schema.fields == schema.fields);
        let table = table.ok_or_else(|| misfit(&schema.name))?;
        Ok(Box::new(OpenTable { load: load.as_mut(), at, table, open }))
    }
}

struct OpenTable<'a> {
    load: &'a mut dyn Load,
    at: usize,
    table: &'a mut Begun,
    open: &'a mut Option<String>,
}

impl Table for OpenTable<'_> {
    fn write(&mut self, rows: &Rows) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let Schema { name, fields } = &self.table.schema;
        let fits = fields.len() == rows.columns().len()
            && fields.iter().zip(rows.columns()).all(|(field, column)| field.kind == column.kind());
        if !fits {
            return Err(misfit(name));
        }
        self.load.write(self.at, rows)?;
        self.table.rows += rows.len() as u64;
        self.table.bytes += bytes(rows);
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<()> {
        *self.open = None;
        Ok(())
    }
}

fn misfit(name: &str) -> Error {
    Error::new(
        ErrorKind::Storage,
        format!("the job wrote rows of `{name}` that do not fit their columns"),
    )
}

/// The size of the values: 8 bytes a number, 1 a boolean, UTF-8 as it is, nothing for what is missing.
pub(super) fn bytes(rows: &Rows) -> u64 {
    let size = |column: &Column| -> u64 {
        match column {
            Column::Boolean(values) => values.iter().flatten().count() as u64,
            Column::Integer(values) => 8 * values.iter().flatten().count() as u64,
            Column::Float(values) => 8 * values.iter().flatten().count() as u64,
            Column::Text(texts) => {
                (0..texts.len()).map(|at| texts.get(at).map_or(0, |text| text.len() as u64)).sum()
            }
        }
    };
    rows.columns().iter().map(size).sum()
}
