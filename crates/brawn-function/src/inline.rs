//! A recipe whose input is in the event: its `data` goes to the job as a document, and the job's document is the reply.

use std::sync::Arc;
use std::time::Instant;

use brawn_core::{
    Budget, ByteSize, Draft, Error, Head, ItemReport, Job, Memory, Output, Planning, Result, Sink,
    Source, Status, Stopwatch, Summary, Tally, Vcpus,
};
use brawn_edge::{Item, Outcome};
use bytes::Bytes;
use serde_json::value::RawValue;

use crate::items::Times;
use crate::service::{log_item, measure};

/// A synchronous reply has no more. Source: AWS Lambda quotas, "Invocation payload".
const LONGEST_REPLY: usize = 6 << 20;

/// What reports and logs call it.
const NAME: &str = "event.json";

/// The data as an object of its own, for a flow.
pub(crate) async fn item(data: Box<RawValue>) -> Result<Item> {
    brawn::compute(move |_| Item::given(NAME, document(&data))).await
}

/// `{"data": ..}`: what the job would be given as a file.
fn document(data: &RawValue) -> Bytes {
    Bytes::from([b"{\"data\":", data.get().as_bytes(), b"}"].concat())
}

/// Runs the job over the data and gives what it writes.
///
/// # Errors
/// Of the job; [`LimitExceeded`](brawn_core::ErrorKind::LimitExceeded) where the reply would be longer than Lambda takes.
pub(crate) async fn reply(
    job: Arc<dyn Job>,
    data: Box<RawValue>,
    budget: &Budget,
    request_id: &str,
) -> Result<Box<RawValue>> {
    let watch = Stopwatch::start();
    let mut report = ItemReport::new(NAME, Status::Ok);
    let done = compute(job, data, budget, &mut report).await;
    let usage = watch.read();
    report.ms = usage.wall.as_secs_f64() * 1e3;
    if let Err(error) = &done {
        report.status = Status::of(error);
        report.reason = Some(error.chain());
    }
    let mut summary = Summary::default();
    summary.add(&report);
    summary.finish(usage, brawn::pool().workers(), &Vcpus::detect());
    measure(&Times { queue_ms: report.queue_ms, ..Times::default() }, &summary);
    for warning in &report.warnings {
        tracing::warn!(request_id, source = NAME, "{warning}");
    }
    let (tag, place, plan, targets, torn) = (0, 0, None, Vec::new(), false);
    log_item(&Outcome { report, error: None, tag, place, plan, targets, torn }, request_id);
    done
}

async fn compute(
    job: Arc<dyn Job>,
    data: Box<RawValue>,
    budget: &Budget,
    report: &mut ItemReport,
) -> Result<Box<RawValue>> {
    let planned = {
        let job = Arc::clone(&job);
        move |_: &Budget| {
            let document = document(&data);
            let size = Some(document.len() as u64);
            let planning = job.plan(&Head { name: NAME, bytes: &document, size })?;
            let Planning::Ready(plan) = planning else {
                return Err(Error::unsupported("the job wants more than all bytes"));
            };
            Ok((document, plan.peak_memory))
        }
    };
    let (document, peak) = brawn::compute(planned).await??;
    report.bytes_in = document.len() as u64;
    let queued = Instant::now();
    // A job that streams takes fewer blocks at once where there is less.
    let memory = budget.memory();
    let need = if job.streams() { peak.min(memory.limit()) } else { peak };
    let admission = memory.reserve(need)?;
    let held = admission.await;
    let budget = budget.within(Memory::backed_by(held));
    report.queue_ms = queued.elapsed().as_secs_f64() * 1e3;
    let work = move |budget: &Budget| -> Result<(Box<RawValue>, Tally)> {
        let mut sink = ReplySink::default();
        let tally = job.run(Source::bytes(NAME, &document), &mut sink, budget)?;
        let text = String::from_utf8(sink.finished).map_err(|error| {
            Error::unsupported("the job's output is no text").with_source(error)
        })?;
        let reply = RawValue::from_string(text).map_err(|error| {
            Error::unsupported("the job's output is no JSON").with_source(error)
        })?;
        Ok((reply, tally))
    };
    let begun = Instant::now();
    let done = brawn::compute_on(&brawn::pool(), &budget, work).await.and_then(|done| done);
    report.compute_ms = begun.elapsed().as_secs_f64() * 1e3;
    let (reply, tally) = done?;
    report.bytes_out = tally.bytes_out;
    report.warnings = tally.warnings;
    report.facts = tally.facts.into_iter().collect();
    Ok(reply)
}

/// Takes one output, as long as a reply may be.
#[derive(Debug, Default)]
struct ReplySink {
    finished: Vec<u8>,
}

impl Sink for ReplySink {
    fn put(&mut self, output: Output) -> Result<()> {
        let mut draft = self.open(&output.name, output.content_type)?;
        draft.write(&output.bytes)?;
        draft.finish()
    }

    fn open(&mut self, _: &str, _: &'static str) -> Result<Box<dyn Draft + '_>> {
        Ok(Box::new(ReplyDraft { sink: self, text: Vec::new() }))
    }
}

struct ReplyDraft<'a> {
    sink: &'a mut ReplySink,
    text: Vec<u8>,
}

impl Draft for ReplyDraft<'_> {
    fn write(&mut self, piece: &[u8]) -> Result<()> {
        if self.text.len() + piece.len() > LONGEST_REPLY {
            return Err(Error::limit_exceeded(format!(
                "the reply is longer than the {} that Lambda takes: let the results be written instead, with `to`, such as \"to\": \"s3://bucket/results/\"",
                ByteSize(LONGEST_REPLY as u64)
            )));
        }
        self.text.extend_from_slice(piece);
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<()> {
        self.sink.finished = self.text;
        Ok(())
    }
}
