//! The reply: the report, in at most what Lambda takes.

use brawn_core::{ItemReport, Status, Summary};
use serde_json::{Value, json};

/// A synchronous reply may have 6 MB; asynchronous destinations take 1 MB of it.
/// Source: AWS Lambda quotas, "Invocation payload".
pub(crate) const ROOM: usize = 5 << 20;
/// The summary and the brackets take less.
const FRAME: usize = 4 << 10;

/// `{"items": [...], "summary": {...}}`, where `items` are all there were or, when `complete` is false, those that are not
/// done. When that is more than a reply takes, items that are done are left out, then reasons and outputs, and
/// `truncated` says so; the summary always counts everything.
pub(crate) fn report(items: &[ItemReport], complete: bool, summary: &Summary) -> Value {
    if complete && fit(items.iter()) {
        return json!({ "items": items, "summary": summary });
    }
    let undone = || items.iter().filter(|item| item.status != Status::Ok);
    if fit(undone()) {
        let undone: Vec<&ItemReport> = undone().collect();
        return json!({ "items": undone, "summary": summary, "truncated": true });
    }
    let mut room = ROOM - FRAME;
    let named: Vec<Value> = undone()
        .map(shortest)
        .take_while(|item| {
            room = room.saturating_sub(size_of(item));
            room > 0
        })
        .collect();
    json!({ "items": named, "summary": summary, "truncated": true })
}

/// As little of an item as a reply can tell.
pub(crate) fn shortest(item: &ItemReport) -> Value {
    json!({ "source": item.source, "status": item.status })
}

/// What `value` takes in a list.
pub(crate) fn size_of(value: &Value) -> usize {
    value.to_string().len() + 1
}

/// Asked one by one: all of them as one value take ten times the room of their text.
fn fit<'a>(mut items: impl Iterator<Item = &'a ItemReport>) -> bool {
    let mut room = ROOM - FRAME;
    items.all(|item| {
        let left = room.checked_sub(size_of(&json!(item)));
        room = left.unwrap_or_default();
        left.is_some()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use brawn_core::Error;

    #[test]
    fn a_reply_always_fits_and_keeps_what_is_not_done() {
        let done = (0..40_000).map(|n| ItemReport::new(format!("s3://in/{n}.jpg"), Status::Ok));
        let late = ItemReport::ended("s3://in/late.jpg", &Error::out_of_time());
        let items: Vec<_> = done.chain([late]).collect();
        let reply = report(&items, true, &Summary::default());
        assert_eq!(reply["truncated"], true);
        assert_eq!(reply["items"][0]["source"], "s3://in/late.jpg");
        let all_late: Vec<_> = (0..200_000)
            .map(|n| ItemReport::ended(format!("s3://in/{n}.jpg"), &Error::out_of_time()))
            .collect();
        assert!(report(&all_late, true, &Summary::default()).to_string().len() <= ROOM);
    }
}
