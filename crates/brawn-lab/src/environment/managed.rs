//! A Managed Instance: one process with several invocations at a time, that is never frozen and not ended at a timeout.
//!
//! Source: AWS Lambda developer guide, "Lambda Managed Instances", execution environment: at its timeout an invocation fails for
//! its caller, and the code goes on.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use super::course::Course;
use super::living::{Failure, Living, cannot_start, timed_out};
use super::report::{Report, Status, billed_ms, ms};
use super::{Event, Reply, ReplyBody, call};
use crate::clock::{Utc, since_epoch};
use crate::log::Log;
use crate::runtime_api::{Answer, Fault, Hand, Said, Shutdown, Streamed, Telemetry};
use crate::settings::Settings;

/// What stands for the request id where a process has ended that had several.
const ANY: &str = "-";

pub(crate) struct Instance {
    settings: Arc<Settings>,
    log: Arc<dyn Log>,
    running: tokio::sync::Mutex<Option<Running>>,
}

/// A process as invocations see it; who owns it listens to what it says.
#[derive(Clone)]
struct Running {
    hand: Hand,
    telemetry: Telemetry,
    asking: mpsc::UnboundedSender<Ask>,
    waiting: Waiting,
}

/// Who waits for what is said of which invocation; `None` once the process has ended.
type Waiting = Arc<Mutex<Option<BTreeMap<String, mpsc::UnboundedSender<Heard>>>>>;

enum Ask {
    /// CPU time and the most memory so far.
    Meter(oneshot::Sender<(Duration, u64)>),
    ShutDown(Shutdown, oneshot::Sender<()>),
}

enum Heard {
    Answered(Answer),
    Streamed(Streamed),
    Gone(Status, Fault),
}

impl Instance {
    pub(crate) fn new(settings: Arc<Settings>, log: Arc<dyn Log>) -> Instance {
        Instance { settings, log, running: tokio::sync::Mutex::new(None) }
    }

    /// Whether a process waits for events.
    pub(crate) fn is_warm(&self) -> bool {
        self.running.try_lock().is_ok_and(|running| running.as_ref().is_some_and(Running::lives))
    }

    pub(crate) async fn invoke(&self, event: Event, reply: oneshot::Sender<Reply>) -> Report {
        let mut init = None;
        let running = self.running(&event.id, &mut init).await;
        let mut course = Course::new(event.id.clone());
        let (record, begun) =
            (json!({ "requestId": event.id, "version": "$LATEST" }), Instant::now());
        self.tell(running.as_ref().ok(), "platform.start", record);
        let (cpu_before, _) = meter(running.as_ref().ok()).await;
        let mut reply = Some(reply);
        let status = match &running {
            Ok(running) => self.wait(running, event, begun, &mut course, &mut reply).await,
            Err(failure) => Err(failure.clone()),
        };
        if let (Err(failure), Some(reply)) = (&status, reply.take()) {
            let error = Some(failure.fault.kind.clone());
            let body = ReplyBody::Whole(failure.fault.body.clone());
            // The caller may have gone.
            let _ = reply.send(Reply { body, error, content_type: None });
        }
        let (cpu, max_memory) = meter(running.as_ref().ok()).await;
        let duration = begun.elapsed();
        let report = Report {
            request_id: course.id.clone(),
            status: status.err().map_or(Status::Success, |failure| failure.status),
            duration,
            billed_ms: billed_ms(duration),
            init,
            memory_mb: self.settings.memory_mb,
            max_memory,
            cpu: cpu.saturating_sub(cpu_before),
            share: self.settings.share(),
            overlap: None,
        };
        let metrics = json!({ "durationMs": ms(duration) });
        let record = json!({ "requestId": course.id, "metrics": metrics });
        let record = report.status.clone().into_record(record);
        self.tell(running.as_ref().ok(), "platform.report", record);
        report
    }

    /// Hands the event over and waits for its answer, or for its timeout.
    async fn wait(
        &self,
        running: &Running,
        event: Event,
        begun: Instant,
        course: &mut Course,
        reply: &mut Option<oneshot::Sender<Reply>>,
    ) -> Result<(), Failure> {
        let id = event.id.clone();
        let (saying, mut heard) = mpsc::unbounded_channel();
        match running.waiting().as_mut() {
            Some(waiting) => drop(waiting.insert(id.clone(), saying)),
            None => {
                return Err(Failure::new(&id, "Runtime.ExitError", "the process has just ended"));
            }
        }
        let deadline_ms = (since_epoch() + self.settings.timeout).as_millis();
        running.hand.offer(call(&self.settings, &event, deadline_ms));
        let deadline = begun + self.settings.timeout;
        let result = loop {
            let heard = tokio::select! {
                biased;
                heard = heard.recv() => heard,
                () = tokio::time::sleep_until(deadline.into()) => {
                    let mut failure = timed_out(&id, self.settings.timeout);
                    if !running.hand.expire(&id) {
                        let text = "no worker of the runtime has asked for an event in time";
                        failure.fault = Failure::new(&id, "Runtime.Unavailable", text).fault;
                    }
                    break Err(failure);
                }
            };
            match heard {
                Some(Heard::Answered(answer)) => {
                    let streams = course.hear(answer, reply);
                    if !streams {
                        break Ok(());
                    }
                }
                Some(Heard::Streamed(streamed)) => {
                    course.complete(streamed.bytes);
                    break Ok(());
                }
                Some(Heard::Gone(status, fault)) => break Err(Failure { status, fault }),
                None => break Err(Failure::new(&id, "Runtime.Unavailable", "the process is gone")),
            }
        };
        if let Some(waiting) = running.waiting().as_mut() {
            waiting.remove(&id);
        }
        let status = match &result {
            Ok(()) => course.status(),
            Err(failure) => failure.status.clone(),
        };
        running.telemetry.platform("platform.runtimeDone", course.record(status));
        result
    }

