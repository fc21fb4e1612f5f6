//! One execution environment: init, invocations one after the other, and what happens when something goes wrong.

use std::process::ExitStatus;
use std::sync::Arc;
use std::time::{Duration, Instant};

use brawn_core::{Result, Vcpus};
use bytes::Bytes;
use rustix::process::{Signal, kill_process};
use tokio::sync::{mpsc, oneshot};

use crate::clock::{since_epoch, uuid};
use crate::log::{self, Log};
use crate::metadata;
use crate::process::{Launch, Lifeline, Process, how_it_ended};
use crate::runtime_api::{Answer, Call, Fault, Identity, RuntimeApi, Said, Shutdown};
use crate::sandbox::{Limits, Sandbox};
use crate::settings::Settings;

/// During init a function runs as if it had 1,792 MB. Source: measured by M. Hichael, "Shave 99.93% off your Lambda bill
/// with this one weird trick" (2019); AWS does not document it.
const INIT_MB: u32 = 1792;

/// What SIGTERM gives an environment with internal extensions, before SIGKILL. Without extensions there is no SIGTERM.
const GRACE: Duration = Duration::from_millis(500);

/// What the caller of an invocation gets.
#[derive(Debug)]
pub struct Reply {
    /// The function's answer, or the error object.
    pub body: ReplyBody,
    /// The function's error type, for an error: `X-Amz-Function-Error` is set then.
    pub error: Option<String>,
    /// The content type that the function gave.
    pub content_type: Option<String>,
}

/// An answer, at once or as it comes.
#[derive(Debug)]
pub enum ReplyBody {
    /// All of it.
    Whole(Bytes),
    /// A streamed response.
    Stream(mpsc::Receiver<Bytes>),
}

/// How an invocation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// With an answer, be it the function's own error.
    Success,
    /// With the end of the process; Lambda's error type, such as `Runtime.ExitError` or `Runtime.OutOfMemory`.
    Error(String),
    /// At its timeout.
    Timeout,
}

/// What an invocation took: the REPORT line as data.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The request id.
    pub request_id: String,
    /// How it ended.
    pub status: Status,
    /// From the event to the next request for one.
    pub duration: Duration,
    /// Milliseconds billed, init included.
    pub billed_ms: u64,
    /// How long init took, if this was the environment's first invocation.
    pub init: Option<Duration>,
    /// Memory size in MB.
    pub memory_mb: u32,
    /// The most memory that the environment has held so far, in bytes.
    pub max_memory: u64,
    /// CPU time that it used, of all its processes.
    pub cpu: Duration,
    /// vCPUs granted.
    pub share: f64,
}

impl Report {
    /// Started megabytes, but no more than there are.
    pub fn max_memory_mb(&self) -> u64 {
        self.max_memory.div_ceil(1 << 20).min(u64::from(self.memory_mb))
    }

    /// CPU time of what was granted: 1.0 when the share was used all the time.
    pub fn cpu_utilisation(&self) -> f64 {
        let granted = self.duration.as_secs_f64() * self.share;
        if granted > 0.0 { self.cpu.as_secs_f64() / granted } else { 0.0 }
    }
}

/// An event as it comes in.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) payload: Bytes,
    pub(crate) trace_id: Option<String>,
    pub(crate) client_context: Option<String>,
}

impl Event {
    pub(crate) fn new(payload: impl Into<Bytes>) -> Event {
        Event { id: uuid(), payload: payload.into(), trace_id: None, client_context: None }
    }
}

pub(crate) struct Environment {
    settings: Arc<Settings>,
    log: Arc<dyn Log>,
    living: Option<Living>,
    began: bool,
}

/// The process with its walls. What is declared first is ended first.
struct Living {
    sandbox: Sandbox,
    process: Process,
    _lifeline: Option<Lifeline>,
    api: RuntimeApi,
}

/// How an init or an invocation went wrong: what the caller is told, and what REPORT says.
struct Failure {
    status: Status,
    fault: Fault,
}

impl Environment {
    pub(crate) fn new(settings: Arc<Settings>, log: Arc<dyn Log>) -> Environment {
        Environment { settings, log, living: None, began: false }
    }

