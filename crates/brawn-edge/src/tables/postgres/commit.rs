//! The end of a load, and what is known of it when the connection is lost in it.

use std::time::Duration;

use brawn_core::{Error, ErrorKind, Result};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;

use super::super::By;
use super::super::layout::Layout;
use super::fault::{fault, is_conflict, is_lost};
use super::link::{Answer, Link};
use super::server::Server;
use super::sql;

/// How often a server is asked what became of a transaction that is not over.
const ASKED_EVERY: Duration = Duration::from_millis(100);

/// The tables of one object.
pub(super) struct Tables<'a> {
    pub(super) server: &'a Server,
    pub(super) by: &'a By,
    pub(super) layouts: &'a [&'a Layout],
    pub(super) counts: &'a [u64],
}

/// Begins a transaction in which nobody else loads the object; its name.
pub(super) async fn begin(link: &Link, source: &str) -> Answer<i64> {
    link.run(sql::BEGIN).await?;
    let rows = link.rows(sql::LOCK_OBJECT, &[(&lock_of(source), Type::INT8)]).await?;
    rows.first().map_or(Ok(0), |row| row.try_get(0))
}

/// FNV-1a, 64 bits: the same in every version and on every machine.
fn lock_of(source: &str) -> i64 {
    let text = b"brawn\0".iter().chain(source.as_bytes());
    let hash = text.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
    });
    hash.cast_signed()
}

impl Tables<'_> {
    /// Ends a transaction whose rows are in their tables.
    pub(super) fn commit(&self, link: &Link, transaction: i64) -> Result<bool> {
        self.server.wait(self.by, self.note(link))?;
        self.end(link, transaction).map(|()| true)
    }

    /// Moves the rows from the temporary tables, in a transaction that is tried again where others were in its way.
    /// `false`: another load of the same version was first.
    pub(super) fn upsert(&self, link: &Link) -> Result<bool> {
        let mut tries = self.server.retry.tries();
        loop {
            let moving = self.by.runtime.block_on(self.by.stop.guard(self.move_rows(link)))?;
            match moving {
                Ok(Some(transaction)) => {
                    return self.end(link, transaction).map(|()| true);
                }
                Ok(None) => return Ok(false),
                Err(error) if is_conflict(&error) => {
                    self.server.wait(self.by, link.run("ROLLBACK"))?;
                    let conflict = fault(error, &self.server.shown);
                    self.by.runtime.block_on(tries.after(conflict, &self.by.stop))?;
                }
                Err(error) => return Err(fault(error, &self.server.shown)),
            }
        }
    }

    async fn move_rows(&self, link: &Link) -> Answer<Option<i64>> {
        let object = &self.by.object;
        let transaction = begin(link, &object.source).await?;
        for layout in self.layouts {
            let known = [(&layout.table as _, Type::TEXT), (&object.source as _, Type::TEXT)];
            if let Some(version) = &object.version {
                let [table, source] = known.clone();
                let known = [table, source, (version as _, Type::TEXT)];
                if link.has_rows(sql::WAS_LOADED, &known).await? {
                    return Ok(None);
                }
            }
            // What is there is no longer what any earlier version gave.
            link.client.execute_typed(sql::FORGET, &known).await?;
        }
        for (at, layout) in self.layouts.iter().enumerate() {
            link.run(&sql::upsert(layout, at)).await?;
        }
        self.note(link).await?;
        Ok(Some(transaction))
    }

    /// Whether this version of the object is noted for every table, once nobody loads it any more.
    async fn is_noted(&self, link: &Link, version: &String) -> Answer<bool> {
        let source = &self.by.object.source;
        begin(link, source).await?;
        for layout in self.layouts {
            let known = [
                (&layout.table as _, Type::TEXT),
                (source as _, Type::TEXT),
                (version as _, Type::TEXT),
            ];
            if !link.has_rows(sql::WAS_LOADED, &known).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Notes that this version of the object is loaded.
    async fn note(&self, link: &Link) -> Answer<()> {
        let object = &self.by.object;
        let Some(version) = &object.version else { return Ok(()) };
        for (layout, rows) in self.layouts.iter().zip(self.counts) {
            let rows = i64::try_from(*rows).unwrap_or(i64::MAX);
            let note = [
                (&layout.table as _, Type::TEXT),
                (&object.source as _, Type::TEXT),
                (version as _, Type::TEXT),
                (&rows as _, Type::INT8),
            ];
            link.client.execute_typed(sql::NOTE, &note).await?;
        }
        Ok(())
    }

    /// Commits. Where the connection is lost meanwhile, the server is asked what became of it.
    fn end(&self, link: &Link, transaction: i64) -> Result<()> {
        let ended = self.by.runtime.block_on(self.by.stop.guard(link.run("COMMIT")));
        let error = match ended {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) if is_lost(&error) => fault(error, &self.server.shown),
            Ok(Err(error)) => return Err(fault(error, &self.server.shown)),
            // The budget is over, and nobody waits for an answer that may never come.
            Err(ended) => return Err(ended),
        };
        match self.status(transaction) {
            Ok(Some(true)) => Ok(()),
            Ok(Some(false)) => Err(error),
            unknown => {
                let unknown = unknown.err().map_or_else(String::new, |why| format!(": {why}"));
                let error = Error::new(
                    ErrorKind::Storage,
                    format!(
                        "{error} while the load was committed, and what became of it is not known{unknown}"
                    ),
                );
                Err(match self.by.object.version {
                    Some(_) => error.with_hint(
                        "load the object again: where it is loaded already, nothing is loaded twice",
                    ),
                    None => error.with_hint("look at the table before it is loaded again"),
                })
            }
        }
    }

    /// Whether the transaction was committed, where the server knows.
    ///
    /// What has a version has a note of it in the same transaction, which is looked for when the object's lock is free. The
    /// name of a transaction says less: a server that crashed gives it to another one.
    fn status(&self, transaction: i64) -> Result<Option<bool>> {
        let mut link = self.server.link(self.by)?;
        if let Some(version) = &self.by.object.version {
            link.busy = true;
            return self.server.wait(self.by, self.is_noted(&link, version)).map(Some);
        }
        loop {
            let named = [(&transaction as _, Type::INT8)];
            let asked =
                self.by.runtime.block_on(self.by.stop.guard(link.rows(sql::STATUS, &named)))?;
            let rows = match asked {
                Ok(rows) => rows,
                // It is in the future: nobody has heard of it.
                Err(error) if error.code() == Some(&SqlState::INVALID_PARAMETER_VALUE) => {
                    return Ok(Some(false));
                }
                Err(error) => return Err(fault(error, &self.server.shown)),
            };
            let status: Option<String> = match rows.first().map(|row| row.try_get(0)) {
                Some(Ok(status)) => status,
                _ => None,
            };
            match status.as_deref() {
                Some("committed") => return Ok(Some(true)),
                Some("aborted") => return Ok(Some(false)),
                Some(_) => {}
                None => return Ok(None),
            }
            let wait = tokio::time::sleep(ASKED_EVERY);
            self.by.runtime.block_on(self.by.stop.guard(wait))?;
        }
    }
}
