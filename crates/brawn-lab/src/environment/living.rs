//! The processes of an environment with their walls, and one invocation of them.

use std::collections::BTreeMap;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::{Duration, Instant};

use brawn_core::{Error, ErrorKind, Result};
use serde_json::json;
use tokio::sync::oneshot;

use super::course::Course;
use super::{Reply, Status};
use crate::cores::{Cores, Seat};
use crate::log::Log;
use crate::metadata;
use crate::process::{Lifeline, Process, how_it_ended};
use crate::runtime_api::{Call, Fault, Identity, RuntimeApi, Said};
use crate::sandbox::{Limits, Sandbox};
use crate::settings::Settings;

/// The processes with their walls. What is declared first is ended first.
pub(super) struct Living {
    pub(super) sandbox: Sandbox,
    /// The runtime, once it is started.
    pub(super) runtime: Option<Process>,
    /// External extensions that have not ended, by name.
    pub(super) extensions: BTreeMap<String, Process>,
    pub(super) lifeline: Option<Lifeline>,
    pub(super) api: RuntimeApi,
    /// The cores that the processes see.
    pub(super) seat: Seat,
    pub(super) settings: Arc<Settings>,
    pub(super) log: Arc<dyn Log>,
    /// In the environment of every process that belongs here.
    pub(super) mark: String,
}

/// How an init or an invocation went wrong: what the caller is told, and what REPORT says.
#[derive(Clone)]
pub(super) struct Failure {
    pub(super) status: Status,
    pub(super) fault: Fault,
}

impl Living {
    pub(super) async fn build(
        settings: Arc<Settings>,
        log: Arc<dyn Log>,
        share: f64,
        cores: &Cores,
    ) -> Result<Living> {
        let identity = Identity { name: settings.name.clone(), handler: settings.handler.clone() };
        let api =
            RuntimeApi::listen(identity, settings.at_a_time(), settings.max_concurrency.is_some())
                .await
                .map_err(|error| {
                    Error::new(ErrorKind::Unavailable, "cannot listen on 127.0.0.1")
                        .with_source(error)
                })?;
        let mark = metadata::log_stream();
        let limits = Limits { share, memory: u64::from(settings.memory_mb) << 20 };
        let sandbox = Sandbox::new(settings.enforcement, limits, &mark)?;
        let lifeline = Lifeline::tie(&mark, &sandbox.folders());
        let (runtime, extensions, seat) = (None, BTreeMap::new(), cores.take(settings.visible()));
        Ok(Living { sandbox, runtime, extensions, lifeline, api, seat, settings, log, mark })
    }

    /// Waits until what was written so far is in the log.
    pub(super) async fn flush(&self) {
        for process in self.runtime.iter().chain(self.extensions.values()) {
            process.output.flush().await;
        }
    }

    /// From the event to the next request for one. Gives the fault of a streamed answer that did not come to its end.
    pub(super) async fn invoke(
        &mut self,
        call: Call,
        deadline: Instant,
        reply: &mut Option<oneshot::Sender<Reply>>,
    ) -> std::result::Result<Option<Fault>, Failure> {
        let id = call.id.clone();
        let tracing = json!({ "type": "X-Amzn-Trace-Id", "value": call.trace_id });
        let record = json!({ "requestId": id, "version": "$LATEST", "tracing": tracing });
        self.api.telemetry.platform("platform.start", record);
        let mut course = Course::new(id);
        let result = self.run(call, deadline, reply, &mut course).await;
        if !course.told {
            let status = match &result {
                Ok(_) => Status::Success,
                Err(failure) => failure.status.clone(),
            };
            self.api.telemetry.platform("platform.runtimeDone", course.record(status));
        }
        result
    }

    async fn run(
        &mut self,
        call: Call,
        deadline: Instant,
        reply: &mut Option<oneshot::Sender<Reply>>,
        course: &mut Course,
    ) -> std::result::Result<Option<Fault>, Failure> {
        self.api.offer(call);
        let (mut streaming, mut broken) = (false, None);
        loop {
            let said = tokio::select! {
                biased;
                said = self.api.said.recv() => said,
                () = tokio::time::sleep_until(deadline.into()) => {
                    self.api.expire(&course.id);
                    return Err(timed_out(&course.id, self.settings.timeout));
                }
            };
            match said {
                Some(Said::Answered(answer)) => {
                    streaming = course.hear(answer, reply);
                }
                Some(Said::Streamed(streamed)) => {
                    streaming = false;
                    course.complete(&streamed);
                    broken = streamed.ended.err();
                }
                Some(Said::Polled | Said::InitFailed(_)) => {}
                said => return Err(self.ended(&course.id, said).await),
            }
            let done = course.is_answered() && !streaming;
            if done && !course.told && self.api.runtime_waits() {
                course.told = true;
                let record = course.record(course.status());
                self.api.telemetry.platform("platform.runtimeDone", record);
            }
            if done && self.api.is_idle() {
                return Ok(broken);
            }
        }
    }

    /// What `said` means that should not have been said.
    pub(super) async fn ended(&mut self, id: &str, said: Option<Said>) -> Failure {
        match said {
            Some(Said::Ended(status)) => self.runtime_ended(id, status).await,
            Some(Said::ExtensionEnded(name, status)) => {
                self.flush().await;
                self.extensions.remove(&name);
                let how = match status.success() {
                    true => "exit code 0".to_owned(),
                    false => how_it_ended(status),
                };
                let kind = self.api.extension_ended(&name);
                self.log
                    .write(format!("brawn: the extension {name} has ended: {how}\n").as_bytes());
                if self.sandbox.out_of_memory() {
                    let mut failure = Failure::new(id, kind, &how);
                    failure.status = Status::Error("Runtime.OutOfMemory".to_owned());
                    return failure;
                }
                Failure::new(id, kind, &how)
            }
            _ => Failure::new(id, "Runtime.Unavailable", "the Runtime API is gone"),
        }
    }

    async fn runtime_ended(&mut self, id: &str, status: ExitStatus) -> Failure {
        self.flush().await;
        let how = how_it_ended(status);
        let message = if status.success() {
            "Runtime exited without providing a reason".to_owned()
        } else {
            format!("Runtime exited with error: {how}")
        };
        let silent = self.runtime.take().is_none_or(|runtime| runtime.output.tail().is_empty());
        let mut failure = Failure::new(id, "Runtime.ExitError", &message);
        if self.sandbox.out_of_memory() {
            failure.status = Status::Error("Runtime.OutOfMemory".to_owned());
        } else if !self.api.has_polled() && silent {
            // It has said nothing and asked for nothing: the likeliest mistake deserves a word.
            let hint = "the process ended before it asked the Runtime API for an event";
            failure.fault = Fault::new(
                "Runtime.ExitError",
                &format!("RequestId: {id} Error: {message} ({hint})"),
            );
        }
        failure
    }
}

impl Failure {
    pub(super) fn new(id: &str, kind: &str, message: &str) -> Failure {
        let message = format!("RequestId: {id} Error: {message}");
        Failure { status: Status::Error(kind.to_owned()), fault: Fault::new(kind, &message) }
    }
}

pub(super) fn timed_out(id: &str, timeout: Duration) -> Failure {
    let message = format!("Task timed out after {:.2} seconds", timeout.as_secs_f64());
    Failure { status: Status::Timeout, ..Failure::new(id, "Sandbox.Timedout", &message) }
}

pub(super) fn cannot_start(id: &str, error: &Error) -> Failure {
    Failure::new(id, "Runtime.InvalidEntrypoint", &error.chain())
}
