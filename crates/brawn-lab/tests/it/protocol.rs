//! The Runtime API, the invoke side, and the log.

use std::num::NonZeroUsize;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use brawn_lab::Settings;
use serde_json::{Value, json};

use crate::{Lab, settings};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_finds_lambdas_variables_headers_and_a_true_deadline() {
    let lab = Lab::start(settings("serve")).await;
    let sent = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis();
    let context = ("x-amz-client-context", "eyJhIjoxfQ==");
    let trace = ("x-amzn-trace-id", "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1");
    let answer = lab.post(&[context, trace], br#"{"a":"b"}"#.to_vec()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("x-amz-executed-version"), "$LATEST");
    let seen: Value = serde_json::from_slice(&answer.body).expect("JSON");
    assert_eq!(seen["event"], json!({"a": "b"}));
    let header = |name: &str| seen["headers"][name].as_str().expect(name).to_owned();
    assert_eq!(header("lambda-runtime-aws-request-id"), answer.header("x-amzn-requestid"));
    let deadline: u128 = header("lambda-runtime-deadline-ms").parse().expect("a number");
    let ahead = deadline - sent;
    // The timeout of 20 s, and what init took.
    assert!((20_000..28_000).contains(&ahead), "{ahead}");
    assert_eq!(header("lambda-runtime-client-context"), r#"{"a":1}"#);
    assert_eq!(header("lambda-runtime-trace-id"), trace.1);
    assert!(header("lambda-runtime-invoked-function-arn").ends_with(":function:under-test"));
    assert_eq!(header("lambda-runtime-invocation-id").len(), 36);
    let variable = |name: &str| seen["variables"][name].as_str().expect(name).to_owned();
    assert_eq!(variable("AWS_LAMBDA_FUNCTION_NAME"), "under-test");
    assert_eq!(variable("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"), "1769");
    assert_eq!(variable("AWS_LAMBDA_FUNCTION_VERSION"), "$LATEST");
    assert_eq!(variable("AWS_REGION"), "us-east-1");
    assert_eq!(variable("_HANDLER"), "bootstrap");
    assert!(variable("AWS_LAMBDA_LOG_STREAM_NAME").contains("[$LATEST]"));
    assert!(variable("LAMBDA_TASK_ROOT").starts_with('/'));
    lab.emulator.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_context_of_several_lines_arrives() {
    let lab = Lab::start(settings("serve")).await;
    // {"a":<line end>1}
    let answer = lab.post(&[("x-amz-client-context", "eyJhIjoKMX0=")], b"{}".to_vec()).await;
    let seen: Value = serde_json::from_slice(&answer.body).expect("JSON");
    assert_eq!(seen["headers"]["lambda-runtime-client-context"], r#"{"a":1}"#);
    assert_eq!(lab.post(&[("x-amz-client-context", "5")], b"{}".to_vec()).await.status, 400);
    lab.emulator.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn start_end_and_report_stand_around_what_the_function_prints() {
    let lab = Lab::start(settings("serve")).await;
    let (_, cold) = lab.invoke(json!({"do": "spin", "ms": 20})).await;
    let (second, warm) = lab.invoke(json!({"do": "echo"})).await;
    assert_eq!(second["count"], 2, "the same process");
    assert!(cold.init.is_some() && warm.init.is_none());
    assert!(cold.cpu >= Duration::from_millis(18), "{cold:?}");
    assert!(cold.max_memory > 1 << 20);
    let whole = cold.duration + cold.init.expect("cold");
    assert_eq!(u128::from(cold.billed_ms), whole.as_micros().div_ceil(1000));
    let log = lab.log.text();
    let lines: Vec<&str> = log.lines().filter(|line| line.contains(&cold.request_id)).collect();
    assert_eq!(lines[0], format!("START RequestId: {} Version: $LATEST", cold.request_id));
    assert_eq!(lines[1], format!("END RequestId: {}", cold.request_id));
    assert!(lines[2].starts_with(&format!("REPORT RequestId: {}\tDuration: ", cold.request_id)));
    assert!(
        lines[2].contains(" MB\tInit Duration: ") && lines[2].ends_with(" ms\t"),
        "{}",
        lines[2]
    );
    lab.emulator.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_runtime_may_not_say_is_refused_by_its_status() {
    let lab = Lab::start(settings("serve")).await;
    let (statuses, _) = lab.invoke(json!({"do": "answer with a stale id"})).await;
    assert_eq!(statuses, json!([410, 400, 400, 403, 403]));
    let (first, _) = lab.invoke(json!({"do": "answer twice"})).await;
    assert_eq!(first, "first");
    let (next, _) = lab.invoke(json!({"do": "echo"})).await;
    assert_eq!(next["count"], 3, "the process lives on");
    assert!(lab.log.text().contains("statuses 202 403"), "{}", lab.log.text());
    lab.emulator.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn payloads_end_at_6_mb_either_way() {
    let lab = Lab::start(settings("serve")).await;
    let most = (6 << 20) + 100;
    let exactly = [b"\"".as_slice(), &vec![b'x'; most - 2], b"\""].concat();
    let over = [exactly.as_slice(), b" "].concat();
    assert_eq!(lab.post(&[], over).await.status, 413);
    // The answer arrives although the caller is far from having sent everything.
    assert_eq!(lab.post(&[], vec![b' '; 40 << 20]).await.status, 413);
    // It arrives; what comes back is longer than it may be.
    let answer = lab.post(&[], exactly).await;
    assert_eq!((answer.status, answer.header("x-amz-function-error").as_str()), (200, "Unhandled"));
    let answer = lab.post(&[], json!({"do": "answer too much"}).to_string().into_bytes()).await;
    let error: Value = serde_json::from_slice(&answer.body).expect("JSON");
    assert_eq!(error["errorType"], "Function.ResponseSizeTooLarge");
    assert!(error["errorMessage"].as_str().expect("text").contains("6291556 bytes"));
    lab.invoke(json!({"do": "echo"})).await;
    assert!(lab.log.text().contains("status 413"), "{}", lab.log.text());
    assert_eq!(lab.post(&[], b"{".to_vec()).await.status, 400);
    lab.emulator.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_is_answered_as_lambda_does() {
    let lab = Lab::start(settings("serve")).await;
    let answer = lab.post(&[], br#"{"do":"fail"}"#.to_vec()).await;
    assert_eq!((answer.status, answer.header("x-amz-function-error").as_str()), (200, "Unhandled"));
    let error: Value = serde_json::from_slice(&answer.body).expect("JSON");
    assert_eq!(error["errorMessage"], "it is raining");
    lab.emulator.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_nobody_waits_for_is_tried_three_times() {
    let delays = [Duration::from_millis(10); 2];
    let lab = Lab::start(Settings { retry_delays: delays, ..settings("serve") }).await;
    let later = ("x-amz-invocation-type", "Event");
    let answer = lab.post(&[later], br#"{"do":"fail"}"#.to_vec()).await;
    assert_eq!((answer.status, answer.body.len()), (202, 0));
    let id = answer.header("x-amzn-requestid");
    let until = Instant::now() + Duration::from_secs(10);
    let gave_up = format!("gave up on {id} after 2 retries");
    while !lab.log.text().contains(&gave_up) && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let log = lab.log.text();
    assert_eq!(log.matches(&format!("START RequestId: {id}")).count(), 3, "{log}");
    assert_eq!(lab.post(&[later], vec![b'1'; (1 << 20) + 1]).await.status, 413);
    let dry = ("x-amz-invocation-type", "DryRun");
    assert_eq!(lab.post(&[dry], b"{}".to_vec()).await.status, 204);
    lab.emulator.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_url_speaks_http_on_both_ends() {
    let lab = Lab::start(settings("serve")).await;
    let headers = [("cookie", "k=v"), ("content-type", "text/plain")];
    let answer = lab.http("PUT", "/lambda-url/x/a/b?q=1", &headers, b"hi".to_vec()).await;
    assert_eq!(answer.status, 200);
    let seen: Value = serde_json::from_slice(&answer.body).expect("JSON");
    let event = &seen["event"];
    assert_eq!(event["version"], "2.0");
    assert_eq!((&event["rawPath"], &event["rawQueryString"]), (&json!("/a/b"), &json!("q=1")));
    assert_eq!((&event["cookies"], &event["body"]), (&json!(["k=v"]), &json!("hi")));
    assert_eq!(event["requestContext"]["http"]["method"], "PUT");
    // In base64 it is more than an event may have.
    assert_eq!(lab.http("POST", "/", &[], vec![0; 5 << 20]).await.status, 413);
    lab.emulator.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_streamed_answer_goes_through_as_it_comes() {
    let lab = Lab::start(settings("serve")).await;
    let mut pending = lab.emulator.invoke(json!({"do": "stream", "ms": 100}).to_string());
    let reply = pending.reply().await.expect("a reply");
    let brawn_lab::ReplyBody::Stream(mut chunks) = reply.body else { panic!("it streams") };
    let first = chunks.next().await.expect("whole").expect("the first chunk");
    let at = Instant::now();
    assert!(first.ends_with(b"one "), "{first:?}");
    assert_eq!(chunks.next().await.expect("whole").expect("the second").as_ref(), b"two");
    assert!(at.elapsed() > Duration::from_millis(50), "the first did not wait for the second");
    assert_eq!(chunks.next().await, Ok(None));
    pending.report().await.expect("a report");
    // The same through HTTP: as the Invoke API passes it on the metadata is part of the body.
    let direct = lab.post(&[], br#"{"do":"stream"}"#.to_vec()).await;
    assert!(direct.body.ends_with(b"\0one two"));
    lab.emulator.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn environments_work_side_by_side_and_the_warm_one_goes_first() {
    let two = NonZeroUsize::new(2).expect("two");
    let lab = Lab::start(Settings { concurrency: two, ..settings("serve") }).await;
    let event = json!({"do": "sleep", "ms": 150});
    let ((_, one), (_, other)) = tokio::join!(lab.invoke(event.clone()), lab.invoke(event));
    assert!(one.init.is_some() && other.init.is_some());
    assert_eq!(lab.emulator.warm(), 2);
    let (_, third) = lab.invoke(json!({"do": "echo"})).await;
    assert!(third.init.is_none());
    lab.emulator.cool_down().await;
    let (again, cold) = lab.invoke(json!({"do": "echo"})).await;
    assert!(cold.init.is_some());
    assert_eq!(again["count"], 1);
    lab.emulator.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_environment_that_waits_goes_before_one_that_has_ended() {
    let concurrency = NonZeroUsize::new(2).expect("two");
    let timeout = Duration::from_secs(3);
    let lab = Lab::start(Settings { concurrency, timeout, ..settings("serve") }).await;
    let (_, (_, ended)) = tokio::join!(
        lab.invoke(json!({"do": "echo", "ms": 500})),
        lab.invoke(json!({"do": "sleep", "ms": 60_000}))
    );
    // The one that timed out was used last.
    assert_eq!((ended.status, lab.emulator.warm()), (brawn_lab::Status::Timeout, 1));
    let (next, _) = lab.invoke(json!({"do": "echo"})).await;
    assert_eq!(next["count"], 2);
    lab.emulator.shut_down().await;
}
