//! `brawn tune lambda:NAME`: a function on AWS, which is as it was before, however this ends.

use std::cell::Cell;
use std::io::Write;
use std::panic::AssertUnwindSafe;

use brawn_core::{Error, ErrorKind, Result};
use brawn_lab::Enforcement;
use brawn_lab::tune::{Deployed, Target, Tuning};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

use crate::args::lab::Function;
use crate::args::tune::Tune;
use crate::lab;
use crate::signals::Signals;
use crate::verdict::{HANGUP, Verdict};

/// Measures, and takes back what it changed after errors, signals and panics too.
pub(super) fn tune(words: Tune, target: &str) -> Result<Verdict> {
    let target: Target = target.parse()?;
    not_here(&words.function, words.vcpus)?;
    let (as_json, page) = (words.json, words.html.clone());
    let (region, endpoint_url) = (words.function.region.clone(), words.endpoint_url.clone());
    let architecture = words.architecture;
    let options = super::options(words)?;
    let runtime = lab::runtime()?;
    let finding = Deployed::find(target, region, endpoint_url);
    let found = runtime.block_on(async {
        let mut signals = Signals::listen()?;
        tokio::select! {
            found = finding => found.map(Ok),
            number = signals.next() => Ok(Err(number)),
        }
    });
    let deployed = match found? {
        Ok(deployed) => deployed,
        Err(number) => return Ok(Verdict::Stopped(number)),
    };
    if architecture.is_some_and(|asked| asked != deployed.architecture()) {
        return Err(Error::invalid_options(format!(
            "the function is {}: deploy it for another architecture to tune that",
            deployed.architecture().name()
        )));
    }
    super::compare_regions(&options.prices, deployed.region());
    tell(&deployed.intent(&options));
    let work = || runtime.block_on(unless_stopped(&deployed, options));
    let ended = std::panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        if let Err(error) = runtime.block_on(deployed.take_back()) {
            tell(&format!("not all could be taken back: {error}"));
        }
        Err(Error::panicked(&*panic))
    });
    let left = deployed.changed();
    if !left.is_empty() {
        tell(&format!("left behind; this takes it back:\n{}", left.join("\n")));
    }
    let tuning = match ended? {
        Ok(tuning) => tuning,
        Err(number) => return Ok(Verdict::Stopped(number)),
    };
    let verdict = super::conclude(&tuning, as_json, page.as_deref())?;
    Ok(if left.is_empty() { verdict } else { Verdict::SomeFailed })
}

/// The result, or the signal that ended it. The first takes back what was changed, a second leaves it.
async fn unless_stopped(
    deployed: &Deployed,
    options: brawn_lab::tune::TuneOptions,
) -> Result<std::result::Result<Tuning, u8>> {
    let mut signals = Signals::listen()?;
    let mut hangup = signal(SignalKind::hangup()).map_err(|error| {
        Error::new(ErrorKind::Unavailable, "cannot listen for signals").with_source(error)
    })?;
    let first = Cell::new(None);
    let (stop, stopped) = oneshot::channel();
    let twice = async {
        let number = tokio::select! {
            number = signals.next() => number,
            // Whoever closes the terminal wants the function back too.
            _ = hangup.recv() => HANGUP,
        };
        first.set(Some(number));
        tell("stopping; a second signal leaves the function as it is by then");
        let _ = stop.send(());
        signals.next().await
    };
    let stopped = async {
        if stopped.await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        tuning = deployed.tune(options, stopped, tell) => match (tuning, first.get()) {
            (Err(error), Some(number)) if error.is_cancelled() => Ok(Err(number)),
            (tuning, _) => tuning.map(Ok),
        },
        number = twice => Ok(Err(number)),
    }
}

/// Refuses what a function has that runs on this machine only.
fn not_here(words: &Function, vcpus: Option<f64>) -> Result<()> {
    let Function { command, timeout, env, name, handler, extensions, enforce, .. } = words;
    let given = [
        ("further arguments", command.len() > 1),
        ("--timeout", timeout.as_secs_f64() != 30.0),
        ("--env", !env.is_empty()),
        ("--name", name.is_some()),
        ("--handler", handler != "bootstrap"),
        ("--extensions", extensions.is_some()),
        ("--enforce", *enforce != Enforcement::Auto),
        ("--vcpus", vcpus.is_some()),
    ];
    match given.iter().find(|(_, given)| *given) {
        None => Ok(()),
        Some((name, _)) => Err(Error::invalid_options(format!(
            "{name}: a function on AWS is measured as it is deployed"
        ))),
    }
}

/// To stderr, which may be gone: the function is restored all the same.
fn tell(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
