//! S3 in, compute, S3 out: which parts of uploaded files are compressed or encrypted, by their entropy.

mod buckets;
mod event;
mod profile;

use brawn::lambda::{self, LambdaEvent};
use brawn::{Error, Result};
use futures::{StreamExt as _, stream};
use serde::Serialize;

use buckets::Buckets;
use event::{Object, S3Event};

/// Records on their way at once: some wait for S3 while one computes. Each holds its object in memory.
const AT_ONCE: usize = 8;

#[derive(Debug, Default, Serialize)]
struct Reply {
    /// Where results are.
    done: Vec<String>,
    /// What would fail again, and why.
    failed: Vec<Failure>,
}

#[derive(Debug, Serialize)]
struct Failure {
    source: String,
    reason: String,
}

async fn respond(buckets: &Buckets, output_bucket: &str, event: S3Event) -> Result<Reply> {
    let mut ended = stream::iter(event.records)
        .map(|record| async move {
            let object = record.object();
            let source = object.as_ref().map_or_else(|_| record.raw(), Object::to_string);
            let done = async { one(buckets, output_bucket, &object?).await };
            (source, done.await)
        })
        // In the order of the records, whichever ends first.
        .buffered(AT_ONCE);
    let (mut reply, mut again) = (Reply::default(), Vec::new());
    while let Some((source, outcome)) = ended.next().await {
        match outcome {
            Ok(output) => reply.done.push(output.to_string()),
            Err(error) if error.is_transient() || error.is_out_of_time() => {
                again.push((source, error));
            }
            Err(error) => {
                tracing::warn!(source, "{}", error.chain());
                reply.failed.push(Failure { source, reason: error.to_string() });
            }
        }
    }
    // Nobody reads the reply to an event of S3. Only an error makes Lambda try again; what is done is written again,
    // the same.
    match again.first() {
        None => Ok(reply),
        Some((_, first)) => {
            let named: Vec<&str> = again.iter().map(|(source, _)| source.as_str()).collect();
            let text = format!("{} not done: {} ({first})", named.len(), named.join(", "));
            Err(Error::new(first.kind(), text))
        }
    }
}

/// Async in, sync middle, async out.
async fn one(buckets: &Buckets, output_bucket: &str, object: &Object) -> Result<Object> {
    if object.bucket == output_bucket {
        return Err(Error::invalid_options(
            "it lies in the bucket that results go to, and would trigger itself",
        ));
    }
    let bytes = buckets.get(object).await?;
    let json = brawn::compute(move |budget| profile::of(&bytes, budget)?.to_json()).await??;
    let output = Object { bucket: output_bucket.to_owned(), key: format!("{}.json", object.key) };
    buckets.put(&output, json).await?;
    Ok(output)
}

#[tokio::main]
async fn main() -> Result<()> {
    lambda::logs();
    let output_bucket = lambda::init(async {
        std::env::var("OUTPUT_BUCKET")
            .map_err(|_| Error::invalid_options("`OUTPUT_BUCKET` is not set"))
    });
    let output_bucket: String = output_bucket.await?;
    let buckets = Buckets::on_s3();
    lambda::run(|event: LambdaEvent<S3Event>| respond(&buckets, &output_bucket, event.payload))
        .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use examples_testing::{assert_alike, event, json, read};
    use object_store::memory::InMemory;
    use object_store::path::Path;
    use object_store::{ObjectStore, ObjectStoreExt as _};
    use std::sync::Arc;

    const HERE: &str = env!("CARGO_MANIFEST_DIR");

    /// `uploads` holds all that the event names but `gone.bin`; `results` is empty.
    async fn stores() -> (Buckets, Arc<InMemory>) {
        let (uploads, results) = (Arc::new(InMemory::new()), Arc::new(InMemory::new()));
        let every_byte: Vec<u8> = (0..=255).cycle().take(3 * profile::CHUNK).collect();
        let half = [vec![b'a'; profile::CHUNK], every_byte[..profile::CHUNK].to_vec()].concat();
        for (key, bytes) in [
            ("2026/red flower.bin", every_byte),
            ("2026/a+b.bin", half),
            ("2026/é.bin", b"aabb".to_vec()),
            ("empty", Vec::new()),
        ] {
            uploads.put(&Path::parse(key).expect("a key"), bytes.into()).await.expect("memory");
        }
        let stores = [("uploads", Arc::clone(&uploads)), ("results", Arc::clone(&results))];
        let stores = stores.map(|(name, store)| (name.to_owned(), store as Arc<dyn ObjectStore>));
        (Buckets::of(stores), results)
    }

    #[tokio::test]
    async fn the_event_gives_the_reply_and_the_results() {
        let (buckets, results) = stores().await;
        let event = event(read(HERE, "event.json")).payload;
        let reply = respond(&buckets, "results", event).await.expect("a reply");
        assert_alike(&json(&reply), &read(HERE, "reply.json"));
        for (key, expected) in read(HERE, "results.json").as_object().expect("by key") {
            let stored =
                results.get(&Path::parse(key).expect("a key")).await.expect("it was written");
            let stored = stored.bytes().await.expect("memory");
            assert_alike(&serde_json::from_slice(&stored).expect("JSON"), expected);
        }
    }

    #[tokio::test]
    async fn a_store_that_is_away_makes_lambda_try_again() {
        // No store of that name, and no server to ask for it.
        let buckets = Buckets::of([]);
        let event = event(read(HERE, "event.json")).payload;
        let error = respond(&buckets, "results", event).await.expect_err("nothing can be read");
        assert!(error.is_transient(), "{error}");
        assert!(error.to_string().contains("s3://uploads/2026/red flower.bin"), "{error}");
    }

    #[tokio::test]
    async fn nothing_is_written_where_it_would_trigger_the_function() {
        let (buckets, _) = stores().await;
        let event = event(read(HERE, "event.json")).payload;
        let reply = respond(&buckets, "uploads", event).await.expect("a reply");
        assert!(reply.done.is_empty());
        assert!(reply.failed.iter().all(|failure| failure.reason.contains("trigger itself")
            || failure.reason.contains("URL-encoded")));
    }

    #[tokio::test]
    async fn what_is_out_of_time_is_named() {
        let (buckets, _) = stores().await;
        let late = brawn::budget().by(brawn::Deadline::at(std::time::Instant::now()));
        let event = event(read(HERE, "event.json")).payload;
        let error = brawn::with_budget(late, respond(&buckets, "results", event)).await;
        let error = error.expect_err("there is no time");
        assert!(error.is_out_of_time() && error.to_string().contains("a+b.bin"), "{error}");
    }
}
