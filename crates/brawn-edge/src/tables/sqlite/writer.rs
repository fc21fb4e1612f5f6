//! The one connection of a run that writes.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use brawn_core::{Error, Result};
use rusqlite::{Connection, OpenFlags, OptionalExtension as _};
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::super::{By, Mode, Object};
use super::fault::{fault, is_busy};
use super::sql;

/// How long SQLite waits for another process before the budget is asked.
const ASKED_EVERY: Duration = Duration::from_millis(20);

/// A file of SQLite, and whose turn it is to write.
pub(crate) struct Writer {
    pub(super) path: PathBuf,
    pub(super) mode: Mode,
    turn: Arc<Mutex<Open>>,
}

/// What the turn gives.
#[derive(Default)]
pub(super) struct Open {
    pub(super) connection: Option<Connection>,
    /// Tables that this run made.
    pub(super) made: HashSet<String>,
}

impl Writer {
    pub(crate) fn new(path: &Path, mode: Mode) -> Writer {
        Writer { path: path.to_owned(), mode, turn: Arc::default() }
    }

    /// Waits for the turn, and begins a transaction that others wait for.
    pub(super) fn begin(&self, by: &By) -> Result<Turn> {
        let turn = Arc::clone(&self.turn).lock_owned();
        let mut open = by.runtime.block_on(by.stop.guard(turn))?;
        if open.connection.is_none() {
            open.connection = Some(self.connect(by)?);
        }
        let mut turn = Turn { open, path: self.path.clone(), active: false };
        turn.patiently(by, |connection| connection.execute_batch("BEGIN IMMEDIATE"))?;
        turn.active = true;
        turn.once(|connection| connection.execute_batch(&sql::create_loads()))?;
        Ok(turn)
    }

    /// Whether the object was loaded before, as far as can be told without waiting.
    pub(super) fn has_loaded(&self, table: &str, object: &Object) -> bool {
        let Some(version) = &object.version else { return false };
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Connection::open_with_flags(&self.path, flags)
            .and_then(|connection| connection.busy_timeout(Duration::ZERO).map(|()| connection))
            .and_then(|connection| was_loaded(&connection, table, &object.source, version))
            // Whatever is wrong is said when the rows are there.
            .unwrap_or(false)
    }

    fn connect(&self, by: &By) -> Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let fault = |error| fault(error, &self.path);
        let connection = Connection::open_with_flags(&self.path, flags).map_err(fault)?;
        connection.busy_timeout(ASKED_EVERY).map_err(fault)?;
        // What is there keeps its journal. In a new one a writer keeps nobody from reading.
        patiently(&connection, &self.path, by, |connection| {
            let pages: i64 = connection.query_row("PRAGMA page_count", [], |row| row.get(0))?;
            if pages == 0 {
                connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
            }
            Ok(())
        })?;
        // An object that is said to be loaded is loaded after a power failure too: one sync for each.
        connection
            .execute_batch("PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864")
            .map_err(fault)?;
        Ok(connection)
    }
}

/// A turn to write: a transaction, undone when dropped.
pub(super) struct Turn {
    pub(super) open: OwnedMutexGuard<Open>,
    path: PathBuf,
    active: bool,
}

impl Turn {
    pub(super) fn once<'a, T>(
        &'a self,
        work: impl FnOnce(&'a Connection) -> rusqlite::Result<T>,
    ) -> Result<T> {
        let connection = self.open.connection.as_ref().ok_or_else(Error::cancelled)?;
        work(connection).map_err(|error| fault(error, &self.path))
    }

    fn patiently<T>(
        &self,
        by: &By,
        work: impl FnMut(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T> {
        let connection = self.open.connection.as_ref().ok_or_else(Error::cancelled)?;
        patiently(connection, &self.path, by, work)
    }

    pub(super) fn commit(mut self, by: &By) -> Result<()> {
        self.patiently(by, |connection| connection.execute_batch("COMMIT"))?;
        self.active = false;
        Ok(())
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if self.active
            && let Some(connection) = &self.open.connection
            && connection.execute_batch("ROLLBACK").is_err()
            && !connection.is_autocommit()
        {
            // Closing it undoes the transaction too.
            self.open.connection = None;
        }
    }
}

pub(super) fn was_loaded(
    connection: &Connection,
    table: &str,
    source: &str,
    version: &str,
) -> rusqlite::Result<bool> {
    let found = connection.query_row(sql::WAS_LOADED, (table, source, version), |_| Ok(()));
    found.optional().map(|found| found.is_some())
}

/// Tries as long as another process has the lock and somebody wants the answer.
fn patiently<T>(
    connection: &Connection,
    path: &Path,
    by: &By,
    mut work: impl FnMut(&Connection) -> rusqlite::Result<T>,
) -> Result<T> {
    loop {
        match work(connection) {
            // Some locks SQLite does not wait for by itself.
            Err(error) if is_busy(&error) => {
                by.runtime.block_on(by.stop.guard(tokio::time::sleep(ASKED_EVERY / 4)))?;
            }
            done => return done.map_err(|error| fault(error, path)),
        }
    }
}
