//! What a job writes to.

use crate::rows::{Schema, Table};
use crate::{Error, Result};

/// Takes the named outputs of a job.
pub trait Sink: Send {
    /// Takes one finished output.
    ///
    /// # Errors
    /// When the output cannot be taken; the job stops with that error.
    fn put(&mut self, output: Output) -> Result<()>;

    /// Begins an output that is written in pieces. `name` and `content_type` as in [`Output`].
    ///
    /// # Errors
    /// When the output cannot be taken; the job stops with that error.
    fn open(&mut self, name: &str, content_type: &'static str) -> Result<Box<dyn Draft + '_>>;

    /// Whether rows go into a table. A job that has rows to write gives them to [`table`](Sink::table) then, and writes a file
    /// where they do not.
    fn takes_rows(&self) -> bool {
        false
    }

    /// Begins rows of `schema`, or goes on with them: a job that writes two kinds of rows by turns calls it at each turn,
    /// with the same schema for the same name, and finishes each table that it got. All that a job begins at one sink is
    /// kept or dropped together, when the job has ended.
    ///
    /// A job begins every kind of rows that it may write, also where none comes of it: rows that an earlier version of the
    /// object had may have to go. It does so as early as it can: a sink that knows the object already says so then.
    ///
    /// # Errors
    /// When they cannot be taken, or were taken before; the job stops with that error.
    fn table(&mut self, schema: &Schema) -> Result<Box<dyn Table + '_>> {
        let name = &schema.name;
        Err(Error::invalid_options(format!("`{name}` are rows, and these are no place for rows")))
    }
}

/// An output that is being written. Nothing of it is there for others before it is finished, and nothing stays behind
/// when it is dropped before. (What goes to standard output or a pipe cannot be taken back.)
pub trait Draft: Send {
    /// Appends.
    ///
    /// # Errors
    /// When the piece cannot be taken; the job stops with that error.
    fn write(&mut self, piece: &[u8]) -> Result<()>;

    /// Whether writing waits for nobody: it goes to memory or to a file of this machine. A thread of a pool may do it then.
    fn never_waits(&self) -> bool {
        false
    }

    /// Makes it appear, whole.
    ///
    /// # Errors
    /// When it cannot; then it is not there.
    fn finish(self: Box<Self>) -> Result<()>;
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

    fn open(&mut self, name: &str, content_type: &'static str) -> Result<Box<dyn Draft + '_>> {
        let output = Output { name: name.to_owned(), content_type, bytes: Vec::new() };
        Ok(Box::new(MemoryDraft { outputs: &mut self.outputs, output }))
    }
}

struct MemoryDraft<'a> {
    outputs: &'a mut Vec<Output>,
    output: Output,
}

impl Draft for MemoryDraft<'_> {
    fn write(&mut self, piece: &[u8]) -> Result<()> {
        self.output.bytes.extend_from_slice(piece);
        Ok(())
    }

    fn never_waits(&self) -> bool {
        true
    }

    fn finish(self: Box<Self>) -> Result<()> {
        self.outputs.push(self.output);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_is_an_output_only_when_it_is_finished() {
        let mut sink = MemorySink::default();
        let mut draft = sink.open("a", "text/plain").expect("memory takes it");
        draft.write(b"one ").and_then(|()| draft.write(b"two")).expect("memory takes it");
        drop(draft);
        assert!(sink.outputs.is_empty());
        let mut draft = sink.open("b", "text/plain").expect("memory takes it");
        draft.write(b"one ").and_then(|()| draft.write(b"two")).expect("memory takes it");
        draft.finish().expect("memory takes it");
        assert_eq!((sink.outputs.len(), sink.outputs[0].bytes.as_slice()), (1, &b"one two"[..]));
    }
}
