//! Extensions: external ones, which the emulator has started and waits for, and internal ones, which register from the
//! function's process.
//!
//! Source of the rules and their error types: AWS's runtime interface emulator, `core/registrations.go` and
//! `rapi/handler/agentregister.go`.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};

use super::Call;
use crate::clock::uuid;

/// How many there may be.
pub(crate) const MOST: usize = 10;

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

/// Why a registration is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Rejected {
    /// There is no such event, or not for an internal extension.
    Event(String),
    /// The runtime has asked for its first event.
    Closed,
    /// The name is taken.
    Name,
    TooMany,
}

#[derive(Debug, Default)]
pub(super) struct Extensions {
    known: BTreeMap<String, Extension>,
    /// Names of external ones that have not registered yet.
    expected: Vec<String>,
    closed: bool,
    /// In a Managed Instance nobody is told of invocations.
    managed: bool,
}

#[derive(Debug)]
struct Extension {
    name: String,
    external: bool,
    events: Vec<String>,
    queue: VecDeque<Value>,
    waits: bool,
    over: bool,
    /// What it has said of its end.
    fault: Option<&'static str>,
}

/// An extension as the log names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) name: String,
    pub(crate) state: &'static str,
    pub(crate) events: Vec<String>,
    pub(crate) fault: Option<&'static str>,
}

impl Extensions {
    pub(super) fn new(managed: bool) -> Extensions {
        Extensions { managed, ..Extensions::default() }
    }

    /// External extensions of these names are started.
    pub(super) fn expect(&mut self, names: Vec<String>) {
        self.expected = names;
    }

    /// Gives the new extension's identifier.
    pub(super) fn register(&mut self, name: &str, events: Vec<String>) -> Result<String, Rejected> {
        let external = self.expected.iter().any(|expected| expected == name);
        let managed = self.managed;
        let known =
            |event: &String| (event == "INVOKE" && !managed) || (event == "SHUTDOWN" && external);
        if let Some(event) = events.iter().find(|event| !known(event)) {
            return Err(Rejected::Event(event.clone()));
        }
        if self.known.values().any(|one| one.name == name) {
            return Err(Rejected::Name);
        }
        if self.closed && !external {
            return Err(Rejected::Closed);
        }
        if !external && self.known.len() + self.expected.len() >= MOST {
            return Err(Rejected::TooMany);
        }
        self.expected.retain(|expected| expected != name);
        let id = uuid();
        let extension = Extension {
            name: name.to_owned(),
            external,
            events,
            queue: VecDeque::new(),
            waits: false,
            over: false,
            fault: None,
        };
        self.known.insert(id.clone(), extension);
        Ok(id)
    }

    /// No internal extension may register from now on.
    pub(super) fn close(&mut self) {
        self.closed = true;
    }

    /// Whether every external extension has registered.
    pub(super) fn all_registered(&self) -> bool {
        self.expected.is_empty()
    }

    pub(super) fn name(&self, id: &str) -> Option<&str> {
        self.known.get(id).map(|extension| extension.name.as_str())
    }

    /// The extension asks for an event.
    pub(super) fn poll(&mut self, id: &str) {
        if let Some(extension) = self.known.get_mut(id) {
            extension.waits = true;
        }
    }

    /// The event that waits for it.
    pub(super) fn take(&mut self, id: &str) -> Option<Value> {
        let extension = self.known.get_mut(id)?;
        let event = extension.queue.pop_front()?;
        extension.waits = false;
        Some(event)
    }

    /// It says that it fails, and is waited for no longer.
    pub(super) fn give_up(&mut self, id: &str, fault: &'static str) {
        if let Some(extension) = self.known.get_mut(id) {
            (extension.over, extension.fault) = (true, Some(fault));
        }
    }

