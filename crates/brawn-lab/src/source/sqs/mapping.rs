//! The event source mapping: batches of messages to a function, and what becomes of them after.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use brawn_core::{Error, Result};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{Queues, Received};
use crate::emulator::Emulator;
use crate::environment::{Event, ReplyBody, Status};
use crate::source::Source;

/// What an event may amount to: the payload limit of a synchronous invocation.
const EVENT_LIMIT: usize = 6 << 20;
/// What a record has beside its body and attributes, and a receipt.
const RECORD_REST: usize = 1024;
/// How long a poller sleeps at most; it is woken by whatever happens to the queue.
const LONG_POLL: Duration = Duration::from_secs(20);

/// Invokes the function of `emulator` with the messages of the queue: as many batches at once as the function may have
/// environments. What the function has dealt with is deleted, all else comes back after the visibility timeout.
pub fn poll(emulator: &Emulator, queues: &Queues) -> Result<Source> {
    let (mapping, timeout) = (queues.mapping(), emulator.settings().timeout);
    if mapping.visibility_timeout < timeout {
        return Err(Error::invalid_options(format!(
            "the queue's visibility timeout of {} s is less than the function's timeout of {} s, which Lambda refuses",
            mapping.visibility_timeout.as_secs_f64(),
            timeout.as_secs_f64()
        ))
        .with_hint("AWS recommends six times the function's timeout: `--sqs-visibility-timeout`"));
    }
    if mapping.visibility_timeout < mapping.batch_window + timeout {
        emulator.say(&format!(
            "the visibility timeout of {} s is less than the batching window and the function's timeout together ({} s): a message can \
             be delivered twice, on AWS too",
            mapping.visibility_timeout.as_secs_f64(),
            (mapping.batch_window + timeout).as_secs_f64()
        ));
    }
    let mut tasks = JoinSet::new();
    for _ in 0..emulator.settings().invocations() {
        let (emulator, queues) = (emulator.clone(), queues.clone());
        tasks.spawn(async move {
            loop {
                let batch = batch(&emulator, &queues).await;
                deliver(&emulator, &queues, &batch).await;
            }
        });
    }
    Ok(Source::of(tasks))
}

/// Waits for messages: until there are enough, or too many bytes, or the window of the first is over.
async fn batch(emulator: &Emulator, queues: &Queues) -> Vec<Received> {
    let mapping = queues.mapping();
    let mut batch: Vec<Received> = Vec::new();
    let (mut bytes, mut full) = (0, false);
    let mut closes = None;
    loop {
        let (mut room, empty) = (mapping.batch_size - batch.len(), batch.is_empty());
        let moment = queues.moment();
        let (taken, dead) = queues.receive(&mapping.queue, moment, None, |received| {
            let size = size_of(received);
            let fits = room > 0 && (bytes + size <= EVENT_LIMIT || (empty && bytes == 0));
            if fits {
                (room, bytes) = (room - 1, bytes + size);
            } else {
                full = true;
            }
            fits
        });
        for id in dead {
            let count = mapping.max_receive_count.unwrap_or(0);
            emulator.say(&format!(
                "message {id} was received {count} times and is in {} now",
                mapping.dead_letters()
            ));
        }
        batch.extend(taken);
        let now = Instant::now();
        if !batch.is_empty() {
            let end = *closes.get_or_insert(now + mapping.batch_window);
            if full || batch.len() == mapping.batch_size || now >= end {
                return batch;
            }
        }
        queues.change(&mapping.queue, moment, closes.unwrap_or(now + LONG_POLL)).await;
    }
}

fn size_of(received: &Received) -> usize {
    // Quotes and line ends grow when they are written as JSON.
    let escaped =
        received.body.bytes().filter(|byte| *byte < b' ' || matches!(byte, b'"' | b'\\')).count();
    let attributes: usize = received
        .draft
        .attributes
        .iter()
        .map(|(name, attribute)| name.len() + attribute.in_event().to_string().len())
        .sum();
    received.body.len() + escaped + attributes + RECORD_REST
}

