//! The invocation that a line of the log belongs to, as `requestId` at its top: CloudWatch, and whoever filters logs of
//! Lambda, look for it there and not in a span.

use std::fmt::{self, Debug};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::FmtContext;
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

const FIELD: &str = "requestId";

/// The invocations that are being served.
static SERVED: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn served() -> MutexGuard<'static, Vec<String>> {
    SERVED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An invocation that is being served, until it is dropped.
#[derive(Debug)]
pub(crate) struct Serving(String);

impl Serving {
    pub(crate) fn of(request_id: &str) -> Serving {
        served().push(request_id.to_owned());
        Serving(request_id.to_owned())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let mut served = served();
        if let Some(index) = served.iter().position(|id| *id == self.0) {
            served.swap_remove(index);
        }
    }
}

/// The one invocation that is being served, if it is one: what is logged outside of every span is then logged for it.
fn only_one() -> Option<String> {
    match served().as_slice() {
        [only] => Some(only.clone()),
        _ => None,
    }
}

/// Keeps the `requestId` of each span that has one where the lines of the log find it.
#[derive(Clone, Copy, Debug)]
pub(super) struct RequestIds;

struct RequestId(String);

impl<S: Subscriber + for<'s> LookupSpan<'s>> Layer<S> for RequestIds {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if attributes.metadata().fields().field(FIELD).is_none() {
            return;
        }
        let mut found = Found(None);
        attributes.record(&mut found);
        if let (Found(Some(request_id)), Some(span)) = (found, context.span(id)) {
            span.extensions_mut().insert(RequestId(request_id));
        }
    }
}

struct Found(Option<String>);

impl Visit for Found {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == FIELD {
            self.0 = Some(value.to_owned());
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == FIELD {
            self.0 = Some(format!("{value:?}"));
        }
    }
}

/// Lines as `F` writes them, objects of JSON, with `requestId` before what else they have.
#[derive(Clone, Copy, Debug)]
pub(super) struct WithRequestId<F>(pub(super) F);

impl<S, N, F> FormatEvent<S, N> for WithRequestId<F>
where
    S: Subscriber + for<'s> LookupSpan<'s>,
    N: for<'w> FormatFields<'w> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = String::new();
        self.0.format_event(context, Writer::new(&mut line), event)?;
        // A line that says for itself which request it is about is left as it is.
        if event.metadata().fields().field(FIELD).is_none()
            && let Some(request_id) = of_spans(context).or_else(only_one)
            && line.starts_with('{')
        {
            let request_id = serde_json::Value::String(request_id);
            line.insert_str(1, &format!("\"{FIELD}\":{request_id},"));
        }
        writer.write_str(&line)
    }
}

/// That of the innermost span which has one.
fn of_spans<S, N>(context: &FmtContext<'_, S, N>) -> Option<String>
where
    S: Subscriber + for<'s> LookupSpan<'s>,
    N: for<'w> FormatFields<'w> + 'static,
{
    context
        .event_scope()?
        .find_map(|span| span.extensions().get::<RequestId>().map(|RequestId(id)| id.clone()))
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::num::NonZeroUsize;
    use std::sync::{Arc, Mutex};

    use brawn_core::{Budget, Pool};
    use serde_json::Value;
    use tracing_subscriber::prelude::*;

    use super::super::lines;
    use super::*;

    /// What was logged.
    #[derive(Clone, Debug, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("no panic").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Log {
        /// Logs what `work` logs, as JSON.
        fn of(work: impl FnOnce()) -> Vec<Value> {
            let log = Log::default();
            let writer = log.clone();
            let subscriber =
                tracing_subscriber::registry().with(lines(move || writer.clone(), true));
            tracing::subscriber::with_default(subscriber, work);
            let text = String::from_utf8(log.0.lock().expect("no panic").clone()).expect("UTF-8");
            text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
        }
    }

    #[test]
    fn a_line_has_the_id_of_the_innermost_span_that_has_one_and_lambdas_names() {
        let lines = Log::of(|| {
            let outer = tracing::error_span!("invocation", requestId = "a \"quoted\" id");
            let _outer = outer.enter();
            let _inner = tracing::info_span!("rows", count = 3).entered();
            tracing::warn!(row = 7, "odd");
            tracing::info!(requestId = "another", "about another");
            let _other = tracing::info_span!("call", requestId = %17).entered();
            tracing::info!("inner");
        });
        assert_eq!(lines[0]["requestId"], "a \"quoted\" id");
        assert_eq!((&lines[0]["level"], &lines[0]["message"]), (&"WARN".into(), &"odd".into()));
        assert_eq!(lines[0]["row"], 7);
        assert_eq!(lines[0]["span"]["name"], "rows");
        let time = lines[0]["timestamp"].as_str().expect("a time");
        assert!(time.len() > 20 && time.as_bytes()[10] == b'T' && time.ends_with('Z'), "{time}");
        assert_eq!(lines[1]["requestId"], "another");
        assert_eq!(lines[2]["requestId"], "17");
    }

    #[test]
    fn parallel_work_under_a_budget_logs_in_the_span_of_who_asked_for_it() {
        // Threads of a pool have no subscriber but the process's own, so each line is logged to this one by hand.
        let lines = Log::of(|| {
            let dispatch = tracing::dispatcher::get_default(Clone::clone);
            let pool = Pool::new(NonZeroUsize::new(3).expect("not 0")).expect("threads");
            let span = tracing::error_span!("invocation", requestId = "mine");
            let together = std::sync::Barrier::new(3);
            let work = || {
                tracing::dispatcher::with_default(&dispatch, || {
                    let _entered = span.enter();
                    let each = |n| {
                        // All three threads are in here at once, so two of them are not the one that entered the span.
                        together.wait();
                        let _own = tracing::dispatcher::set_default(&dispatch);
                        tracing::info!(n, "row");
                    };
                    Budget::unlimited().par_range(0..3).map(each).collect().map(|_: Vec<()>| ())
                })
            };
            pool.run(work).expect("no panic").expect("no error");
        });
        assert_eq!(lines.len(), 3);
        assert!(lines.iter().all(|line| line["requestId"] == "mine"), "{lines:?}");
    }
}
