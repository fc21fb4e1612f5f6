//! Serving a Lambda function: each invocation gets a budget that ends before Lambda ends it.

use std::fmt;
use std::future::Future;
use std::time::{Duration, Instant, SystemTime};

use brawn_core::{Budget, Deadline, Error, ErrorKind, Result};
pub use lambda_runtime::{Context, LambdaEvent};
use lambda_runtime::{Diagnostic, service_fn};
use serde::{Serialize, de::DeserializeOwned};
use tracing::Instrument;

pub use crate::init::init_failed;
use crate::with_budget;

/// Serves invocations one after the other, as classic Lambda sends them.
///
/// `handler` runs with [`brawn::budget`](crate::budget) giving the invocation's budget: its deadline is the one Lambda
/// told, less a [`reserve`] for delivering what is finished. A deadline that lies before this process started
/// counts as none. When the handler returns, its budget is cancelled, so that nothing goes on into the next invocation.
///
/// # Errors
/// When the environment is not Lambda's, or when the Runtime API cannot be reached. Errors of `handler` are reported to
/// Lambda with a stable type (`Brawn.OutOfTime`, `Brawn.InvalidInput`, ...) and the next invocation is served.
pub async fn run<E, R, F, A>(handler: F) -> Result<()>
where
    E: DeserializeOwned,
    R: Serialize,
    F: Fn(LambdaEvent<E>) -> A,
    A: Future<Output = Result<R>>,
{
    check_environment()?;
    let started = SystemTime::now();
    lambda_runtime::run(service_fn(|event: LambdaEvent<E>| {
        let budget = invocation_budget(&event.context, started);
        serve(budget, handler(event))
    }))
    .await
    .map_err(stopped)
}

/// Serves up to `AWS_LAMBDA_MAX_CONCURRENCY` invocations at once, as Lambda Managed Instances send them; one after the
/// other where that variable is not set. Otherwise as [`run`].
///
/// # Errors
/// As [`run`].
pub async fn run_concurrent<E, R, F, A>(handler: F) -> Result<()>
where
    E: DeserializeOwned + Send + 'static,
    R: Serialize + Send + 'static,
    F: Fn(LambdaEvent<E>) -> A + Clone + Send + 'static,
    A: Future<Output = Result<R>> + Send + 'static,
{
    check_environment()?;
    let started = SystemTime::now();
    lambda_runtime::run_concurrent(service_fn(move |event: LambdaEvent<E>| {
        let budget = invocation_budget(&event.context, started);
        serve(budget, handler(event))
    }))
    .await
    .map_err(stopped)
}

async fn serve<R>(budget: Budget, answer: impl Future<Output = Result<R>>) -> Result<R, Reply> {
    let _end = budget.cancel_on_drop();
    with_budget(budget.clone(), answer).in_current_span().await.map_err(|error| {
        tracing::error!(error = error.chain(), "the invocation failed");
        Reply(error)
    })
}

/// The invocation's budget, from the deadline in its context.
fn invocation_budget(context: &Context, started: SystemTime) -> Budget {
    match Deadline::from_epoch_millis(context.deadline, started) {
        Some(deadline) => {
            let left = deadline.remaining_at(Instant::now());
            Budget::unlimited().by(deadline.reserving(reserve(left)))
        }
        None => Budget::unlimited(),
    }
}

/// What is kept back of the time `left`: `BRAWN_DEADLINE_MARGIN_MS` where it is set, else a twentieth, at least 100 ms
/// and at most 2 s.
///
/// 100 ms is the safety gap that Datadog's Lambda extension settled on (DataDog/datadog-lambda-extension#1236); longer
/// invocations have more to deliver.
pub fn reserve(left: Duration) -> Duration {
    reserve_from(left, std::env::var("BRAWN_DEADLINE_MARGIN_MS").ok().as_deref())
}

