//! Rows into a database, by a flow of brawn-edge and by the shortest program that could do it, in turn:
//! `brawn-tables sqlite` or `brawn-tables postgres://..`, then how many rows and how many rounds.

use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use brawn_core::rows::{Cell, Column, Field, Kind, Rows, Schema};
use brawn_core::{Budget, Head, Job, Plan, Planning, Pool, Result, Sink, Source, Tally};
use brawn_edge::{Destination, Flow, Location, Mode, Stores, Tables};
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{ToSql, Type};

type Failure = Box<dyn std::error::Error>;

const BATCH: usize = 8192;

/// Rows that are there already: an integer, five floats, a short text.
struct Ready(Vec<Rows>);

impl Ready {
    fn new(count: usize) -> Ready {
        let rows = |from: usize| {
            let numbers = from..(from + BATCH).min(count);
            let float = |by: f64| {
                Column::Float(
                    numbers.clone().map(|at| Some((at as f64 * by).sin() * 1e3)).collect(),
                )
            };
            let texts: Vec<String> =
                numbers.clone().map(|at| format!("name {}", at % 1000)).collect();
            let mut columns =
                vec![Column::Integer(numbers.clone().map(|at| Some(at as i64)).collect())];
            columns.extend([0.1, 0.2, 0.3, 0.5, 0.7].map(float));
            columns.push(Column::Text(texts.iter().map(|text| Some(text.as_str())).collect()));
            Rows::new(columns).expect("of equal length")
        };
        Ready((0..count).step_by(BATCH).map(rows).collect())
    }
}

impl Job for Ready {
    fn name(&self) -> &'static str {
        "bench"
    }

    fn streams(&self) -> bool {
        true
    }

    fn plan(&self, _: &Head<'_>) -> Result<Planning> {
        let summary = String::new();
        Ok(Planning::Ready(Plan {
            peak_memory: 1 << 20,
            outputs: Vec::new(),
            streaming: true,
            summary,
        }))
    }

    fn run(&self, _: Source<'_>, sink: &mut dyn Sink, budget: &Budget) -> Result<Tally> {
        let kinds = [("key", Kind::Integer), ("text", Kind::Text)];
        let floats = ["a", "b", "c", "d", "e"].map(|name| (name, Kind::Float));
        let fields = kinds[..1].iter().chain(&floats).chain(&kinds[1..]);
        let fields = fields.map(|(name, kind)| Field {
            name: (*name).to_owned(),
            kind: *kind,
            is_key: *name == "key",
        });
        let mut table = sink.table(&Schema { name: "rows".into(), fields: fields.collect() })?;
        for rows in &self.0 {
            budget.check()?;
            table.write(rows)?;
        }
        table.finish()?;
        Ok(Tally::default())
    }
}

async fn by_brawn(
    job: &Arc<Ready>,
    to: Location,
    source: &Path,
    mode: Mode,
) -> std::result::Result<f64, Failure> {
    let to = Destination::folder(to).with_tables(Tables { mode, ..Tables::default() })?;
    let flow = Flow::new(Arc::clone(job) as _, Pool::global().clone(), Stores::from_env(), to);
    let begun = Instant::now();
    let mut outcomes = Vec::new();
    flow.run(&[source.into()], &Budget::unlimited(), |outcome| outcomes.push(outcome)).await;
    let seconds = begun.elapsed().as_secs_f64();
    match outcomes.pop().and_then(|outcome| outcome.error) {
        Some(error) => Err(error.chain().into()),
        None => Ok(seconds),
    }
}

/// One transaction, one prepared statement, the settings that brawn has.
fn by_sqlite(job: &Ready, path: &Path) -> std::result::Result<f64, Failure> {
    let begun = Instant::now();
    let mut connection = rusqlite::Connection::open(path)?;
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    connection.execute_batch("PRAGMA synchronous = FULL")?;
    connection.execute_batch(
        "CREATE TABLE bare (key INTEGER, a REAL, b REAL, c REAL, d REAL, e REAL, text TEXT)",
    )?;
    let transaction = connection.transaction()?;
    {
        let mut insert = transaction.prepare("INSERT INTO bare VALUES (?, ?, ?, ?, ?, ?, ?)")?;
        for rows in &job.0 {
            for row in 0..rows.len() {
                for (cell, at) in rows.row(row).zip(1..) {
                    match cell {
                        Cell::Integer(value) => insert.raw_bind_parameter(at, value)?,
                        Cell::Float(value) => insert.raw_bind_parameter(at, value)?,
                        Cell::Text(value) => insert.raw_bind_parameter(at, value)?,
                        Cell::Boolean(_) | Cell::Null => {}
                    }
                }
                insert.raw_execute()?;
            }
        }
    }
    transaction.commit()?;
    drop(connection);
    Ok(begun.elapsed().as_secs_f64())
}

