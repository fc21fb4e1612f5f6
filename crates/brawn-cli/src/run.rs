//! The run itself: a runtime for the edges, signals, reports, a verdict.

use std::time::Duration;

use brawn_core::{Error, ErrorKind, Result, Status};
use brawn_edge::Outcome;

use crate::plan::{Input, Work};
use crate::signals::Signals;
use crate::stderr::{Stderr, Why};
use crate::stdout::{End, Form, Stdout};
use crate::verdict::{PIPE, Verdict};

/// How long the command stays, after its report, for uploads that were given up and are not aborted yet.
const SETTLING: Duration = Duration::from_secs(2);

/// Runs the flow to its end, or to the first signal.
pub(crate) fn run(work: Work) -> Result<Verdict> {
    // The edges wait, they do not compute: two threads carry TLS and requests for as many cores as Lambda has.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| {
            Error::new(ErrorKind::Unavailable, "cannot start the async runtime").with_source(error)
        })?;
    let verdict = runtime.block_on(flow(work));
    // A thread may still wait for a stdin that nobody closes.
    runtime.shutdown_timeout(Duration::from_millis(100));
    verdict
}

async fn flow(work: Work) -> Result<Verdict> {
    let Work {
        flow,
        stores,
        input,
        budget,
        form,
        quiet,
        resumes,
        passed_over,
        tell,
        silent,
        done,
        conclude,
    } = work;
    let mut signals = Signals::listen()?;
    let mut stdout = Stdout::new(form, tell);
    let people = Stderr::new(quiet, passed_over);
    let progress = flow.progress();
    let mut stopped = None;
    let summary = {
        let each = |outcome: Outcome| {
            done(&outcome);
            if outcome.is_unread() {
                // As `SIGPIPE` ends others: who closed the pipe has what was wanted.
                stdout.is_unread();
                budget.cancel();
                return;
            }
            if !silent(&outcome) {
                people.item(&outcome);
            }
            if let Some(total) = progress.total() {
                people.total(total);
            }
            // A plan is no result: the table of a dry run shows what can be done.
            if outcome.plan.is_some()
                || outcome.report.status != Status::Deadline
                || form.is_json()
                || form == Form::Lines
            {
                stdout.item(&outcome);
            }
            if stdout.end().is_some() {
                budget.cancel();
            }
        };
        let run = async {
            match input {
                Input::Sources(sources) => flow.run(&sources, &budget, each).await,
                Input::Items(items) => flow.run_items(items, &budget, each).await,
            }
        };
        tokio::pin!(run);
        loop {
            tokio::select! {
                summary = &mut run => break summary,
                number = signals.next() => {
                    if stopped.is_some() {
                        // Asked twice: outputs in progress are unnamed files and vanish with the process.
                        #[expect(clippy::exit, reason = "the second Ctrl-C must not wait for anything")]
                        std::process::exit(i32::from(Verdict::Stopped(number).exit_code()));
                    }
                    stopped = Some(number);
                    budget.cancel();
                }
            }
        }
    };
    stdout.summary(&summary);
    let why = match (stopped, stdout.end()) {
        (Some(_), _) => Why::Signal,
        (None, Some(End::Unread)) => Why::Unread,
        (None, Some(_)) => Why::Stdout,
        (None, None) => Why::Time,
    };
    people.summary(&summary, why, resumes);
    tokio::select! {
        () = stores.settle(SETTLING) => {}
        number = signals.next() => stopped = Some(number),
    }
    Ok(match (stopped, stdout.end()) {
        (Some(number), _) => Verdict::Stopped(number),
        (None, Some(End::Closed | End::Unread)) => Verdict::Stopped(PIPE),
        (None, Some(End::Failed)) => Verdict::SomeFailed,
        (None, None) => conclude(Verdict::of(&summary)),
    })
}