/// One batch to the function; what it has dealt with is deleted.
async fn deliver(emulator: &Emulator, queues: &Queues, batch: &[Received]) {
    let mapping = queues.mapping();
    let arn = queues.arn(&mapping.queue);
    let records: Vec<Value> =
        batch.iter().map(|one| one.record(&arn, &emulator.settings().region)).collect();
    let pending = emulator.send(Event::new(json!({ "Records": records }).to_string()));
    let event = pending.request_id.clone();
    // Where the emulator has shut down nothing is known of them: they stay.
    let Some((reply, report)) = pending.outcome().await else { return };
    let failed = if reply.error.is_some() || report.status != Status::Success {
        Err("the function failed".to_owned())
    } else if mapping.report_batch_item_failures {
        let ids: BTreeSet<&str> = batch.iter().map(|one| one.id.as_str()).collect();
        match &reply.body {
            ReplyBody::Whole(answer) => failures(answer, &ids),
            ReplyBody::Stream(_) => Err("its answer was not read".to_owned()),
        }
    } else {
        Ok(BTreeSet::new())
    };
    let (count, why) = match &failed {
        Ok(ids) => (ids.len(), String::new()),
        Err(why) => (batch.len(), format!(" ({why})")),
    };
    if count > 0 {
        emulator.say(&format!(
            "{count} of {} messages of {event} failed{why} and will be in {} again {} s after they were received",
            batch.len(),
            mapping.queue,
            mapping.visibility_timeout.as_secs_f64()
        ));
    }
    if let Ok(failed) = failed {
        queues.with(&mapping.queue, |queue| {
            for received in batch.iter().filter(|received| !failed.contains(&received.id)) {
                queue.delete(&received.receipt);
            }
        });
    }
}

/// Which messages failed, by the function's answer. An error is why all of them did: an answer that is no JSON, or that names a
/// message without an identifier or with one that is not in the batch. No answer, `null`, and an object without failures are
/// success.
fn failures(answer: &[u8], ids: &BTreeSet<&str>) -> std::result::Result<BTreeSet<String>, String> {
    let none = Ok(BTreeSet::new());
    if answer.iter().all(u8::is_ascii_whitespace) {
        return none;
    }
    let answer: Value = serde_json::from_slice(answer)
        .map_err(|_| "the answer is not JSON, so the whole batch failed".to_owned())?;
    let failures = match &answer {
        Value::Null => return none,
        Value::Object(fields) => match fields.get("batchItemFailures") {
            None | Some(Value::Null) => return none,
            Some(Value::Array(failures)) => failures,
            Some(_) => {
                return Err("`batchItemFailures` is no list, so the whole batch failed".to_owned());
            }
        },
        _ => return Err("the answer is no object, so the whole batch failed".to_owned()),
    };
    let mut failed = BTreeSet::new();
    for failure in failures {
        let id = failure.get("itemIdentifier").and_then(Value::as_str).filter(|id| !id.is_empty());
        let id = id.ok_or_else(|| {
            format!("{failure} has no `itemIdentifier`, so the whole batch failed")
        })?;
        if !ids.contains(id) {
            return Err(format!("`{id}` is not in the batch, so the whole batch failed"));
        }
        failed.insert(id.to_owned());
    }
    Ok(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_names_what_failed_or_fails_everything() {
        // Lambda developer guide, "Success and failure conditions" of partial batch responses.
        let ids = BTreeSet::from(["a", "b"]);
        let of = |answer: &str| failures(answer.as_bytes(), &ids);
        for good in
            ["", "null", "{}", r#"{"batchItemFailures":null}"#, r#"{"batchItemFailures":[]}"#]
        {
            assert_eq!(of(good), Ok(BTreeSet::new()), "{good}");
        }
        let one = r#"{"batchItemFailures":[{"itemIdentifier":"b"}]}"#;
        assert_eq!(of(one), Ok(BTreeSet::from(["b".to_owned()])));
        for bad in [
            "{",
            "true",
            r#"{"batchItemFailures":{}}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":""}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":null}]}"#,
            r#"{"batchItemFailures":[{"id":"a"}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":"c"}]}"#,
        ] {
            assert!(of(bad).expect_err(bad).contains("whole batch failed"), "{bad}");
        }
    }
}
