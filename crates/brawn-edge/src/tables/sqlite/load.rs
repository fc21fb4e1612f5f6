//! One object's rows.

use std::sync::Arc;

use brawn_core::rows::{Cell, Kind, Rows};
use brawn_core::{Error, ErrorKind, Result};
use rusqlite::types::{Null, ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, Statement};

use super::super::layout::Layout;
use super::super::sink::bytes;
use super::super::{By, Load, Mode, loaded_before, no_key};
use super::fault::fault;
use super::sql;
use super::writer::{Turn, Writer, was_loaded};

/// Up to so many bytes of values an object keeps before it takes its turn: one that is small is computed by then.
const KEPT: u64 = 4 << 20;

/// How many rows are written before the budget is asked: some 2 ms.
const ASKED_EVERY: usize = 1 << 10;

/// SQLite's own limit of columns (`SQLITE_MAX_COLUMN`).
const MOST_COLUMNS: usize = 2_000;

pub(crate) struct SqliteLoad {
    writer: Arc<Writer>,
    by: By,
    tables: Vec<Target>,
    kept: Vec<(usize, Rows)>,
    kept_bytes: u64,
    turn: Option<Turn>,
    was_loaded: bool,
}

struct Target {
    layout: Layout,
    insert: String,
    /// Whether the transaction knows it.
    ready: bool,
    made: bool,
    rows: u64,
}

impl SqliteLoad {
    pub(crate) fn new(writer: Arc<Writer>, by: By) -> SqliteLoad {
        SqliteLoad {
            writer,
            by,
            tables: Vec::new(),
            kept: Vec::new(),
            kept_bytes: 0,
            turn: None,
            was_loaded: false,
        }
    }

    /// Takes the turn and writes what was kept.
    fn start(&mut self) -> Result<()> {
        if self.turn.is_none() {
            self.turn = Some(self.writer.begin(&self.by)?);
        }
        for table in 0..self.tables.len() {
            self.make_ready(table)?;
        }
        for (table, rows) in std::mem::take(&mut self.kept) {
            self.insert(table, &rows)?;
        }
        self.kept_bytes = 0;
        Ok(())
    }

    fn make_ready(&mut self, table: usize) -> Result<()> {
        let (Some(turn), Some(target)) = (&self.turn, self.tables.get_mut(table)) else {
            return Ok(());
        };
        if target.ready {
            return Ok(());
        }
        let (layout, object, mode) = (&target.layout, &self.by.object, self.writer.mode);
        if let Some(version) = &object.version {
            let found = turn.once(|connection| {
                was_loaded(connection, &layout.table, &object.source, version)
            })?;
            if found {
                self.was_loaded = true;
                return Err(loaded_before());
            }
        }
        let there = turn.once(|connection| columns(connection, &layout.table))?;
        if there.is_empty() {
            turn.once(|connection| connection.execute_batch(&sql::create(layout)))?;
            target.made = true;
        } else if mode == Mode::Fail && !turn.open.made.contains(&layout.table) {
            return Err(Error::new(
                ErrorKind::AlreadyExists,
                format!("the table `{}` is there already", layout.table),
            )
            .with_hint("give another `table`, or the mode `append`, `replace` or `upsert`"));
        } else {
            layout.check(&there)?;
        }
        if let Some(index) = sql::create_index(layout, mode) {
            turn.once(|connection| connection.execute_batch(&index)).map_err(|error| {
                Error::new(error.kind(), format!("`{}` has no index to go by", layout.table))
                    .with_source(error)
                    .with_hint("rows that are there twice already have to be deleted first")
            })?;
        }
        if matches!(mode, Mode::Replace | Mode::Upsert) {
            // What is there is no longer what any earlier version gave.
            let key = (&layout.table, &object.source);
            turn.once(|connection| connection.execute(sql::FORGET, key))?;
        }
        if mode == Mode::Replace {
            let delete = sql::delete(layout);
            turn.once(|connection| connection.execute(&delete, [&object.source]))?;
        }
        target.ready = true;
        Ok(())
    }

