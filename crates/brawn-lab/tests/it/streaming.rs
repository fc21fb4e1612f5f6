//! Streamed responses that nobody reads, and such that do not come to their end.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use brawn_lab::{InvocationType, ReplyBody, Settings, Status, invoke};
use serde_json::json;

use crate::{Lab, settings};

/// Far more than waits between a function and its caller.
const LONG: u64 = 100;

fn event(end: &str) -> String {
    json!({"do": "stream long", "chunks": LONG, "end": end}).to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_nobody_reads_is_over_all_the_same() {
    let retry_delays = [Duration::from_millis(10); 2];
    let lab = Lab::start(Settings { retry_delays, ..settings("serve") }).await;
    let mut pending = lab.emulator.invoke(event("whole"));
    let report = pending.report().await.expect("a report");
    assert_eq!(report.status, Status::Success, "{}", lab.log.text());
    // What had come until then, and that it is not all.
    let ReplyBody::Stream(mut chunks) = pending.reply().await.expect("a reply").body else {
        panic!("it streams")
    };
    let mut read = 0;
    let broken = loop {
        match chunks.next().await {
            Ok(chunk) => read += chunk.expect("not whole").len(),
            Err(broken) => break broken,
        }
    };
    assert!(read < 0x10000 * LONG as usize, "{read}");
    assert_eq!(broken.kind, "Runtime.TruncatedResponse");
    assert!(pending.reply().await.is_err(), "it is given once");

    let later = ("x-amz-invocation-type", "Event");
    let id = lab.post(&[later], event("whole").into_bytes()).await.header("x-amzn-requestid");
    let log = lab.log_with(&format!("REPORT RequestId: {id}")).await;
    let report = log.lines().find(|line| line.contains(&format!("REPORT RequestId: {id}")));
    assert!(report.is_some_and(|line| !line.contains("Status:")), "{log}");
    // One that fails behind what it has written has failed.
    let id = lab.post(&[later], event("error").into_bytes()).await.header("x-amzn-requestid");
    let log = lab.log_with(&format!("gave up on {id} after 2 retries")).await;
    assert_eq!(log.matches(&format!("response of {id} ended with Function.Rain")).count(), 3);
    lab.emulator.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_breaks_off_cannot_be_taken_for_a_whole_one() {
    let lab = Lab::start(Settings { timeout: Duration::from_secs(4), ..settings("serve") }).await;
    lab.invoke(json!({"do": "echo"})).await;
    for end in ["whole", "error", "exit", "never"] {
        for path in ["/2015-03-31/functions/function/invocations", "/"] {
            let (address, body) = (lab.server.address(), event(end));
            let read = tokio::task::spawn_blocking(move || {
                let mut socket = TcpStream::connect(address).expect("the emulator listens");
                let head = format!(
                    "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                    body.len()
                );
                socket.write_all((head + &body).as_bytes()).expect("sent");
                let mut bytes = Vec::new();
                // It may end with a reset.
                let _ = socket.read_to_end(&mut bytes);
                bytes
            });
            let bytes = read.await.expect("read");
            assert!(bytes.starts_with(b"HTTP/1.1 200 OK\r\n"), "{end} {path}");
            assert_eq!(bytes.ends_with(b"\r\n0\r\n\r\n"), end == "whole", "{end} {path}");
        }
    }
    let address = lab.server.address().to_string();
    let told = invoke(&address, "x", event("error").into(), InvocationType::RequestResponse).await;
    let told = told.expect_err("it broke off").to_string();
    assert!(told.contains("broke off"), "{told}");
    lab.emulator.shut_down().await;
}
