//! A folder as a bucket, in front of a real process.

use std::time::Duration;

use brawn_lab::Settings;
use brawn_lab::source::s3::{Bucket, watch};
use serde_json::{Value, json};

use crate::{Lab, settings};

/// The records that the function has printed, event by event.
pub(crate) fn printed(log: &str) -> Vec<Vec<Value>> {
    let lines = log.lines().filter_map(|line| line.split_once("records "));
    lines.map(|(_, json)| serde_json::from_str(json).expect("JSON")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_comes_is_an_event_and_one_that_fails_is_sent_three_times() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("before.jpg"), "old").expect("written");
    let delays = [Duration::from_millis(10); 2];
    let lab = Lab::start(Settings { retry_delays: delays, ..settings("serve") }).await;
    let name = Some("uploads".to_owned());
    let source = watch(lab.emulator.clone(), Bucket { name, ..Bucket::new(folder.path()) });
    let source = source.expect("it is watched");
    std::fs::create_dir(folder.path().join("in")).expect("made");
    std::fs::write(folder.path().join("in/red flower.jpg"), "abc").expect("written");
    let log = lab.log_with("records ").await;
    let [event] = printed(&log).try_into().expect("one event");
    let [record] = event.try_into().expect("one record");
    assert_eq!(record["eventName"], "ObjectCreated:Put");
    assert_eq!(record["s3"]["bucket"]["name"], "uploads");
    let object = &record["s3"]["object"];
    assert_eq!((&object["key"], &object["size"]), (&json!("in/red+flower.jpg"), &json!(3)));
    assert_eq!(object["eTag"], "900150983cd24fb0d6963f7d28e17f72");
    std::fs::write(folder.path().join("fail.jpg"), "").expect("written");
    let log = lab.log_with("after 2 retries").await;
    assert!(log.contains("brawn: s3://uploads/fail.jpg is the event of "), "{log}");
    let keys: Vec<Value> =
        printed(&log).iter().map(|event| event[0]["s3"]["object"]["key"].clone()).collect();
    assert_eq!(keys, ["in/red+flower.jpg", "fail.jpg", "fail.jpg", "fail.jpg"]);
    drop(source);
    lab.emulator.shut_down().await;
}