    fn insert(&mut self, table: usize, rows: &Rows) -> Result<()> {
        let (Some(turn), Some(target)) = (&self.turn, self.tables.get_mut(table)) else {
            return Err(Error::cancelled());
        };
        if self.writer.mode == Mode::Upsert {
            has_keys(&target.layout, rows, target.rows)?;
        }
        let mut statement = turn.once(|connection| connection.prepare(&target.insert))?;
        let fault = |error| fault(error, &self.writer.path);
        statement.raw_bind_parameter(1, &self.by.object.source).map_err(fault)?;
        for row in 0..rows.len() {
            if row % ASKED_EVERY == 0
                && let Some(ended) = self.by.stop.reason()
            {
                return Err(ended);
            }
            bind(&mut statement, rows, row).map_err(fault)?;
            statement.raw_execute().map_err(fault)?;
        }
        target.rows += rows.len() as u64;
        Ok(())
    }
}

impl Load for SqliteLoad {
    fn begin(&mut self, layout: Layout) -> Result<()> {
        if layout.columns.len() > MOST_COLUMNS {
            return Err(Error::new(
                ErrorKind::LimitExceeded,
                format!(
                    "{} columns are more than the {MOST_COLUMNS} of SQLite",
                    layout.columns.len()
                ),
            ));
        }
        if self.turn.is_none() && self.writer.has_loaded(&layout.table, &self.by.object) {
            self.was_loaded = true;
            return Err(loaded_before());
        }
        let insert = sql::insert(&layout, self.writer.mode);
        self.tables.push(Target { layout, insert, ready: false, made: false, rows: 0 });
        if self.turn.is_some() { self.make_ready(self.tables.len() - 1) } else { Ok(()) }
    }

    fn write(&mut self, table: usize, rows: &Rows) -> Result<()> {
        if self.turn.is_none() {
            let size = bytes(rows);
            if self.kept_bytes + size <= KEPT {
                self.kept_bytes += size;
                self.kept.push((table, rows.clone()));
                return Ok(());
            }
            self.start()?;
        }
        self.insert(table, rows)
    }

    fn commit(&mut self, counts: &[u64]) -> Result<()> {
        self.start()?;
        let Some(mut turn) = self.turn.take() else { return Err(Error::cancelled()) };
        let object = &self.by.object;
        for (target, rows) in self.tables.iter().zip(counts) {
            let Some(version) = &object.version else { break };
            let rows = i64::try_from(*rows).unwrap_or(i64::MAX);
            let note = (&target.layout.table, &object.source, version, rows);
            turn.once(|connection| connection.execute(sql::NOTE, note))?;
        }
        if let Some(ended) = self.by.stop.reason() {
            return Err(ended);
        }
        let made =
            self.tables.iter().filter(|table| table.made).map(|table| table.layout.table.clone());
        // Nobody else has the turn before this one is over; where it does not end well, the run's own loads go on.
        turn.open.made.extend(made);
        turn.commit(&self.by)
    }

    fn was_loaded(&self) -> bool {
        self.was_loaded
    }
}

/// The columns of a table with what they hold; none where there is no such table.
fn columns(connection: &Connection, table: &str) -> rusqlite::Result<Vec<(String, Option<Kind>)>> {
    let mut statement = connection.prepare(sql::COLUMNS)?;
    let columns = statement.query_map([table], |row| {
        let declared: String = row.get(1)?;
        Ok((row.get(0)?, sql::kind_of(&declared)))
    })?;
    columns.collect()
}

/// A column as SQLite takes it. One match for each value is what a row costs beside SQLite itself.
fn bind(statement: &mut Statement<'_>, rows: &Rows, row: usize) -> rusqlite::Result<()> {
    for (cell, at) in rows.row(row).zip(2..) {
        let value = match cell {
            Cell::Null => ToSqlOutput::from(Null),
            Cell::Boolean(value) => ToSqlOutput::Owned(Value::Integer(i64::from(value))),
            Cell::Integer(value) => ToSqlOutput::Owned(Value::Integer(value)),
            Cell::Float(value) => ToSqlOutput::Owned(Value::Real(value)),
            Cell::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        };
        statement.raw_bind_parameter(at, value)?;
    }
    Ok(())
}

/// Refuses rows in whose key something is missing: a missing value is equal to none.
fn has_keys(layout: &Layout, rows: &Rows, before: u64) -> Result<()> {
    for (column, values) in layout.columns.iter().skip(1).zip(rows.columns()) {
        if column.is_key
            && let Some(row) = (0..values.len()).find(|row| values.cell(*row) == Cell::Null)
        {
            return Err(no_key(&column.name, before + row as u64));
        }
    }
    Ok(())
}
