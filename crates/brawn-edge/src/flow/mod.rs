//! Many objects through one job: fetch, compute and deliver overlap, within a memory cap.

mod drive;
mod event;
mod journey;
mod load;
mod progress;

use std::sync::Arc;
use std::time::Duration;

use brawn_core::{
    Budget, Error, ErrorKind, ItemReport, Job, Plan, Pool, Status, Stopwatch, Summary, Vcpus,
};
use futures::StreamExt as _;
use futures::future::{BoxFuture, FutureExt as _};
use futures::stream::FuturesUnordered;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::buffers::Buffers;
use crate::deliver::{self, Delivery, Destination, Places, Replace, Written};
use crate::location::Location;
use crate::select::{Inputs, Item, Kinds, Listed, Listing, Missed, Selection};
use crate::stop::Stop;
use crate::store::Stores;
use crate::tables::Loads;

pub use progress::Progress;

/// Objects on their way besides those that are computed or next in line: over a network each spends some 50 to 100 ms
/// being fetched and delivered, against tens of ms of computing.
const REMOTE_AHEAD: usize = 16;
const LOCAL_AHEAD: usize = 2;

/// How long a run that was stopped goes on counting what it had not begun.
const COUNTING: Duration = Duration::from_millis(250);

/// How long a run waits at its end until the uploads that it gave up are aborted: one request over a network takes some
/// 50 ms.
const SETTLING: Duration = Duration::from_secs(1);

/// Runs many objects through one job.
///
/// Nothing is decoded, and no more than its first 256 KiB fetched, before its [`Plan`] fits the memory of the budget;
/// what can never fit is refused at once. The outputs of an object are delivered when all of them are computed.
#[derive(Clone)]
pub struct Flow {
    job: Arc<dyn Job>,
    pool: Pool,
    stores: Stores,
    destination: Destination,
    kinds: Kinds,
    skip_existing: bool,
    dry_run: bool,
    replace: bool,
    keep_attributes: bool,
    joins: bool,
    asked: u64,
    cache_control: Option<String>,
    vcpus: Option<Vcpus>,
    progress: Arc<Progress>,
}

/// What became of one object, handed over as it ends.
#[derive(Debug)]
pub struct Outcome {
    /// The line about it.
    pub report: ItemReport,
    /// The error behind the report's reason, with its hint; also of an object that was skipped because of another one.
    pub error: Option<Error>,
    /// [`Item::tag`] of the object.
    pub tag: usize,
    /// Its place in the order in which the objects were found, from 0: outcomes come as objects end.
    pub place: u64,
    /// In a dry run, what would be done.
    pub plan: Option<Plan>,
    /// In a dry run, where the plan's outputs would go, in the same order.
    pub targets: Vec<Location>,
    /// Whether standard output has a part of its output, and will not have the rest.
    pub torn: bool,
}

impl Outcome {
    fn of(report: ItemReport) -> Outcome {
        let targets = Vec::new();
        Outcome { report, error: None, tag: 0, place: 0, plan: None, targets, torn: false }
    }

    fn failed(source: String, error: Error, tag: usize) -> Outcome {
        let report = ItemReport::ended(source, &error);
        Outcome { error: Some(error), tag, ..Outcome::of(report) }
    }

    /// Whether it ended because nobody reads standard output any more.
    pub fn is_unread(&self) -> bool {
        self.error.as_ref().is_some_and(deliver::is_closed)
    }
}

impl Flow {
    /// A flow through `job`, computed on `pool`, delivered to `destination`.
    pub fn new(job: Arc<dyn Job>, pool: Pool, stores: Stores, destination: Destination) -> Flow {
        Flow {
            job,
            pool,
            stores,
            destination,
            kinds: Kinds::default(),
            skip_existing: false,
            dry_run: false,
            replace: true,
            keep_attributes: false,
            joins: false,
            asked: 0,
            cache_control: None,
            vcpus: None,
            progress: Arc::default(),
        }
    }

