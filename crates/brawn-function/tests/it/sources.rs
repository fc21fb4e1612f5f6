//! From an upload to a thumbnail: a folder as the bucket that triggers, and a queue in front of the function.

use std::path::Path;
use std::time::{Duration, Instant};

use brawn_lab::source::s3::{Bucket, watch};
use brawn_lab::source::sqs::{Mapping, Queues, poll};
use brawn_testing::S3Server;
use serde_json::json;

use crate::{Function, photos};

/// The server stores a bucket as a folder, so that the source can watch it.
fn start() -> (S3Server, Function) {
    let server = S3Server::start();
    for name in ["inbox", "outbox"] {
        std::fs::create_dir_all(server.bucket(name)).expect("a bucket");
    }
    let recipe = json!({ "job": "image", "width": 40, "to": "s3://outbox/thumbs/" });
    let function =
        Function::start_within(Duration::from_secs(20), Some(&recipe), &server.variables());
    (server, function)
}

fn wait(function: &Function, holds: impl Fn() -> bool, what: &str) {
    let until = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < until, "{what}:\n{}", function.text());
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_photo_that_is_copied_into_the_folder_becomes_a_thumbnail() {
    let (server, function) = start();
    let bucket = Bucket { suffix: ".jpg".to_owned(), ..Bucket::new(server.bucket("inbox")) };
    let source = {
        let _entered = function.runtime.enter();
        watch(function.emulator.clone(), bucket).expect("it is watched")
    };
    let to = server.bucket("inbox").join("my photo+1.jpg");
    std::fs::copy(photos().join("china.jpg"), to).expect("copied");
    std::fs::write(server.bucket("inbox").join("notes.txt"), "no picture").expect("written");
    let thumbnail = server.bucket("outbox").join("thumbs/my photo+1.jpg");
    wait(&function, || Path::new(&thumbnail).exists(), "no thumbnail");
    drop(source);
    let log = function.log();
    assert_eq!(log.matches("START RequestId").count(), 1, "{log}");
    assert_eq!(log.matches("REPORT RequestId").count(), 1, "{log}");
}

#[test]
fn of_a_queue_with_poison_only_the_poison_comes_back() {
    let (server, function) = start();
    std::fs::copy(photos().join("china.jpg"), server.bucket("inbox").join("china.jpg"))
        .expect("copied");
    std::fs::write(server.bucket("inbox").join("poison.jpg"), "no picture").expect("written");
    let mapping = Mapping {
        report_batch_item_failures: true,
        batch_window: Duration::from_secs(1),
        visibility_timeout: Duration::from_secs(20),
        ..Mapping::new("uploads")
    };
    let queues = Queues::new(mapping, "us-east-1").expect("a good mapping");
    let event = |key: &str| {
        json!({ "Records": [{
            "eventVersion": "2.1", "eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
            "s3": { "bucket": { "name": "inbox" }, "object": { "key": key, "size": 10 } },
        }] })
        .to_string()
    };
    queues.send_lines([Ok(event("china.jpg")), Ok(event("poison.jpg"))]).expect("sent");
    let _source = {
        let _entered = function.runtime.enter();
        poll(&function.emulator, &queues).expect("it polls")
    };
    let thumbnail = server.bucket("outbox").join("thumbs/china.jpg");
    wait(&function, || thumbnail.exists(), "no thumbnail");
    wait(&function, || function.text().contains("1 of 2 messages of "), "no failure");
}
