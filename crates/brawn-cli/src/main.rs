//! `brawn`: the same jobs on files, folders and buckets.
//!
//! `main` only translates: words to a plan, a result to an exit code.

mod args;
mod check;
mod compress;
mod decompress;
#[cfg(feature = "encrypt")]
mod encrypt;
mod flags;
mod hash;
#[cfg(feature = "encrypt")]
mod keygen;
mod lab;
mod papers;
#[cfg(feature = "encrypt")]
mod passphrase;
mod place;
mod plan;
mod points;
mod run;
mod signals;
mod sources;
mod stats;
mod stderr;
mod stdout;
mod tune;
mod verdict;
mod visible;

use std::process::ExitCode;

use brawn_core::{Error, Result};

use crate::args::{Cli, Command};
use crate::plan::Plan;
use crate::verdict::Verdict;

fn main() -> ExitCode {
    let verdict = match Cli::read().command {
        Command::Image(image) => plan::image(*image).and_then(carry_out),
        Command::Hash(words) => hash::hash(*words).and_then(carry_out),
        Command::Compress(words) => compress::compress(*words).and_then(carry_out),
        Command::Points(words) => points::points(*words).and_then(carry_out),
        Command::Stats(words) => stats::stats(*words).and_then(carry_out),
        Command::Decompress(words) => decompress::decompress(*words).and_then(carry_out),
        #[cfg(feature = "encrypt")]
        Command::Encrypt(words) => encrypt::encrypt(*words).and_then(carry_out),
        #[cfg(feature = "encrypt")]
        Command::Decrypt(words) => encrypt::decrypt(*words).and_then(carry_out),
        #[cfg(feature = "encrypt")]
        Command::Keygen(words) => keygen::keygen(&words),
        Command::Check(words) => check::check(&words),
        Command::Emulate(words) => lab::emulate(*words),
        Command::Invoke(words) => lab::invoke(&words),
        Command::Tune(words) => tune::tune(*words),
        Command::Completions(words) => papers::completions(words.shell),
        Command::Man(words) => papers::man_pages(&words.folder),
    };
    ExitCode::from(verdict.map_or_else(|error| could_not_start(&error), Verdict::exit_code))
}

fn carry_out(plan: Plan) -> Result<Verdict> {
    match plan {
        Plan::Print(event) => stdout::print(&event),
        Plan::Ended(verdict) => Ok(verdict),
        Plan::Flow(work) => run::run(*work),
    }
}

fn could_not_start(error: &Error) -> u8 {
    if error.is_cancelled() {
        // Ctrl-C where something was asked for: whoever pressed it knows.
        return Verdict::Stopped(verdict::INTERRUPT).exit_code();
    }
    stderr::complain(error);
    2
}