    /// Whether a process waits for an event.
    pub(crate) fn is_warm(&self) -> bool {
        self.living.is_some()
    }

    /// Runs `event`; the caller is answered before the report is ready, as in Lambda.
    pub(crate) async fn invoke(&mut self, event: Event, reply: oneshot::Sender<Reply>) -> Report {
        let mut reply = Some(reply);
        let mut init = None;
        if self.living.is_none() && !self.began {
            // An init that fails here is tried again below, within the invocation and its timeout.
            init = Some(self.first_init(&event.id).await);
        }
        self.began = true;
        self.log.write(log::start(&event.id).as_bytes());
        let begun = Instant::now();
        let deadline = begun + self.settings.timeout;
        let deadline_ms = (since_epoch() + self.settings.timeout).as_millis();
        let call = self.call(&event, deadline_ms);
        let mut cpu_before = Duration::ZERO;
        let result = match self.ready(&event.id, deadline).await {
            Err(failure) => Err(failure),
            Ok(ready) => {
                cpu_before = ready.before;
                ready.of.run(call, deadline, &mut reply).await
            }
        };
        let duration = begun.elapsed();
        let mut report = Report {
            request_id: event.id.clone(),
            status: Status::Success,
            duration,
            billed_ms: billed_ms(duration + init.unwrap_or_default()),
            init,
            memory_mb: self.settings.memory_mb,
            max_memory: 0,
            cpu: Duration::ZERO,
            share: self.share(),
        };
        if let Some(living) = &self.living {
            report.cpu = living.sandbox.cpu().saturating_sub(cpu_before);
            report.max_memory = living.sandbox.peak_memory();
        }
        match result {
            Ok(broken) => {
                if let Some(living) = &self.living {
                    living.process.output.flush().await;
                    living.sandbox.freeze(true);
                }
                if let Some(fault) = broken {
                    let line = format!(
                        "brawn: the streamed response of {} ended with {}\n",
                        event.id, fault.kind
                    );
                    self.log.write(line.as_bytes());
                }
            }
            Err(failure) => {
                if let Some(reply) = reply.take() {
                    let error = Some(failure.fault.kind.clone());
                    let body = ReplyBody::Whole(failure.fault.body);
                    let _ = reply.send(Reply { body, error, content_type: None });
                }
                let why = match &failure.status {
                    Status::Timeout => Shutdown::Timeout,
                    _ => Shutdown::Failure,
                };
                self.end(why).await;
                if failure.status == Status::Timeout {
                    self.log.write(log::timed_out(&event.id, self.settings.timeout).as_bytes());
                }
                report.status = failure.status;
            }
        }
        self.log.write((log::end(&event.id) + &log::report(&report)).as_bytes());
        report
    }

    /// The init phase before the first invocation: 10 s at most, at the speed that Lambda grants it.
    async fn first_init(&mut self, id: &str) -> Duration {
        let begun = Instant::now();
        let deadline = begun + self.settings.init_limit;
        let settings = Arc::clone(&self.settings);
        let failed = match self.start(true).await {
            Ok(living) => living.init(id, deadline, &settings).await.err(),
            Err(error) => Some(cannot_start(id, &error)),
        };
        let took = begun.elapsed();
        if let Some(failure) = failed {
            self.end(Shutdown::Failure).await;
            self.log.write(log::init_report(took, &failure.status).as_bytes());
        } else if let Some(living) = &self.living {
            living.sandbox.share(self.share());
        }
        took
    }

