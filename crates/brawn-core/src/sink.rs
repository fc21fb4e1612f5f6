//! What a job writes to.

use crate::Result;

/// Takes the named outputs of a job.
pub trait Sink: Send {
    /// Takes one finished output.
    ///
    /// # Errors
    /// When the output cannot be taken; the job stops with that error.
    fn put(&mut self, output: Output) -> Result<()>;
}

/// One finished output of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Name relative to the destination, with `/` between folders.
    pub name: String,
    /// Its MIME type.
    pub content_type: &'static str,
    /// The whole of it.
    pub bytes: Vec<u8>,
}

/// Keeps outputs in memory, in the order they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemorySink {
    /// What was put so far.
    pub outputs: Vec<Output>,
}

impl Sink for MemorySink {
    fn put(&mut self, output: Output) -> Result<()> {
        self.outputs.push(output);
        Ok(())
    }
}
