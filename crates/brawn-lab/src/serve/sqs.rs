//! SQS's interface, in the JSON protocol that its clients speak since 2023.
//!
//! Source: Amazon SQS API reference; error codes as botocore's model of the service names them.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::{HeaderMap, StatusCode};
use serde_json::{Map, Value, json};

use super::{HttpReply, header, plain, set};
use crate::settings::ACCOUNT;
use crate::source::sqs::{
    Attribute, Draft, Queues, Received, md5_of, md5_of_attributes, sequence_number,
};

/// What a request may have: a batch of 1 MB, as JSON.
pub(super) const LIMIT: usize = 4 << 20;

type Answer = Result<Value, Refusal>;

/// An error in SQS's words.
struct Refusal {
    /// Of the JSON protocol.
    kind: &'static str,
    /// Of the query protocol, which clients still show.
    code: &'static str,
    message: String,
}

fn refuse(kind: &'static str, code: &'static str, message: impl Into<String>) -> Refusal {
    Refusal { kind, code, message: message.into() }
}

fn invalid(message: impl Into<String>) -> Refusal {
    refuse("InvalidParameterValueException", "InvalidParameterValue", message)
}

fn missing(name: &str) -> Refusal {
    let message = format!("The request must contain the parameter {name}.");
    refuse("MissingRequiredParameterException", "MissingParameter", message)
}

/// The action that a request is for.
pub(super) fn action(headers: &HeaderMap) -> Option<&str> {
    header(headers, "x-amz-target")?.strip_prefix("AmazonSQS.")
}

pub(super) async fn respond(
    action: &str,
    headers: &HeaderMap,
    body: &Bytes,
    queues: &Queues,
) -> HttpReply {
    let host = header(headers, "host").unwrap_or("localhost").to_owned();
    let answer = match serde_json::from_slice::<Value>(body) {
        Ok(request) => Api { queues, request: &request, host: &host }.answer(action).await,
        Err(_) => Err(invalid("the body of a request is JSON")),
    };
    let id = crate::clock::uuid();
    match answer {
        Ok(answer) => {
            plain(StatusCode::OK, "application/x-amz-json-1.0", answer.to_string().into(), &id)
        }
        Err(refusal) => {
            let text = json!({
                "__type": format!("com.amazonaws.sqs#{}", refusal.kind),
                "message": refusal.message,
            });
            let kind = "application/x-amz-json-1.0";
            let mut reply = plain(StatusCode::BAD_REQUEST, kind, text.to_string().into(), &id);
            set(reply.headers_mut(), "x-amzn-query-error", &format!("{};Sender", refusal.code));
            reply
        }
    }
}

/// What `GET` of a queue's URL shows: its messages as JSON lines, without receiving them. `None` where there is no such
/// queue.
pub(super) fn peek(path: &str, queues: &Queues) -> Option<HttpReply> {
    let name = path.strip_prefix('/')?.strip_prefix(ACCOUNT)?.strip_prefix('/')?;
    let lines = queues.with(name, |queue| {
        let (arn, region) = (queues.arn(name), queues.region());
        queue.peek().map(|one| format!("{}\n", one.record(&arn, region))).collect::<String>()
    })?;
    Some(plain(StatusCode::OK, "application/x-ndjson", lines.into(), &crate::clock::uuid()))
}

struct Api<'a> {
    queues: &'a Queues,
    request: &'a Value,
    host: &'a str,
}

