//! Statistics of each row of uploaded tables, into a database: SQLite, or PostgreSQL with the feature of that name.
//!
//! The ready-made `bootstrap` does this without a line of code. This is for a function that does something else as well.

use std::sync::Arc;

use brawn::lambda::{self, LambdaEvent};
use brawn::metrics::{self, Unit};
use brawn::{Error, Result};
use brawn_edge::{Destination, Flow, Location, Mode, Stores, Tables, events};
use brawn_jobs::stats::{Options, Per, Rejects, StatsJob};
use serde::Serialize;
use serde_json::Value;

/// What became of each table. For messages of a queue, which must be told in SQS's words, it is a partial batch response.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Reply {
    Tables { loaded: Vec<Loaded>, skipped: Vec<NotLoaded>, failed: Vec<NotLoaded> },
    Batch(Value),
}

#[derive(Debug, Serialize)]
struct Loaded {
    source: String,
    rows: u64,
    rejects: u64,
}

#[derive(Debug, Serialize)]
struct NotLoaded {
    source: String,
    reason: String,
}

/// From CSV with a column `station` to the table `daily` of `database`.
fn flow(stores: &Stores, database: Location) -> Result<Flow> {
    let job = StatsJob::new(Options {
        per: Per::Row,
        key: vec!["station".to_owned()],
        // One bad line in ten does not fail an upload: it lies in `daily_rejects`, with its line and the reason.
        max_rejects: Rejects::Percent(10.0),
        ..Options::default()
    })?;
    if !matches!(database, Location::Database(_)) {
        return Err(Error::invalid_options(format!("`{database}` is no database"))
            .with_hint("for example `sqlite:/mnt/data/measurements.db`"));
    }
    // A new version of an object takes the place of what the one before has left.
    let tables =
        Tables { name: Some("daily".to_owned()), mode: Mode::Replace, ..Tables::default() };
    let to = Destination::folder(database).with_tables(tables)?;
    Ok(Flow::new(Arc::new(job), brawn::pool(), stores.clone(), to))
}

/// `event` has decoded keys: S3 sends `a b.csv` as `a+b.csv`, EventBridge as it is.
async fn respond(flow: &Flow, event: &events::Event) -> Result<Reply> {
    let (mut loaded, mut skipped, mut failed, mut again) =
        (Vec::new(), Vec::new(), Vec::new(), None);
    let (_, batch) = flow
        .run_event(event, &brawn::budget(), |outcome| {
            let (source, reason) = (outcome.report.source, outcome.report.reason);
            match (outcome.error, reason) {
                (None, None) => {
                    let rows = |rejects| {
                        let outputs = outcome.report.outputs.iter();
                        let of = outputs
                            .filter(|output| output.location.ends_with("_rejects") == rejects);
                        of.filter_map(|output| output.rows).sum()
                    };
                    loaded.push(Loaded { source, rows: rows(false), rejects: rows(true) });
                }
                // An event that comes twice, as S3 promises to send them: this version has been loaded.
                (None, Some(reason)) => skipped.push(NotLoaded { source, reason }),
                (Some(error), reason) => {
                    let reason = reason.unwrap_or_default();
                    tracing::warn!(source, reason, "not loaded");
                    if error.is_transient() || error.is_out_of_time() || error.is_panic() {
                        again.get_or_insert((error.kind(), format!("{source}: {reason}")));
                    }
                    failed.push(NotLoaded { source, reason });
                }
            }
        })
        .await;
    metrics::add("rows", loaded.iter().map(|table| table.rows as f64).sum(), Unit::Count);
    metrics::add("rejects", loaded.iter().map(|table| table.rejects as f64).sum(), Unit::Count);
    if let Some(batch) = batch.reply() {
        return Ok(Reply::Batch(batch));
    }
    if let Some((kind, first)) = again {
        // Nobody reads the reply to an event of S3: only an error makes Lambda try again.
        return Err(Error::new(kind, first));
    }
    // They ended in any order.
    loaded.sort_by(|one, other| one.source.cmp(&other.source));
    skipped.sort_by(|one, other| one.source.cmp(&other.source));
    failed.sort_by(|one, other| one.source.cmp(&other.source));
    Ok(Reply::Tables { loaded, skipped, failed })
}

