//! A queue in front of a real process, filled over SQS's own interface.

use std::time::Duration;

use brawn_lab::Settings;
use brawn_lab::source::Source;
use brawn_lab::source::sqs::{Mapping, Queues, poll};
use serde_json::{Value, json};

use crate::s3::printed;
use crate::{Lab, settings};

/// A lab with a queue, whose function is invoked with its messages.
struct Station {
    lab: Lab,
    queues: Queues,
    _source: Source,
}

impl Station {
    async fn start(mapping: Mapping) -> Station {
        let timeout = Duration::from_secs(1);
        let queues = Queues::new(mapping, "us-east-1").expect("a good mapping");
        let settings = Settings { timeout, ..settings("serve") };
        let lab = Lab::with_queues(settings, Some(queues.clone())).await;
        let source = poll(&lab.emulator, &queues).expect("it polls");
        Station { lab, queues, _source: source }
    }

    async fn call(&self, action: &str, request: Value) -> (u16, Value) {
        let target = format!("AmazonSQS.{action}");
        let headers =
            [("x-amz-target", target.as_str()), ("content-type", "application/x-amz-json-1.0")];
        let answer = self.lab.http("POST", "/", &headers, request.to_string().into_bytes()).await;
        (answer.status, serde_json::from_slice(&answer.body).expect("JSON"))
    }

    async fn send(&self, body: &str) -> Value {
        let queue = &self.queues.mapping().queue;
        let url = format!("http://x/123456789012/{queue}");
        let mut message = json!({ "QueueUrl": url, "MessageBody": body });
        if queue.ends_with(".fifo") {
            message["MessageGroupId"] = json!("g");
            message["MessageDeduplicationId"] = json!(body);
        }
        let (status, answer) = self.call("SendMessage", message).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }

    /// The bodies that the function has seen, event by event.
    fn bodies(&self) -> Vec<Vec<String>> {
        let body = |record: &Value| record["body"].as_str().expect("text").to_owned();
        printed(&self.lab.log.text()).iter().map(|event| event.iter().map(body).collect()).collect()
    }

    async fn count(&self, queue: &str) -> Value {
        let request = json!({ "QueueUrl": queue, "AttributeNames": ["All"] });
        self.call("GetQueueAttributes", request).await.1["Attributes"].clone()
    }