    /// A process that waits for an event, thawed or new; and the CPU time it has used before.
    async fn ready(&mut self, id: &str, deadline: Instant) -> Result<Ready<'_>, Failure> {
        if self.living.is_none() {
            let settings = Arc::clone(&self.settings);
            let living = self.start(false).await.map_err(|error| cannot_start(id, &error))?;
            living.init(id, deadline, &settings).await?;
            return Ok(Ready { of: living, before: Duration::ZERO });
        }
        match &mut self.living {
            Some(living) => {
                living.sandbox.freeze(false);
                let before = living.sandbox.cpu();
                Ok(Ready { of: living, before })
            }
            None => Err(Failure::new(id, "Runtime.Unavailable", "there is no process")),
        }
    }

    async fn start(&mut self, boosted: bool) -> Result<&mut Living> {
        let settings = &self.settings;
        let share = self.share();
        let identity = Identity { name: settings.name.clone(), handler: settings.handler.clone() };
        let api = RuntimeApi::listen(identity).await.map_err(|error| {
            brawn_core::Error::new(brawn_core::ErrorKind::Unavailable, "cannot listen on 127.0.0.1")
                .with_source(error)
        })?;
        let mark = metadata::log_stream();
        let memory = u64::from(settings.memory_mb) << 20;
        let boost = if boosted { Vcpus::of_lambda(INIT_MB).share } else { 0.0 };
        let limits = Limits { share: share.max(boost), memory };
        let mut sandbox = Sandbox::new(settings.enforcement, limits, &mark)?;
        let visible = settings.visible.map_or_else(
            || Vcpus::of_lambda(settings.memory_mb).visible,
            std::num::NonZeroUsize::get,
        );
        let launch = Launch {
            command: &settings.command,
            variables: metadata::variables(settings, api.address, &mark),
            join: sandbox.join(),
            visible,
        };
        let mut lifeline = Lifeline::tie(&mark, &sandbox.folders());
        let process = Process::start(launch, &self.log, api.on_end())?;
        sandbox.started(process.pid);
        if let Some(lifeline) = &mut lifeline {
            lifeline.hold(process.pid);
        }
        Ok(self.living.insert(Living { sandbox, process, _lifeline: lifeline, api }))
    }

    fn share(&self) -> f64 {
        self.settings.share.unwrap_or_else(|| Vcpus::of_lambda(self.settings.memory_mb).share)
    }

    fn call(&self, event: &Event, deadline_ms: u128) -> Call {
        Call {
            id: event.id.clone(),
            nonce: uuid(),
            payload: event.payload.clone(),
            deadline_ms,
            trace_id: event
                .trace_id
                .clone()
                .unwrap_or_else(|| metadata::trace_id(since_epoch().as_secs())),
            arn: self.settings.arn(),
            client_context: event.client_context.clone(),
        }
    }

    /// Ends the process and all that it has started: with notice where extensions are registered, as Lambda does.
    pub(crate) async fn end(&mut self, why: Shutdown) {
        let Some(mut living) = self.living.take() else { return };
        if living.api.has_extensions() {
            living.notify(why).await;
        }
        living.process.output.flush().await;
        // Killing and removing waits for the kernel, for milliseconds.
        let _ = tokio::task::spawn_blocking(move || drop(living)).await;
    }
}

struct Ready<'a> {
    of: &'a mut Living,
    before: Duration,
}

impl Living {
    /// Waits until the runtime and the extensions ask for an event.
    async fn init(
        &mut self,
        id: &str,
        deadline: Instant,
        settings: &Settings,
    ) -> Result<(), Failure> {
        loop {
            let said = tokio::select! {
                biased;
                said = self.api.said.recv() => said,
                () = tokio::time::sleep_until(deadline.into()) => return Err(timed_out(id, settings.timeout)),
            };
            match said {
                Some(Said::Polled) if self.api.is_idle() => return Ok(()),
                Some(Said::InitFailed(fault)) => {
                    return Err(Failure { status: Status::Error(fault.kind.clone()), fault });
                }
                Some(Said::Ended(status)) => return Err(self.ended(id, status).await),
                None => {
                    return Err(Failure::new(id, "Runtime.Unavailable", "the Runtime API is gone"));
                }
                Some(_) => {}
            }
        }
    }

