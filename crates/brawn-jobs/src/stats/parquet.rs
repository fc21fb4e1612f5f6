//! Rows as a Parquet file (the format's specification, `apache/parquet-format`): every column optional, in row groups of about as
//! many rows as readers take side by side, compressed with zstd.

use std::io;
use std::sync::Arc;

use brawn_core::rows::{Column, Kind, Rows, Schema};
use brawn_core::{Budget, Draft, Error, Reservation, Result};
use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical, ZstdLevel};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::Type;

/// Rows of a group, as in DuckDB; the last block may add a few.
const GROUP_ROWS: usize = 122_880;

/// A group ends earlier where its rows are long.
const GROUP_BYTES: u64 = 16 << 20;

/// Rows of a group, what they are encoded to, and dictionaries.
pub(crate) const MEMORY: u64 = 64 << 20;

/// A file that is being written.
pub(crate) struct ParquetFile<'a> {
    writer: SerializedFileWriter<Output<'a>>,
    group: Vec<Rows>,
    rows: usize,
    bytes: u64,
    budget: Budget,
    _held: Reservation,
}

impl<'a> ParquetFile<'a> {
    /// # Errors
    /// As [`Budget::reserve`], and where the draft takes nothing.
    pub(crate) fn begin(
        draft: Box<dyn Draft + 'a>,
        schema: &Schema,
        budget: &Budget,
    ) -> Result<ParquetFile<'a>> {
        let held = budget.reserve(MEMORY)?;
        let fields = schema.fields.iter().map(|field| {
            let (physical, logical) = match field.kind {
                Kind::Boolean => (Physical::BOOLEAN, None),
                Kind::Integer => (Physical::INT64, None),
                Kind::Float => (Physical::DOUBLE, None),
                Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
            };
            Type::primitive_type_builder(&field.name, physical)
                .with_repetition(Repetition::OPTIONAL)
                .with_logical_type(logical)
                .build()
                .map(Arc::new)
        });
        let fields = fields.collect::<std::result::Result<_, _>>().map_err(fault)?;
        let schema = Type::group_type_builder(&schema.name).with_fields(fields).build();
        let level = ZstdLevel::try_new(1).map_err(fault)?;
        let properties = WriterProperties::builder()
            .set_created_by(concat!("brawn ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_compression(Compression::ZSTD(level))
            .build();
        let output = Output { draft, bytes: 0 };
        let writer = schema.and_then(|schema| {
            SerializedFileWriter::new(output, Arc::new(schema), Arc::new(properties))
        });
        let writer = writer.map_err(fault)?;
        let (group, budget) = (Vec::new(), budget.clone());
        Ok(ParquetFile { writer, group, rows: 0, bytes: 0, budget, _held: held })
    }

    /// Appends.
    pub(crate) fn write(&mut self, rows: Rows) -> Result<()> {
        self.rows += rows.len();
        self.bytes += rows.size();
        self.group.push(rows);
        if self.rows >= GROUP_ROWS || self.bytes >= GROUP_BYTES { self.end_group() } else { Ok(()) }
    }

    /// Makes the file appear; says how long it is.
    pub(crate) fn finish(mut self) -> Result<u64> {
        if self.rows > 0 {
            self.end_group()?;
        }
        let Output { draft, bytes } = self.writer.into_inner().map_err(fault)?;
        draft.finish()?;
        Ok(bytes)
    }

    fn end_group(&mut self) -> Result<()> {
        let group = std::mem::take(&mut self.group);
        (self.rows, self.bytes) = (0, 0);
        let mut writer = self.writer.next_row_group().map_err(fault)?;
        let columns = group.first().map_or(0, |rows| rows.columns().len());
        for index in 0..columns {
            self.budget.check()?;
            let values = group.iter().filter_map(|rows| rows.columns().get(index));
            write_column(&mut writer, values).map_err(fault)?;
        }
        writer.close().map_err(fault)?;
        Ok(())
    }
}

fn write_column<'r, W: io::Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    values: impl Iterator<Item = &'r Column>,
) -> std::result::Result<(), ParquetError> {
    let missing = || ParquetError::General("there are more columns than fields".to_owned());
    let mut writer = group.next_column()?.ok_or_else(missing)?;
    for column in values {
        match (writer.untyped(), column) {
            (ColumnWriter::BoolColumnWriter(to), Column::Boolean(values)) => {
                let (there, levels) = split(values);
                to.write_batch(&there, Some(&levels), None)?;
            }
            (ColumnWriter::Int64ColumnWriter(to), Column::Integer(values)) => {
                let (there, levels) = split(values);
                to.write_batch(&there, Some(&levels), None)?;
            }
            (ColumnWriter::DoubleColumnWriter(to), Column::Float(values)) => {
                let (there, levels) = split(values);
                to.write_batch(&there, Some(&levels), None)?;
            }
            (ColumnWriter::ByteArrayColumnWriter(to), Column::Text(texts)) => {
                let texts: Vec<Option<ByteArray>> =
                    (0..texts.len()).map(|at| texts.get(at).map(ByteArray::from)).collect();
                let levels: Vec<i16> = texts.iter().map(|text| i16::from(text.is_some())).collect();
                let there: Vec<ByteArray> = texts.into_iter().flatten().collect();
                to.write_batch(&there, Some(&levels), None)?;
            }
            _ => return Err(ParquetError::General("a column has another kind".to_owned())),
        }
    }
    writer.close()
}

/// The values that are there, and for each place whether one is.
fn split<T: Copy>(values: &[Option<T>]) -> (Vec<T>, Vec<i16>) {
    let levels = values.iter().map(|value| i16::from(value.is_some()));
    (values.iter().flatten().copied().collect(), levels.collect())
}

/// A draft, and what was written to it.
struct Output<'a> {
    draft: Box<dyn Draft + 'a>,
    bytes: u64,
}

impl io::Write for Output<'_> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.draft.write(piece).map_err(io::Error::other)?;
        self.bytes += piece.len() as u64;
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The draft's own error where that is what it was.
fn fault(error: ParquetError) -> Error {
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| {
        Error::new(brawn_core::ErrorKind::Storage, "the Parquet file cannot be written")
            .with_source(error)
    };
    match error {
        ParquetError::External(inner) => match inner.downcast::<io::Error>() {
            Ok(error) => match error.downcast::<Error>() {
                Ok(own) => own,
                Err(other) => failed(Box::new(other)),
            },
            Err(other) => failed(other),
        },
        other => failed(Box::new(other)),
    }
}
