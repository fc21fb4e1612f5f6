//! `brawn compress`: beside the input, to a folder or bucket, or to standard output.

use brawn_core::{Result, Status};
use brawn_edge::{Location, Outcome};
use brawn_jobs::Recipe;

use crate::args::Compress;
use crate::place::Placed;
use crate::plan::Plan;
use crate::stderr;

/// What the words ask for.
pub(crate) fn compress(words: Compress) -> Result<Plan> {
    let Compress { from, place, remove, keep: _, writing, run, options } = words;
    let placed = Placed::new(&from, &place, &writing)?;
    placed.keep_inputs_of_pipes(remove)?;
    placed.spare_the_terminal("redirect it: `> FILE`; `-f` writes it all the same")?;
    let mut recipe = Recipe::Compress(options);
    if let Some((to, extension)) = placed.extension() {
        recipe = recipe.written_to(&to, &extension)?;
    }
    let may_remove = remove && !writing.dry_run;
    let mut planned = placed.finish(run, recipe)?;
    if may_remove && let Plan::Flow(work) = &mut planned {
        work.done = |outcome| remove_input(outcome, "compressed");
    }
    Ok(planned)
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
