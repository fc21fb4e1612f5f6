//! What is kept of the items of one invocation, however many they are.

use brawn_core::{Error, ErrorKind, ItemReport, Status, Summary};
use brawn_edge::Outcome;
use serde_json::{Value, json};

use crate::answer::{self, ROOM};

/// So many are named in an error.
const NAMED: usize = 10;

/// The items of one invocation, as far as a reply can carry them.
#[derive(Debug, Default)]
pub(crate) struct Items {
    /// Milliseconds of all items, kept or not.
    pub(crate) times: Times,
    kept: Vec<ItemReport>,
    /// What all items together take in a reply.
    size: usize,
    /// What those that are not done take there, when nothing but their names and ends is told.
    undone: usize,
    again: Option<Again>,
}

/// Sums over the items.
#[derive(Debug, Default)]
pub(crate) struct Times {
    pub(crate) fetch_ms: f64,
    pub(crate) queue_ms: f64,
    pub(crate) deliver_ms: f64,
}

/// The items that may succeed when they are tried again.
#[derive(Debug)]
struct Again {
    /// Of the first.
    kind: ErrorKind,
    /// Why the first is not done.
    reason: String,
    count: usize,
    named: Vec<String>,
}

impl Items {
    /// Takes one item as it ends.
    pub(crate) fn add(&mut self, outcome: Outcome) {
        let item = outcome.report;
        self.times.fetch_ms += item.fetch_ms;
        self.times.queue_ms += item.queue_ms;
        self.times.deliver_ms += item.deliver_ms;
        if let Some(error) = outcome.error.as_ref().filter(|error| may_pass(error.kind())) {
            let again = self.again.get_or_insert_with(|| Again {
                kind: error.kind(),
                reason: error.to_string(),
                count: 0,
                named: Vec::new(),
            });
            again.count += 1;
            if again.named.len() < NAMED {
                again.named.push(item.source.clone());
            }
        }
        let had_room = self.has_room();
        self.size += answer::size_of(&json!(item));
        if had_room && !self.has_room() {
            self.kept.retain(is_undone);
        }
        if is_undone(&item) {
            self.undone += answer::size_of(&answer::shortest(&item));
            // What no longer fits into the shortest reply is counted by the summary alone.
            if self.undone <= ROOM {
                self.kept.push(item);
            }
        } else if self.has_room() {
            self.kept.push(item);
        }
    }

    fn has_room(&self) -> bool {
        self.size <= ROOM
    }

    /// The reply that says what became of each item.
    pub(crate) fn reply(&self, summary: &Summary) -> Value {
        answer::report(&self.kept, self.has_room(), summary)
    }

    /// The error of an invocation that nobody waits for: S3, SNS and EventBridge invoke asynchronously, and only an error
    /// makes Lambda try again and, at last, use the dead-letter queue. `None` where everything is done, or where what is
    /// not would end the same way again: a picture that is broken, an object that is not there.
    pub(crate) fn to_try_again(&self, summary: &Summary) -> Option<Error> {
        let Again { kind, reason, count, named } = self.again.as_ref()?;
        let more = if *count > NAMED { ", ..." } else { "" };
        let named = named.join(", ");
        Some(Error::new(
            *kind,
            format!("{count} of {} items are not done: {named}{more} ({reason})", summary.items),
        ))
    }
}

/// Whether it is worth a place in a reply that cannot hold everything.
fn is_undone(item: &ItemReport) -> bool {
    !matches!(item.status, Status::Ok | Status::Skipped)
}

/// Whether what ended so may succeed when it is tried again. Storage is among them: permissions come late, and a disk
/// that is full in this sandbox is not in the next.
fn may_pass(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Unavailable
            | ErrorKind::Busy
            | ErrorKind::Storage
            | ErrorKind::Panicked
            | ErrorKind::OutOfTime
            | ErrorKind::Cancelled
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(report: ItemReport, error: Option<Error>) -> Outcome {
        Outcome { report, error, tag: 0, place: 0, plan: None, targets: Vec::new(), torn: false }
    }

    fn ended(error: Error) -> Outcome {
        outcome(ItemReport::ended("s3://in/a.jpg", &error), Some(error))
    }

    #[test]
    fn only_what_may_pass_is_tried_again_and_gives_its_kind() {
        let summary = Summary { items: 2, ..Summary::default() };
        for (kind, again) in [
            (ErrorKind::NotFound, false),
            (ErrorKind::AlreadyExists, false),
            (ErrorKind::InvalidOptions, false),
            (ErrorKind::InvalidInput, false),
            (ErrorKind::OutOfMemory, false),
            (ErrorKind::Unavailable, true),
            (ErrorKind::Storage, true),
            (ErrorKind::Panicked, true),
            (ErrorKind::OutOfTime, true),
            (ErrorKind::Cancelled, true),
        ] {
            let mut items = Items::default();
            items.add(ended(Error::new(ErrorKind::NotFound, "gone")));
            items.add(ended(Error::new(kind, "x")));
            let error = items.to_try_again(&summary);
            assert_eq!(error.as_ref().map(Error::kind), again.then_some(kind));
            if let Some(error) = error {
                assert_eq!(error.to_string(), "1 of 2 items are not done: s3://in/a.jpg (x)");
            }
        }
    }

    #[test]
    fn what_a_reply_cannot_carry_is_not_kept_but_counted() {
        let mut items = Items::default();
        for n in 0..60_000 {
            let report = ItemReport {
                fetch_ms: 1.0,
                ..ItemReport::new(format!("s3://in/{n}.jpg"), Status::Ok)
            };
            items.add(outcome(report, None));
            if n == 7 {
                items.add(ended(Error::out_of_time()));
            }
        }
        assert_eq!(items.kept.len(), 1, "what is not done");
        assert_eq!(items.times.fetch_ms, 60_000.0);
        let reply = items.reply(&Summary::default());
        assert_eq!(
            (&reply["truncated"], &reply["items"][0]["status"]),
            (&true.into(), &"deadline".into())
        );
        let mut late = Items::default();
        for n in 0..60_000 {
            let error = Error::out_of_time();
            let source = format!("s3://in/{}/{n}.jpg", "long".repeat(50));
            late.add(outcome(ItemReport::ended(source, &error), Some(error)));
        }
        let kept = late.kept.len();
        assert!((10_000..29_000).contains(&kept), "{kept}");
        assert!(late.reply(&Summary::default()).to_string().len() <= ROOM);
    }
}
