//! One object's way through a job that streams: a driver on a thread that may wait, its blocks on the pool.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use brawn_core::{Budget, ItemReport, Memory, Result, Sink, Tally};

use super::Run;
use super::journey::{Planned, ms};
use crate::deliver::{Origin, Outputs};
use crate::fetch::blocking;
use crate::input::{self, Input};
use crate::location::Location;
use crate::select::Item;
use crate::{store, tables};

impl Run<'_> {
    /// The memory that fetching and delivering hold beside the job.
    pub(super) fn held_by_the_edges(&self, planned: &Planned) -> u64 {
        let input = if planned.opened.is_remote() { input::HELD } else { 0 };
        let output = if self.loads.is_some() {
            tables::HELD
        } else if self.flow.destination.is_remote() && !planned.plan.outputs.is_empty() {
            store::HELD
        } else {
            0
        };
        // What is small holds no more than itself, twice where it grows on the way.
        (input + output).min(planned.opened.known_size().map_or(u64::MAX, |size| 4 * size))
    }

    /// Runs the job on a driver of its own, and delivers while it runs. `torn` as in [`Outputs`].
    pub(super) async fn drive(
        &self,
        item: &Item,
        planned: Planned,
        places: VecDeque<(String, Location)>,
        origin: Origin,
        torn: &Arc<AtomicBool>,
        report: &mut ItemReport,
    ) -> Result<()> {
        let attributes = planned.opened.attributes.clone().filter(|_| self.flow.keep_attributes);
        let stop = self.stop.for_delivery();
        let (delivery, torn) = (self.delivery.clone(), Arc::clone(torn));
        let outputs = Outputs::new(delivery, places, origin, stop, attributes, torn);
        let end = |outputs: Outputs, tally, _: &Budget| (tally, outputs.written);
        let (tally, written) = self.driver(item, planned, outputs, end, report).await?;
        report.bytes_out = written.iter().map(|output| output.bytes).sum();
        report.outputs = written;
        report.outputs.sort_by(|a, b| a.location.cmp(&b.location));
        let tally: Tally = tally?;
        report.warnings = tally.warnings;
        report.facts = tally.facts.into_iter().collect();
        Ok(())
    }

    /// Runs the job on a driver of its own, within the memory it needs; `end` says, on the driver, what became of it.
    pub(super) async fn driver<S: Sink + 'static, T: Send + 'static>(
        &self,
        item: &Item,
        planned: Planned,
        mut sink: S,
        end: impl FnOnce(S, Result<Tally>, &Budget) -> T + Send + 'static,
        report: &mut ItemReport,
    ) -> Result<T> {
        let begun = Instant::now();
        let edges = self.held_by_the_edges(&planned);
        let need = self.need(&planned)?;
        let Planned { opened, longer, plan } = planned;
        drop(longer);
        // Nothing to wait for: neither bytes nor a place to write to. One thread less to wake, of three for a small file.
        let never_waits = opened.is_whole() && plan.outputs.is_empty() && self.loads.is_none();
        let held = self.reserve(need).await?;
        report.queue_ms += ms(begun, Instant::now());
        let for_the_job = Memory::limited(need.saturating_sub(edges));
        let budget = self.budget.within(for_the_job).on(&self.flow.pool);
        // Dropping this future ends the driver.
        let _cancel = budget.cancel_on_drop();
        let read = Arc::new(AtomicU64::new(0));
        let verified = Arc::clone(&opened.verified);
        let mut input = Input::start(opened, self.stop.clone(), Arc::clone(&read))?;
        let (job, name) = (Arc::clone(&self.flow.job), item.name.clone());
        let driving = Instant::now();
        let work = move |budget: &Budget| {
            let tally = job.run(input.source(&name), &mut sink, budget);
            let ended = end(sink, tally, budget);
            drop(held);
            ended
        };
        let driven = if never_waits {
            self.stop.await_end(brawn::compute_on(&self.flow.pool, &budget, work)).await
        } else {
            let driver = move || Ok(work(&budget));
            self.stop.await_end(blocking(driver)).await
        }
        .and_then(|driven| driven);
        report.bytes_in = read.load(Ordering::Relaxed);
        report.verified = verified.get().copied();
        report.compute_ms = ms(driving, Instant::now());
        driven
    }
}