    /// Extensions, in lower case, that folders and prefixes are searched for. Files named by themselves or matched by
    /// a pattern are taken whatever they are called. Default: everything.
    #[must_use]
    pub fn accepts(self, extensions: Option<&'static [&'static str]>) -> Flow {
        Flow { kinds: Kinds { accepts: extensions, ..self.kinds }, ..self }
    }

    /// Extensions, in lower case, of files that are passed over where a folder, a prefix or a pattern leads to them. Files named by
    /// themselves are taken. Default: none.
    #[must_use]
    pub fn passes_over(self, extensions: &'static [&'static str]) -> Flow {
        Flow { kinds: Kinds { passes_over: extensions, ..self.kinds }, ..self }
    }

    /// Leaves objects alone whose outputs are all there. Default: outputs that are there are replaced.
    #[must_use]
    pub fn skip_existing(self, yes: bool) -> Flow {
        Flow { skip_existing: yes, ..self }
    }

    /// Plans only: nothing is computed and nothing is written.
    #[must_use]
    pub fn dry_run(self, yes: bool) -> Flow {
        Flow { dry_run: yes, ..self }
    }

    /// Whether outputs may replace what is there, inputs of the run excepted. Default: yes. Where they may not, an object
    /// whose outputs are there is a failed item.
    #[must_use]
    pub fn replace(self, yes: bool) -> Flow {
        Flow { replace: yes, ..self }
    }

    /// Gives local outputs of a job that streams their input's time of last change, mode, owner and group, as far as this user may.
    /// Default: no.
    #[must_use]
    pub fn keep_attributes(self, yes: bool) -> Flow {
        Flow { keep_attributes: yes, ..self }
    }

    /// Where the destination is standard output: whether it takes the outputs of many objects, one after the other and in the order in
    /// which the objects are found. For a job that streams and whose outputs may be joined. Where one ends with a part of its output
    /// written, nothing follows. Default: no, it takes one output.
    #[must_use]
    pub fn joins(self, yes: bool) -> Flow {
        Flow { joins: yes, ..self }
    }

    /// Whether outputs follow each other on standard output.
    fn is_joined(&self) -> bool {
        self.joins && self.destination.is_stdout()
    }

    /// What the job was asked, in any text that says it whole: the same version of an object is loaded into a table once for each
    /// question. Default: one question.
    #[must_use]
    pub fn asked(self, question: &str) -> Flow {
        // FNV-1a: it is written down, so it must be the same in every build.
        let asked = question.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        Flow { asked, ..self }
    }

    /// The `Cache-Control` of what is delivered to a bucket.
    #[must_use]
    pub fn cache_control(self, value: Option<String>) -> Flow {
        Flow { cache_control: value, ..self }
    }

    /// The vCPUs that the summary's utilisation refers to. Default: [`Vcpus::detect`].
    #[must_use]
    pub fn vcpus(self, vcpus: Vcpus) -> Flow {
        Flow { vcpus: Some(vcpus), ..self }
    }

    /// How far this flow is, for a progress bar on another thread or task. Clones of a flow share it.
    pub fn progress(&self) -> Arc<Progress> {
        Arc::clone(&self.progress)
    }

    /// Where it delivers to.
    pub fn destination(&self) -> &Destination {
        &self.destination
    }

    /// Runs everything that `sources` name. `each` gets every object's outcome as it ends.
    ///
    /// A source that matches nothing is a failed item that says so. When the budget ends, nothing new starts, work in
    /// progress stops, what is computed is still delivered within the deadline's reserve (but for its last half, and
    /// at most 500 ms, which the report needs), and every object that was seen and is not done is reported with
    /// [`Status::Deadline`](brawn_core::Status). Dropping the future stops everything; an output is there whole or not
    /// at all.
    pub async fn run(
        &self,
        sources: &[Location],
        budget: &Budget,
        each: impl FnMut(Outcome),
    ) -> Summary {
        let (stop, _watch) = Stop::watch(budget);
        let listing = self.listing(Listed::default(), &stop);
        let places = places(&listing, sources);
        let remote = self.destination.is_remote()
            || sources.iter().any(|source| matches!(source, Location::Object(_)));
        let selection = Selection::start(listing, sources.to_vec());
        self.run_selection(selection, remote, places, stop, budget, each).await
    }

    /// Runs objects that are known one by one, as [`run`](Flow::run).
    pub async fn run_items(
        &self,
        items: Vec<Item>,
        budget: &Budget,
        each: impl FnMut(Outcome),
    ) -> Summary {
        let (stop, _watch) = Stop::watch(budget);
        let listing = self.listing(Listed::given(items.len()), &stop);
        let places = places(&listing, items.iter().map(|item| &item.location));
        let remote = self.destination.is_remote()
            || items.iter().any(|item| matches!(item.location, Location::Object(_)));
        let selection = Selection::Given(items.into_iter());
        self.run_selection(selection, remote, places, stop, budget, each).await
    }

    fn listing(&self, listed: Listed, stop: &Stop) -> Listing {
        let listed = Arc::new(listed);
        self.progress.listing(Arc::clone(&listed));
        Listing {
            stores: self.stores.clone(),
            kinds: self.kinds,
            destination: self.destination.clone(),
            written: Arc::new(Written::default()),
            listed,
            stop: stop.clone(),
        }
    }

    async fn run_selection(
        &self,
        mut selection: Selection,
        remote: bool,
        places: Arc<Places>,
        stop: Stop,
        budget: &Budget,
        mut each: impl FnMut(Outcome),
    ) -> Summary {
        let stopwatch = Stopwatch::start();
        let delivery = Delivery {
            stores: self.stores.clone(),
            destination: self.destination.clone(),
            cache_control: self.cache_control.clone(),
            job: self.job.name(),
            places,
            replace: match (self.replace, self.skip_existing) {
                (true, _) => Replace::Any,
                (false, true) => Replace::Empty,
                (false, false) => Replace::Nothing,
            },
        };
        let buffers = Buffers::within(budget.memory().limit());
        let pipes = Arc::new(Semaphore::new(1));
        let loads = self
            .destination
            .tables()
            .map(|(database, tables)| Loads::new(database, tables, self.job.name(), &self.stores));
        let run = Run { flow: self, delivery, loads, buffers, pipes, stop, budget };
        let mut summary = Summary::default();
        let mut done = |outcome: Outcome| {
            summary.add(&outcome.report);
            self.progress.count(&outcome.report);
            each(outcome);
        };
        // Twice the workers: one being computed and one waiting for each, so that no worker ever waits for input.
        let ahead = if remote { REMOTE_AHEAD } else { LOCAL_AHEAD };
        let limit = if self.is_joined() { 1 } else { 2 * self.pool.workers() + ahead };
        // Whose output standard output has a part of.
        let mut torn: Option<String> = None;
        // Boxed: the compiler cannot see through the generic future that a run can be sent to another thread.
        let mut running: FuturesUnordered<BoxFuture<'_, Outcome>> = FuturesUnordered::new();
        let mut more = true;
        let mut found = 0..;
        let mut ended: Option<Ended> = None;
        while more || !running.is_empty() {
            let counted = ended.as_ref().map_or_else(Instant::now, |ended| ended.counted);
            tokio::select! {
                biased;
                error = run.stop.reached(), if ended.is_none() => {
                    let counted = Instant::now() + run.stop.at_most(COUNTING);
                    ended = Some(Ended { error, counted });
                }
                Some(outcome) = running.next(), if !running.is_empty() => {
                    if outcome.torn && self.is_joined() {
                        torn = Some(outcome.report.source.clone());
                    }
                    done(outcome);
                }
                // Only what is still being looked for: what was given is named to the last, or nobody sends it again.
                () = tokio::time::sleep_until(counted),
                    if more && ended.is_some() && selection.is_listing() => more = false,
                next = selection.next(), if more && (ended.is_some() || running.len() < limit) => {
                    let place = found.next().unwrap_or_default();
                    match (next, &ended) {
                        (None, _) => more = false,
                        (Some(Err(Missed { source, error })), _) => {
                            done(Outcome { place, ..Outcome::failed(source, error, 0) });
                        }
                        (Some(Ok(item)), None) if torn.is_some() => {
                            let first = torn.as_deref().unwrap_or_default();
                            let reason = format!("stdout has a part of `{first}`, which nothing can follow");
                            let report = ItemReport {
                                reason: Some(reason.clone()),
                                ..ItemReport::new(item.source(), Status::Skipped)
                            };
                            let error = Some(Error::new(ErrorKind::Storage, reason));
                            done(Outcome { place, tag: item.tag, error, ..Outcome::of(report) });
                        }
                        (Some(Ok(item)), None) => {
                            let placed = move |outcome| Outcome { place, ..outcome };
                            running.push(run.journey(item).map(placed).boxed());
                        }
                        // What was seen and not begun is named, so that exactly that can be sent again.
                        (Some(Ok(item)), Some(Ended { error, .. })) => {
                            let again = Error::new(error.kind(), error.to_string());
                            let source = item.source();
                            done(Outcome { place, ..Outcome::failed(source, again, item.tag) });
                        }
                    }
                }
            }
        }
        drop(running);
        self.stores.settle(run.stop.at_the_end(SETTLING)).await;
        selection.tell(&mut summary);
        let vcpus = self.vcpus.unwrap_or_else(Vcpus::detect);
        summary.finish(stopwatch.read(), self.pool.workers(), &vcpus);
        summary
    }
}

