//! `brawn stats`: a summary for people, a document for programs, a page, or rows for a file or a database.

mod pin;
mod render;

use std::cell::RefCell;
use std::io::IsTerminal as _;
use std::path::Path;
use std::rc::Rc;

use brawn_core::{Error, ErrorKind, Result, Status};
use brawn_edge::{Database, Destination, Location, Outcome};
use brawn_jobs::Recipe;
use brawn_jobs::stats::{Format, Per, page};
use serde_json::Value;

use crate::args::Stats;
use crate::plan::{Plan, Task, Work, plan, print_event, route_to};
use crate::stderr;
use crate::stdout::{Form, Tell};
use crate::verdict::Verdict;
use crate::visible::visible;

pub(crate) use pin::of_word;

/// What the words ask for.
pub(crate) fn stats(words: Stats) -> Result<Plan> {
    let Stats { from, to, types, schema, report, force, rows, writing, run, mut options } = words;
    if let Some(schema) = schema {
        options.types = pin::of_file(&schema)?;
    }
    options.types.extend(types);
    let mut route = route_to(&from, to.map(|to| to.parse()).transpose()?, &writing)?;
    let to = route.to.clone();
    if let Some(Location::Database(Database::Postgres(url))) = &to
        && url.has_password()
    {
        return Err(Error::invalid_options(
            "who lists the processes of this machine reads the password in `to`",
        )
        .with_hint("leave it out and set PGPASSWORD, or write it into ~/.pgpass"));
    }
    (route.table, route.mode, route.key_alone) = (rows.table, rows.mode, rows.key_alone);
    let per_row = options.per == Per::Row;
    options.row_summary = per_row && report.is_some();
    let is_file = matches!(&to, Some(to) if !matches!(to, Location::Database(_)));
    if to.is_none() || to == Some(Location::Stdio) {
        options.store_rejects = false;
    }
    if per_row && to.is_none() && (route.sources.len() > 1 || run.json) {
        return Err(Error::invalid_options("stdout takes the rows of one table, and nothing else")
            .with_hint("say where they go: `--to DST/`"));
    }
    let destination = match &to {
        Some(to) => {
            Destination::resolve(to.clone(), &route.sources)?.with_tables(route.tables())?
        }
        None => Destination::folder(Location::Stdio).with_tables(route.tables())?,
    };
    let named = to.as_ref().filter(|_| destination.is_exact());
    let named = named.and_then(|to| Some((to.to_string(), to.extension()?)));
    let recipe = match named {
        Some((to, extension)) => Recipe::Stats(options).written_to(&to, &extension)?,
        None => {
            options.format = options.format.or(is_file.then_some(Format::Csv));
            Recipe::Stats(options)
        }
    };
    if run.print_event {
        return print_event(&route, recipe);
    }
    if let Some(report) = &report {
        spare(report, force, &route)?;
    }
    let (is_json, dry_run) = (run.json, route.dry_run);
    let mut work = plan(Task { run, route, recipe, destination })?;
    work.flow = work.flow.replace(force || to.is_none() || !is_file);
    if to.is_none() && !per_row {
        work.form = Form::Lines;
        work.tell = Some(if is_json { Box::new(document) } else { summary() });
        work.quiet |= is_json || std::io::stdout().is_terminal();
    } else if per_row && !is_file {
        work.quiet |= to.is_none();
    }
    if let Some(report) = report.filter(|_| !dry_run) {
        keep_page(&mut work, report);
    }
    if matches!(to, Some(Location::Database(_))) {
        work.done = tell_what_was_skipped;
    }
    Ok(Plan::Flow(Box::new(work)))
}

/// A page goes over nothing that is there, unless that is asked for, and over no input.
fn spare(page: &Path, force: bool, route: &brawn_edge::Route) -> Result<()> {
    let place = std::fs::canonicalize(page);
    let is_input = |source: &Location| match (source, &place) {
        (Location::Path(path), Ok(place)) => {
            std::fs::canonicalize(path).is_ok_and(|path| path == *place || place.starts_with(path))
        }
        _ => false,
    };
    let shown = page.display();
    if route.sources.iter().any(is_input) {
        return Err(Error::invalid_options(format!(
            "`{shown}`, the `report`, is one of the inputs"
        )));
    }
    if route.to.as_ref().is_some_and(|to| *to == Location::from(page)) {
        return Err(Error::invalid_options(format!("`report` and `to` are both `{shown}`")));
    }
    match place {
        Ok(_) if !force => {
            Err(Error::new(ErrorKind::AlreadyExists, format!("`{shown}` is there already"))
                .with_hint("write elsewhere, or say that it may be replaced (`--force`)"))
        }
        _ => Ok(()),
    }
}

/// An object that is in the table is no failure, and no news to who sent it twice on purpose.
fn tell_what_was_skipped(outcome: &Outcome) {
    let report = &outcome.report;
    if report.status == Status::Skipped {
        let reason = report.reason.as_deref().unwrap_or_default();
        stderr::warn(&format!("{}: skipped, {reason}", report.source));
    }
}

/// The document of a table, on a line.
fn document(outcome: &Outcome) -> String {
    statistics(outcome).map(|statistics| statistics.to_string()).unwrap_or_default()
}

fn statistics(outcome: &Outcome) -> Option<&Value> {
    outcome.report.facts.get("statistics").filter(|_| outcome.report.status == Status::Ok)
}

/// A table for people.
fn summary() -> Tell {
    Box::new(|outcome| {
        statistics(outcome)
            .map(|all| render::summary(all, &visible(&outcome.report.source)))
            .unwrap_or_default()
    })
}

/// Writes the page once all tables are there.
fn keep_page(work: &mut Work, path: std::path::PathBuf) {
    let all: Rc<RefCell<Vec<Value>>> = Rc::default();
    let kept = Rc::clone(&all);
    let mut tell = work.tell.take();
    if work.form == Form::Nothing {
        work.form = Form::Lines;
    }
    work.tell = Some(Box::new(move |outcome| {
        if let Some(statistics) = statistics(outcome) {
            kept.borrow_mut().push(statistics.clone());
        }
        tell.as_mut().map(|tell| tell(outcome)).unwrap_or_default()
    }));
    let conclude = std::mem::replace(&mut work.conclude, Box::new(|verdict| verdict));
    work.conclude = Box::new(move |verdict| {
        let all = all.borrow();
        let written = if all.is_empty() { Ok(()) } else { write(&path, &page(&all)) };
        match written {
            Ok(()) => conclude(verdict),
            Err(error) => {
                stderr::complain(&error);
                Verdict::SomeFailed
            }
        }
    });
}

/// Whole or not at all.
fn write(path: &Path, text: &str) -> Result<()> {
    let failed = |error| {
        Error::new(ErrorKind::Storage, format!("cannot write `{}`", path.display()))
            .with_source(error)
    };
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    std::fs::write(&part, text).map_err(failed)?;
    std::fs::rename(&part, path).map_err(failed)
}
