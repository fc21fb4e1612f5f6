//! Where the outputs go of a verb that makes one of each input: beside it, to a folder or bucket, to one exact place, or to
//! standard output.

use std::io::IsTerminal as _;

use brawn_core::{Error, Result};
use brawn_edge::{Destination, Location, Route};
use brawn_jobs::Recipe;

use crate::args::{From, Place, Run, Writing};
use crate::plan::{Plan, Task, plan, print_event, route_to};

/// Inputs and the places of their outputs, checked.
pub(crate) struct Placed {
    pub(crate) route: Route,
    pub(crate) destination: Destination,
    force: bool,
    /// Whether the output has the very name that was given.
    is_named: bool,
}

impl Placed {
    pub(crate) fn new(from: &From, place: &Place, writing: &Writing) -> Result<Placed> {
        let named = place.output.as_deref().map(str::parse::<Location>).transpose()?;
        let folder = place.to.as_deref().map(str::parse::<Location>).transpose()?;
        let is_named = named.is_some();
        // Of an event one input and an extension mean a file: its slash says otherwise.
        let folder = folder.map(as_folder).transpose()?;
        let to = named.or(folder).or(place.stdout.then_some(Location::Stdio));
        let route = route_to(from, to, writing)?;
        let destination = match &route.to {
            Some(to) if is_named => Destination::named(to.clone(), &route.sources)?,
            Some(to) => Destination::folder(to.clone()),
            None => Destination::beside(),
        };
        Ok(Placed { route, destination, force: place.force, is_named })
    }

    /// Whether outputs go to standard output.
    pub(crate) fn is_stdout(&self) -> bool {
        match &self.route.to {
            Some(to) => *to == Location::Stdio,
            // Beside stdin is stdout.
            None => self.route.sources.contains(&Location::Stdio),
        }
    }

    /// The place of the one output and its extension, where both are said.
    pub(crate) fn extension(&self) -> Option<(String, String)> {
        let to = self.route.to.as_ref().filter(|_| self.destination.is_exact())?;
        Some((to.to_string(), to.extension()?))
    }

    /// Refuses to write bytes to a terminal, unless that was asked for by `-f`, or by its name: `-o -`.
    pub(crate) fn spare_the_terminal(&self, hint: &'static str) -> Result<()> {
        let is_asked_for = self.force || self.is_named || self.route.dry_run;
        if self.is_stdout() && !is_asked_for && std::io::stdout().is_terminal() {
            return Err(Error::invalid_options("the output is binary, and stdout is a terminal")
                .with_hint(hint));
        }
        Ok(())
    }

    /// Refuses to remove inputs whose output nobody may have kept.
    pub(crate) fn keep_inputs_of_pipes(&self, remove: bool) -> Result<()> {
        if remove && self.is_stdout() {
            return Err(Error::invalid_options(
                "`rm` removes what is written to a file, not to stdout",
            ));
        }
        Ok(())
    }

    /// The plan, or the event that makes the function do the same.
    pub(crate) fn finish(self, run: Run, recipe: Recipe) -> Result<Plan> {
        let is_stdout = self.is_stdout();
        let Placed { route, destination, force, is_named } = self;
        if run.print_event {
            return match &route.to {
                None if recipe.writes() => {
                    Err(Error::invalid_options("an event says where its outputs go")
                        .with_hint("add `--to s3://bucket/prefix/`"))
                }
                Some(to) if is_named && destination.is_exact() && to.extension().is_none() => {
                    Err(Error::invalid_options(format!(
                        "`{to}` has no extension: the `to` of an event is a prefix then"
                    ))
                    .with_hint("give the output an extension, or `--to s3://bucket/prefix/`"))
                }
                _ => print_event(&route, recipe),
            };
        }
        let are_both = run.json && is_stdout && !route.dry_run && recipe.writes();
        if are_both {
            return Err(Error::invalid_options(
                "the output goes to stdout, and the report of `--json` too",
            )
            .with_hint("write the output to a file: `-o FILE`"));
        }
        // age files cannot be joined, what is in them can.
        let joins = recipe.writes() && recipe.job() != "encrypt";
        let mut work = plan(Task { run, route, recipe, destination })?;
        work.flow = work.flow.replace(force).keep_attributes(true).joins(joins);
        Ok(Plan::Flow(Box::new(work)))
    }
}

/// What `--to` names: a folder or a prefix whatever it is called, or stdout. With an extension it gets a slash.
fn as_folder(to: Location) -> Result<Location> {
    if let Location::Path(path) = &to
        && path.exists()
        && !path.is_dir()
    {
        return Err(Error::invalid_options(format!("`{to}` is there and is no folder"))
            .with_hint("`-o` names the output of one input"));
    }
    match to.extension() {
        Some(_) if !to.is_folder_by_name() => format!("{to}/").parse(),
        _ => Ok(to),
    }
}
