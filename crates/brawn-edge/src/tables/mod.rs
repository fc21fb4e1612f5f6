//! Tables as destinations: a load is all or nothing for each object, and once for each version of it.
//!
//! What was loaded is noted in the table `brawn_loads` of the same database, in the same transaction as the rows: so an
//! event that comes twice loads nothing the second time, whoever handles it and whatever became of the first.

mod database;
mod layout;
mod sink;
#[cfg(feature = "sqlite")]
mod sqlite;
mod url;

use std::sync::Arc;

use brawn_core::rows::{Rows, Schema};
use brawn_core::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;

use crate::stop::Stop;
use crate::store::Stores;
use layout::Layout;

pub use database::Database;
pub(crate) use sink::{Loaded, TableSink};
pub use url::PostgresUrl;

/// The memory that rows on their way hold beside the job: those that wait for their turn, and the database's own cache.
pub(crate) const HELD: u64 = 12 << 20;

/// What a table's rows become of when there are rows already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// The table must not be there when the run begins.
    Fail,
    /// Rows are added, those of each version of an object once.
    #[default]
    Append,
    /// Rows that came from the same object before are deleted.
    Replace,
    /// A row with the key of one that is there replaces it.
    Upsert,
}

/// How rows go into a database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tables {
    /// The name of the table; what a job rejects goes into `NAME_rejects`. Default: the job and the kind of rows,
    /// `stats_rows`.
    pub name: Option<String>,
    /// What becomes of rows that are there.
    pub mode: Mode,
    /// With [`Mode::Upsert`]: the key alone tells rows apart, whatever object they came from. Default: the key and the
    /// object.
    pub key_alone: bool,
}

/// The rows that did not become rows: they go beside the table that the user named.
const REJECTS: &str = "rejects";

impl Tables {
    fn name_of(&self, schema: &Schema, job: &str) -> String {
        match &self.name {
            None => format!("{job}_{}", schema.name),
            Some(name) if schema.name == REJECTS => format!("{name}_{REJECTS}"),
            Some(name) => name.clone(),
        }
    }

    fn has_key(&self) -> bool {
        self.mode == Mode::Upsert
    }
}

/// One object whose rows are loaded.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    /// As the column `source` says it.
    pub(crate) source: String,
    /// What tells its content from an earlier one, where something does: an ETag, or size and time of a file.
    pub(crate) version: Option<String>,
}

/// The database of one run.
#[derive(Clone)]
pub(crate) struct Loads {
    database: Database,
    tables: Tables,
    job: &'static str,
    engine: Engine,
}

#[derive(Clone)]
enum Engine {
    #[cfg(feature = "sqlite")]
    Sqlite(Arc<sqlite::Writer>),
    Missing(&'static str),
}

impl Loads {
    pub(crate) fn new(
        database: &Database,
        tables: &Tables,
        job: &'static str,
        stores: &Stores,
    ) -> Loads {
        let engine = match database {
            #[cfg(feature = "sqlite")]
            Database::Sqlite(path) => {
                Engine::Sqlite(Arc::new(sqlite::Writer::new(path, tables.mode)))
            }
            #[cfg(not(feature = "sqlite"))]
            Database::Sqlite(_) => Engine::Missing("sqlite"),
            Database::Postgres(_) => Engine::Missing("postgres"),
        };
        let _ = stores;
        Loads { database: database.clone(), tables: tables.clone(), job, engine }
    }

    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    /// The sink for the job of one object. To be called inside of the async runtime.
    pub(crate) fn sink(&self, object: Object, stop: Stop) -> Result<TableSink> {
        let by = By { object, stop, runtime: Handle::current() };
        let load: Box<dyn Load> = match &self.engine {
            #[cfg(feature = "sqlite")]
            Engine::Sqlite(writer) => Box::new(sqlite::SqliteLoad::new(Arc::clone(writer), by)),
            Engine::Missing(feature) => {
                drop(by);
                return Err(Error::unsupported(format!(
                    "this build cannot reach `{}`",
                    self.database
                ))
                .with_hint(format!("build brawn-edge with its feature `{feature}`")));
            }
        };
        Ok(TableSink::new(self.database.clone(), self.tables.clone(), self.job, load))
    }
}

/// What a load goes by.
struct By {
    object: Object,
    stop: Stop,
    runtime: Handle,
}

/// The rows of one object on their way into one database: there for others when [`commit`](Load::commit) has ended
/// well, gone when dropped before. Everything blocks, and ends with the budget.
trait Load: Send {
    /// Announces a table; the first has number 0.
    fn begin(&mut self, layout: Layout) -> Result<()>;

    /// Appends to the table of this number.
    fn write(&mut self, table: usize, rows: &Rows) -> Result<()>;

    /// Makes all of it appear at once, with the note that this version of the object is loaded.
    fn commit(&mut self, counts: &[u64]) -> Result<()>;

    /// Whether the last error was that this version of the object was loaded before.
    fn was_loaded(&self) -> bool;

    /// Whether the last error is one that may pass when the whole object is loaded once more.
    fn may_pass(&self) -> bool {
        false
    }
}

/// How a load stops where there is nothing to do.
fn loaded_before() -> Error {
    Error::new(ErrorKind::AlreadyExists, "this version of the object was loaded before")
}

/// How a row is refused whose key is not whole.
fn no_key(name: &str, row: u64) -> Error {
    Error::invalid_input(format!(
        "row {} has nothing in `{name}`, which is part of the key",
        row + 1
    ))
}
