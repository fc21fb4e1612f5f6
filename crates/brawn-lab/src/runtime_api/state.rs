//! Where the conversation with a process stands, and what it may say next.

use std::sync::Arc;

use super::Call;
use super::extensions::Extensions;

/// The state of one process.
#[derive(Debug, Default)]
pub(super) struct State {
    runtime: Runtime,
    offered: Option<Arc<Call>>,
    current: Option<Arc<Call>>,
    expired: Option<String>,
    pub(super) extensions: Extensions,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Runtime {
    /// It has not asked for an event yet.
    #[default]
    Starting,
    /// It has asked, and waits.
    Waiting,
    /// It has an event.
    Busy,
    /// It has answered.
    Answered,
}

/// Why something is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// Not at this point of the conversation.
    State,
    /// There is no such request.
    RequestId,
    /// It was given up.
    Expired,
}

impl State {
    /// The runtime asks for an event. Asking again while it waits is a client that has reconnected.
    pub(super) fn poll(&mut self) -> Result<(), Refused> {
        if self.runtime == Runtime::Busy {
            return Err(Refused::State);
        }
        self.runtime = Runtime::Waiting;
        self.extensions.close();
        Ok(())
    }

    /// The event that waits for the runtime.
    pub(super) fn take(&mut self) -> Option<Arc<Call>> {
        let call = self.offered.take()?;
        self.runtime = Runtime::Busy;
        self.current = Some(Arc::clone(&call));
        Some(call)
    }

    pub(super) fn offer(&mut self, call: Arc<Call>) {
        self.extensions.invoke(&call);
        self.offered = Some(call);
    }

    /// The runtime answers `id`: may it? From then on it has.
    pub(super) fn answer(&mut self, id: &str, nonce: Option<&str>) -> Result<(), Refused> {
        if self.expired.as_deref() == Some(id) {
            return Err(Refused::Expired);
        }
        let current = self.current.as_deref().filter(|call| call.id == id);
        let current = current.ok_or(Refused::RequestId)?;
        if nonce.is_some_and(|nonce| nonce != current.nonce) {
            return Err(Refused::Expired);
        }
        if self.runtime != Runtime::Busy {
            return Err(Refused::State);
        }
        self.runtime = Runtime::Answered;
        Ok(())
    }

    pub(super) fn expire(&mut self) {
        self.expired = self.current.take().map(|call| call.id.clone());
        self.offered = None;
    }

    /// An init error makes sense until the first event was asked for.
    pub(super) fn fail_init(&self) -> Result<(), Refused> {
        if self.runtime == Runtime::Starting { Ok(()) } else { Err(Refused::State) }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.runtime_waits() && self.extensions.are_idle()
    }

    pub(super) fn runtime_waits(&self) -> bool {
        self.runtime == Runtime::Waiting && self.offered.is_none()
    }

    pub(super) fn has_polled(&self) -> bool {
        self.runtime != Runtime::Starting
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(id: &str) -> Arc<Call> {
        Arc::new(Call {
            id: id.to_owned(),
            nonce: format!("nonce of {id}"),
            payload: "{}".into(),
            deadline_ms: 1,
            trace_id: String::new(),
            arn: String::new(),
            client_context: None,
        })
    }

    #[test]
    fn an_invocation_is_asked_for_answered_once_and_over() {
        let mut state = State::default();
        assert!(state.fail_init().is_ok() && !state.is_idle());
        state.poll().expect("the first time");
        assert!(state.is_idle());
        assert_eq!(state.fail_init(), Err(Refused::State));
        state.offer(call("a"));
        assert!(!state.is_idle());
        assert_eq!(state.take().expect("an event").id, "a");
        assert_eq!(state.poll(), Err(Refused::State));
        assert_eq!(state.answer("b", None), Err(Refused::RequestId));
        assert_eq!(state.answer("a", Some("another")), Err(Refused::Expired));
        assert_eq!(state.answer("a", Some("nonce of a")), Ok(()));
        assert_eq!(state.answer("a", None), Err(Refused::State));
        state.poll().expect("the next");
        assert!(state.is_idle());
    }

    #[test]
    fn an_answer_after_the_timeout_is_gone() {
        let mut state = State::default();
        state.poll().expect("polled");
        state.offer(call("a"));
        state.take();
        state.expire();
        assert_eq!(state.answer("a", None), Err(Refused::Expired));
        assert_eq!(state.answer("b", None), Err(Refused::RequestId));
    }
}
