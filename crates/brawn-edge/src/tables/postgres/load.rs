//! One object's rows.

use std::pin::Pin;
use std::sync::Arc;

use brawn_core::rows::Rows;
use brawn_core::{Error, ErrorKind, Result};
use bytes::{Bytes, BytesMut};
use futures::SinkExt as _;
use tokio::sync::OwnedSemaphorePermit;
use tokio_postgres::CopyInSink;
use tokio_postgres::types::Type;

use super::super::layout::{Layout, quoted};
use super::super::{By, Load, Mode, has_keys, loaded_before};
use super::commit::Tables;
use super::copy;
use super::link::Link;
use super::server::Server;
use super::sql;

/// Rows are sent when there are so many bytes of them.
const PIECE: usize = 256 << 10;

/// Rows of another table than the one that is copied to are kept up to here: one COPY ends before another begins.
const KEPT: usize = 2 << 20;

/// PostgreSQL cuts longer names (`NAMEDATALEN` less one).
const LONGEST_NAME: usize = 63;

/// `MaxHeapAttributeNumber`.
const MOST_COLUMNS: usize = 1_600;

pub(crate) struct PostgresLoad {
    pub(super) server: Arc<Server>,
    pub(super) by: By,
    pub(super) tables: Vec<Target>,
    session: Option<Session>,
    was_loaded: bool,
    may_pass: bool,
    /// While a server is being connected to, which is tried again by itself.
    connecting: bool,
}

pub(super) struct Target {
    pub(super) layout: Layout,
    buffer: BytesMut,
    rows: u64,
    /// Whether the session knows it.
    open: bool,
}

/// A connection, in the middle of the load.
struct Session {
    link: Link,
    copy: Option<(usize, Pin<Box<CopyInSink<Bytes>>>)>,
    /// The transaction, where rows go straight into their table.
    transaction: Option<i64>,
    _permit: OwnedSemaphorePermit,
}

impl PostgresLoad {
    pub(crate) fn new(server: Arc<Server>, by: By) -> PostgresLoad {
        PostgresLoad {
            server,
            by,
            tables: Vec::new(),
            session: None,
            was_loaded: false,
            may_pass: false,
            connecting: false,
        }
    }

    fn link(&mut self) -> Result<Link> {
        self.connecting = true;
        let link = self.server.link(&self.by)?;
        self.connecting = false;
        Ok(link)
    }

    fn is_upsert(&self) -> bool {
        self.server.mode == Mode::Upsert
    }

    /// Whether an error may pass when the object is loaded once more.
    fn note<T>(&mut self, done: Result<T>) -> Result<T> {
        if let Err(error) = &done {
            self.may_pass = error.is_transient() && !self.connecting;
        }
        done
    }

    fn announce(&mut self, layout: Layout) -> Result<()> {
        let _permit = self.server.receive(&self.by)?;
        let mut link = self.link()?;
        let prepared = self.server.prepare(&self.by, &mut link, &layout);
        if matches!(&prepared, Err(error) if error.kind() == ErrorKind::AlreadyExists) {
            // An event that comes twice is no news in any mode.
            self.refuse_loaded(&link, &layout)?;
        }
        prepared?;
        if self.session.is_none() {
            self.refuse_loaded(&link, &layout)?;
        }
        self.server.give(link);
        let target = Target { layout, buffer: BytesMut::new(), rows: 0, open: false };
        self.tables.push(target);
        Ok(())
    }

    fn refuse_loaded(&mut self, link: &Link, layout: &Layout) -> Result<()> {
        let object = &self.by.object;
        let Some(version) = &object.version else { return Ok(()) };
        let known = [
            (&layout.table as _, Type::TEXT),
            (&object.source as _, Type::TEXT),
            (version as _, Type::TEXT),
        ];
        if self.server.wait(&self.by, link.has_rows(sql::WAS_LOADED, &known))? {
            self.was_loaded = true;
            return Err(loaded_before());
        }
        Ok(())
    }

    /// Begins what the rows are part of.
    fn start(&mut self) -> Result<()> {
        if self.session.is_some() {
            return Ok(());
        }
        let permit = self.server.admit(&self.by)?;
        let mut link = self.link()?;
        link.busy = true;
        let mut session = Session { link, copy: None, transaction: None, _permit: permit };
        if !self.is_upsert() {
            let begin = super::commit::begin(&session.link, &self.by.object.source);
            session.transaction = Some(self.server.wait(&self.by, begin)?);
        }
        self.session = Some(session);
        Ok(())
    }

    /// Makes the table of this number ready for a COPY.
    fn open(&mut self, at: usize) -> Result<()> {
        self.start()?;
        if self.tables.get(at).is_some_and(|target| target.open) {
            return Ok(());
        }
        let Some(mut session) = self.session.take() else { return Err(Error::cancelled()) };
        // A connection answers nothing in the middle of a COPY.
        if let Some((_, copy)) = session.copy.take() {
            self.server.wait(&self.by, finish(copy))?;
        }
        let opened = self.open_in(&session.link, at);
        self.session = Some(session);
        opened?;
        if let Some(target) = self.tables.get_mut(at) {
            target.open = true;
        }
        Ok(())
    }

