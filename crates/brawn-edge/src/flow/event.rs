//! An event through a flow.

use std::sync::Arc;

use brawn_core::{Budget, ItemReport, Status, Stopwatch, Summary, Vcpus};

use super::{Flow, Outcome, places};
use crate::deliver::Places;
use crate::events::{Batch, Created, Event, Origin, Record};
use crate::location::Location;
use crate::recursion;
use crate::select::{Item, Listed, Selection};
use crate::stop::Stop;

/// What the parts of one event share.
struct Part<'a> {
    places: &'a Arc<Places>,
    stop: &'a Stop,
    budget: &'a Budget,
}

impl Flow {
    /// Runs every object that `event` names, as [`run_items`](Flow::run_items), and says which messages failed.
    ///
    /// An object lying in the destination, or written by brawn into the destination's bucket, is left alone: its outputs
    /// would trigger the function again. Messages of a first-in-first-out queue are done one after the other up to the
    /// first that fails; that two of them want to write one output is as much a failure of the second as in any run.
    pub async fn run_event(
        &self,
        event: &Event,
        budget: &Budget,
        mut each: impl FnMut(Outcome),
    ) -> (Summary, Batch) {
        let stopwatch = Stopwatch::start();
        let mut summary = Summary::default();
        let mut batch = Batch::of(event);
        let objects = event.objects();
        let (stop, _watch) = Stop::watch(budget);
        // Not what will be left alone: an output of before may be written again.
        let sources: Vec<Location> = objects
            .iter()
            .filter(|(created, _)| {
                recursion::refusal(&self.destination, &created.address).is_none()
            })
            .map(|(created, _)| created.address.clone().into())
            .collect();
        let listing = self.listing(Listed::given(objects.len()), &stop);
        // One for all messages, also where they are done one after the other.
        let run = Part { places: &places(&listing, &sources), stop: &stop, budget };
        if event.origin == (Origin::Sqs { fifo: true }) {
            for index in 0..event.messages.len() {
                if batch.has_failed() {
                    break;
                }
                let own = objects.iter().filter(|(_, messages)| messages.first() == Some(&index));
                let own: Vec<_> = own.cloned().collect();
                let range = index..=index;
                self.run_part(event, range, own, &run, &mut batch, |outcome| {
                    summary.add(&outcome.report);
                    each(outcome);
                })
                .await;
            }
        } else {
            let range = 0..=event.messages.len().saturating_sub(1);
            self.run_part(event, range, objects, &run, &mut batch, |outcome| {
                summary.add(&outcome.report);
                each(outcome);
            })
            .await;
        }
        let vcpus = self.vcpus.unwrap_or_else(Vcpus::detect);
        summary.finish(stopwatch.read(), self.pool.workers(), &vcpus);
        (summary, batch)
    }

    /// Runs the messages of `range`, of which `objects` are the objects.
    async fn run_part(
        &self,
        event: &Event,
        range: std::ops::RangeInclusive<usize>,
        objects: Vec<(Created, Vec<usize>)>,
        part: &Part<'_>,
        batch: &mut Batch,
        mut each: impl FnMut(Outcome),
    ) {
        for (index, message) in event.messages.iter().enumerate() {
            if !range.contains(&index) {
                continue;
            }
            let named =
                || message.id.as_ref().map_or("event".to_owned(), |id| format!("message {id}"));
            match &message.records {
                Ok(records) => {
                    for record in records {
                        if let Record::Ignored { what, reason } = record {
                            let report = ItemReport {
                                reason: Some(reason.clone()),
                                ..ItemReport::new(what, Status::Skipped)
                            };
                            each(Outcome { tag: index, ..Outcome::of(report) });
                        }
                    }
                }
                Err(error) => {
                    batch.fail(index);
                    let report = ItemReport::ended(named(), error);
                    each(Outcome { tag: index, ..Outcome::of(report) });
                }
            }
        }
        let items = objects.iter().enumerate().map(|(place, (created, _))| Item {
            // The whole key: objects of one bucket that differ in their folder differ in their outputs.
            name: created.address.key.clone(),
            size: created.size,
            tag: place,
            from_event: true,
            ..Item::new(Location::Object(created.address.clone()))
        });
        let selection = Selection::Given(items.collect::<Vec<_>>().into_iter());
        let Part { places, stop, budget } = part;
        let places = Arc::clone(places);
        self.run_selection(selection, true, places, (*stop).clone(), budget, |outcome| {
            let messages = objects.get(outcome.tag).map(|(_, messages)| messages.as_slice());
            let messages = messages.unwrap_or_default();
            if !matches!(outcome.report.status, Status::Ok | Status::Skipped) {
                messages.iter().for_each(|message| batch.fail(*message));
            }
            each(Outcome { tag: messages.first().copied().unwrap_or_default(), ..outcome });
        })
        .await;
    }
}
