//! The server of one run: its connections, and the tables that are ready.

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use brawn_core::rows::Kind;
use brawn_core::{Error, ErrorKind, Result};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;

use super::super::layout::{LOADS, Layout, quoted};
use super::super::{By, Mode};
use super::fault::{fault, unreachable};
use super::link::{Answer, Link};
use super::settings::Settings;
use super::sql;
use crate::retry::Retry;
use crate::store::Stores;
use crate::tables::PostgresUrl;

/// Objects that load at once. A server has some hundred connections for everyone, and functions come in thousands.
const LOADS_AT_ONCE: usize = 4;

/// A server, for one run.
pub(crate) struct Server {
    url: PostgresUrl,
    pub(super) shown: String,
    pub(super) mode: Mode,
    pub(super) retry: Retry,
    variables: Vec<(String, String)>,
    settings: OnceLock<Settings>,
    loads: Arc<Semaphore>,
    /// Objects that are looked up before they load: as many connections again at most.
    lookups: Arc<Semaphore>,
    idle: Mutex<Vec<Link>>,
    tables: tokio::sync::Mutex<Known>,
}

#[derive(Default)]
struct Known {
    has_loads: bool,
    ready: HashMap<String, Layout>,
    /// Tables that this run made.
    made: HashSet<String>,
}

impl Server {
    pub(crate) fn new(url: &PostgresUrl, mode: Mode, stores: &Stores) -> Server {
        Server {
            shown: url.to_string(),
            url: url.clone(),
            mode,
            retry: stores.retry(),
            variables: stores.variables().to_vec(),
            settings: OnceLock::new(),
            loads: Arc::new(Semaphore::new(LOADS_AT_ONCE)),
            lookups: Arc::new(Semaphore::new(LOADS_AT_ONCE)),
            idle: Mutex::default(),
            tables: tokio::sync::Mutex::default(),
        }
    }

    /// Waits until one more object may load.
    pub(super) fn admit(&self, by: &By) -> Result<OwnedSemaphorePermit> {
        Server::permit(&self.loads, by)
    }

    /// Waits until one more object may be looked up.
    pub(super) fn receive(&self, by: &By) -> Result<OwnedSemaphorePermit> {
        Server::permit(&self.lookups, by)
    }

    fn permit(of: &Arc<Semaphore>, by: &By) -> Result<OwnedSemaphorePermit> {
        let permit = Arc::clone(of).acquire_owned();
        by.runtime.block_on(by.stop.guard(permit))?.map_err(|_| Error::cancelled())
    }

    /// A connection that does nothing, or a new one.
    pub(super) fn link(&self, by: &By) -> Result<Link> {
        loop {
            let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let Some(link) = idle else { break };
            // The server may have been restarted meanwhile.
            let alive = by.runtime.block_on(by.stop.guard(link.client.check_connection()))?;
            if alive.is_ok() {
                return Ok(link);
            }
        }
        let settings = match self.settings.get() {
            Some(settings) => settings,
            None => {
                let read = Settings::read(&self.url, &self.variables)?;
                self.settings.get_or_init(|| read)
            }
        };
        by.runtime.block_on(self.retry.run(&by.stop, || async {
            let connecting = Link::connect(settings);
            let connected = match settings.patience {
                None => connecting.await,
                // A server may take the connection and say nothing.
                Some(patience) => match tokio::time::timeout(patience, connecting).await {
                    Ok(connected) => connected,
                    Err(_) => {
                        let message =
                            format!("`{}` did not answer within {patience:?}", self.shown);
                        return Err(Error::new(ErrorKind::Unavailable, message));
                    }
                },
            };
            connected.map_err(|error| unreachable(error, &self.shown))
        }))
    }

