//! Completions and man pages, from the definitions in `args`.

use std::io::Write;
use std::path::Path;

use brawn_core::{Error, ErrorKind, Result};
use clap::CommandFactory;

use crate::args::Cli;
use crate::verdict::Verdict;

/// Prints the completions of `shell`.
pub(crate) fn completions(shell: clap_complete::Shell) -> Result<Verdict> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "brawn", &mut script);
    match std::io::stdout().write_all(&script) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Error::new(ErrorKind::Storage, "cannot write to stdout").with_source(error))
        }
        _ => Ok(Verdict::Done),
    }
}

/// Writes `brawn.1` and a page for each verb into `folder`.
pub(crate) fn man_pages(folder: &Path) -> Result<Verdict> {
    let cannot = |error| {
        Error::new(ErrorKind::Storage, format!("cannot write man pages to `{}`", folder.display()))
            .with_source(error)
    };
    std::fs::create_dir_all(folder).map_err(cannot)?;
    clap_mangen::generate_to(Cli::command(), folder).map_err(cannot)?;
    Ok(Verdict::Done)
}