    /// The process that runs, or a new one.
    async fn running(&self, id: &str, init: &mut Option<Duration>) -> Result<Running, Failure> {
        let mut running = self.running.lock().await;
        if let Some(running) = running.as_ref().filter(|running| running.lives()) {
            return Ok(running.clone());
        }
        let begun = Instant::now();
        let (settings, log) = (Arc::clone(&self.settings), Arc::clone(&self.log));
        let share = settings.share();
        let mut living =
            Living::build(settings, log, share).await.map_err(|error| cannot_start(id, &error))?;
        let up = living.init(id, "init", begun + self.settings.init_limit).await;
        *init = Some(begun.elapsed());
        if let Err(failure) = up {
            living.shut_down(Shutdown::Failure).await;
            drop_apart(living).await;
            return Err(failure);
        }
        let (asking, asked) = mpsc::unbounded_channel();
        let waiting: Waiting = Arc::new(Mutex::new(Some(BTreeMap::new())));
        let (hand, telemetry) = (living.api.hand(), living.api.telemetry.clone());
        tokio::spawn(listen(living, asked, Arc::clone(&waiting)));
        Ok(running.insert(Running { hand, telemetry, asking, waiting }).clone())
    }

    /// Ends the process, with what notice its extensions have asked for.
    pub(crate) async fn end(&self, why: Shutdown) {
        let Some(running) = self.running.lock().await.take() else { return };
        let (done, ended) = oneshot::channel();
        if running.asking.send(Ask::ShutDown(why, done)).is_ok() {
            let _ = ended.await;
        }
    }

    /// A line of the platform, as JSON: Managed Instances log nothing else.
    fn tell(&self, running: Option<&Running>, kind: &str, record: Value) {
        let line = json!({ "time": Utc::now().iso(), "type": kind, "record": record });
        self.log.write(format!("{line}\n").as_bytes());
        if let Some(running) = running {
            running.telemetry.platform(kind, record);
        }
    }
}

impl Running {
    fn lives(&self) -> bool {
        self.waiting().is_some()
    }

    fn waiting(&self) -> MutexGuard<'_, Option<BTreeMap<String, mpsc::UnboundedSender<Heard>>>> {
        lock(&self.waiting)
    }
}

async fn meter(running: Option<&Running>) -> (Duration, u64) {
    let (tell, told) = oneshot::channel();
    match running.map(|running| running.asking.send(Ask::Meter(tell))) {
        Some(Ok(())) => told.await.unwrap_or_default(),
        _ => (Duration::ZERO, 0),
    }
}

/// Tells each invocation what is said of it, until the process ends or is ended.
async fn listen(mut living: Living, mut asked: mpsc::UnboundedReceiver<Ask>, waiting: Waiting) {
    loop {
        tokio::select! {
            said = living.api.said.recv() => match said {
                Some(Said::Answered(answer)) => {
                    let id = answer.id.clone();
                    pass(&waiting, &id, Heard::Answered(answer));
                }
                Some(Said::Streamed(streamed)) => {
                    let id = streamed.id.clone();
                    pass(&waiting, &id, Heard::Streamed(streamed));
                }
                Some(Said::Polled | Said::InitFailed(_)) => {}
                said => {
                    let failure = living.ended(ANY, said).await;
                    for (id, saying) in lock(&waiting).take().into_iter().flatten() {
                        let fault = named(&failure.fault, &id);
                        let _ = saying.send(Heard::Gone(failure.status.clone(), fault));
                    }
                    living.shut_down(Shutdown::Failure).await;
                    return drop_apart(living).await;
                }
            },
            ask = asked.recv() => match ask {
                Some(Ask::Meter(tell)) => {
                    let _ = tell.send((living.sandbox.cpu(), living.sandbox.peak_memory()));
                }
                Some(Ask::ShutDown(why, done)) => {
                    lock(&waiting).take();
                    living.shut_down(why).await;
                    drop_apart(living).await;
                    let _ = done.send(());
                    return;
                }
                None => return drop_apart(living).await,
            },
        }
    }
}

/// An answer to what was given up finds nobody.
fn pass(waiting: &Waiting, id: &str, heard: Heard) {
    if let Some(saying) = lock(waiting).as_ref().and_then(|waiting| waiting.get(id)) {
        let _ = saying.send(heard);
    }
}

fn named(fault: &Fault, id: &str) -> Fault {
    let text = String::from_utf8_lossy(&fault.body);
    let text = text.replacen(&format!("RequestId: {ANY}"), &format!("RequestId: {id}"), 1);
    Fault { kind: fault.kind.clone(), body: Bytes::from(text) }
}

/// Killing and removing waits for the kernel, for milliseconds.
async fn drop_apart(living: Living) {
    let _ = tokio::task::spawn_blocking(move || drop(living)).await;
}

fn lock<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}
