//! `brawn points`: results to standard output, a file, a folder or a bucket.

use std::io::Write as _;

use brawn_core::{Error, Result};
use brawn_edge::{Destination, Location, Outcome};
use brawn_jobs::Recipe;
use serde_json::Value;

use crate::args::Points;
use crate::plan::{Plan, Task, plan, print_event, route};
use crate::visible::visible;

/// What the words ask for.
pub(crate) fn points(words: Points) -> Result<Plan> {
    let Points { from, to, force, options, writing, run } = words;
    let mut route = route(&from)?;
    if run.print_event && to.is_none() {
        return Err(Error::invalid_options("an event says where its outputs go")
            .with_hint("add `--to s3://bucket/prefix/`"));
    }
    let to = to.map_or(Ok(Location::Stdio), |to| to.parse::<Location>())?;
    let is_stdout = to == Location::Stdio;
    if is_stdout && run.json {
        return Err(Error::invalid_options(
            "the results go to stdout, and the report of `--json` too",
        )
        .with_hint("the results are JSON without it; or write them to a file: `-o FILE`"));
    }
    if is_stdout && route.sources.len() > 1 {
        return Err(Error::invalid_options("stdout takes the results of one input")
            .with_hint("give a folder or a prefix for those of many: `--to DST/`"));
    }
    route.to = Some(to.clone());
    route.skip_existing = writing.skip_existing;
    route.dry_run = writing.dry_run;
    route.cache_control = writing.cache_control;
    let recipe = Recipe::Points(options);
    if run.print_event {
        return print_event(&route, recipe);
    }
    let destination = Destination::resolve(to, &route.sources)?;
    let is_quiet = run.quiet || run.json || route.dry_run;
    let mut work = plan(Task { run, route, recipe, destination })?;
    work.flow = work.flow.replace(force);
    if is_stdout {
        // The results are what is told, and on a terminal a summary would stand among them.
        work.quiet = true;
    }
    if !is_quiet {
        work.done = tell_statistics;
    }
    Ok(Plan::Flow(Box::new(work)))
}

/// Lines have no place for statistics over all of them.
fn tell_statistics(outcome: &Outcome) {
    let report = &outcome.report;
    let are_lines =
        report.outputs.iter().any(|output| output.content_type == "application/x-ndjson");
    if let Some(Value::Object(statistics)) = report.facts.get("statistics")
        && are_lines
    {
        let field = |name: &str| statistics.get(name).cloned().unwrap_or_default();
        let (count, mean, std_dev) = (field("count"), field("mean"), field("std_dev"));
        // Nobody to tell when stderr is gone.
        let _ = writeln!(
            std::io::stderr(),
            "{}: {count} results, mean {mean}, standard deviation {std_dev}",
            visible(&report.source)
        );
    }
}
