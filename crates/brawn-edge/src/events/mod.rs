//! What triggers a Lambda function, read into a list of objects. No I/O.
//!
//! Understood are S3 notifications (directly, in SQS, in SNS, in SNS in SQS) and EventBridge's S3 events (directly, in
//! SQS, in SNS), and S3's `s3:TestEvent` in all of these.

mod batch;
mod envelope;
mod record;

use brawn_core::{Error, Result};

use crate::location::Address;

pub use batch::Batch;
pub use envelope::read;

/// An event: messages, each with the objects it names.
#[derive(Debug)]
pub struct Event {
    /// What sent it.
    pub origin: Origin,
    /// In the order they came. Only SQS sends more than one with an id.
    pub messages: Vec<Message>,
}

/// What sent an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// S3 itself.
    S3,
    /// A topic.
    Sns,
    /// A queue; its reply names the messages that failed.
    Sqs {
        /// Whether the queue is first-in-first-out: then nothing after a failure may be done before it.
        fifo: bool,
    },
    /// EventBridge.
    EventBridge,
}

/// One message of an event.
#[derive(Debug)]
pub struct Message {
    /// The message's id, where SQS delivered it.
    pub id: Option<String>,
    /// What it says, or why it cannot be understood: that fails this message and no other.
    pub records: Result<Vec<Record>>,
}

/// One thing that a message says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// An object was written.
    Created(Created),
    /// Something that is no work: a deletion, a test event, a folder marker.
    Ignored {
        /// What it is about: a location, or the event's name.
        what: String,
        /// Why there is nothing to do.
        reason: String,
    },
}

/// An object that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Created {
    /// Where it is, the key decoded.
    pub address: Address,
    /// Its size when the event was sent.
    pub size: Option<u64>,
    /// Its ETag when the event was sent.
    pub etag: Option<String>,
    /// Its version when the event was sent.
    pub version: Option<String>,
    /// Orders the events of one key: compare as hexadecimal text of equal length.
    pub sequencer: Option<String>,
}

impl Event {
    /// Every object the event names, once, with the indices of the messages that name it.
    pub fn objects(&self) -> Vec<(Created, Vec<usize>)> {
        let mut objects: Vec<(Created, Vec<usize>)> = Vec::new();
        let mut known = std::collections::HashMap::new();
        for (index, message) in self.messages.iter().enumerate() {
            for record in message.records.iter().flatten() {
                let Record::Created(created) = record else { continue };
                // Delivery is at least once: the same object may come twice in a batch.
                let place = *known.entry(created.address.clone()).or_insert(objects.len());
                match objects.get_mut(place) {
                    Some((_, messages)) => messages.push(index),
                    None => objects.push((created.clone(), vec![index])),
                }
            }
        }
        objects
    }
}

/// An error about an event's content.
fn malformed(message: impl Into<String>) -> Error {
    Error::invalid_input(message.into())
}
