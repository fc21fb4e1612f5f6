//! `brawn compress`: beside the input, to a folder or bucket, or to standard output.

use brawn_core::{Error, Result, Status};
use brawn_edge::{Destination, Location, Outcome};
use brawn_jobs::Recipe;

use crate::args::Compress;
use crate::plan::{Plan, Task, plan, print_event, route_to};
use crate::stderr;

/// What the words ask for.
pub(crate) fn compress(words: Compress) -> Result<Plan> {
    let Compress { from, to, stdout, force, remove, keep: _, writing, run, options } = words;
    let route = route_to(&from, to.as_deref(), stdout, &writing)?;
    let to = route.to.clone();
    let destination = match &to {
        Some(to) => Destination::resolve(to.clone(), &route.sources)?,
        None => Destination::beside(),
    };
    let mut recipe = Recipe::Compress(options);
    if destination.is_exact()
        && let Some(to) = &to
        && let Some(extension) = to.extension()
    {
        recipe = recipe.written_to(&to.to_string(), &extension)?;
    }
    if run.print_event {
        return match to {
            Some(_) => print_event(&route, recipe),
            None => Err(Error::invalid_options("an event says where its outputs go")
                .with_hint("add `--to s3://bucket/prefix/`")),
        };
    }
    let may_remove = remove && !route.dry_run;
    let mut work = plan(Task { run, route, recipe, destination })?;
    work.flow = work.flow.replace(force).keep_attributes(true).joins(true);
    if may_remove {
        work.done = |outcome| remove_input(outcome, "compressed");
    }
    Ok(Plan::Flow(Box::new(work)))
}

/// What `--rm` does: a local input whose output is there, `done` by now, goes.
pub(crate) fn remove_input(outcome: &Outcome, done: &str) {
    let report = &outcome.report;
    let is_done = report.status == Status::Ok && !report.outputs.is_empty();
    if is_done
        && let Ok(Location::Path(path)) = report.source.parse()
        && let Err(error) = std::fs::remove_file(&path)
    {
        stderr::warn(&format!("`{}` is {done} and stays: {error}", path.display()));
    }
}
