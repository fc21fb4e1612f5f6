//! From words to a plan: everything that can be wrong before anything starts.

use std::sync::Arc;
use std::time::Duration;

use brawn_core::{Budget, Deadline, Error, Job, Memory, Pool, Result, Vcpus};
use brawn_edge::{Destination, Flow, Location, Route, Stores};
use brawn_jobs::Recipe;
use serde_json::Value;

use crate::args::{Image, Run};
use crate::stderr;
use crate::stdout::Form;

/// What a command line asks for, checked.
pub(crate) enum Plan {
    /// Print this and stop.
    Print(Value),
    /// Run objects through a job.
    Flow(Box<Work>),
}

/// A flow and what it runs on.
pub(crate) struct Work {
    pub(crate) flow: Flow,
    pub(crate) stores: Stores,
    pub(crate) sources: Vec<Location>,
    pub(crate) budget: Budget,
    pub(crate) form: Form,
    pub(crate) quiet: bool,
}

/// `brawn image`.
pub(crate) fn image(words: Image) -> Result<Plan> {
    let Image { run, options } = words;
    let route = route(&run)?;
    let mut recipe = Recipe::Image(options);
    if let [only] = route.sources.as_slice()
        && let Some(to) = &route.to
        && let Some(extension) = to.extension()
        && Destination::resolve(to.clone(), std::slice::from_ref(only))?.is_exact()
    {
        recipe = recipe.written_to(&to.to_string(), &extension)?;
    }
    plan(run, route, recipe)
}

fn route(run: &Run) -> Result<Route> {
    let sources = run.sources.iter().map(|text| text.parse()).collect::<Result<Vec<Location>>>()?;
    if sources.iter().filter(|source| **source == Location::Stdio).count() > 1 {
        return Err(Error::invalid_options("`-` is given twice: there is one stdin"));
    }
    Ok(Route {
        sources,
        to: Some(run.to.parse()?),
        skip_existing: run.skip_existing,
        dry_run: run.dry_run,
        cache_control: run.cache_control.clone(),
    })
}

fn plan(run: Run, route: Route, recipe: Recipe) -> Result<Plan> {
    let accepts = recipe.extensions();
    let fields = recipe.to_json();
    let job: Arc<dyn Job> = recipe.into_job()?.into();
    if run.print_event {
        for location in route.sources.iter().chain(&route.to) {
            if !matches!(location, Location::Object(_)) {
                stderr::warn(&format!(
                    "`{location}` is of this machine; a function reads and writes s3://"
                ));
            }
        }
        return Ok(Plan::Print(event(&route, fields)));
    }
    let vcpus = match run.threads {
        Some(threads) => Vcpus::detect().with_workers(threads),
        None => Vcpus::detect(),
    };
    let pool = Pool::new(vcpus.workers)?;
    pool.make_global();
    let memory = run.memory_limit.map_or_else(Memory::detect, |limit| Memory::limited(limit.0));
    let mut budget = Budget::unlimited().within(memory);
    if let Some(deadline) = run.timeout.and_then(Deadline::after) {
        // What is computed by then still gets delivered.
        let reserve = run.timeout.unwrap_or_default() / 20;
        budget = budget.by(deadline.reserving(reserve.min(Duration::from_secs(1))));
    }
    let to = route.to.ok_or_else(|| Error::invalid_options("`--to` is missing"))?;
    let destination = Destination::resolve(to, &route.sources)?;
    let form = match (run.json, run.dry_run) {
        (true, _) if destination.is_stdout() && !run.dry_run => {
            return Err(Error::invalid_options("`--json` and `--to -` both want stdout"));
        }
        (true, _) => Form::Json,
        (false, true) => Form::Table,
        (false, false) => Form::Nothing,
    };
    let stores = Stores::from_env();
    let flow = Flow::new(job, pool, stores.clone(), destination)
        .accepts(Some(accepts))
        .skip_existing(route.skip_existing)
        .dry_run(route.dry_run)
        .cache_control(route.cache_control)
        .vcpus(vcpus);
    let quiet = run.quiet || run.dry_run;
    Ok(Plan::Flow(Box::new(Work { flow, stores, sources: route.sources, budget, form, quiet })))
}

/// The flat event of a direct invocation.
fn event(route: &Route, recipe: Value) -> Value {
    let mut event = recipe;
    if let (Some(fields), Ok(Value::Object(route))) =
        (event.as_object_mut(), serde_json::to_value(route))
    {
        fields.extend(route);
    }
    event
}
