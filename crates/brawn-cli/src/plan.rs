//! From words to a plan: everything that can be wrong before anything starts.

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use brawn_core::{Budget, Deadline, Error, Job, Memory, Pool, Result, Vcpus};
use brawn_edge::{Destination, Flow, Item, Location, Outcome, Route, Stores};
use brawn_jobs::Recipe;
use serde_json::Value;

use crate::args::{From, Image, Run, Writing};
use crate::stderr;
use crate::stdout::{Form, Tell};
use crate::verdict::Verdict;

/// What a command line asks for, checked.
pub(crate) enum Plan {
    /// Print this and stop.
    Print(Value),
    /// Nothing is left to do: it has been said why.
    Ended(Verdict),
    /// Run objects through a job.
    Flow(Box<Work>),
}

/// A flow and what it runs on.
pub(crate) struct Work {
    pub(crate) flow: Flow,
    pub(crate) stores: Stores,
    pub(crate) input: Input,
    pub(crate) budget: Budget,
    pub(crate) form: Form,
    pub(crate) quiet: bool,
    /// Whether the same command with `--skip-existing` goes on where it was stopped.
    pub(crate) resumes: bool,
    /// Why files may be passed over, unless nothing is told of it.
    pub(crate) passed_over: Option<String>,
    /// What is told of an object on stdout.
    pub(crate) tell: Option<Tell>,
    /// Whether nothing is said of an object on stderr.
    pub(crate) silent: fn(&Outcome) -> bool,
    /// What is done about an object that has ended.
    pub(crate) done: fn(&Outcome),
    /// What the end is, given what became of the objects.
    pub(crate) conclude: Box<dyn FnOnce(Verdict) -> Verdict>,
}

/// What a flow runs over.
pub(crate) enum Input {
    Sources(Vec<Location>),
    Items(Vec<Item>),
}

/// What a verb asks for, checked but for its run.
pub(crate) struct Task {
    pub(crate) run: Run,
    pub(crate) route: Route,
    pub(crate) recipe: Recipe,
    pub(crate) destination: Destination,
}

/// `brawn image`.
pub(crate) fn image(words: Image) -> Result<Plan> {
    let Image { from, to, writing, run, options } = words;
    let to: Location = to.parse()?;
    lasts(&to)?;
    let route = Route {
        to: Some(to.clone()),
        skip_existing: writing.skip_existing,
        dry_run: writing.dry_run,
        cache_control: writing.cache_control,
        ..route(&from)?
    };
    let mut recipe = Recipe::Image(options);
    let destination = || Destination::resolve(to.clone(), &route.sources);
    if let [_] = route.sources.as_slice()
        && let Some(extension) = to.extension()
        && destination()?.is_exact()
    {
        recipe = recipe.written_to(&to.to_string(), &extension)?;
    }
    if run.print_event {
        return print_event(&route, recipe);
    }
    let destination = destination()?;
    plan(Task { run, route, recipe, destination }).map(|work| Plan::Flow(Box::new(work)))
}

/// Refuses what ends with this process, where nobody could have put or would find anything.
fn lasts(location: &Location) -> Result<()> {
    if location.to_string().starts_with("memory://") {
        return Err(Error::invalid_options(format!("`{location}` would end with this command"))
            .with_hint("`memory://` is for tests of programs: give a path or `s3://bucket/key`"));
    }
    Ok(())
}

/// The sources as a route to where the words say.
pub(crate) fn route_to(from: &From, to: Option<Location>, writing: &Writing) -> Result<Route> {
    to.iter().try_for_each(lasts)?;
    Ok(Route {
        to,
        skip_existing: writing.skip_existing,
        dry_run: writing.dry_run,
        cache_control: writing.cache_control.clone(),
        ..route(from)?
    })
}

/// The sources as a route to nowhere.
pub(crate) fn route(from: &From) -> Result<Route> {
    let location = |source: &OsString| match source.to_str() {
        Some(text) => text.parse(),
        // Its item says what is to be done about it.
        None => Ok(Location::from(Path::new(source))),
    };
    let sources = from.sources.iter().map(location).collect::<Result<Vec<_>>>()?;
    sources.iter().try_for_each(lasts)?;
    if sources.iter().filter(|source| **source == Location::Stdio).count() > 1 {
        return Err(Error::invalid_options("`-` is given twice: there is one stdin"));
    }
    Ok(Route { sources, ..Route::default() })
}

/// The event of a route and a recipe that were checked.
pub(crate) fn print_event(route: &Route, recipe: Recipe) -> Result<Plan> {
    let fields = recipe.to_json();
    recipe.for_function()?;
    recipe.into_job()?;
    for source in &route.sources {
        serde_json::to_value(source).map_err(|error| {
            Error::invalid_options(error.to_string()).with_hint("an event is JSON, which is UTF-8")
        })?;
    }
    for location in route.sources.iter().chain(&route.to) {
        if !matches!(location, Location::Object(_)) {
            stderr::warn(&format!(
                "`{location}` is of this machine; a function reads and writes s3://"
            ));
        }
    }
    Ok(Plan::Print(event(route, fields)))
}

pub(crate) fn plan(task: Task) -> Result<Work> {
    let Task { run, route, recipe, destination } = task;
    let asked = recipe.question();
    let (accepts, left) = (recipe.extensions(), recipe.passed_over());
    let passed_over = (!run.quiet).then(|| match accepts {
        Some(accepts) => format!("not {}", as_suffixes(accepts)),
        None => format!("{} are left as they are", as_suffixes(left)),
    });
    let writes = recipe.writes();
    let job: Arc<dyn Job> = recipe.into_job()?.into();
    let vcpus = match run.threads {
        Some(threads) => Vcpus::detect().with_workers(threads),
        None => Vcpus::try_detect()?,
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
    let form = match (run.json, route.dry_run) {
        (true, false) if destination.is_stdout() && writes => {
            return Err(Error::invalid_options("`--json` and `--to -` both want stdout"));
        }
        (true, _) => Form::Json,
        (false, true) => Form::Table,
        (false, false) => Form::Nothing,
    };
    // Said once, and not for each object; who skips what is there may have nothing to write.
    if writes && !route.dry_run && !route.skip_existing {
        destination.try_out()?;
    }
    let resumes = writes && !destination.is_exact();
    let stores = Stores::from_env();
    let flow = Flow::new(job, pool, stores.clone(), destination)
        .accepts(accepts)
        .passes_over(left)
        .asked(&asked)
        .skip_existing(route.skip_existing)
        .dry_run(route.dry_run)
        .cache_control(route.cache_control)
        .vcpus(vcpus);
    Ok(Work {
        flow,
        stores,
        input: Input::Sources(route.sources),
        budget,
        form,
        quiet: run.quiet || route.dry_run,
        resumes,
        passed_over,
        tell: None,
        silent: |_| false,
        done: |_| {},
        conclude: Box::new(|verdict| verdict),
    })
}

fn as_suffixes(extensions: &[&str]) -> String {
    let suffixes: Vec<String> = extensions.iter().map(|one| format!(".{one}")).collect();
    suffixes.join(" ")
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