    /// The process of an external one has ended. Gives what that amounts to: a crash, but for one that has said otherwise.
    pub(super) fn ended(&mut self, name: &str) -> &'static str {
        self.expected.retain(|expected| expected != name);
        let Some(extension) = self.known.values_mut().find(|one| one.name == name) else {
            return "Extension.Crash";
        };
        extension.over = true;
        let fault = extension.fault.unwrap_or("Extension.Crash");
        extension.fault = Some(fault);
        fault
    }

    pub(super) fn any(&self) -> bool {
        !self.known.is_empty()
    }

    pub(super) fn are_idle(&self) -> bool {
        self.known.values().all(|one| one.over || (one.waits && one.queue.is_empty()))
    }

    /// All there are, by name.
    pub(super) fn standing(&self) -> Vec<Standing> {
        let mut all: Vec<Standing> = self
            .known
            .values()
            .map(|one| Standing {
                name: one.name.clone(),
                state: match (one.fault, one.waits) {
                    (Some("Extension.InitError"), _) => "InitError",
                    (Some(_), _) => "ExitError",
                    (None, true) => "Ready",
                    (None, false) => "Registered",
                },
                events: one.events.clone(),
                fault: one.fault,
            })
            .collect();
        all.extend(self.expected.iter().map(|name| Standing {
            name: name.clone(),
            state: "Started",
            events: Vec::new(),
            fault: None,
        }));
        all.sort_by(|one, other| one.name.cmp(&other.name));
        all
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

    /// Tells those that want to know; gives their names.
    pub(super) fn shut_down(&mut self, why: Shutdown, deadline_ms: u128) -> Vec<String> {
        self.tell("SHUTDOWN", || {
            json!({
                "eventType": "SHUTDOWN",
                "shutdownReason": why.name(),
                "deadlineMs": u64::try_from(deadline_ms).unwrap_or(u64::MAX),
            })
        })
    }

    fn tell(&mut self, kind: &str, event: impl Fn() -> Value) -> Vec<String> {
        let mut told = Vec::new();
        let wanting =
            |one: &&mut Extension| !one.over && one.events.iter().any(|event| event == kind);
        for extension in self.known.values_mut().filter(wanting) {
            extension.queue.push_back(event());
            told.push(extension.name.clone());
        }
        told
    }

    /// Whether it was started by the emulator.
    pub(super) fn has_external(&self) -> bool {
        !self.expected.is_empty() || self.known.values().any(|one| one.external)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn an_extension_without_events_is_idle_as_soon_as_it_waits() {
        let mut extensions = Extensions::default();
        extensions.expect(events(&["loud"]));
        assert!(!extensions.all_registered());
        let quiet = extensions.register("quiet", Vec::new()).expect("registered");
        let loud = extensions.register("loud", events(&["SHUTDOWN"])).expect("registered");
        assert!(extensions.all_registered() && !extensions.are_idle());
        extensions.poll(&quiet);
        extensions.poll(&loud);
        assert!(extensions.are_idle());
        assert_eq!(extensions.shut_down(Shutdown::Timeout, 7), ["loud"]);
        assert_eq!(extensions.take(&quiet), None);
        let event = extensions.take(&loud).expect("told");
        assert_eq!(
            (&event["shutdownReason"], &event["deadlineMs"]),
            (&json!("timeout"), &json!(7))
        );
        assert!(!extensions.are_idle());
        extensions.give_up(&loud, "Extension.ExitError");
        assert!(extensions.are_idle());
        assert_eq!(extensions.ended("loud"), "Extension.ExitError");
        assert_eq!(extensions.ended("quiet"), "Extension.Crash");
        assert_eq!(extensions.standing()[1].state, "ExitError");
    }

    #[test]
    fn who_may_not_register_is_told_why() {
        let mut extensions = Extensions::default();
        extensions.expect(events(&["outside"]));
        let refused = |extensions: &mut Extensions, name: &str, wanted: &[&str]| {
            extensions.register(name, events(wanted)).expect_err("refused")
        };
        assert_eq!(
            refused(&mut extensions, "outside", &["LUNCH"]),
            Rejected::Event("LUNCH".to_owned())
        );
        // An internal extension learns of the end by SIGTERM.
        assert_eq!(
            refused(&mut extensions, "in", &["SHUTDOWN"]),
            Rejected::Event("SHUTDOWN".to_owned())
        );
        for count in 0..9 {
            extensions.register(&count.to_string(), Vec::new()).expect("room");
        }
        assert_eq!(refused(&mut extensions, "in", &[]), Rejected::TooMany);
        assert_eq!(refused(&mut extensions, "0", &[]), Rejected::Name);
        extensions.close();
        assert_eq!(refused(&mut extensions, "in", &[]), Rejected::Closed);
        assert!(extensions.register("outside", events(&["INVOKE", "SHUTDOWN"])).is_ok());
    }
}
