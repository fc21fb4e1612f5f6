//! The course of one invocation: what was said when.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::report::ms;
use super::{Reply, ReplyBody, Status};
use crate::clock::{Utc, since_epoch};
use crate::runtime_api::{Answer, Streamed};

/// The points of one invocation.
pub(super) struct Course {
    pub(super) id: String,
    /// Whether `platform.runtimeDone` was told.
    pub(super) told: bool,
    begun: Instant,
    begun_at: Duration,
    answered: Option<Instant>,
    complete: Option<Instant>,
    bytes: u64,
    error: Option<String>,
}

impl Course {
    pub(super) fn new(id: String) -> Course {
        Course {
            id,
            told: false,
            begun: Instant::now(),
            begun_at: since_epoch(),
            answered: None,
            complete: None,
            bytes: 0,
            error: None,
        }
    }

    /// Passes an answer on to the caller; whether there is more of it to come.
    pub(super) fn hear(
        &mut self,
        answer: Answer,
        reply: &mut Option<oneshot::Sender<Reply>>,
    ) -> bool {
        let now = Instant::now();
        self.answered = Some(now);
        let streams = matches!(answer.outcome, Ok(ReplyBody::Stream(_)));
        if !streams {
            self.complete = Some(now);
        }
        let (body, error) = match answer.outcome {
            Ok(body) => (body, None),
            Err(fault) => (ReplyBody::Whole(fault.body), Some(fault.kind)),
        };
        if let (ReplyBody::Whole(bytes), None) = (&body, &error) {
            self.bytes = bytes.len() as u64;
        }
        self.error.clone_from(&error);
        if let Some(reply) = reply.take() {
            // The caller may have gone.
            let _ = reply.send(Reply { body, error, content_type: answer.content_type });
        }
        streams
    }

    /// A streamed answer has come to its end, or broke off.
    pub(super) fn complete(&mut self, streamed: &Streamed) {
        (self.complete, self.bytes) = (Some(Instant::now()), streamed.bytes);
        self.error = streamed.ended.as_ref().err().map(|fault| fault.kind.clone());
    }

    pub(super) fn is_answered(&self) -> bool {
        self.answered.is_some()
    }

    /// By what was answered.
    pub(super) fn status(&self) -> Status {
        self.error.clone().map_or(Status::Success, Status::Error)
    }

    /// The record of `platform.runtimeDone`.
    pub(super) fn record(&self, status: Status) -> Value {
        status.into_record(json!({
            "requestId": self.id,
            "metrics": { "durationMs": ms(self.begun.elapsed()), "producedBytes": self.bytes },
            "spans": self.spans(),
        }))
    }

    /// From the event to the first byte of the answer, to its last, and to the request for the next event.
    fn spans(&self) -> Value {
        let mut spans = Vec::new();
        let mut span = |name: &str, from: Instant, to: Instant| {
            let start = Utc::at(self.begun_at + from.saturating_duration_since(self.begun)).iso();
            spans.push(json!({
                "name": name, "start": start, "durationMs": ms(to.saturating_duration_since(from)),
            }));
        };
        if let Some(answered) = self.answered {
            span("responseLatency", self.begun, answered);
            if let Some(complete) = self.complete {
                span("responseDuration", answered, complete);
                span("runtimeOverhead", complete, Instant::now());
            }
        }
        json!(spans)
    }
}
