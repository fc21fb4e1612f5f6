//! One object's way: head, plan, memory, rest, compute, deliver.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use brawn_core::{
    Error, ErrorKind, Head, ItemReport, Job, Memory, MemorySink, Output, Plan, Planning,
    Reservation, Result, Source, Status,
};
use bytes::Bytes;
use futures::stream::FuturesUnordered;
use futures::{FutureExt as _, StreamExt as _};

use super::{Outcome, Run};
use crate::deliver::{Origin, unplanned};
use crate::fetch::{self, HEAD, Opened, Pipes, blocking};
use crate::location::{Location, is_text};
use crate::pipe::Reading;
use crate::recursion;
use crate::select::Item;
use crate::store::When;

/// How an object's way ended when nothing went wrong.
pub(super) enum End {
    Delivered,
    Skipped(String),
    Planned(Plan, Vec<Location>),
}

/// An object whose plan is known.
pub(super) struct Planned {
    pub(super) opened: Opened,
    pub(super) plan: Plan,
    /// The longer head that the plan needed, and the memory it holds.
    pub(super) longer: Option<(Bytes, Reservation)>,
}

/// An object that may be computed: all of its bytes, and the memory for the work.
struct Admitted {
    bytes: Bytes,
    need: u64,
    held: Reservation,
    /// The parts of the memory that were taken before.
    before: Vec<Reservation>,
}

pub(super) fn ms(from: Instant, to: Instant) -> f64 {
    to.saturating_duration_since(from).as_secs_f64() * 1e3
}

