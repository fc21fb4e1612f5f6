//! A job whose rows go into tables.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use brawn_core::rows::{Column, Field, Kind, Rows, Schema};
use brawn_core::{
    Budget, Error, Head, Job, Plan, PlannedOutput, Planning, Result, Sink, Source, Tally,
};
use brawn_edge::{Destination, Flow, Location, Mode, Tables};

use crate::support::{pool, stores};

/// Each line is a row: its number, whether it is a number, that number, its text. Lines that begin with `bad` are rejects;
/// `stop` is an error, `spin` waits for the end of the budget, `hang` makes the file `hung` and waits for ever.
pub(crate) struct Lines {
    /// The columns `number`, `is_number`, `value` and `text`.
    pub(crate) columns: [&'static str; 4],
    /// Rows in a batch.
    pub(crate) batch: usize,
    /// The number is a float.
    pub(crate) floats: bool,
    pub(crate) hung: PathBuf,
}

impl Default for Lines {
    fn default() -> Lines {
        Lines {
            columns: ["number", "is_number", "value", "text"],
            batch: 100,
            floats: false,
            hung: PathBuf::new(),
        }
    }
}

impl Lines {
    fn schema(&self, name: &str) -> Schema {
        let number = if self.floats { Kind::Float } else { Kind::Integer };
        let kinds = [number, Kind::Boolean, Kind::Float, Kind::Text];
        let fields = self.columns.iter().zip(kinds).map(|(name, kind)| Field {
            name: (*name).to_owned(),
            kind,
            is_key: *name == "number",
        });
        Schema { name: name.to_owned(), fields: fields.collect() }
    }

    fn rows(&self, lines: &[(i64, String)]) -> Rows {
        let values: Vec<Option<f64>> = lines.iter().map(|(_, line)| line.parse().ok()).collect();
        let number = match self.floats {
            true => Column::Float(lines.iter().map(|(at, _)| Some(*at as f64)).collect()),
            false => Column::Integer(lines.iter().map(|(at, _)| Some(*at)).collect()),
        };
        Rows::new(vec![
            number,
            Column::Boolean(values.iter().map(|value| Some(value.is_some())).collect()),
            Column::Float(values),
            Column::Text(
                lines
                    .iter()
                    .map(|(_, line)| Some(line.as_str()).filter(|line| !line.is_empty()))
                    .collect(),
            ),
        ])
        .expect("of equal length")
    }

    fn write(&self, sink: &mut dyn Sink, name: &str, lines: &mut Vec<(i64, String)>) -> Result<()> {
        let mut table = sink.table(&self.schema(name))?;
        table.write(&self.rows(lines))?;
        lines.clear();
        table.finish()
    }
}

impl Job for Lines {
    fn name(&self) -> &'static str {
        "lines"
    }

    fn streams(&self) -> bool {
        true
    }

    fn plan(&self, head: &Head<'_>) -> Result<Planning> {
        Ok(Planning::Ready(Plan {
            peak_memory: 1 << 20,
            outputs: vec![PlannedOutput {
                name: format!("{}.lines", head.name),
                content_type: "text/plain",
                summary: String::new(),
                aside: None,
            }],
            streaming: true,
            summary: String::new(),
        }))
    }

    fn run(&self, source: Source<'_>, sink: &mut dyn Sink, budget: &Budget) -> Result<Tally> {
        assert!(sink.takes_rows(), "the tests have tables");
        let (mut good, mut bad) = (Vec::new(), Vec::new());
        self.write(sink, "rows", &mut good)?;
        self.write(sink, "rejects", &mut bad)?;
        for (line, number) in BufReader::new(source).lines().zip(1..) {
            let line = line.map_err(|error| {
                Error::invalid_input("the lines cannot be read").with_source(error)
            })?;
            match line.as_str() {
                "stop" => return Err(Error::invalid_input("it says stop")),
                "panic" => panic!("it says panic"),
                "spin" => loop {
                    budget.check()?;
                    std::thread::sleep(Duration::from_millis(1));
                },
                "hang" => {
                    std::fs::write(&self.hung, "hung").expect("written");
                    std::thread::sleep(Duration::from_secs(60));
                }
                _ if line.starts_with("bad") => bad.push((number, line)),
                // The key of another row.
                _ if line.starts_with("again ") => {
                    let number = line.rsplit(' ').next().and_then(|last| last.parse().ok());
                    good.push((number.expect("a number"), line));
                }
                _ => good.push((number, line)),
            }
            if good.len() >= self.batch {
                self.write(sink, "rows", &mut good)?;
                self.write(sink, "rejects", &mut bad)?;
            }
        }
        self.write(sink, "rows", &mut good)?;
        self.write(sink, "rejects", &mut bad)?;
        Ok(Tally::default())
    }
}

pub(crate) fn mode(mode: Mode) -> Tables {
    Tables { mode, ..Tables::default() }
}

/// A flow of lines into a database.
pub(crate) fn lines(to: &Location, tables: Tables) -> Flow {
    flow_of(Lines::default(), to, tables)
}

pub(crate) fn flow_of(job: Lines, to: &Location, tables: Tables) -> Flow {
    let to = Destination::folder(to.clone()).with_tables(tables).expect("a database");
    Flow::new(Arc::new(job), pool(), stores(), to)
}