impl Api<'_> {
    async fn answer(&self, action: &str) -> Answer {
        match action {
            "SendMessage" => self.send(&self.queue()?, self.request),
            "SendMessageBatch" => {
                let queue = self.queue()?;
                self.batch(|entry| self.send(&queue, entry))
            }
            "ReceiveMessage" => self.receive().await,
            "DeleteMessage" => self.delete(&self.queue()?, self.request),
            "DeleteMessageBatch" => {
                let queue = self.queue()?;
                self.batch(|entry| self.delete(&queue, entry))
            }
            "ChangeMessageVisibility" => self.hide(&self.queue()?, self.request),
            "ChangeMessageVisibilityBatch" => {
                let queue = self.queue()?;
                self.batch(|entry| self.hide(&queue, entry))
            }
            "GetQueueAttributes" => self.attributes(&self.queue()?),
            "GetQueueUrl" | "CreateQueue" => {
                let name = self.text("QueueName").ok_or_else(|| missing("QueueName"))?;
                Ok(json!({ "QueueUrl": self.url(&self.known(name)?) }))
            }
            "ListQueues" => {
                let prefix = self.text("QueueNamePrefix").unwrap_or_default();
                let names = self.queues.names();
                let urls: Vec<String> = names
                    .iter()
                    .filter(|name| name.starts_with(prefix))
                    .map(|name| self.url(name))
                    .collect();
                Ok(json!({ "QueueUrls": urls }))
            }
            "PurgeQueue" => {
                self.queues.with(&self.queue()?, |queue| queue.purge());
                Ok(json!({}))
            }
            other => Err(refuse(
                "UnsupportedOperation",
                "AWS.SimpleQueueService.UnsupportedOperation",
                format!("{other} is not spoken here"),
            )),
        }
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.request.get(name).and_then(Value::as_str)
    }

    /// A number between bounds, if it is given.
    fn number(request: &Value, name: &str, most: u64) -> Result<Option<u64>, Refusal> {
        match request.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match value.as_u64().filter(|number| *number <= most) {
                Some(number) => Ok(Some(number)),
                None => Err(invalid(format!(
                    "Value {value} for parameter {name} is invalid. Reason: Must be between 0 and {most}, if provided."
                ))),
            },
        }
    }

    fn url(&self, name: &str) -> String {
        self.queues.url(&format!("http://{}", self.host), name)
    }

    /// The queue of the request, by the last part of its URL.
    fn queue(&self) -> Result<String, Refusal> {
        let url = self.text("QueueUrl").ok_or_else(|| missing("QueueUrl"))?;
        self.known(url.trim_end_matches('/').rsplit('/').next().unwrap_or_default())
    }

    fn known(&self, name: &str) -> Result<String, Refusal> {
        let names = self.queues.names();
        if names.iter().any(|known| known == name) {
            return Ok(name.to_owned());
        }
        Err(refuse(
            "QueueDoesNotExist",
            "AWS.SimpleQueueService.NonExistentQueue",
            format!(
                "The specified queue does not exist: `{name}`; there is {}.",
                names.join(" and ")
            ),
        ))
    }

    /// The entries of a batch, each with an answer of its own.
    fn batch(&self, act: impl Fn(&Value) -> Answer) -> Answer {
        let entries = self.request.get("Entries").and_then(Value::as_array);
        let entries = entries.filter(|entries| !entries.is_empty()).ok_or_else(|| {
            refuse(
                "EmptyBatchRequest",
                "AWS.SimpleQueueService.EmptyBatchRequest",
                "There should be at least one entry in the request.",
            )
        })?;
        if entries.len() > 10 {
            return Err(refuse(
                "TooManyEntriesInBatchRequest",
                "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
                format!(
                    "Maximum number of entries per request are 10. You have sent {}.",
                    entries.len()
                ),
            ));
        }
        let (mut done, mut failed) = (Vec::new(), Vec::new());
        for entry in entries {
            let id = entry.get("Id").cloned().unwrap_or_default();
            match act(entry) {
                Ok(mut answer) => {
                    answer["Id"] = id;
                    done.push(answer);
                }
                Err(refusal) => failed.push(json!({
                    "Id": id, "SenderFault": true, "Code": refusal.code, "Message": refusal.message,
                })),
            }
        }
        Ok(json!({ "Successful": done, "Failed": failed }))
    }

    fn send(&self, name: &str, entry: &Value) -> Answer {
        let text = |field: &str| entry.get(field).and_then(Value::as_str).map(str::to_owned);
        let mut attributes = BTreeMap::new();
        for (key, value) in
            entry.get("MessageAttributes").and_then(Value::as_object).into_iter().flatten()
        {
            attributes.insert(key.clone(), Attribute::parse(key, value).map_err(invalid)?);
        }
        let delay = Self::number(entry, "DelaySeconds", 900)?.unwrap_or(0);
        let draft = Draft {
            body: text("MessageBody").ok_or_else(|| missing("MessageBody"))?,
            attributes,
            delay: Duration::from_secs(delay),
            group: text("MessageGroupId"),
            deduplication: text("MessageDeduplicationId"),
            trace: entry["MessageSystemAttributes"]["AWSTraceHeader"]["StringValue"]
                .as_str()
                .map(str::to_owned),
        };
        let sent = self.queues.with(name, |queue| {
            draft.check(queue.is_fifo()).map_err(invalid)?;
            let mut answer = json!({ "MD5OfMessageBody": md5_of(&draft.body) });
            if !draft.attributes.is_empty() {
                answer["MD5OfMessageAttributes"] = json!(md5_of_attributes(&draft.attributes));
            }
            let (id, sequence) = queue.send(draft, Instant::now());
            answer["MessageId"] = json!(id);
            if queue.is_fifo() {
                answer["SequenceNumber"] = json!(sequence_number(sequence));
            }
            Ok(answer)
        });
        sent.unwrap_or_else(|| self.known(name).map(|_| Value::Null))
    }

    async fn receive(&self) -> Answer {
        let name = self.queue()?;
        let most = Self::number(self.request, "MaxNumberOfMessages", 10)?.unwrap_or(1);
        if most == 0 {
            return Err(invalid(
                "Value 0 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.",
            ));
        }
        let hidden =
            Self::number(self.request, "VisibilityTimeout", 43_200)?.map(Duration::from_secs);
        let wait = Self::number(self.request, "WaitTimeSeconds", 20)?.unwrap_or(0);
        let until = Instant::now() + Duration::from_secs(wait);
        loop {
            let mut room = most;
            let moment = self.queues.moment();
            let (taken, _) = self.queues.receive(&name, moment, hidden, |_| {
                let wanted = room > 0;
                room = room.saturating_sub(1);
                wanted
            });
            if !taken.is_empty() || Instant::now() >= until {
                let messages: Vec<Value> = taken.iter().map(|one| self.message(one)).collect();
                return Ok(if messages.is_empty() {
                    json!({})
                } else {
                    json!({ "Messages": messages })
                });
            }
            self.queues.change(&name, moment, until).await;
        }
    }

    fn message(&self, received: &Received) -> Value {
        let mut message = json!({
            "MessageId": received.id,
            "ReceiptHandle": received.receipt,
            "MD5OfBody": received.md5,
            "Body": received.body,
        });
        let mut wanted = self.names("MessageSystemAttributeNames");
        wanted.extend(self.names("AttributeNames"));
        let system: Map<String, Value> = received
            .system
            .iter()
            .filter(|(name, _)| wanted.iter().any(|wanted| wanted == "All" || wanted == *name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        if !system.is_empty() {
            message["Attributes"] = Value::Object(system);
        }
        let wanted = self.names("MessageAttributeNames");
        let is_wanted = |name: &str| {
            wanted.iter().any(|wanted| {
                wanted == "All"
                    || wanted == name
                    || wanted.strip_suffix(".*").is_some_and(|prefix| name.starts_with(prefix))
            })
        };
        let attributes: BTreeMap<String, Attribute> = received
            .draft
            .attributes
            .iter()
            .filter(|(name, _)| is_wanted(name))
            .map(|(name, attribute)| (name.clone(), attribute.clone()))
            .collect();
        if !attributes.is_empty() {
            message["MD5OfMessageAttributes"] = json!(md5_of_attributes(&attributes));
            message["MessageAttributes"] =
                attributes.iter().map(|(name, one)| (name.clone(), one.in_api())).collect();
        }
        message
    }

    fn names(&self, field: &str) -> Vec<String> {
        let names = self.request.get(field).and_then(Value::as_array).into_iter().flatten();
        names.filter_map(Value::as_str).map(str::to_owned).collect()
    }

    fn receipt(entry: &Value) -> Result<&str, Refusal> {
        entry.get("ReceiptHandle").and_then(Value::as_str).ok_or_else(|| missing("ReceiptHandle"))
    }

    fn delete(&self, name: &str, entry: &Value) -> Answer {
        let receipt = Self::receipt(entry)?;
        if self.queues.with(name, |queue| queue.delete(receipt)) == Some(true) {
            return Ok(json!({}));
        }
        let text = format!("The input receipt handle \"{receipt}\" is not a valid receipt handle.");
        Err(refuse("ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid", text))
    }

    fn hide(&self, name: &str, entry: &Value) -> Answer {
        let receipt = Self::receipt(entry)?;
        let time = Self::number(entry, "VisibilityTimeout", 43_200)?
            .ok_or_else(|| missing("VisibilityTimeout"))?;
        let time = Duration::from_secs(time);
        if self.queues.with(name, |queue| queue.hide(receipt, time, Instant::now())) == Some(true) {
            return Ok(json!({}));
        }
        Err(refuse(
            "MessageNotInflight",
            "AWS.SimpleQueueService.MessageNotInflight",
            "The specified message isn't in flight.",
        ))
    }

    fn attributes(&self, name: &str) -> Answer {
        let arn = self.queues.arn(name);
        let letters = self.queues.arn(&self.queues.mapping().dead_letters());
        let known = self.queues.with(name, |queue| {
            let (visible, hidden, delayed) = queue.counts(Instant::now());
            let mut known = vec![
                ("ApproximateNumberOfMessages", visible.to_string()),
                ("ApproximateNumberOfMessagesNotVisible", hidden.to_string()),
                ("ApproximateNumberOfMessagesDelayed", delayed.to_string()),
                ("VisibilityTimeout", queue.visibility().as_secs().to_string()),
                ("DelaySeconds", "0".to_owned()),
                ("QueueArn", arn),
            ];
            if queue.is_fifo() {
                known.push(("FifoQueue", "true".to_owned()));
                known.push(("ContentBasedDeduplication", "false".to_owned()));
            }
            if let Some(count) = queue.max_receives() {
                let policy = json!({ "deadLetterTargetArn": letters, "maxReceiveCount": count });
                known.push(("RedrivePolicy", policy.to_string()));
            }
            known
        });
        let wanted = self.names("AttributeNames");
        let attributes: Map<String, Value> = known
            .into_iter()
            .flatten()
            .filter(|(name, _)| wanted.iter().any(|wanted| wanted == "All" || wanted == name))
            .map(|(name, value)| (name.to_owned(), json!(value)))
            .collect();
        Ok(json!({ "Attributes": attributes }))
    }
}
