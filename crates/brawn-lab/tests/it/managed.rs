//! A Managed Instance: AWS's runtime for Rust with several invocations at a time in one process.

use std::num::NonZeroUsize;
use std::time::Duration;

use brawn_lab::{Settings, Status};
use serde_json::{Value, json};

use crate::{Lab, processes_with, settings, ways};

fn managed() -> Settings {
    let max_concurrency = NonZeroUsize::new(3);
    Settings { max_concurrency, timeout: Duration::from_secs(3), ..settings("managed") }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_invocations_meet_in_one_process() {
    for enforcement in ways() {
        let mark = format!("managed-{enforcement:?}-{}", std::process::id());
        let mut settings = Settings { enforcement, ..managed() };
        settings.variables.push(("TEST_MARK".to_owned(), mark.clone()));
        let lab = Lab::start(settings).await;
        // Each answers when three are there.
        let event = json!({"meet": 3});
        let ((one, report), (two, _), (three, _)) =
            tokio::join!(lab.invoke(event.clone()), lab.invoke(event.clone()), lab.invoke(event));
        assert_eq!(
            (&one["met"], &two["met"], &three["met"]),
            (&json!(3), &json!(3), &json!(3)),
            "{one}\n{}",
            lab.log.text()
        );
        assert!(one["pid"] == two["pid"] && two["pid"] == three["pid"]);
        assert_eq!(one["type"], "lambda-managed-instances");
        assert_eq!(report.status, Status::Success);
        lab.emulator.shut_down().await;
        assert_eq!(processes_with(&mark), Vec::<String>::new());
        // The log is JSON, line by line.
        let log = lab.log.text();
        let told: Vec<Value> =
            log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let of = |kind: &str| told.iter().filter(|line| line["type"] == kind).count();
        assert_eq!((of("platform.start"), of("platform.report")), (3, 3), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_timeout_is_the_callers_and_the_process_goes_on() {
    let lab = Lab::start(Settings { timeout: Duration::from_secs(1), ..managed() }).await;
    let (first, _) = lab.invoke(json!({})).await;
    // It waits for company that does not come.
    let (error, report) = lab.invoke(json!({"meet": 2})).await;
    assert_eq!((report.status, &error["errorType"]), (Status::Timeout, &json!("Sandbox.Timedout")));
    let (after, warm) = lab.invoke(json!({})).await;
    assert_eq!(after["pid"], first["pid"]);
    assert!(warm.init.is_none());
    lab.emulator.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_ends_fails_all_it_had_and_the_next_is_new() {
    let lab = Lab::start(Settings { timeout: Duration::from_secs(20), ..managed() }).await;
    let (first, _) = lab.invoke(json!({})).await;
    let waits = lab.invoke(json!({"meet": 2}));
    let ends = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        lab.invoke(json!({"exit": 3})).await
    };
    for (error, report) in [tokio::join!(waits, ends)].into_iter().flat_map(|(a, b)| [a, b]) {
        assert_eq!(report.status, Status::Error("Runtime.ExitError".to_owned()), "{error}");
        let message = error["errorMessage"].as_str().expect("text");
        assert!(
            message.starts_with(&format!("RequestId: {} Error: ", report.request_id)),
            "{message}"
        );
        assert!(message.ends_with("exit status 3"), "{message}");
    }
    let (next, cold) = lab.invoke(json!({})).await;
    assert_ne!(next["pid"], first["pid"]);
    assert!(cold.init.is_some());
    lab.emulator.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_of_what_failed_or_timed_out_can_succeed() {
    let retry_delays = [Duration::from_millis(10); 2];
    let limits = Settings { timeout: Duration::from_secs(2), retry_delays, ..managed() };
    let lab = Lab::start(limits).await;
    lab.invoke(json!({})).await;
    // One fails with an error of its own, which is an answer to the platform, and then not; one waits for company, and its
    // retry is that.
    for (event, first) in [(json!({"fail": 1}), "success"), (json!({"meet": 2}), "timeout")] {
        let later = ("x-amz-invocation-type", "Event");
        let answer = lab.post(&[later], event.to_string().into_bytes()).await;
        let id = answer.header("x-amzn-requestid");
        let statuses = || -> Vec<String> {
            let log = lab.log.text();
            let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            let reports = lines.filter(|line| {
                line["type"] == "platform.report" && line["record"]["requestId"] == id.as_str()
            });
            reports.filter_map(|line| Some(line["record"]["status"].as_str()?.to_owned())).collect()
        };
        let until = std::time::Instant::now() + Duration::from_secs(20);
        while statuses().len() < 2 && std::time::Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(statuses(), [first, "success"], "{event}\n{}", lab.log.text());
        assert!(!lab.log.text().contains("gave up on"));
    }
    lab.emulator.shut_down().await;
}
