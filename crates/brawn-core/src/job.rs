//! What a job is: a plan from the first bytes, then the work.

use serde_json::Value;

use crate::{Budget, Result, Sink, Source};

/// One kind of CPU work over one object: a pure, synchronous, deterministic function of its input and its options.
///
/// The same input gives the same bytes for 1, 2 or N workers: chunk boundaries and reduction trees are fixed by the
/// data. `conformance::check` proves it, together with what is promised about deadlines, memory and panics.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a brawn job",
    note = "implement `plan` (from the first bytes: memory, outputs) and `run` (the work), and let the type be Send + Sync"
)]
pub trait Job: Send + Sync {
    /// The job's name on the outside: `image`, `hash`.
    fn name(&self) -> &'static str;

    /// What running on this object will need and give, from its first bytes. Refuses early what can never fit.
    ///
    /// # Errors
    /// [`is_rejection`](crate::Error::is_rejection) where the header already says that the object is not acceptable.
    fn plan(&self, head: &Head<'_>) -> Result<Planning>;

    /// Whether it reads objects in pieces, in constant memory: then every plan of it is [`streaming`](Plan::streaming), and
    /// a pipe is planned from its first bytes, without a size.
    fn streams(&self) -> bool {
        false
    }

    /// Does the work: reads `source`, asks `budget`, writes named outputs to `sink`.
    ///
    /// Runs on a pool thread and may use rayon inside; a job that [`streams`](Job::streams) runs on a thread of its own
    /// and computes by [`blocks`](crate::blocks) on the budget's pool. It reserves its memory from `budget` before it allocates and
    /// calls [`Budget::check`] at least every few milliseconds.
    ///
    /// # Errors
    /// Whatever the input or the budget ends it with. Outputs that reached the sink before are dropped by the caller.
    fn run(&self, source: Source<'_>, sink: &mut dyn Sink, budget: &Budget) -> Result<Tally>;
}

/// The beginning of an object.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// The object's name relative to where it was found, with `/` between folders: `2024/beach.jpg`.
    pub name: &'a str,
    /// Its first bytes, all of them when [`is_complete`](Head::is_complete).
    pub bytes: &'a [u8],
    /// Its size, where it is known before it has been read to the end.
    pub size: Option<u64>,
}

impl Head<'_> {
    /// Whether [`bytes`](Head::bytes) is the whole object.
    pub fn is_complete(&self) -> bool {
        self.size == Some(self.bytes.len() as u64)
    }
}

/// The answer of [`Job::plan`].
#[derive(Clone, Debug)]
pub enum Planning {
    /// Known.
    Ready(Plan),
    /// The header goes on: ask again with at least this many first bytes (or with all, if there are fewer).
    NeedsHead(u64),
}

/// What a job says after seeing the header and the size.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The most bytes the job holds at any moment, the object's own bytes included.
    pub peak_memory: u64,
    /// What it will write.
    pub outputs: Vec<PlannedOutput>,
    /// Whether the object is read in pieces, in constant memory, instead of being whole in memory first.
    pub streaming: bool,
    /// What was found, in a few words for people: `jpeg 4032x3024, orientation 6`.
    pub summary: String,
}

/// An output that a [`Plan`] announces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedOutput {
    /// Name relative to the destination, with `/` between folders.
    pub name: String,
    /// Its MIME type.
    pub content_type: &'static str,
    /// What it will be, in a few words for people: `800x600`.
    pub summary: String,
    /// Of an output that goes beside the result: what is put behind the name of the file, where the result has an exact one.
    pub aside: Option<&'static str>,
}

/// What a job did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Bytes read.
    pub bytes_in: u64,
    /// Bytes written, all outputs together.
    pub bytes_out: u64,
    /// Things the user should know though the work succeeded: `input ends early, 12 of 800 rows are grey`.
    pub warnings: Vec<String>,
    /// What it found out, by name, where that is its result: `sha256`, `statistics`.
    pub facts: Vec<(String, Value)>,
}
