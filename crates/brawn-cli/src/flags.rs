//! Options as the command line spells them: a job names them as its recipe does.

use std::collections::HashMap;

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
    match error.hint().map(spelled) {
        Some(hint) if error.is_out_of_memory() => {
            Some(hint.replacen("more memory", "more memory (`--memory-limit`)", 1))
        }
        None if error.is_out_of_memory() => Some(
            "raise `--memory-limit`, which is half of the machine's memory unless it is given"
                .to_owned(),
        ),
        hint => hint,
    }
}

/// `max_src_resolution` between backticks becomes `--max-src-resolution`, if there is such a flag.
fn spelled(text: &str) -> String {
    let flags = flags();
    let parts: Vec<String> = text
        .split('`')
        .enumerate()
        .map(|(index, part)| match flags.get(part).filter(|_| index % 2 == 1) {
            Some(flag) => format!("--{flag}"),
            None => part.to_owned(),
        })
        .collect();
    parts.join("`")
}

/// Flags by the names of their options: `identity_file` is `--identity`.
fn flags() -> HashMap<String, String> {
    let command = Cli::command();
    // The verbs that run a job: what other verbs call `--name` or `--memory` is no option of one.
    let verbs = command
        .get_subcommands()
        .filter(|verb| verb.get_arguments().any(|flag| flag.get_long() == Some("print-event")));
    let flags = verbs.flat_map(|verb| {
        verb.get_arguments().filter_map(|flag| Some((flag.get_id().to_string(), flag.get_long()?)))
    });
    flags
        .flat_map(|(id, long)| [(long.replace('-', "_"), long.to_owned()), (id, long.to_owned())])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_memory_is_told_the_flag() {
        let error = Error::out_of_memory("needs 2 B of memory and the limit is 1 B");
        let said = hint(&error).expect("a hint");
        assert!(said.starts_with("raise `--memory-limit`"), "{said}");
        let other = "give it more memory, or leave this object out";
        let said = hint(&error.with_hint(other)).expect("a hint");
        assert_eq!(said, "give it more memory (`--memory-limit`), or leave this object out");
        let order = Error::out_of_memory("too much").with_hint("put `algorithm` first");
        assert_eq!(hint(&order).as_deref(), Some("put `--algorithm` first"));
        assert_eq!(hint(&Error::invalid_input("broken")), None);
    }

    #[test]
    fn options_become_flags_and_nothing_else_does() {
        #[cfg(feature = "encrypt")]
        assert_eq!(spelled("`identity_file`: no file"), "`--identity`: no file");
        assert_eq!(spelled("raise `max_src_resolution`"), "raise `--max-src-resolution`");
        assert_eq!(spelled("set `fit` to cover"), "set `--fit` to cover");
        assert_eq!(spelled("`src_resolution`"), "`src_resolution`");
        assert_eq!(spelled("`width.jpg` has width 3"), "`width.jpg` has width 3");
        assert_eq!(spelled("a `lonely backtick"), "a `lonely backtick");
        let corrupt = Error::invalid_input("`width` is a file");
        assert_eq!(reason(&corrupt), "`width` is a file");
    }
}