    /// From the event to the next request for one. Gives the fault of a streamed answer that did not come to its end.
    async fn run(
        &mut self,
        call: Call,
        deadline: Instant,
        reply: &mut Option<oneshot::Sender<Reply>>,
    ) -> Result<Option<Fault>, Failure> {
        let id = call.id.clone();
        let timeout = deadline.saturating_duration_since(Instant::now());
        self.api.offer(call);
        let (mut answered, mut streaming, mut broken) = (false, false, None);
        loop {
            let said = tokio::select! {
                biased;
                said = self.api.said.recv() => said,
                () = tokio::time::sleep_until(deadline.into()) => {
                    self.api.expire();
                    return Err(timed_out(&id, timeout));
                }
            };
            match said {
                Some(Said::Answered(Answer { outcome, content_type })) => {
                    answered = true;
                    streaming = matches!(outcome, Ok(ReplyBody::Stream(_)));
                    let (body, error) = match outcome {
                        Ok(body) => (body, None),
                        Err(fault) => (ReplyBody::Whole(fault.body), Some(fault.kind)),
                    };
                    if let Some(reply) = reply.take() {
                        // The caller may have gone.
                        let _ = reply.send(Reply { body, error, content_type });
                    }
                }
                Some(Said::Streamed(ended)) => {
                    streaming = false;
                    broken = ended.err();
                }
                Some(Said::Ended(status)) => return Err(self.ended(&id, status).await),
                Some(Said::Polled | Said::InitFailed(_)) => {}
                None => {
                    return Err(Failure::new(
                        &id,
                        "Runtime.Unavailable",
                        "the Runtime API is gone",
                    ));
                }
            }
            if answered && !streaming && self.api.is_idle() {
                return Ok(broken);
            }
        }
    }

    /// Why a process has ended that should not have.
    async fn ended(&self, id: &str, status: ExitStatus) -> Failure {
        self.process.output.flush().await;
        let how = how_it_ended(status);
        let message = if status.success() {
            "Runtime exited without providing a reason".to_owned()
        } else {
            format!("Runtime exited with error: {how}")
        };
        let mut failure = Failure::new(id, "Runtime.ExitError", &message);
        if self.sandbox.out_of_memory() {
            failure.status = Status::Error("Runtime.OutOfMemory".to_owned());
        } else if !self.api.has_polled() && self.process.output.tail().is_empty() {
            // It has said nothing and asked for nothing: the likeliest mistake deserves a word.
            let hint = "the process ended before it asked the Runtime API for an event";
            failure.fault = Fault::new(
                "Runtime.ExitError",
                &format!("RequestId: {id} Error: {message} ({hint})"),
            );
        }
        failure
    }

    /// SHUTDOWN to the extensions that asked for it, then SIGTERM, and time to take each in.
    async fn notify(&mut self, why: Shutdown) {
        self.sandbox.freeze(false);
        let told = self.api.shut_down(why, (since_epoch() + GRACE).as_millis());
        if told && self.ends_within(GRACE).await {
            return;
        }
        // Gone already: then it ends at once below.
        let _ = kill_process(self.process.pid, Signal::TERM);
        self.ends_within(GRACE).await;
    }

    async fn ends_within(&mut self, patience: Duration) -> bool {
        let until = Instant::now() + patience;
        loop {
            tokio::select! {
                said = self.api.said.recv() => {
                    if matches!(said, None | Some(Said::Ended(_))) {
                        return true;
                    }
                }
                () = tokio::time::sleep_until(until.into()) => return false,
            }
        }
    }
}

impl Failure {
    fn new(id: &str, kind: &str, message: &str) -> Failure {
        let message = format!("RequestId: {id} Error: {message}");
        Failure { status: Status::Error(kind.to_owned()), fault: Fault::new(kind, &message) }
    }
}

fn timed_out(id: &str, timeout: Duration) -> Failure {
    let message = format!("Task timed out after {:.2} seconds", timeout.as_secs_f64());
    Failure { status: Status::Timeout, ..Failure::new(id, "Sandbox.Timedout", &message) }
}

fn cannot_start(id: &str, error: &brawn_core::Error) -> Failure {
    Failure::new(id, "Runtime.InvalidEntrypoint", &error.chain())
}

/// Started milliseconds.
fn billed_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros().div_ceil(1000)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_started_millisecond_is_billed() {
        assert_eq!(billed_ms(Duration::from_micros(200_001)), 201);
        assert_eq!(billed_ms(Duration::from_millis(200)), 200);
        assert_eq!(billed_ms(Duration::ZERO), 0);
    }
}