    /// Takes back a connection that does nothing.
    pub(super) fn give(&self, link: Link) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < LOADS_AT_ONCE {
            idle.push(link);
        }
    }

    /// Waits for an answer, or for the end of the budget.
    pub(super) fn wait<T>(&self, by: &By, answer: impl Future<Output = Answer<T>>) -> Result<T> {
        let answer = by.runtime.block_on(by.stop.guard(answer))?;
        answer.map_err(|error| fault(error, &self.shown))
    }

    /// Makes the table where it is not there, and refuses one that has other columns.
    pub(super) fn prepare(&self, by: &By, link: &mut Link, layout: &Layout) -> Result<()> {
        let mut known = by.runtime.block_on(by.stop.guard(self.tables.lock()))?;
        if known.ready.get(&layout.table) == Some(layout) {
            return Ok(());
        }
        link.busy = true;
        let has_loads = known.has_loads;
        let (was_there, there) = self.wait(by, self.make(link, layout, has_loads))?;
        known.has_loads = true;
        let is_other = was_there && self.mode == Mode::Fail && !known.made.contains(&layout.table);
        // A run that failed may have left it, with nothing in it.
        if is_other && self.wait(by, is_used(link, layout))? {
            link.busy = false;
            return Err(Error::new(
                ErrorKind::AlreadyExists,
                format!("the table `{}` is there already", layout.table),
            )
            .with_hint("give another `table`, or the mode `append`, `replace` or `upsert`"));
        }
        if was_there {
            layout.check(&there)?;
        }
        if !was_there || is_other {
            known.made.insert(layout.table.clone());
        }
        if let Some((name, create)) = sql::create_index(layout, self.mode) {
            let made = by.runtime.block_on(by.stop.guard(self.index(link, &name, &create)))?;
            made.map_err(|error| {
                let is_twice = error.code() == Some(&SqlState::UNIQUE_VIOLATION);
                let error = fault(error, &self.shown);
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
        link.busy = false;
        known.ready.insert(layout.table.clone(), layout.clone());
        Ok(())
    }

    /// The table, in a transaction of its own: whether it was there, and its columns.
    async fn make(
        &self,
        link: &Link,
        layout: &Layout,
        has_loads: bool,
    ) -> Answer<(bool, Vec<(String, Option<Kind>)>)> {
        link.run(sql::BEGIN).await?;
        link.run(sql::LOCK_TABLES).await?;
        // `IF NOT EXISTS` asks for the right to make tables though there is nothing to make.
        if !has_loads && !is_there(link, LOADS).await? {
            link.run(&sql::create_loads()).await?;
        }
        let table = quoted(&layout.table);
        let was_there = is_there(link, &table).await?;
        if !was_there {
            link.run(&sql::create(layout)).await?;
        }
        let rows = link.rows(sql::COLUMNS, &[(&table, Type::TEXT)]).await?;
        link.run("COMMIT").await?;
        let columns = rows
            .iter()
            .map(|row| Ok((row.try_get(0)?, sql::kind_of(row.try_get(1)?))))
            .collect::<Answer<_>>()?;
        Ok((was_there, columns))
    }

    async fn index(&self, link: &Link, name: &str, create: &str) -> Answer<()> {
        link.run(sql::BEGIN).await?;
        link.run(sql::LOCK_TABLES).await?;
        if !is_there(link, name).await? {
            link.run(create).await?;
        }
        link.run("COMMIT").await
    }
}

/// Whether a table has rows, or something was ever loaded into it.
async fn is_used(link: &Link, layout: &Layout) -> Answer<bool> {
    let known = [(&layout.table as _, Type::TEXT)];
    Ok(link.has_rows(&sql::any_row(&quoted(&layout.table)), &[]).await?
        || link.has_rows(sql::ANY_LOADED, &known).await?)
}

async fn is_there(link: &Link, name: &str) -> Answer<bool> {
    let rows = link.rows(sql::IS_THERE, &[(&name, Type::TEXT)]).await?;
    rows.first().map_or(Ok(false), |row| row.try_get(0))
}