impl Run<'_> {
    pub(super) async fn journey(&self, item: Item) -> Outcome {
        let started = Instant::now();
        let source: Arc<str> = item.source().into();
        let mut report = ItemReport::new(&*source, Status::Ok);
        let torn = Arc::default();
        let steps = self.steps(&item, &source, &torn, &mut report);
        // A panic of the edges' own is that item's error too, as one of its job is.
        let end = AssertUnwindSafe(steps)
            .catch_unwind()
            .await
            .unwrap_or_else(|payload| Err(Error::panicked(payload.as_ref())));
        report.ms = ms(started, Instant::now());
        let mut outcome = Outcome { tag: item.tag, ..Outcome::of(report) };
        match end {
            Ok(End::Delivered) => {}
            Ok(End::Skipped(reason)) => {
                outcome.report.status = Status::Skipped;
                outcome.report.reason = Some(reason);
            }
            Ok(End::Planned(plan, targets)) => {
                outcome.plan = Some(plan);
                outcome.targets = targets;
            }
            Err(error) => {
                outcome.torn = torn.load(Ordering::Relaxed);
                outcome.report.status = Status::of(&error);
                outcome.report.reason = Some(error.chain());
                outcome.error = Some(error);
            }
        }
        outcome
    }

    /// `torn` is told whether standard output has a part of the output.
    async fn steps(
        &self,
        item: &Item,
        source: &Arc<str>,
        torn: &Arc<AtomicBool>,
        report: &mut ItemReport,
    ) -> Result<End> {
        if item.from_event
            && let Location::Object(address) = &item.location
            && let Some(reason) = recursion::refusal(&self.flow.destination, address)
        {
            return Ok(End::Skipped(reason));
        }
        if let (None, Location::Path(path)) = (&item.content, &item.location) {
            is_text(path, "rename it, or give it as `-` on stdin")?;
        }
        let begun = Instant::now();
        let read = Arc::default();
        let planned = self.plan(item, &read).await;
        report.bytes_in = read.load(Ordering::Relaxed);
        let planned = match planned {
            // Stores list a folder marker (`2024/`, empty) like an object `2024`, which then is not there.
            Err(error)
                if error.kind() == ErrorKind::NotFound
                    && item.size == Some(0)
                    && !item.from_event =>
            {
                return Ok(End::Skipped("it is a folder marker and no object".to_owned()));
            }
            planned => planned?,
        };
        report.fetch_ms = ms(begun, Instant::now());
        report.bytes_in = planned.opened.head.len() as u64;
        if item.from_event
            && let Location::Object(address) = &item.location
            && let Some(job) = &planned.opened.written_by
            && let Some(reason) = recursion::echo(&self.flow.destination, address, job)
        {
            return Ok(End::Skipped(reason));
        }
        if let Some(loads) = &self.loads {
            return self.load(item, planned, loads, source, report).await;
        }
        let Some(targets) = self.targets(&planned.plan, item, source)? else {
            return Ok(End::Skipped("it is named more than once".to_owned()));
        };
        if self.flow.skip_existing && self.all_exist(&targets).await? {
            return Ok(End::Skipped("outputs exist".to_owned()));
        }
        for target in &targets {
            self.delivery.keep(target, &self.stop).await?;
        }
        let origin = Origin { name: Arc::clone(source), identity: planned.opened.identity };
        if self.flow.dry_run {
            self.need(&planned).map(drop)?;
            for target in &targets {
                self.delivery.spare(target, &origin, &self.stop).await?;
            }
            return Ok(End::Planned(planned.plan, targets));
        }
        let planned_outputs: Vec<String> =
            planned.plan.outputs.iter().map(|output| output.name.clone()).collect();
        if planned.plan.streaming {
            let places = planned_outputs.into_iter().zip(targets).collect();
            return self
                .drive(item, planned, places, origin, torn, report)
                .await
                .map(|()| End::Delivered);
        }
        let admitted = self.admit(planned, report).await?;
        report.bytes_in = admitted.bytes.len() as u64;
        let (outputs, held) = self.compute(item, admitted, report).await?;
        let begun = Instant::now();
        let mut places: VecDeque<(String, Location)> =
            planned_outputs.into_iter().zip(targets).collect();
        let stop = self.stop.for_delivery();
        let mut deliveries = FuturesUnordered::new();
        for output in outputs {
            let place = places.iter().position(|(name, _)| *name == output.name);
            let Some((_, target)) = place.and_then(|place| places.remove(place)) else {
                return Err(unplanned(&output.name));
            };
            let (delivery, origin, stop) = (&self.delivery, &origin, &stop);
            deliveries.push(async move { delivery.put(target, output, origin, stop).await });
        }
        let mut failed = None;
        while let Some(delivered) = deliveries.next().await {
            match delivered {
                Ok(output) => {
                    report.bytes_out += output.bytes;
                    report.outputs.push(output);
                }
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        drop(held);
        report.outputs.sort_by(|a, b| a.location.cmp(&b.location));
        report.deliver_ms = ms(begun, Instant::now());
        failed.map_or(Ok(End::Delivered), Err)
    }

    /// Fetches as much of the object as its plan needs.
    pub(super) async fn plan(&self, item: &Item, read: &Arc<AtomicU64>) -> Result<Planned> {
        let job = Arc::clone(&self.flow.job);
        let name = item.name.clone();
        let buffers = Arc::clone(&self.buffers);
        let reading = self.reading(item, read);
        let (opened, mut planning) = match (&item.content, &item.location) {
            (Some(content), _) => {
                let opened = Opened::given(content.clone(), &buffers);
                let planning = self.plan_of(item, content, Some(opened.size)).await?;
                (opened, planning)
            }
            (None, Location::Path(path)) => {
                // One hop to a thread that may wait, for the file and for the plan.
                let path = path.clone();
                let open = move || {
                    let opened = fetch::open_file(&path, &buffers, reading)?;
                    let planning = plan(&*job, &name, &opened.head, opened.known_size())?;
                    Ok((opened, planning))
                };
                self.stop.guard(blocking(open)).await??
            }
            (None, Location::Database(database)) => return Err(database.is_no_source()),
            (None, Location::Stdio) => {
                let read = move || {
                    let opened = fetch::read_stdin(&buffers, reading)?;
                    let planning = plan(&*job, &name, &opened.head, opened.known_size())?;
                    Ok((opened, planning))
                };
                self.stop.guard(blocking(read)).await??
            }
            (None, Location::Object(address)) => {
                let when = match item.size {
                    _ if self.flow.dry_run => When::Never,
                    Some(size) if size > HEAD => When::Later,
                    _ => When::Now,
                };
                let stores = &self.flow.stores;
                let opened =
                    fetch::open_object(stores, address, &buffers, when, &self.stop).await?;
                let planning = self.plan_of(item, &opened.head, Some(opened.size)).await?;
                (opened, planning)
            }
        };
        let mut longer: Option<(Bytes, Reservation)> = None;
        loop {
            let known = longer.as_ref().map_or(opened.head.len(), |(bytes, _)| bytes.len()) as u64;
            match planning {
                Planning::Ready(plan) => return Ok(Planned { opened, plan, longer }),
                Planning::NeedsHead(_) if known >= opened.size => {
                    return Err(Error::new(
                        ErrorKind::Storage,
                        format!("the job `{}` wants more than all bytes", self.flow.job.name()),
                    ));
                }
                Planning::NeedsHead(count) => {
                    // Twice at least: a job that asks for a little more each time would read the object in crumbs.
                    let count = count.max(known * 2).max(HEAD).min(opened.size);
                    // Nothing is held while waiting for memory, or two such objects could wait for each other.
                    drop(longer.take());
                    let held = self.reserve(count).await?;
                    let bytes = opened.bytes(count, &self.stop).await?;
                    planning = self.plan_of(item, &bytes, Some(opened.size)).await?;
                    longer = Some((bytes, held));
                }
            }
        }
    }

    /// How `item` is read where it has no size. A job that refuses so many bytes, with one more to come, refuses all that
    /// may follow; what else it says of a part is not asked for.
    fn reading(&self, item: &Item, read: &Arc<AtomicU64>) -> Pipes {
        if self.flow.job.streams() {
            return Pipes::Head(self.stop.clone());
        }
        let (job, name) = (Arc::clone(&self.flow.job), item.name.clone());
        let refuse =
            move |bytes: &[u8]| match plan(&*job, &name, bytes, Some(bytes.len() as u64 + 1)) {
                Err(error) if error.kind() == ErrorKind::LimitExceeded => Err(error),
                _ => Ok(()),
            };
        Pipes::Whole(Reading {
            memory: self.budget.memory().clone(),
            turn: Arc::clone(&self.pipes),
            stop: self.stop.clone(),
            refuse: Box::new(refuse),
            count: Arc::clone(read),
        })
    }

    async fn plan_of(&self, item: &Item, bytes: &Bytes, size: Option<u64>) -> Result<Planning> {
        let (job, name, bytes) = (Arc::clone(&self.flow.job), item.name.clone(), bytes.clone());
        self.stop.guard(blocking(move || plan(&*job, &name, &bytes, size))).await?
    }

    /// Where the outputs will go; taken, so that no other object of this run writes there. `None` where the same source
    /// has taken them before.
    fn targets(
        &self,
        plan: &Plan,
        item: &Item,
        source: &Arc<str>,
    ) -> Result<Option<Vec<Location>>> {
        let destination = &self.flow.destination;
        let results = plan.outputs.iter().filter(|output| output.aside.is_none()).count();
        if destination.is_exact() && results > 1 {
            return Err(Error::invalid_options(format!(
                "`{source}` gives {results} outputs and the destination takes one"
            ))
            .with_hint("give a folder or a prefix"));
        }
        let targets: Vec<Location> = plan
            .outputs
            .iter()
            .map(|output| match output.aside {
                Some(suffix) if destination.is_exact() => destination.beside_exact(suffix),
                _ => destination.place(&item.location, &output.name),
            })
            .collect::<Result<_>>()?;
        // Nobody writes over another where one output follows the other.
        let is_free = self.flow.is_joined() || self.delivery.places.claim(&targets, source)?;
        Ok(is_free.then_some(targets))
    }

    async fn all_exist(&self, targets: &[Location]) -> Result<bool> {
        for target in targets {
            if !self.delivery.exists(target, &self.stop).await? {
                return Ok(false);
            }
        }
        Ok(!targets.is_empty())
    }

    /// The memory the work needs, if it can ever fit.
    pub(super) fn need(&self, planned: &Planned) -> Result<u64> {
        if planned.plan.streaming {
            // It takes fewer blocks at once where there is less.
            let need = planned.plan.peak_memory.saturating_add(self.held_by_the_edges(planned));
            return Ok(need.min(self.budget.memory().limit()));
        }
        let need = planned.plan.peak_memory;
        self.budget.memory().reserve(need).map(|_| need).map_err(|error| {
            Error::out_of_memory(format!("{error} ({})", planned.plan.summary))
                .with_hint("give it more memory, or leave this object out")
        })
    }

    /// Waits until `bytes` are free.
    pub(super) async fn reserve(&self, bytes: u64) -> Result<Reservation> {
        let memory = self.budget.memory();
        let admission = memory.reserve(bytes)?;
        // Idle buffers lie beside the ledger: where memory is short they are the first to go.
        let is_large = bytes > memory.limit() / 2;
        if is_large || bytes > memory.limit().saturating_sub(memory.used()) {
            self.buffers.give_up();
        }
        let held = self.stop.guard(admission).await?;
        if is_large {
            // Those that came back meanwhile.
            self.buffers.give_up();
        }
        Ok(held)
    }

    /// Waits until the memory for the work is free, then fetches the rest.
    async fn admit(&self, planned: Planned, report: &mut ItemReport) -> Result<Admitted> {
        let need = self.need(&planned)?;
        let Planned { mut opened, longer, .. } = planned;
        let memory = self.budget.memory();
        let begun = Instant::now();
        if let Some(held) = opened.held.take() {
            self.buffers.give_up();
            let grow = move || held.into_parts(need);
            let (before, held) = self.stop.guard(blocking(grow)).await??;
            report.queue_ms += ms(begun, Instant::now());
            return Ok(Admitted { bytes: opened.head, need, held, before });
        }
        // The longer head is kept where the memory besides it is free now, and read again where it is not.
        let (held, kept) = match longer {
            Some((bytes, before)) => {
                match memory.try_reserve(need.saturating_sub(before.bytes())) {
                    Ok(held) => (held, Some((bytes, before))),
                    Err(_) => {
                        drop((bytes, before));
                        (self.reserve(need).await?, None)
                    }
                }
            }
            None => (self.reserve(need).await?, None),
        };
        let admitted = Instant::now();
        report.queue_ms += ms(begun, admitted);
        let verified = Arc::clone(&opened.verified);
        let (bytes, before) = match kept {
            Some((bytes, before)) if bytes.len() as u64 == opened.size => (bytes, vec![before]),
            kept => {
                let before = kept.map(|(_, before)| before).into_iter().collect();
                let bytes = if opened.is_whole() {
                    opened.head
                } else {
                    opened.bytes(opened.size, &self.stop).await?
                };
                (bytes, before)
            }
        };
        report.verified = verified.get().copied();
        report.fetch_ms += ms(admitted, Instant::now());
        Ok(Admitted { bytes, need, held, before })
    }

    /// Runs the job on the pool. What is left of the reservation covers the outputs.
    async fn compute(
        &self,
        item: &Item,
        admitted: Admitted,
        report: &mut ItemReport,
    ) -> Result<(Vec<Output>, Reservation)> {
        let Admitted { bytes, need, held, before } = admitted;
        let budget = self.budget.within(Memory::limited(need));
        let (job, name) = (Arc::clone(&self.flow.job), item.name.clone());
        let queued = Instant::now();
        // The reservation travels with the work: dropped here, work that still runs would hold memory uncounted.
        let work = move |budget: &_| {
            let begun = Instant::now();
            let mut sink = MemorySink::default();
            let tally = job.run(Source::bytes(&name, &bytes), &mut sink, budget);
            drop((bytes, before));
            let mut held = held;
            held.shrink_to(sink.outputs.iter().map(|output| output.bytes.len() as u64).sum());
            (begun, Instant::now(), tally, sink.outputs, held)
        };
        let work = brawn::compute_on(&self.flow.pool, &budget, work);
        let (begun, ended, tally, outputs, held) = self.stop.await_end(work).await??;
        report.queue_ms += ms(queued, begun);
        report.compute_ms = ms(begun, ended);
        let tally = tally?;
        report.warnings = tally.warnings;
        report.facts = tally.facts.into_iter().collect();
        Ok((outputs, held))
    }
}

fn plan(job: &dyn Job, name: &str, bytes: &[u8], size: Option<u64>) -> Result<Planning> {
    job.plan(&Head { name, bytes, size })
}
