//! Options as the command line spells them: a job names them as its recipe does.

use std::collections::HashSet;

use brawn_core::{Error, ErrorKind};
use clap::CommandFactory as _;

use crate::args::Cli;

/// What `error` says, with its options as flags where it is about options.
pub(crate) fn reason(error: &Error) -> String {
    match error.kind() {
        ErrorKind::InvalidOptions | ErrorKind::LimitExceeded => spelled(&error.chain()),
        _ => error.chain(),
    }
}

/// What is known to help, with its options as flags.
pub(crate) fn hint(error: &Error) -> Option<String> {
    error.hint().map(spelled)
}

/// `max_src_resolution` between backticks becomes `--max-src-resolution`, if there is such a flag.
fn spelled(text: &str) -> String {
    let flags = flags();
    let parts: Vec<String> = text
        .split('`')
        .enumerate()
        .map(|(index, part)| {
            let flag = part.replace('_', "-");
            if index % 2 == 1 && flags.contains(&flag) {
                format!("--{flag}")
            } else {
                part.to_owned()
            }
        })
        .collect();
    parts.join("`")
}

fn flags() -> HashSet<String> {
    let command = Cli::command();
    // The verbs that run a job: what other verbs call `--name` or `--memory` is no option of one.
    let verbs = command
        .get_subcommands()
        .filter(|verb| verb.get_arguments().any(|flag| flag.get_long() == Some("print-event")));
    verbs
        .flat_map(|verb| verb.get_arguments().filter_map(|flag| flag.get_long().map(str::to_owned)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_become_flags_and_nothing_else_does() {
        assert_eq!(spelled("raise `max_src_resolution`"), "raise `--max-src-resolution`");
        assert_eq!(spelled("set `fit` to cover"), "set `--fit` to cover");
        assert_eq!(spelled("`width.jpg` has width 3"), "`width.jpg` has width 3");
        assert_eq!(spelled("a `lonely backtick"), "a `lonely backtick");
        let corrupt = Error::invalid_input("`width` is a file");
        assert_eq!(reason(&corrupt), "`width` is a file");
    }
}