/// That the budget has ended.
struct Ended {
    error: Error,
    /// Until when what was not begun is counted.
    counted: Instant,
}

/// What the objects of one run share.
struct Run<'a> {
    flow: &'a Flow,
    delivery: Delivery,
    /// Where rows go.
    loads: Option<Loads>,
    buffers: Arc<Buffers>,
    /// Of the pipes that come short of memory, one may wait.
    pipes: Arc<Semaphore>,
    stop: Stop,
    budget: &'a Budget,
}

/// The places of a run that reads `sources`.
fn places<'a>(listing: &Listing, sources: impl IntoIterator<Item = &'a Location>) -> Arc<Places> {
    Places::new(Inputs::new(listing.clone(), sources), Arc::clone(&listing.written))
}

impl std::fmt::Debug for Flow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Flow")
            .field("job", &self.job.name())
            .field("destination", &self.destination)
            .field("skip_existing", &self.skip_existing)
            .field("dry_run", &self.dry_run)
            .finish_non_exhaustive()
    }
}

// A run can be spawned, and awaited in a Lambda handler: a future that cannot is a build error.
const _: () = {
    fn crosses_threads<T: Send>(_: T) {}
    #[expect(dead_code, reason = "only compiled")]
    fn a_run(flow: &Flow, sources: &[Location], event: &crate::events::Event, budget: &Budget) {
        crosses_threads(flow.run(sources, budget, |_| {}));
        crosses_threads(flow.run_event(event, budget, |_| {}));
    }
};