    fn open_in(&mut self, link: &Link, at: usize) -> Result<()> {
        let Some(layout) = self.tables.get(at).map(|target| target.layout.clone()) else {
            return Err(Error::cancelled());
        };
        if self.is_upsert() {
            let create = sql::create_temporary(&layout, at);
            return self.server.wait(&self.by, link.run(&create));
        }
        // Once more, now that no other can load the object.
        self.refuse_loaded(link, &layout)?;
        let source = &self.by.object.source;
        if self.server.mode == Mode::Replace {
            self.server.wait(&self.by, async {
                let known = [(&layout.table as _, Type::TEXT), (source as _, Type::TEXT)];
                link.client.execute_typed(sql::FORGET, &known).await?;
                let delete = sql::delete(&layout);
                link.client.execute_typed(&delete, &[(source as _, Type::TEXT)]).await
            })?;
        }
        Ok(())
    }

    /// Sends what was gathered for the table.
    fn send(&mut self, at: usize) -> Result<()> {
        self.open(at)?;
        let is_upsert = self.is_upsert();
        let (Some(session), Some(target)) = (&mut self.session, self.tables.get_mut(at)) else {
            return Err(Error::cancelled());
        };
        let (server, by) = (&self.server, &self.by);
        if let Some((other, copy)) = session.copy.take() {
            if other == at {
                session.copy = Some((other, copy));
            } else {
                server.wait(by, finish(copy))?;
            }
        }
        if session.copy.is_none() {
            let into = match is_upsert {
                true => sql::temporary(at),
                false => quoted(&target.layout.table),
            };
            let copy = sql::copy(&target.layout, &into);
            let copy = server.wait(by, session.link.client.copy_in::<_, Bytes>(&copy))?;
            let mut copy = Box::pin(copy);
            server.wait(by, copy.feed(Bytes::from_static(copy::HEADER)))?;
            session.copy = Some((at, copy));
        }
        if let Some((_, copy)) = &mut session.copy {
            let piece = target.buffer.split().freeze();
            server.wait(by, copy.feed(piece))?;
        }
        Ok(())
    }

    fn append(&mut self, at: usize, rows: &Rows) -> Result<()> {
        let is_upsert = self.is_upsert();
        let Some(target) = self.tables.get_mut(at) else { return Err(Error::cancelled()) };
        if is_upsert {
            has_keys(&target.layout, rows, target.rows)?;
        }
        let source = &self.by.object.source;
        copy::append(&mut target.buffer, rows, source, &target.layout, target.rows)?;
        target.rows += rows.len() as u64;
        let copied = self.session.as_ref().and_then(|session| session.copy.as_ref());
        let most = if copied.is_some_and(|(other, _)| *other != at) { KEPT } else { PIECE };
        if target.buffer.len() < most { Ok(()) } else { self.send(at) }
    }

    fn keep(&mut self, counts: &[u64]) -> Result<()> {
        for at in 0..self.tables.len() {
            self.open(at)?;
            if self.tables.get(at).is_some_and(|target| !target.buffer.is_empty()) {
                self.send(at)?;
            }
        }
        self.start()?;
        let Some(mut session) = self.session.take() else { return Err(Error::cancelled()) };
        if let Some((_, copy)) = session.copy.take() {
            self.server.wait(&self.by, finish(copy))?;
        }
        let layouts: Vec<&Layout> = self.tables.iter().map(|target| &target.layout).collect();
        let tables = Tables { server: &self.server, by: &self.by, layouts: &layouts, counts };
        let kept = match session.transaction {
            Some(transaction) => tables.commit(&session.link, transaction),
            None => tables.upsert(&session.link),
        };
        match kept {
            Ok(true) => {}
            Ok(false) => {
                self.was_loaded = true;
                return Err(loaded_before());
            }
            Err(error) => return Err(error),
        }
        // It is loaded, whatever becomes of the connection.
        let link = &mut session.link;
        let is_clean = session.transaction.is_some()
            || self.server.wait(&self.by, link.run("DISCARD TEMP")).is_ok();
        link.busy = false;
        if is_clean && !link.client.is_closed() {
            self.server.give(session.link);
        }
        Ok(())
    }
}

async fn finish(mut copy: Pin<Box<CopyInSink<Bytes>>>) -> super::link::Answer<u64> {
    copy.feed(Bytes::from_static(copy::TRAILER)).await?;
    copy.as_mut().finish().await
}

impl Load for PostgresLoad {
    fn begin(&mut self, layout: Layout) -> Result<()> {
        let names = layout.columns.iter().map(|column| &column.name);
        if let Some(name) = names.chain([&layout.table]).find(|name| name.len() > LONGEST_NAME) {
            return Err(Error::new(
                ErrorKind::LimitExceeded,
                format!("`{name}` is longer than the {LONGEST_NAME} bytes of a name in PostgreSQL"),
            ));
        }
        if layout.columns.len() > MOST_COLUMNS {
            return Err(Error::new(
                ErrorKind::LimitExceeded,
                format!(
                    "{} columns are more than the {MOST_COLUMNS} of PostgreSQL",
                    layout.columns.len()
                ),
            ));
        }
        let announced = self.announce(layout);
        self.note(announced)
    }

    fn write(&mut self, table: usize, rows: &Rows) -> Result<()> {
        let appended = self.append(table, rows);
        self.note(appended)
    }

    fn commit(&mut self, counts: &[u64]) -> Result<()> {
        let kept = self.keep(counts);
        self.note(kept)
    }

    fn was_loaded(&self) -> bool {
        self.was_loaded
    }

    fn may_pass(&self) -> bool {
        self.may_pass
    }
}
