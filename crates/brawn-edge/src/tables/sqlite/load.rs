//! One object's rows.

use std::ops::Range;
use std::sync::Arc;

use brawn_core::rows::{Cell, Kind, Rows};
use brawn_core::{Error, ErrorKind, Result};
use rusqlite::types::{Null, ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, Statement};

use super::super::layout::Layout;
use super::super::{By, Load, Mode, has_keys, loaded_before};
use super::fault::fault;
use super::sql;
use super::writer::{Turn, Writer, was_loaded};

/// Up to so many bytes of values an object keeps before it takes its turn: one that is small is computed by then.
const KEPT: u64 = 4 << 20;

/// Rows that one statement inserts: 1.4 times faster than one by one. The budget is asked before each.
const AT_ONCE: usize = 64;

/// Parameters of such a statement: SQLite takes 32,766.
const MOST_PARAMETERS: usize = 8_192;

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
                let is_twice = error.to_string().contains("UNIQUE");
                let error =
                    Error::new(error.kind(), format!("`{}` has no index to go by", layout.table))
                        .with_source(error);
                match is_twice {
                    true => error
                        .with_hint("rows that are there twice already have to be deleted first"),
                    false => error,
                }
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
        let (mode, layout) = (self.writer.mode, &target.layout);
        let fault = |error| fault(error, &self.writer.path);
        let prepare = |rows: usize| {
            let insert = sql::insert(layout, mode, rows);
            let mut statement = turn.once(|connection| connection.prepare(&insert))?;
            statement.raw_bind_parameter(1, &self.by.object.source).map_err(fault)?;
            Ok::<_, Error>(statement)
        };
        let at_once = (MOST_PARAMETERS / layout.columns.len().max(1)).clamp(1, AT_ONCE);
        let (mut many, mut one) = (None, None);
        for from in (0..rows.len()).step_by(at_once) {
            if let Some(ended) = self.by.stop.reason() {
                return Err(ended);
            }
            let here = from..rows.len().min(from + at_once);
            if here.len() == at_once {
                let statement = ready(&mut many, || prepare(at_once))?;
                bind(statement, rows, here).map_err(fault)?;
                statement.raw_execute().map_err(fault)?;
                continue;
            }
            for row in here {
                let statement = ready(&mut one, || prepare(1))?;
                bind(statement, rows, row..row + 1).map_err(fault)?;
                statement.raw_execute().map_err(fault)?;
            }
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
        self.tables.push(Target { layout, ready: false, made: false, rows: 0 });
        if self.turn.is_some() { self.make_ready(self.tables.len() - 1) } else { Ok(()) }
    }

    fn write(&mut self, table: usize, rows: &Rows) -> Result<()> {
        if self.turn.is_none() {
            let size = rows.size();
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

/// What `slot` holds, made where it holds nothing.
fn ready<T>(slot: &mut Option<T>, make: impl FnOnce() -> Result<T>) -> Result<&mut T> {
    if slot.is_none() {
        *slot = Some(make()?);
    }
    slot.as_mut().ok_or_else(Error::cancelled)
}

/// Hands the values of some rows to a statement for so many.
fn bind(statement: &mut Statement<'_>, rows: &Rows, some: Range<usize>) -> rusqlite::Result<()> {
    for (cell, at) in some.flat_map(|row| rows.row(row)).zip(2..) {
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
