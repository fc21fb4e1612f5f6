//! One execution environment: init, invocations one after the other, and what happens when something goes wrong.

mod course;
mod init;
mod living;
mod managed;
mod report;
mod shutdown;

use std::sync::Arc;
use std::time::{Duration, Instant};

use brawn_core::{Result, Vcpus};
use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

pub(crate) use self::init::programs;
use self::living::{Failure, Living, cannot_start};
pub(crate) use self::managed::Instance;
use self::report::billed_ms;
pub use self::report::{Report, Status};
use crate::clock::{since_epoch, uuid};
use crate::log::{self, Log};
use crate::metadata;
use crate::runtime_api::{Call, Shutdown};
use crate::sandbox::Watch;
use crate::settings::Settings;

/// During init a function runs as if it had 1,792 MB. Source: measured by M. Hichael, "Shave 99.93% off your Lambda bill
/// with this one weird trick" (2019); AWS does not document it.
const INIT_MB: u32 = 1792;

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
        let call = call(&self.settings, &event, deadline_ms);
        let (mut cpu_before, mut watch) = (Duration::ZERO, None);
        let result = match self.ready(&event.id, deadline).await {
            Err(failure) => Err(failure),
            Ok(ready) => {
                cpu_before = ready.before;
                let settings = &ready.of.settings;
                watch = settings.watch_threads.then(|| ready.of.sandbox.watch(settings.visible()));
                ready.of.invoke(call, deadline, &mut reply).await
            }
        };
        let duration = begun.elapsed();
        let overlap = watch.and_then(Watch::end);
        let mut report = Report {
            request_id: event.id.clone(),
            status: Status::Success,
            duration,
            billed_ms: billed_ms(duration + init.unwrap_or_default()),
            init,
            memory_mb: self.settings.memory_mb,
            max_memory: 0,
            cpu: Duration::ZERO,
            share: self.settings.share(),
            overlap,
        };
        if let Some(living) = &self.living {
            report.cpu = living.sandbox.cpu().saturating_sub(cpu_before);
            report.max_memory = living.sandbox.peak_memory();
        }
        let status = match &result {
            Ok(_) => Status::Success,
            Err(failure) => failure.status.clone(),
        };
        report.status = status;
        if let Some(living) = &self.living {
            living.api.telemetry.platform("platform.report", report.record());
        }
        match result {
            Ok(broken) => {
                if let Some(living) = &self.living {
                    living.flush().await;
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
            }
        }
        self.log.write((log::end(&event.id) + &log::report(&report)).as_bytes());
        report
    }

    /// The init phase before the first invocation: 10 s at most, at the speed that Lambda grants it.
    async fn first_init(&mut self, id: &str) -> Duration {
        let begun = Instant::now();
        let deadline = begun + self.settings.init_limit;
        let failed = match self.build(true).await {
            Ok(living) => living.init(id, "init", deadline).await.err(),
            Err(error) => Some(cannot_start(id, &error)),
        };
        let took = begun.elapsed();
        if let Some(failure) = failed {
            self.end(Shutdown::Failure).await;
            self.log.write(log::init_report(took, &failure.status).as_bytes());
        } else if let Some(living) = &self.living {
            living.sandbox.share(self.settings.share());
        }
        took
    }

    /// A process that waits for an event, thawed or new; and the CPU time it has used before.
    async fn ready(&mut self, id: &str, deadline: Instant) -> Result<Ready<'_>, Failure> {
        if self.living.is_none() {
            let living = self.build(false).await.map_err(|error| cannot_start(id, &error))?;
            living.init(id, "invoke", deadline).await?;
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

    /// The walls, with nothing in them yet.
    async fn build(&mut self, boosted: bool) -> Result<&mut Living> {
        let boost = if boosted { Vcpus::of_lambda(INIT_MB).share } else { 0.0 };
        let share = self.settings.share().max(boost);
        let living =
            Living::build(Arc::clone(&self.settings), Arc::clone(&self.log), share).await?;
        Ok(self.living.insert(living))
    }

    /// Ends the process and all that it has started: with notice where extensions are registered, as Lambda does.
    pub(crate) async fn end(&mut self, why: Shutdown) {
        let Some(mut living) = self.living.take() else { return };
        living.shut_down(why).await;
        // Killing and removing waits for the kernel, for milliseconds.
        let _ = tokio::task::spawn_blocking(move || drop(living)).await;
    }
}

/// An event as the runtime gets it.
fn call(settings: &Settings, event: &Event, deadline_ms: u128) -> Call {
    Call {
        id: event.id.clone(),
        nonce: uuid(),
        payload: event.payload.clone(),
        deadline_ms,
        trace_id: event
            .trace_id
            .clone()
            .unwrap_or_else(|| metadata::trace_id(since_epoch().as_secs())),
        arn: settings.arn(),
        client_context: event.client_context.clone(),
    }
}

struct Ready<'a> {
    of: &'a mut Living,
    before: Duration,
}
