//! Jobs that do what a test needs, and a run with its outcomes in a list.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use brawn_core::{
    Budget, Error, Head, Job, Output, Plan, PlannedOutput, Planning, Pool, Result, Sink, Source,
    Summary, Tally,
};
use brawn_edge::{Address, Destination, Flow, Location, Outcome, Retry, Stores};
use brawn_testing::S3Server;

/// Copies its input. An input that begins with `reject`, `panic`, `panic in plan` or `spin` does that instead.
#[derive(Debug)]
pub(crate) struct Copy {
    /// Suffixes of the outputs.
    pub(crate) outputs: Vec<&'static str>,
    /// Peak memory besides the input.
    pub(crate) memory: u64,
    /// The largest object it takes.
    pub(crate) most: u64,
    /// The head it needs to plan.
    pub(crate) head: u64,
    /// Objects whose work began.
    pub(crate) began: AtomicU64,
}

impl Default for Copy {
    fn default() -> Copy {
        Copy {
            outputs: vec![".out"],
            memory: 1 << 10,
            most: u64::MAX,
            head: 0,
            began: AtomicU64::new(0),
        }
    }
}

impl Job for Copy {
    fn name(&self) -> &'static str {
        "copy"
    }

    fn plan(&self, head: &Head<'_>) -> Result<Planning> {
        if (head.bytes.len() as u64) < self.head && !head.is_complete() {
            return Ok(Planning::NeedsHead(self.head));
        }
        assert!(!head.bytes.starts_with(b"panic in plan"), "the plan gave way");
        let size = head.size.expect("the edge knows the size");
        if size > self.most {
            return Err(Error::limit_exceeded(format!("more than {} bytes", self.most)));
        }
        let stem = head.name.rsplit_once('.').map_or(head.name, |(stem, _)| stem);
        let outputs = self.outputs.iter().map(|suffix| PlannedOutput {
            name: format!("{stem}{suffix}"),
            content_type: "application/x-copy",
            summary: format!("{size} bytes"),
            aside: None,
        });
        Ok(Planning::Ready(Plan {
            peak_memory: self.memory + size,
            outputs: outputs.collect(),
            streaming: false,
            summary: format!("{size} bytes to copy"),
        }))
    }

    fn run(&self, source: Source<'_>, sink: &mut dyn Sink, budget: &Budget) -> Result<Tally> {
        self.began.fetch_add(1, Ordering::SeqCst);
        let name = source.name().to_owned();
        let bytes = source.into_bytes(u64::MAX)?;
        let _held = budget.reserve(self.memory + bytes.len() as u64)?;
        if bytes.starts_with(b"reject") {
            return Err(Error::invalid_input("it says reject"));
        }
        assert!(!bytes.starts_with(b"panic"), "it says panic");
        while bytes.starts_with(b"spin") {
            budget.check()?;
            // Not a core: whatever else the test waits for must get on.
            std::thread::sleep(Duration::from_millis(1));
        }
        let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem);
        for suffix in &self.outputs {
            sink.put(Output {
                name: format!("{stem}{suffix}"),
                content_type: "application/x-copy",
                bytes: bytes.to_vec(),
            })?;
        }
        Ok(Tally { bytes_in: bytes.len() as u64, ..Tally::default() })
    }
}

pub(crate) fn pool() -> Pool {
    Pool::new(NonZeroUsize::new(2).expect("not zero")).expect("threads")
}

pub(crate) fn place(text: impl AsRef<str>) -> Location {
    text.as_ref().parse().expect("a location")
}

pub(crate) fn address(text: &str) -> Address {
    match place(text) {
        Location::Object(address) => address,
        other => panic!("{other} is in no bucket"),
    }
}

pub(crate) fn path(path: &Path) -> Location {
    Location::from(path)
}

pub(crate) fn stores() -> Stores {
    Stores::from_variables([])
}

/// A flow of copies into a folder or prefix.
pub(crate) fn copies(to: Location) -> Flow {
    flow(Copy::default(), stores(), Destination::folder(to))
}

pub(crate) fn flow(job: Copy, stores: Stores, to: Destination) -> Flow {
    Flow::new(Arc::new(job), pool(), stores, to)
}

/// The outcomes of a run, sorted by source.
pub(crate) async fn run(flow: &Flow, sources: &[Location]) -> (Summary, Vec<Outcome>) {
    run_within(flow, sources, &Budget::unlimited()).await
}

pub(crate) async fn run_within(
    flow: &Flow,
    sources: &[Location],
    budget: &Budget,
) -> (Summary, Vec<Outcome>) {
    let mut outcomes = Vec::new();
    let summary = flow.run(sources, budget, |outcome| outcomes.push(outcome)).await;
    outcomes.sort_by(|a, b| a.report.source.cmp(&b.report.source));
    assert_eq!(summary.items, outcomes.len() as u64, "the summary counts every outcome once");
    (summary, outcomes)
}

/// Files below `root`, by name with their bytes. Hidden ones too: a test wants to see what was left behind.
pub(crate) fn files(root: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Vec<u8>)> = walkdir::WalkDir::new(root)
        .into_iter()
        .map(|entry| entry.expect("readable"))
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| {
            let name = entry.path().strip_prefix(root).expect("below the root");
            let bytes = std::fs::read(entry.path()).expect("readable");
            (name.to_str().expect("UTF-8").to_owned(), bytes)
        })
        .collect();
    files.sort();
    files
}

pub(crate) fn names(root: &Path) -> Vec<String> {
    files(root).into_iter().map(|(name, _)| name).collect()
}

pub(crate) fn write(root: &Path, name: &str, bytes: impl AsRef<[u8]>) {
    let path = root.join(name);
    std::fs::create_dir_all(path.parent().expect("in a folder")).expect("a folder");
    std::fs::write(path, bytes).expect("written");
}

/// Trying again without much waiting.
pub(crate) const QUICK: Retry =
    Retry { attempts: 4, base: Duration::from_millis(1), cap: Duration::from_millis(4) };

/// Stores that reach `server`.
pub(crate) fn stores_of(server: &S3Server) -> Stores {
    Stores::from_variables(server.variables()).with_retry(QUICK)
}
