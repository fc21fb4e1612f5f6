//! One object's way into tables.

use std::sync::Arc;

use brawn_core::{Budget, Error, ItemReport, Result, Tally};

use super::Run;
use super::journey::{End, Planned};
use crate::location::{Location, shown};
use crate::select::Item;
use crate::tables::{Loaded, Loads, Object, TableSink};

impl Run<'_> {
    /// Loads the rows of the object: all of them, once for each version of it, or none.
    pub(super) async fn load(
        &self,
        item: &Item,
        mut planned: Planned,
        loads: &Loads,
        source: &Arc<str>,
        report: &mut ItemReport,
    ) -> Result<End> {
        let job = self.flow.job.name();
        if !planned.plan.streaming {
            let to = loads.database();
            return Err(Error::invalid_options(format!(
                "`{to}` takes rows, and the job `{job}` writes files"
            ))
            .with_hint("give a folder, a file or a bucket as `to`"));
        }
        if self.flow.dry_run {
            self.need(&planned)?;
            let to = Location::Database(loads.database().clone());
            let targets = vec![to; planned.plan.outputs.len()];
            return Ok(End::Planned(planned.plan, targets));
        }
        let mut tries = self.flow.stores.retry().tries();
        loop {
            let version = planned.opened.version.clone();
            let version = match self.flow.asked {
                0 => version,
                asked => version.map(|version| format!("{version} {asked:016x}")),
            };
            let object = Object { source: identity(item, source), version };
            let can_be_read_again = planned.opened.known_size().is_some();
            let sink = loads.sink(object, self.stop.for_delivery())?;
            let Ended { ended, was_loaded, may_pass } =
                self.driver(item, planned, sink, end, report).await?;
            let error = match ended {
                Ok((tally, Loaded { outputs })) => {
                    report.bytes_out = outputs.iter().map(|output| output.bytes).sum();
                    report.outputs = outputs;
                    report.warnings = tally.warnings;
                    report.facts = tally.facts.into_iter().collect();
                    return Ok(End::Delivered);
                }
                Err(_) if was_loaded => {
                    return Ok(End::Skipped("loaded before".to_owned()));
                }
                Err(error) => error,
            };
            if !may_pass {
                return Err(error);
            }
            if !can_be_read_again {
                return Err(
                    error.with_hint("send it once more: what was read cannot be read again")
                );
            }
            tries.after(error, &self.stop).await?;
            // Read anew: what it is now is what its rows are noted as.
            planned = self.plan(item, &Arc::default()).await?;
        }
    }
}

/// The object's place, however it was spelled.
fn identity(item: &Item, source: &Arc<str>) -> String {
    match (&item.content, &item.location) {
        (None, Location::Path(path)) => match std::fs::canonicalize(path) {
            Ok(whole) => shown(&whole),
            Err(_) => source.to_string(),
        },
        _ => source.to_string(),
    }
}

/// What the driver says when the job has ended.
struct Ended {
    ended: Result<(Tally, Loaded)>,
    was_loaded: bool,
    may_pass: bool,
}

fn end(mut sink: TableSink, tally: Result<Tally>, budget: &Budget) -> Ended {
    // A job that computes little may not have seen that nobody waits any more.
    let wanted = budget.check().err().filter(Error::is_cancelled).map_or(Ok(()), Err);
    let ended = wanted.and(tally).and_then(|tally| sink.commit().map(|loaded| (tally, loaded)));
    Ended { ended, was_loaded: sink.was_loaded(), may_pass: sink.may_pass() }
}