/// tokio-postgres's own binary COPY into a table without a key.
async fn by_copy(job: &Ready, url: &str) -> std::result::Result<f64, Failure> {
    let begun = Instant::now();
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
    tokio::spawn(connection);
    client
        .batch_execute(
            "DROP TABLE IF EXISTS bare; CREATE TABLE bare (key bigint, a float8, b float8, c float8, d float8, \
             e float8, text text)",
        )
        .await?;
    let sink = client.copy_in("COPY bare FROM STDIN (FORMAT binary)").await?;
    let float = Type::FLOAT8;
    let types =
        [Type::INT8, float.clone(), float.clone(), float.clone(), float.clone(), float, Type::TEXT];
    let mut writer = pin!(BinaryCopyInWriter::new(sink, &types));
    for rows in &job.0 {
        for row in 0..rows.len() {
            let mut cells = rows.row(row);
            let mut next = || cells.next().unwrap_or(Cell::Null);
            let key = if let Cell::Integer(key) = next() { key } else { 0 };
            let mut floats = [0.0; 5];
            for float in &mut floats {
                if let Cell::Float(value) = next() {
                    *float = value;
                }
            }
            let text = if let Cell::Text(text) = next() { text } else { "" };
            let [a, b, c, d, e] = &floats;
            let values: [&(dyn ToSql + Sync); 7] = [&key, a, b, c, d, e, &text];
            writer.as_mut().write(&values).await?;
        }
    }
    writer.finish().await?;
    Ok(begun.elapsed().as_secs_f64())
}

#[tokio::main]
async fn main() -> std::result::Result<(), Failure> {
    let mut words = std::env::args().skip(1);
    let to = words.next().unwrap_or("sqlite".into());
    let count: usize = words.next().map_or(Ok(1_000_000), |word| word.parse())?;
    let rounds: usize = words.next().map_or(Ok(5), |word| word.parse())?;
    let job = Arc::new(Ready::new(count));
    let folder = tempfile::tempdir()?;
    let source = folder.path().join("source");
    let (mut ours, mut upserts, mut bare) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=rounds {
        std::fs::write(&source, format!("{round}"))?;
        let (one, upsert, other) = if to == "sqlite" {
            let path = |name: &str| folder.path().join(format!("{name}{round}.db"));
            let place = |name: &str| -> Result<Location> {
                format!("sqlite:{}", path(name).display()).parse()
            };
            let one = by_brawn(&job, place("brawn")?, &source, Mode::Append).await?;
            let upsert = by_brawn(&job, place("upsert")?, &source, Mode::Upsert).await?;
            let other = by_sqlite(&job, &path("bare"))?;
            for name in ["brawn", "upsert", "bare"] {
                std::fs::remove_file(path(name))?;
            }
            (one, upsert, other)
        } else {
            let (client, connection) = tokio_postgres::connect(&to, tokio_postgres::NoTls).await?;
            tokio::spawn(connection);
            let clean = "DROP TABLE IF EXISTS bench_rows, brawn_loads; CHECKPOINT";
            client.batch_execute("DROP TABLE IF EXISTS bench_rows, brawn_loads, bare").await?;
            let one = by_brawn(&job, to.parse()?, &source, Mode::Append).await?;
            for statement in clean.split("; ") {
                client.batch_execute(statement).await?;
            }
            let upsert = by_brawn(&job, to.parse()?, &source, Mode::Upsert).await?;
            for statement in clean.split("; ") {
                client.batch_execute(statement).await?;
            }
            let other = by_copy(&job, &to).await?;
            (one, upsert, other)
        };
        // The first round warms up.
        if round > 0 {
            ours.push(one);
            upserts.push(upsert);
            bare.push(other);
        }
    }
    let median = |times: &mut Vec<f64>| {
        times.sort_by(f64::total_cmp);
        times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
    };
    let (ours, upserts, bare) = (median(&mut ours), median(&mut upserts), median(&mut bare));
    let kind = to.split(':').next().unwrap_or_default();
    let rate = |seconds: f64| count as f64 / seconds / 1e3;
    println!("{count} rows of 7 columns into {kind}, median of {rounds}, thousand rows/s:");
    println!("  bare            {:8.0}", rate(bare));
    println!("  brawn append    {:8.0}  {:.2} of bare", rate(ours), bare / ours);
    println!("  brawn upsert    {:8.0}  {:.2} of bare", rate(upserts), bare / upserts);
    Ok(())
}
