//! `brawn decompress`: beside the input, to a folder or bucket, to standard output, or nowhere: a test, a list.

use std::cell::Cell;
use std::io::Write as _;
use std::rc::Rc;

use brawn_core::{Error, Result, Status};
use brawn_edge::{Destination, Location, Outcome};
use brawn_jobs::Recipe;

use crate::args::Decompress;
use crate::compress::remove_input;
use crate::hash::source_name;
use crate::place::Placed;
use crate::plan::{Plan, Work};
use crate::stdout::Form;
use crate::visible::visible;

/// What the words ask for.
pub(crate) fn decompress(words: Decompress) -> Result<Plan> {
    let Decompress { from, place, remove, keep: _, writing, run, mut options } = words;
    let (test, list) = (options.test, options.list);
    let writes_nothing = test || list;
    // Before what is wrong with a place that should not be there.
    if writes_nothing && (place.output.is_some() || place.to.is_some() || place.stdout) {
        let word = if test { "test" } else { "list" };
        return Err(Error::invalid_options(format!("`{word}` writes nothing"))
            .with_hint("leave out `-o`, `to` and `-c`"));
    }
    let mut placed = Placed::new(&from, &place, &writing)?;
    placed.keep_inputs_of_pipes(remove)?;
    if writes_nothing {
        placed.destination = Destination::folder(Location::Stdio);
    }
    // Where the name of the output is known, that of the input says nothing.
    let are_piped = placed.route.sources.iter().all(|source| *source == Location::Stdio);
    let is_piped = placed.route.to.is_none() && are_piped;
    options.any_name = placed.destination.is_exact() || is_piped;
    let may_remove = remove && !writing.dry_run;
    let (is_json, is_quiet) = (run.json, run.quiet);
    let mut planned = placed.finish(run, Recipe::Decompress(options))?;
    if let Plan::Flow(work) = &mut planned {
        if may_remove {
            work.done = |outcome| remove_input(outcome, "decompressed");
        }
        if !(is_json || writing.dry_run) {
            if test {
                tell_tests(work, is_quiet);
            } else if list {
                tell_lists(work);
            }
        }
    }
    Ok(planned)
}

/// A line for each object: whether it can be decompressed.
fn tell_tests(work: &mut Work, is_quiet: bool) {
    // The lines are the result, and on a terminal a summary would stand among them.
    (work.form, work.quiet) = (Form::Lines, true);
    work.tell = Some(Box::new(move |outcome| {
        let name = visible(source_name(&outcome.report.source));
        match outcome.report.status {
            Status::Ok if is_quiet => String::new(),
            Status::Ok => format!("{name}: OK"),
            Status::Rejected | Status::Failed => format!("{name}: FAILED"),
            Status::Skipped | Status::Deadline => String::new(),
        }
    }));
}

/// What the objects of a list add up to.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    objects: u64,
    parts: u64,
    compressed: u64,
    plain: u64,
}

/// A table with a line for each object, and one for all of them where there are several.
fn tell_lists(work: &mut Work) {
    (work.form, work.quiet) = (Form::Lines, true);
    let sums = Rc::new(Cell::new(Sums::default()));
    let summed = Rc::clone(&sums);
    work.tell = Some(Box::new(move |outcome| {
        let mut lines = Vec::new();
        if outcome.place == 0 {
            let (parts, compressed, plain) = ("parts", "compressed", "uncompressed");
            lines.push(format!("{parts:>8} {compressed:>15} {plain:>15} {:>8}  name", "ratio"));
        }
        if let Some(this) = sizes(outcome) {
            let mut all = sums.get();
            all.objects += 1;
            all.parts += this.parts;
            all.compressed += this.compressed;
            all.plain += this.plain;
            sums.set(all);
            lines.push(line(&this, &visible(source_name(&outcome.report.source))));
        }
        lines.join("\n")
    }));
    work.conclude = Box::new(move |verdict| {
        let sums = summed.get();
        if sums.objects > 1 {
            // The exit code says what became of the lines before.
            let _ = writeln!(std::io::stdout(), "{}", line(&sums, "(total)"));
        }
        verdict
    });
}

fn sizes(outcome: &Outcome) -> Option<Sums> {
    let facts = &outcome.report.facts;
    let fact = |name: &str| facts.get(name)?.as_u64();
    Some(Sums {
        objects: 1,
        parts: fact("frames").or(fact("members"))?,
        compressed: fact("compressed")?,
        plain: fact("uncompressed")?,
    })
}

fn line(sums: &Sums, name: &str) -> String {
    let Sums { parts, compressed, plain, .. } = sums;
    let ratio = *plain as f64 / (*compressed).max(1) as f64;
    format!("{parts:>8} {compressed:>15} {plain:>15} {ratio:>8.2}  {name}")
}
