//! Extensions that have registered: internal ones, as the emulator starts no process but the function's.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};

use super::Call;
use crate::clock::uuid;

/// Why an environment is shut down, in the words of the Extensions API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shutdown {
    Spindown,
    Timeout,
    Failure,
}

impl Shutdown {
    fn name(self) -> &'static str {
        match self {
            Shutdown::Spindown => "spindown",
            Shutdown::Timeout => "timeout",
            Shutdown::Failure => "failure",
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Extensions(BTreeMap<String, Extension>);

#[derive(Debug)]
struct Extension {
    events: Vec<String>,
    queue: VecDeque<Value>,
    waits: bool,
    over: bool,
}

impl Extensions {
    /// Gives the new extension's identifier; `None` for an event that there is not.
    pub(super) fn register(&mut self, events: Vec<String>) -> Option<String> {
        if events.iter().any(|event| event != "INVOKE" && event != "SHUTDOWN") {
            return None;
        }
        let id = uuid();
        let extension = Extension { events, queue: VecDeque::new(), waits: false, over: false };
        self.0.insert(id.clone(), extension);
        Some(id)
    }

    pub(super) fn knows(&self, id: &str) -> bool {
        self.0.contains_key(id)
    }

    /// The extension asks for an event.
    pub(super) fn poll(&mut self, id: &str) {
        if let Some(extension) = self.0.get_mut(id) {
            extension.waits = true;
        }
    }

    /// The event that waits for it.
    pub(super) fn take(&mut self, id: &str) -> Option<Value> {
        let extension = self.0.get_mut(id)?;
        let event = extension.queue.pop_front()?;
        extension.waits = false;
        Some(event)
    }

    /// It says that it fails, and is waited for no longer.
    pub(super) fn give_up(&mut self, id: &str) {
        if let Some(extension) = self.0.get_mut(id) {
            extension.over = true;
        }
    }

    pub(super) fn any(&self) -> bool {
        !self.0.is_empty()
    }

    pub(super) fn are_idle(&self) -> bool {
        self.0.values().all(|one| one.over || (one.waits && one.queue.is_empty()))
    }

    pub(super) fn invoke(&mut self, call: &Call) {
        self.tell("INVOKE", || {
            json!({
                "eventType": "INVOKE",
                "deadlineMs": u64::try_from(call.deadline_ms).unwrap_or(u64::MAX),
                "requestId": call.id,
                "invokedFunctionArn": call.arn,
                "tracing": { "type": "X-Amzn-Trace-Id", "value": call.trace_id },
            })
        });
    }

    /// Whether there is anyone who wants to know.
    pub(super) fn shut_down(&mut self, why: Shutdown, deadline_ms: u128) -> bool {
        self.tell("SHUTDOWN", || {
            json!({
                "eventType": "SHUTDOWN",
                "shutdownReason": why.name(),
                "deadlineMs": u64::try_from(deadline_ms).unwrap_or(u64::MAX),
            })
        })
    }

    fn tell(&mut self, kind: &str, event: impl Fn() -> Value) -> bool {
        let mut told = false;
        for extension in self.0.values_mut().filter(|one| one.events.iter().any(|e| e == kind)) {
            extension.queue.push_back(event());
            told = true;
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extension_without_events_is_idle_as_soon_as_it_waits() {
        let mut extensions = Extensions::default();
        assert_eq!(extensions.register(vec!["LUNCH".to_owned()]), None);
        let quiet = extensions.register(Vec::new()).expect("registered");
        let loud = extensions.register(vec!["SHUTDOWN".to_owned()]).expect("registered");
        assert!(!extensions.are_idle());
        extensions.poll(&quiet);
        extensions.poll(&loud);
        assert!(extensions.are_idle());
        assert!(extensions.shut_down(Shutdown::Timeout, 7));
        assert_eq!(extensions.take(&quiet), None);
        let event = extensions.take(&loud).expect("told");
        assert_eq!(
            (&event["shutdownReason"], &event["deadlineMs"]),
            (&json!("timeout"), &json!(7))
        );
        assert!(!extensions.are_idle());
        extensions.give_up(&loud);
        assert!(extensions.are_idle());
    }
}
