//! The reply to a batch of queue messages: which of them to send again.

use serde_json::{Value, json};

use super::{Event, Origin};

/// Which messages of an event failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    origin: Origin,
    ids: Vec<Option<String>>,
    failed: Vec<bool>,
}

impl Batch {
    /// Every message of `event`, none of them failed.
    pub fn of(event: &Event) -> Batch {
        let ids: Vec<_> = event.messages.iter().map(|message| message.id.clone()).collect();
        Batch { origin: event.origin, failed: vec![false; ids.len()], ids }
    }

    /// Notes that something of the message at `index` was not done: failed, rejected or out of time. Trying a bad
    /// image again does not help, but only a message that keeps failing reaches the dead-letter queue.
    pub fn fail(&mut self, index: usize) {
        if let Some(failed) = self.failed.get_mut(index) {
            *failed = true;
        }
    }

    /// Whether a message failed.
    pub fn has_failed(&self) -> bool {
        self.failed.contains(&true)
    }

    /// The ids to send again, in order. After the first failure in a first-in-first-out queue that is all the rest.
    pub fn failures(&self) -> Vec<&str> {
        let fifo = self.origin == Origin::Sqs { fifo: true };
        let first = self.failed.iter().position(|failed| *failed).unwrap_or(self.ids.len());
        self.ids
            .iter()
            .zip(&self.failed)
            .enumerate()
            .filter(|(index, (_, failed))| **failed || fifo && *index > first)
            .filter_map(|(_, (id, _))| id.as_deref())
            .collect()
    }

    /// What SQS expects to be told: `{"batchItemFailures":[{"itemIdentifier":"…"}]}`. `None` when no queue asked.
    ///
    /// SQS listens only where the function's trigger has `FunctionResponseTypes: ReportBatchItemFailures`; without
    /// it every message counts as done.
    pub fn reply(&self) -> Option<Value> {
        let Origin::Sqs { .. } = self.origin else { return None };
        let failures: Vec<Value> =
            self.failures().into_iter().map(|id| json!({ "itemIdentifier": id })).collect();
        Some(json!({ "batchItemFailures": failures }))
    }
}
