//! Thumbnails of uploaded pictures, from the parts that the ready-made function is made of.
//!
//! The ready-made `bootstrap` does this without a line of code. This is for a function that does something else as
//! well.

use std::sync::Arc;

use brawn::lambda::{self, LambdaEvent};
use brawn::metrics::{self, Unit};
use brawn::{Error, Result};
use brawn_edge::{Destination, Flow, Location, Stores, events};
use brawn_jobs::image::{Format, ImageJob, Options};
use serde::Serialize;
use serde_json::Value;

/// What became of each picture. For messages of a queue, which must be told in SQS's words, it is a partial batch
/// response.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Reply {
    Pictures { done: Vec<Thumbnails>, failed: Vec<Failure> },
    Batch(Value),
}

#[derive(Debug, Serialize)]
struct Thumbnails {
    source: String,
    outputs: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Failure {
    source: String,
    reason: String,
}

/// From pictures of any kind to thumbnails in `to`.
fn flow(stores: &Stores, to: Location) -> Result<Flow> {
    let job = ImageJob::new(Options {
        width: vec![160, 320],
        format: vec![Format::WebP],
        ..Options::default()
    })?;
    // Fetching, computing and delivering overlap; no more is in memory than the function has.
    Ok(Flow::new(Arc::new(job), brawn::pool(), stores.clone(), Destination::folder(to)))
}

/// `event` has decoded keys: S3 sends `red flower.jpg` as `red+flower.jpg`, EventBridge as it is.
async fn respond(flow: &Flow, event: &events::Event) -> Result<Reply> {
    let (mut done, mut failed, mut again) = (Vec::new(), Vec::new(), None);
    let (summary, batch) = flow
        .run_event(event, &brawn::budget(), |outcome| {
            let source = outcome.report.source;
            match (outcome.error, outcome.report.reason) {
                (None, None) => {
                    let outputs = outcome.report.outputs;
                    let outputs = outputs.into_iter().map(|output| output.location).collect();
                    done.push(Thumbnails { source, outputs });
                }
                (error, reason) => {
                    let reason = reason.unwrap_or_default();
                    tracing::warn!(source, reason, "no thumbnail");
                    if let Some(error) = error.filter(may_pass) {
                        again.get_or_insert((error.kind(), format!("{source}: {reason}")));
                    }
                    failed.push(Failure { source, reason });
                }
            }
        })
        .await;
    metrics::add("pictures", summary.items as f64, Unit::Count);
    metrics::add("thumbnails", summary.outputs as f64, Unit::Count);
    if let Some(batch) = batch.reply() {
        return Ok(Reply::Batch(batch));
    }
    if let Some((kind, first)) = again {
        // Nobody reads the reply to an event of S3: only an error makes Lambda try again.
        return Err(Error::new(kind, first));
    }
    // They ended in any order.
    done.sort_by(|one, other| one.source.cmp(&other.source));
    failed.sort_by(|one, other| one.source.cmp(&other.source));
    Ok(Reply::Pictures { done, failed })
}

/// Whether another try may go better: not where the picture itself is bad.
fn may_pass(error: &Error) -> bool {
    error.is_transient() || error.is_out_of_time() || error.is_panic()
}

#[tokio::main]
async fn main() -> Result<()> {
    lambda::logs();
    let flow = lambda::init(async {
        let to = std::env::var("THUMBNAILS").map_err(|_| {
            Error::invalid_options("`THUMBNAILS` is not set")
                .with_hint("set it to where thumbnails go: s3://my-thumbs/")
        })?;
        flow(&Stores::from_env(), to.parse()?)
    });
    let flow = flow.await?;
    let flow = &flow;
    lambda::run(|event: LambdaEvent<Value>| async move {
        let event = events::read(&event.payload)?;
        respond(flow, &event).await
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use brawn_edge::events::{Event, Record};
    use brawn_edge::{Address, Scheme};
    use examples_testing::{assert_alike, json, read};

    const HERE: &str = env!("CARGO_MANIFEST_DIR");

    /// The event with its buckets in memory.
    fn in_memory(event: &Value) -> Event {
        let mut event = events::read(event).expect("an event");
        for message in &mut event.messages {
            for record in message.records.as_mut().expect("understood") {
                if let Record::Created(created) = record {
                    created.address.scheme = Scheme::Memory;
                }
            }
        }
        event
    }

    /// A store of `bucket` with the pictures that the event names, and a flow from it. Stores in memory are shared by
    /// their names, so each test has its own.
    async fn set_up(bucket: &str) -> (Stores, Flow) {
        let stores = Stores::from_variables([]);
        let flower = std::fs::read(format!("{HERE}/../../photos/flower.jpg")).expect("a photo");
        for (key, bytes) in
            [("2026/red flower.jpg", flower.clone()), ("2026/broken.jpg", flower[..200].to_vec())]
        {
            let address =
                Address { scheme: Scheme::Memory, bucket: bucket.into(), key: key.into() };
            stores.put(&address, bytes.into(), "image/jpeg").await.expect("memory");
        }
        let to = format!("memory://{bucket}-thumbs/").parse().expect("a location");
        let flow = flow(&stores, to).expect("a flow");
        (stores, flow)
    }

    #[tokio::test]
    async fn the_event_gives_the_reply_and_the_thumbnails() {
        let (stores, flow) = set_up("uploads").await;
        let reply = respond(&flow, &in_memory(&read(HERE, "event.json"))).await.expect("a reply");
        let expected = read(HERE, "reply.json").to_string().replace("s3://", "memory://");
        assert_alike(&json(&reply), &serde_json::from_str(&expected).expect("JSON"));
        for width in [160_u32, 320] {
            let name = format!("memory://uploads-thumbs/2026/red flower-{width}.webp");
            let bytes = stores.get(&name.parse().expect("a location")).await.expect("delivered");
            // RIFF....WEBPVP8 and, in lossy files, the width in 14 bits at 26.
            assert_eq!((&bytes[..4], &bytes[8..15]), (&b"RIFF"[..], &b"WEBPVP8"[..]));
            assert_eq!(u32::from(u16::from_le_bytes([bytes[26], bytes[27]]) & 0x3fff), width);
        }
    }

    #[tokio::test]
    async fn a_queue_is_told_which_messages_failed() {
        let (_, flow) = set_up("queued").await;
        let body = |key: &str| {
            let mut event = read(HERE, "event.json");
            event["Records"].as_array_mut().expect("records").truncate(1);
            event["Records"][0]["s3"]["bucket"]["name"] = "queued".into();
            event["Records"][0]["s3"]["object"]["key"] = key.into();
            event.to_string()
        };
        let message = |id: &str, key: &str| {
            serde_json::json!({ "messageId": id, "body": body(key), "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:uploads" })
        };
        let event = serde_json::json!({ "Records": [
            message("good", "2026/red+flower.jpg"), message("bad", "2026/broken.jpg")] });
        let reply = respond(&flow, &in_memory(&event)).await.expect("a reply");
        let failed = serde_json::json!({ "batchItemFailures": [{ "itemIdentifier": "bad" }] });
        assert_eq!(json(&reply), failed);
    }

    #[tokio::test]
    async fn without_time_lambda_is_asked_to_try_again() {
        let (_, flow) = set_up("late").await;
        let mut event = read(HERE, "event.json").to_string();
        event = event.replace("\"uploads\"", "\"late\"");
        let event = in_memory(&serde_json::from_str(&event).expect("JSON"));
        let late = brawn::budget().by(brawn::Deadline::at(std::time::Instant::now()));
        let error = brawn::with_budget(late, respond(&flow, &event)).await.expect_err("no time");
        assert!(error.is_out_of_time() && error.to_string().contains("late/2026/"), "{error}");
    }
}
