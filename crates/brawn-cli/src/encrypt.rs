//! `brawn encrypt` and `brawn decrypt`: beside the input, to a folder or bucket, or to standard output.

use std::io::IsTerminal as _;

use brawn_core::{Error, Result};
use brawn_edge::{Destination, Location, Route};
use brawn_jobs::Recipe;

use crate::args::encrypt::{Decrypt, Encrypt, Place};
use crate::args::{From, Run, Writing};
use crate::passphrase;
use crate::plan::{Plan, Task, plan, print_event, route_to};

/// What the words of `brawn encrypt` ask for.
pub(crate) fn encrypt(words: Encrypt) -> Result<Plan> {
    let Encrypt { from, place, mut options, passphrase, writing, run } = words;
    let route = routed(&from, &place, &writing)?;
    if goes_to_stdout(&route) {
        // What was asked for by its name is written there.
        let is_named = place.to.is_some();
        if !is_named && !options.armor && !route.dry_run && std::io::stdout().is_terminal() {
            return Err(Error::invalid_options("the output is binary, and stdout is a terminal")
                .with_hint("`--armor` writes text, `-o -` writes it all the same"));
        }
        if route.sources.len() > 1 {
            return Err(Error::invalid_options("several inputs and one stdout")
                .with_hint("age files cannot be joined: `--to FOLDER/`"));
        }
    }
    if passphrase {
        refuse_in_event(&run)?;
        (options.passphrase_env, options.passphrase) = passphrase::ask(true)?;
    }
    finish(route, &place, run, |_| Recipe::Encrypt(options))
}

/// What the words of `brawn decrypt` ask for.
pub(crate) fn decrypt(words: Decrypt) -> Result<Plan> {
    let Decrypt { from, place, mut options, passphrase, writing, run } = words;
    let route = routed(&from, &place, &writing)?;
    if passphrase {
        refuse_in_event(&run)?;
        (options.passphrase_env, options.passphrase) = passphrase::ask(false)?;
    }
    let to_stdout = goes_to_stdout(&route);
    finish(route, &place, run, |is_exact| {
        options.any_name = is_exact || to_stdout;
        Recipe::Decrypt(options)
    })
}

fn routed(from: &From, place: &Place, writing: &Writing) -> Result<Route> {
    route_to(from, place.to.as_deref(), place.stdout, writing)
}

fn goes_to_stdout(route: &Route) -> bool {
    match &route.to {
        Some(to) => *to == Location::Stdio,
        // Beside stdin is stdout.
        None => route.sources.contains(&Location::Stdio),
    }
}

/// A typed passphrase is no part of an event.
fn refuse_in_event(run: &Run) -> Result<()> {
    if !run.print_event {
        return Ok(());
    }
    Err(Error::invalid_options("a passphrase that is typed cannot be in an event")
        .with_hint("`passphrase_env` or `passphrase_file` say where the function finds it"))
}

fn finish(
    route: Route,
    place: &Place,
    run: Run,
    recipe: impl FnOnce(bool) -> Recipe,
) -> Result<Plan> {
    let destination = match &route.to {
        Some(to) => Destination::resolve(to.clone(), &route.sources)?,
        None => Destination::beside(),
    };
    let recipe = recipe(destination.is_exact());
    if run.print_event {
        return match route.to {
            Some(_) => print_event(&route, recipe),
            None => Err(Error::invalid_options("an event says where its outputs go")
                .with_hint("add `--to s3://bucket/prefix/`")),
        };
    }
    // age files cannot be joined, what is in them can.
    let joins = matches!(recipe, Recipe::Decrypt(_));
    let mut work = plan(Task { run, route, recipe, destination })?;
    work.flow = work.flow.replace(place.force).keep_attributes(true).joins(joins);
    Ok(Plan::Flow(Box::new(work)))
}