fn reserve_from(left: Duration, margin: Option<&str>) -> Duration {
    let usual = (left / 20).clamp(Duration::from_millis(100), Duration::from_secs(2));
    margin.and_then(|text| text.trim().parse().ok()).map_or(usual, Duration::from_millis)
}

/// `lambda_runtime` panics on these when they are missing; a person who starts `bootstrap` by hand deserves a sentence.
pub(crate) fn check_environment() -> Result<()> {
    const NEEDED: [&str; 4] = [
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_VERSION",
    ];
    match NEEDED.iter().find(|name| std::env::var_os(name).is_none()) {
        None => Ok(()),
        Some(name) => Err(Error::invalid_options(format!(
            "`{name}` is not set: this program is started by Lambda"
        ))
        .with_hint("to try it on this machine use `cargo lambda watch` and `cargo lambda invoke`")),
    }
}

fn stopped(error: lambda_runtime::Error) -> Error {
    Error::new(ErrorKind::Unavailable, "serving the Runtime API ended").with_source(error)
}

/// An error as Lambda gets to see it: a stable type, a short message. The chain is in the log.
struct Reply(Error);

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.chain())
    }
}

impl From<Reply> for Diagnostic {
    fn from(Reply(error): Reply) -> Diagnostic {
        Diagnostic {
            error_type: error_type(error.kind()).to_owned(),
            error_message: error.to_string(),
        }
    }
}

/// The error type that Lambda shows and that Step Functions can match on.
pub fn error_type(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::InvalidOptions => "Brawn.InvalidOptions",
        ErrorKind::InvalidInput => "Brawn.InvalidInput",
        ErrorKind::Unsupported => "Brawn.Unsupported",
        ErrorKind::LimitExceeded => "Brawn.LimitExceeded",
        ErrorKind::OutOfMemory => "Brawn.OutOfMemory",
        ErrorKind::OutOfTime => "Brawn.OutOfTime",
        ErrorKind::Cancelled => "Brawn.Cancelled",
        ErrorKind::Panicked => "Brawn.Panicked",
        ErrorKind::NotFound => "Brawn.NotFound",
        ErrorKind::AlreadyExists => "Brawn.AlreadyExists",
        ErrorKind::Unavailable => "Brawn.Unavailable",
        _ => "Brawn.Storage",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reserve_follows_the_time_left() {
        let seconds = Duration::from_secs;
        assert_eq!(reserve_from(seconds(1), None), Duration::from_millis(100));
        assert_eq!(reserve_from(seconds(20), None), seconds(1));
        assert_eq!(reserve_from(seconds(900), None), seconds(2));
        assert_eq!(reserve_from(seconds(900), Some("750")), Duration::from_millis(750));
        assert_eq!(reserve_from(seconds(900), Some("soon")), seconds(2));
    }

    #[test]
    fn a_stale_deadline_counts_as_none() {
        let mut context = Context::default();
        context.deadline = 600_000; // what `cargo lambda watch` sends
        let budget = invocation_budget(&context, SystemTime::now());
        assert!(budget.deadline().is_none() && budget.check().is_ok());
    }

    #[test]
    fn a_real_deadline_leaves_the_reserve() {
        let started = SystemTime::now();
        let in_20_s = started.duration_since(SystemTime::UNIX_EPOCH).expect("after 1970")
            + Duration::from_secs(20);
        let mut context = Context::default();
        context.deadline = u64::try_from(in_20_s.as_millis()).expect("this century");
        let left = invocation_budget(&context, started).remaining().expect("a deadline");
        assert!(left > Duration::from_secs(10) && left <= Duration::from_secs(19), "{left:?}");
    }

    #[test]
    fn lambda_sees_a_stable_type_and_no_causes() {
        let error = Error::new(ErrorKind::OutOfMemory, "needs 3 GB")
            .with_source(std::io::Error::other("secret detail"));
        let diagnostic = Diagnostic::from(Reply(error));
        assert_eq!(diagnostic.error_type, "Brawn.OutOfMemory");
        assert_eq!(diagnostic.error_message, "needs 3 GB");
    }
}
