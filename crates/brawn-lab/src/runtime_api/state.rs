//! Where the conversation with a process stands, and what it may say next.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::Call;
use super::extensions::Extensions;

/// How many answers are remembered, to tell a second answer from one to nothing.
const REMEMBERED: usize = 1000;

/// The state of one process.
#[derive(Debug)]
pub(super) struct State {
    runtime: Runtime,
    /// How many events it may have at a time: one, but in a Managed Instance.
    limit: usize,
    offered: VecDeque<Arc<Call>>,
    current: BTreeMap<String, Arc<Call>>,
    answered: VecDeque<String>,
    expired: VecDeque<String>,
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
    /// For `limit` events at a time; `managed` is a Managed Instance, where that may be one too.
    pub(super) fn new(limit: usize, managed: bool) -> State {
        State {
            runtime: Runtime::default(),
            limit,
            offered: VecDeque::new(),
            current: BTreeMap::new(),
            answered: VecDeque::new(),
            expired: VecDeque::new(),
            extensions: Extensions::new(managed),
        }
    }

    /// The runtime asks for an event. Asking again while it waits is a client that has reconnected.
    pub(super) fn poll(&mut self) -> Result<(), Refused> {
        if self.current.len() >= self.limit {
            return Err(Refused::State);
        }
        self.runtime = Runtime::Waiting;
        self.extensions.close();
        Ok(())
    }

    /// The event that waits for the runtime.
    pub(super) fn take(&mut self) -> Option<Arc<Call>> {
        let call = self.offered.pop_front()?;
        if self.limit == 1 {
            self.runtime = Runtime::Busy;
            self.answered.clear();
        }
        // A retry has the id of what it retries; late answers to that are told by their nonce.
        self.answered.retain(|id| *id != call.id);
        self.expired.retain(|id| *id != call.id);
        self.current.insert(call.id.clone(), Arc::clone(&call));
        Some(call)
    }

    pub(super) fn offer(&mut self, call: Arc<Call>) {
        self.extensions.invoke(&call);
        self.offered.push_back(call);
    }

    /// The runtime answers `id`: may it? From then on it has.
    pub(super) fn answer(&mut self, id: &str, nonce: Option<&str>) -> Result<(), Refused> {
        if self.expired.iter().any(|expired| expired == id) {
            return Err(Refused::Expired);
        }
        if self.answered.iter().any(|answered| answered == id) {
            return Err(Refused::State);
        }
        let current = self.current.get(id).ok_or(Refused::RequestId)?;
        if nonce.is_some_and(|nonce| nonce != current.nonce) {
            return Err(Refused::Expired);
        }
        self.current.remove(id);
        remember(&mut self.answered, id);
        if self.limit == 1 {
            self.runtime = Runtime::Answered;
        }
        Ok(())
    }

    /// Gives `id` up; whether the runtime had taken it.
    pub(super) fn expire(&mut self, id: &str) -> bool {
        self.offered.retain(|call| call.id != id);
        let taken = self.current.remove(id).is_some();
        remember(&mut self.expired, id);
        taken
    }

    /// An init error makes sense until the first event was asked for.
    pub(super) fn fail_init(&self) -> Result<(), Refused> {
        if self.runtime == Runtime::Starting { Ok(()) } else { Err(Refused::State) }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.runtime_waits() && self.extensions.are_idle()
    }

    pub(super) fn runtime_waits(&self) -> bool {
        self.runtime == Runtime::Waiting && self.offered.is_empty()
    }

    pub(super) fn has_polled(&self) -> bool {
        self.runtime != Runtime::Starting
    }
}

fn remember(ids: &mut VecDeque<String>, id: &str) {
    ids.push_back(id.to_owned());
    if ids.len() > REMEMBERED {
        ids.pop_front();
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
        let mut state = State::new(1, false);
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
        let mut state = State::new(1, false);
        state.poll().expect("polled");
        state.offer(call("a"));
        state.take();
        assert!(state.expire("a"));
        assert_eq!(state.answer("a", None), Err(Refused::Expired));
        assert_eq!(state.answer("b", None), Err(Refused::RequestId));
    }

    #[test]
    fn a_retry_can_be_answered_and_not_by_what_comes_late() {
        for limit in [1, 2] {
            let mut state = State::new(limit, limit > 1);
            let attempt = |state: &mut State, nonce: &str| {
                state.poll().expect("there is room");
                let call = Arc::into_inner(call("a")).expect("one");
                state.offer(Arc::new(Call { nonce: nonce.to_owned(), ..call }));
                state.take().expect("an event");
            };
            attempt(&mut state, "one");
            assert!(state.expire("a"));
            attempt(&mut state, "two");
            assert_eq!(state.answer("a", Some("one")), Err(Refused::Expired));
            assert_eq!(state.answer("a", Some("two")), Ok(()));
            attempt(&mut state, "three");
            assert_eq!(state.answer("a", Some("three")), Ok(()), "{limit}");
        }
    }

    #[test]
    fn extensions_of_a_managed_instance_hear_of_no_invocations() {
        for (limit, managed) in [(1, false), (1, true), (2, true)] {
            let mut state = State::new(limit, managed);
            let registered = state.extensions.register("x", vec!["INVOKE".to_owned()]);
            assert_eq!(registered.is_err(), managed, "{limit}");
        }
    }

    #[test]
    fn a_managed_instance_has_several_events_at_a_time() {
        let mut state = State::new(2, true);
        for id in ["a", "b", "c"] {
            state.poll().expect("there is room");
            state.offer(call(id));
            if id != "c" {
                assert_eq!(state.take().expect("an event").id, id);
            }
            if id == "b" {
                assert_eq!(state.poll(), Err(Refused::State), "two it has");
                assert_eq!(state.answer("b", None), Ok(()));
            }
        }
        assert_eq!(state.answer("b", None), Err(Refused::State), "twice");
        assert!(state.expire("a") && !state.expire("c"), "one was taken, the other was not");
        assert_eq!(state.answer("a", None), Err(Refused::Expired));
        assert!(state.take().is_none());
    }
}
