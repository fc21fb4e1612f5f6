//! `brawn encrypt` and `brawn decrypt`: beside the input, to a folder or bucket, or to standard output.

use brawn_core::{Error, Result};
use brawn_edge::Location;
use brawn_jobs::Recipe;

use crate::args::Run;
use crate::args::encrypt::{Decrypt, Encrypt};
use crate::passphrase;
use crate::place::Placed;
use crate::plan::Plan;

/// What the words of `brawn encrypt` ask for.
pub(crate) fn encrypt(words: Encrypt) -> Result<Plan> {
    let Encrypt { from, place, mut options, passphrase, writing, run } = words;
    let placed = Placed::new(&from, &place, &writing)?;
    share_stdin(&placed, &options.recipients_file, options.passphrase_file.as_deref())?;
    if !options.armor {
        placed.spare_the_terminal("`--armor` writes text, `-o -` writes it all the same")?;
    }
    if placed.is_stdout() && placed.route.sources.len() > 1 {
        return Err(Error::invalid_options("several inputs and one stdout")
            .with_hint("age files cannot be joined: `--to FOLDER/`"));
    }
    if passphrase {
        refuse_in_event(&run)?;
        (options.passphrase_env, options.passphrase) = passphrase::ask(true)?;
    }
    placed.finish(run, Recipe::Encrypt(options))
}

/// What the words of `brawn decrypt` ask for.
pub(crate) fn decrypt(words: Decrypt) -> Result<Plan> {
    let Decrypt { from, place, mut options, passphrase, writing, run } = words;
    let placed = Placed::new(&from, &place, &writing)?;
    share_stdin(&placed, &options.identity_file, options.passphrase_file.as_deref())?;
    if passphrase {
        refuse_in_event(&run)?;
        (options.passphrase_env, options.passphrase) = passphrase::ask(false)?;
    }
    options.any_name = placed.destination.is_exact() || placed.is_stdout();
    placed.finish(run, Recipe::Decrypt(options))
}

/// There is one stdin, for an input, for one file of keys or for a passphrase.
fn share_stdin(placed: &Placed, files: &[String], passphrase: Option<&str>) -> Result<()> {
    let inputs = placed.route.sources.iter().filter(|source| **source == Location::Stdio).count();
    let files = files.iter().map(String::as_str).chain(passphrase);
    let keys = files.filter(|file| *file == "-").count();
    if inputs + keys > 1 {
        return Err(Error::invalid_options("`-` is given twice: there is one stdin"));
    }
    Ok(())
}

/// A typed passphrase is no part of an event.
fn refuse_in_event(run: &Run) -> Result<()> {
    if !run.print_event {
        return Ok(());
    }
    Err(Error::invalid_options("a passphrase that is typed cannot be in an event")
        .with_hint("`passphrase_env` or `passphrase_file` say where the function finds it"))
}
