//! Where rows go: a table, a file of text, or a Parquet file.

use brawn_core::rows::{Rows, Schema, Table};
use brawn_core::{Budget, Draft, Result, Sink};

use super::options::Format;
#[cfg(feature = "parquet")]
use super::parquet::ParquetFile;
use super::write;

/// Rows of a block, as the destination takes them.
pub(crate) enum Said {
    Rows(Rows),
    Text(String),
}

/// Makes [`Said`] of rows, on whatever thread.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    schema: Schema,
    /// What text is made of them, if any is.
    text: Option<Format>,
}

impl Form {
    pub(crate) fn say(&self, rows: Rows) -> Said {
        match self.text {
            Some(format) => Said::Text(write::rows(&self.schema, &rows, format)),
            None => Said::Rows(rows),
        }
    }
}

pub(crate) struct To<'a> {
    place: Place<'a>,
    form: Form,
}

enum Place<'a> {
    Table(Box<dyn Table + 'a>),
    Text(Box<dyn Draft + 'a>, u64),
    #[cfg(feature = "parquet")]
    Parquet(Box<ParquetFile<'a>>),
}

impl<'a> To<'a> {
    /// Begins a table, where `sink` has tables, or else the file of the name `file`.
    pub(crate) fn begin(
        sink: &'a mut dyn Sink,
        schema: &Schema,
        file: &str,
        format: Format,
        #[cfg_attr(not(feature = "parquet"), expect(unused_variables))] budget: &Budget,
    ) -> Result<To<'a>> {
        let form = |text| Form { schema: schema.clone(), text };
        if sink.takes_rows() {
            return Ok(To { place: Place::Table(sink.table(schema)?), form: form(None) });
        }
        let draft = sink.open(file, format.content_type())?;
        #[cfg(feature = "parquet")]
        if format == Format::Parquet {
            let file = ParquetFile::begin(draft, schema, budget)?;
            return Ok(To { place: Place::Parquet(Box::new(file)), form: form(None) });
        }
        let mut to = To { place: Place::Text(draft, 0), form: form(Some(format)) };
        to.write(Said::Text(write::header(schema, format)))?;
        Ok(to)
    }

    pub(crate) fn form(&self) -> Form {
        self.form.clone()
    }

    /// Appends what its [`form`](To::form) said.
    pub(crate) fn write(&mut self, said: Said) -> Result<()> {
        match (&mut self.place, said) {
            (Place::Table(table), Said::Rows(rows)) => table.write(&rows),
            (Place::Text(draft, bytes), Said::Text(text)) => {
                *bytes += text.len() as u64;
                draft.write(text.as_bytes())
            }
            #[cfg(feature = "parquet")]
            (Place::Parquet(file), Said::Rows(rows)) => file.write(rows),
            // A place gets what its own form says.
            _ => Ok(()),
        }
    }

    /// Makes it appear; says how many bytes were written to a file.
    pub(crate) fn finish(self) -> Result<u64> {
        match self.place {
            Place::Table(table) => table.finish().map(|()| 0),
            Place::Text(draft, bytes) => draft.finish().map(|()| bytes),
            #[cfg(feature = "parquet")]
            Place::Parquet(file) => file.finish(),
        }
    }
}
