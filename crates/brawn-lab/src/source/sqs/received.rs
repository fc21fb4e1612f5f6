//! A message that was received, and the record that a function gets of it.

use serde_json::{Map, Value, json};

use super::message::{Draft, md5_of_attributes};

/// A message as who receives it sees it.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) id: String,
    pub(crate) receipt: String,
    pub(crate) body: String,
    pub(crate) md5: String,
    /// SQS's own attributes.
    pub(crate) system: Map<String, Value>,
    pub(crate) draft: Draft,
}

impl Received {
    /// As Lambda hands it to a function.
    pub(crate) fn record(&self, arn: &str, region: &str) -> Value {
        let attributes: Map<String, Value> = self
            .draft
            .attributes
            .iter()
            .map(|(name, attribute)| (name.clone(), attribute.in_event()))
            .collect();
        let mut record = json!({
            "messageId": self.id,
            "receiptHandle": self.receipt,
            "body": self.body,
            "attributes": self.system,
            "messageAttributes": attributes,
            "md5OfBody": self.md5,
            "eventSource": "aws:sqs",
            "eventSourceARN": arn,
            "awsRegion": region,
        });
        if !self.draft.attributes.is_empty() {
            record["md5OfMessageAttributes"] = json!(md5_of_attributes(&self.draft.attributes));
        }
        record
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::source::sqs::Queue;

    #[test]
    fn a_record_has_the_shape_of_lambdas() {
        let (mut queue, start) =
            (Queue::new("jobs", Duration::from_secs(30), None), Instant::now());
        queue.send(Draft { body: "Test message.".to_owned(), ..Draft::default() }, start);
        let (taken, _) = queue.receive(start, 1, None, |_| true);
        let record = taken[0].record("arn:aws:sqs:us-east-1:123456789012:jobs", "us-east-1");
        let sample: Value =
            serde_json::from_str(crate::samples::sample("sqs").expect("there")).expect("JSON");
        let names = |value: &Value| -> Vec<String> {
            let mut names: Vec<String> =
                value.as_object().expect("an object").keys().cloned().collect();
            names.sort();
            names
        };
        let sample = &sample["Records"][0];
        assert_eq!(names(&record), names(sample));
        assert_eq!(names(&record["attributes"]), names(&sample["attributes"]));
    }
}