    /// Waits until nothing of the queue is left, visible or hidden.
    async fn drained(&self, queue: &str) {
        for _ in 0..1000 {
            let counts = self.count(queue).await;
            if counts["ApproximateNumberOfMessages"] == "0"
                && counts["ApproximateNumberOfMessagesNotVisible"] == "0"
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{} in:\n{}", self.count(queue).await, self.lab.log.text());
    }
}

fn mapping(queue: &str) -> Mapping {
    Mapping { visibility_timeout: Duration::from_secs(1), ..Mapping::new(queue) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_reaches_the_function_as_lambda_would_hand_it_over() {
    let station = Station::start(mapping("jobs")).await;
    let request = json!({
        "QueueUrl": "http://x/123456789012/jobs",
        "MessageBody": "abc",
        "MessageAttributes": { "n": { "DataType": "Number", "StringValue": "7" } },
    });
    let (_, sent) = station.call("SendMessage", request).await;
    assert_eq!(sent["MD5OfMessageBody"], "900150983cd24fb0d6963f7d28e17f72");
    let log = station.lab.log_with("records ").await;
    let record = &printed(&log)[0][0];
    assert_eq!((&record["messageId"], &record["body"]), (&sent["MessageId"], &json!("abc")));
    assert_eq!(record["attributes"]["ApproximateReceiveCount"], "1");
    assert_eq!(record["eventSourceARN"], "arn:aws:sqs:us-east-1:123456789012:jobs");
    let attribute = json!({
        "stringValue": "7", "stringListValues": [], "binaryListValues": [], "dataType": "Number",
    });
    assert_eq!(record["messageAttributes"]["n"], attribute);
    assert_eq!(record["md5OfMessageAttributes"], sent["MD5OfMessageAttributes"]);
    station.drained("jobs").await;
    station.lab.emulator.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_batch_comes_back_and_ends_as_dead_letters() {
    let station = Station::start(Mapping { max_receive_count: Some(2), ..mapping("jobs") }).await;
    station.send("fail").await;
    let log = station.lab.log_with("was received 2 times and is in jobs-dlq now").await;
    let counts: Vec<Value> = printed(&log)
        .iter()
        .map(|event| event[0]["attributes"]["ApproximateReceiveCount"].clone())
        .collect();
    assert_eq!(counts, ["1", "2"]);
    // Looked at without receiving, then received as by any consumer.
    let seen = station.lab.http("GET", "/123456789012/jobs-dlq", &[], Vec::new()).await;
    let letter: Value = serde_json::from_slice(&seen.body).expect("one line");
    assert_eq!(letter["body"], "fail");
    let request = json!({ "QueueUrl": "jobs-dlq", "MessageSystemAttributeNames": ["All"] });
    let (_, received) = station.call("ReceiveMessage", request).await;
    let message = &received["Messages"][0];
    assert_eq!(message["MessageId"], letter["messageId"]);
    assert!(
        message["Attributes"]["DeadLetterQueueSourceArn"]
            .as_str()
            .expect("text")
            .ends_with(":jobs")
    );
    let receipt = json!({ "QueueUrl": "jobs-dlq", "ReceiptHandle": message["ReceiptHandle"] });
    assert_eq!(station.call("DeleteMessage", receipt).await.0, 200);
    station.drained("jobs-dlq").await;
    station.lab.emulator.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_batch_in_a_window_only_what_the_answer_names_comes_back() {
    let station = Station::start(Mapping {
        batch_size: 3,
        batch_window: Duration::from_secs(4),
        report_batch_item_failures: true,
        max_receive_count: Some(1),
        visibility_timeout: Duration::from_secs(5),
        ..mapping("jobs")
    })
    .await;
    for body in ["a", "half", "c"] {
        station.send(body).await;
    }
    // The batch is full, or its window is over.
    let log = station.lab.log_with("1 of 3 messages of ").await;
    assert_eq!(station.bodies(), [["a", "half", "c"]], "{log}");
    assert!(!log.contains("delivered twice"), "{log}");
    station.lab.log_with("is in jobs-dlq now").await;
    let seen = station.lab.http("GET", "/123456789012/jobs-dlq", &[], Vec::new()).await;
    let letter: Value = serde_json::from_slice(&seen.body).expect("one line");
    assert_eq!(letter["body"], "half");
    station.drained("jobs").await;
    station.lab.emulator.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fifo_queue_takes_lines_in_their_order_one_at_a_time() {
    let station = Station::start(Mapping { batch_size: 1, ..mapping("jobs.fifo") }).await;
    let queues = station.queues.clone();
    let lines = ["1", "", "2", "3"].map(|line| Ok(line.to_owned()));
    let sent = tokio::task::spawn_blocking(move || queues.send_lines(lines)).await.expect("ends");
    assert_eq!(sent.expect("sent"), 3);
    station.drained("jobs.fifo").await;
    assert_eq!(station.bodies(), [["1"], ["2"], ["3"]]);
    let first = station.send("once").await;
    assert_eq!(station.send("once").await["MessageId"], first["MessageId"]);
    station.lab.emulator.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_is_refused_in_sqs_words() {
    let station = Station::start(mapping("jobs")).await;
    for (action, request, kind, says) in [
        (
            "SendMessage",
            json!({"QueueUrl": "joobs", "MessageBody": "x"}),
            "QueueDoesNotExist",
            "there is jobs",
        ),
        (
            "SendMessage",
            json!({"QueueUrl": "jobs"}),
            "MissingRequiredParameterException",
            "MessageBody",
        ),
        (
            "SendMessage",
            json!({"MessageBody": "x"}),
            "MissingRequiredParameterException",
            "QueueUrl",
        ),
        (
            "ReceiveMessage",
            json!({"QueueUrl": "jobs", "MaxNumberOfMessages": 11}),
            "InvalidParameterValueException",
            "11",
        ),
        (
            "DeleteMessage",
            json!({"QueueUrl": "jobs", "ReceiptHandle": "x"}),
            "ReceiptHandleIsInvalid",
            "\"x\"",
        ),
        ("AddPermission", json!({}), "UnsupportedOperation", "AddPermission"),
    ] {
        let (status, error) = station.call(action, request).await;
        assert_eq!(status, 400, "{action}");
        assert_eq!(error["__type"], format!("com.amazonaws.sqs#{kind}"));
        assert!(error["message"].as_str().expect("text").contains(says), "{error}");
    }
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let body = b"Action=SendMessage&MessageBody=x".to_vec();
    let old = station.lab.http("POST", "/123456789012/jobs", &form, body).await;
    assert_eq!(old.status, 400);
    assert!(String::from_utf8_lossy(&old.body).contains("query protocol is not spoken"));
    let entries = json!([{"Id": "a", "MessageBody": "x"}, {"Id": "b"}]);
    let (_, answer) =
        station.call("SendMessageBatch", json!({"QueueUrl": "jobs", "Entries": entries})).await;
    assert_eq!(
        (&answer["Successful"][0]["Id"], &answer["Failed"][0]["Id"]),
        (&json!("a"), &json!("b"))
    );
    // A function that may run longer than its message is hidden is refused, as by Lambda.
    let short = Mapping { visibility_timeout: Duration::from_millis(10), ..Mapping::new("jobs") };
    let queues = Queues::new(short, "us-east-1").expect("in itself it is good");
    let refused = poll(&station.lab.emulator, &queues).expect_err("too short").to_string();
    assert!(refused.contains("less than the function's timeout of 1 s"), "{refused}");
    station.lab.emulator.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_window_that_is_longer_than_messages_are_hidden_is_said() {
    let batch_window = Duration::from_secs(60);
    let station = Station::start(Mapping { batch_window, ..mapping("jobs") }).await;
    station.lab.log_with("visibility timeout of 1 s is less than the batching window and").await;
    station.lab.emulator.shut_down().await;
}