#[tokio::main]
async fn main() -> Result<()> {
    lambda::logs();
    let flow = lambda::init(async {
        let database = std::env::var("DATABASE").map_err(|_| {
            Error::invalid_options("`DATABASE` is not set")
                .with_hint("set it to where rows go: sqlite:/mnt/data/measurements.db")
        })?;
        flow(&Stores::from_env(), database.parse()?)
    });
    let flow = flow.await?;
    let flow = &flow;
    lambda::run(|event: LambdaEvent<Value>| async move {
        let event = events::read(&event.payload)?;
        respond(flow, &event).await
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use brawn_edge::events::{Event, Record};
    use brawn_edge::{Address, Scheme};
    use examples_testing::{assert_alike, json, read};
    use rusqlite::Connection;

    const HERE: &str = env!("CARGO_MANIFEST_DIR");

    /// The event with its buckets in memory.
    fn in_memory(event: &Value) -> Event {
        let mut event = events::read(event).expect("an event");
        for message in &mut event.messages {
            for record in message.records.as_mut().expect("understood") {
                if let Record::Created(created) = record {
                    created.address.scheme = Scheme::Memory;
                }
            }
        }
        event
    }

    /// A store of `bucket` with the tables that the event names, a flow from it, and the database.
    async fn set_up(bucket: &str) -> (Stores, Flow, tempfile::TempDir) {
        let stores = Stores::from_variables([]);
        for (key, file) in
            [("2026/north sea.csv", "north-sea.csv"), ("2026/broken.csv", "broken.csv")]
        {
            let bytes = std::fs::read(format!("{HERE}/{file}")).expect("a table");
            put(&stores, bucket, key, bytes).await;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let database = format!("sqlite:{}", folder.path().join("m.db").display());
        let flow = flow(&stores, database.parse().expect("a location")).expect("a flow");
        (stores, flow, folder)
    }

    async fn put(stores: &Stores, bucket: &str, key: &str, bytes: Vec<u8>) {
        let address = Address { scheme: Scheme::Memory, bucket: bucket.into(), key: key.into() };
        stores.put(&address, bytes.into(), "text/csv").await.expect("memory");
    }

    fn rows(folder: &tempfile::TempDir) -> Vec<(String, f64, f64)> {
        let database = Connection::open(folder.path().join("m.db")).expect("a database");
        let sql = "SELECT station, mean, median FROM daily ORDER BY line";
        let mut statement = database.prepare(sql).expect("SQL");
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
        rows.expect("rows").map(|row| row.expect("a row")).collect()
    }

    #[tokio::test]
    async fn the_event_gives_the_reply_and_the_rows() {
        let (_, flow, folder) = set_up("measurements").await;
        let event = in_memory(&read(HERE, "event.json"));
        let reply = respond(&flow, &event).await.expect("a reply");
        let expected = read(HERE, "reply.json").to_string().replace("s3://", "memory://");
        assert_alike(&json(&reply), &serde_json::from_str(&expected).expect("JSON"));
        // The second name has a comma and the third a line break, which splitting at commas and lines would cut.
        assert_alike(&json(&rows(&folder)), &read(HERE, "rows.json"));
    }

    #[tokio::test]
    async fn the_same_event_twice_adds_nothing_and_a_new_version_replaces_the_old() {
        let (stores, flow, folder) = set_up("twice").await;
        let event = read(HERE, "event.json").to_string().replace("\"measurements\"", "\"twice\"");
        let event = in_memory(&serde_json::from_str(&event).expect("JSON"));
        respond(&flow, &event).await.expect("a reply");
        let again = json(&respond(&flow, &event).await.expect("a reply"));
        assert_eq!(
            (&again["loaded"], again["skipped"].as_array().map(Vec::len)),
            (&json(&[(); 0]), Some(1))
        );
        assert_eq!(rows(&folder).len(), 3);
        put(&stores, "twice", "2026/north sea.csv", b"station,a,b\nAmrum,1,3\n".to_vec()).await;
        respond(&flow, &event).await.expect("a reply");
        assert_eq!(rows(&folder), [("Amrum".to_owned(), 2.0, 2.0)]);
    }

    #[tokio::test]
    async fn what_is_no_database_is_refused_before_the_first_event() {
        let stores = Stores::from_variables([]);
        let Err(error) = flow(&stores, "s3://bucket/".parse().expect("a location")) else {
            panic!("a bucket takes no rows");
        };
        assert!(error.to_string().contains("`s3://bucket/` is no database"), "{error}");
    }
}
