//! One connection.

use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row};

use super::settings::Settings;
use super::tls::Tls;

/// How long a server is asked to end what nobody wants any more, before the connection is closed all the same.
const FAREWELL: Duration = Duration::from_secs(1);

/// After a minute without a sign of life the server gives its client up.
const KEEPALIVES: &str =
    "SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3";

/// The result of what a server was asked.
pub(super) type Answer<T> = Result<T, tokio_postgres::Error>;

/// A parameter with its type, so that a statement takes one round trip.
pub(super) type Parameter<'a> = (&'a (dyn ToSql + Sync), Type);

/// A connection. Dropped in the middle of something, it is closed and the server is told, so that nothing of it goes on.
pub(super) struct Link {
    pub(super) client: Client,
    task: JoinHandle<()>,
    tls: Tls,
    runtime: Handle,
    /// In the middle of something.
    pub(super) busy: bool,
}

impl Link {
    pub(super) async fn connect(settings: &Settings) -> Answer<Link> {
        let (client, connection) = settings.config.connect(settings.tls.clone()).await?;
        let task = tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection to PostgreSQL ended");
            }
        });
        // Else a server whose client vanished without a word keeps its locks for hours. A proxy may not know these.
        if let Err(error) = client.batch_execute(KEEPALIVES).await {
            tracing::debug!(%error, "keepalives are not set");
        }
        let runtime = Handle::current();
        Ok(Link { client, task, tls: settings.tls.clone(), runtime, busy: false })
    }

    pub(super) async fn rows(&self, sql: &str, parameters: &[Parameter<'_>]) -> Answer<Vec<Row>> {
        self.client.query_typed(sql, parameters).await
    }

    pub(super) async fn has_rows(&self, sql: &str, parameters: &[Parameter<'_>]) -> Answer<bool> {
        self.rows(sql, parameters).await.map(|rows| !rows.is_empty())
    }

    pub(super) async fn run(&self, sql: &str) -> Answer<()> {
        self.client.batch_execute(sql).await
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        if !self.busy || self.client.is_closed() {
            return;
        }
        let (cancel, tls, end) =
            (self.client.cancel_token(), self.tls.clone(), self.task.abort_handle());
        self.runtime.spawn(async move {
            // A server that waits for a lock does not see that its client has gone.
            let told = tokio::time::timeout(FAREWELL, cancel.cancel_query(tls)).await;
            tracing::debug!(?told, "a load was given up");
            end.abort();
        });
    }
}
