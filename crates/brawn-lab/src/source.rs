//! What sends events by itself: a folder as an S3 bucket, a queue as SQS keeps it.

pub mod s3;
pub mod sqs;

use tokio::task::JoinSet;

/// A source at work; it stops when it is dropped, and with the runtime.
#[derive(Debug)]
pub struct Source {
    _tasks: JoinSet<()>,
}

impl Source {
    fn of(tasks: JoinSet<()>) -> Source {
        Source { _tasks: tasks }
    }
}

/// In lower case.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
