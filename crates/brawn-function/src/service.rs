//! One invocation: an event in, a report out.

use std::sync::Arc;

use brawn::metrics::{self, Unit};
use brawn_core::{Budget, Error, Result, Status, Summary};
use brawn_edge::{Outcome, Stores, events};
use serde_json::{Map, Value};

use crate::event::{Event, Reply};
use crate::inline;
use crate::items::{Items, Times};
use crate::setup::Setup;

/// The function between invocations.
#[derive(Clone)]
pub(crate) struct Service {
    setup: Option<Arc<Setup>>,
    defaults: Option<Map<String, Value>>,
    stores: Stores,
}

impl Service {
    /// Reads `BRAWN_RECIPE` and makes ready what the first invocation should not wait for.
    ///
    /// # Errors
    /// When the recipe is wrong: it names the field.
    pub(crate) fn from_env() -> Result<Service> {
        let recipe = std::env::var("BRAWN_RECIPE").ok().filter(|text| !text.trim().is_empty());
        Service::new(recipe.as_deref(), Stores::from_env())
    }

    fn new(recipe: Option<&str>, stores: Stores) -> Result<Service> {
        let (mut setup, mut defaults) = (None, None);
        if let Some(text) = recipe {
            let in_recipe = |error: Error| {
                let hint = error.hint().unwrap_or_default().to_owned();
                Error::invalid_options(format!("BRAWN_RECIPE: {error}")).with_hint(hint)
            };
            let value: Value = serde_json::from_str(text).map_err(|error| {
                in_recipe(Error::invalid_options(format!("is not JSON: {error}")))
            })?;
            let checked = Setup::parse(value.clone()).map_err(in_recipe)?;
            checked.check().map_err(in_recipe)?;
            setup = Some(Arc::new(checked));
            defaults = value.as_object().cloned();
        }
        Ok(Service { setup, defaults, stores })
    }

    /// Answers one event.
    ///
    /// # Errors
    /// When the event or its recipe cannot be understood; when nobody waits for the reply and something failed that
    /// may succeed when Lambda tries again.
    pub(crate) async fn invoke(&self, event: Event, request_id: &str) -> Result<Reply> {
        let budget = brawn::budget();
        if event.is_direct() {
            return self.direct(event, &budget, request_id).await;
        }
        let event = events::read(&Value::Object(event.fields))?;
        let setup = self.setup.as_ref().ok_or_else(|| {
            Error::invalid_options("BRAWN_RECIPE is not set, so nobody said what to do with objects").with_hint(
                "set it to a recipe such as {\"job\":\"image\",\"width\":[800],\"to\":\"s3://bucket/thumbs/\"}",
            )
        })?;
        let flow = setup.flow_of_event(&self.stores)?;
        let mut items = Items::default();
        let (summary, batch) = flow
            .run_event(&event, &budget, |outcome| {
                log_item(&outcome, request_id);
                items.add(outcome);
            })
            .await;
        measure(&items.times, &summary);
        match batch.reply() {
            Some(reply) => Ok(Reply::Report(reply)),
            None => items
                .to_try_again(&summary)
                .map_or_else(|| Ok(Reply::Report(items.reply(&summary))), Err),
        }
    }

    /// A recipe with its sources, or its data, in the event itself. Without a `job` it is `BRAWN_RECIPE`, changed by what it
    /// brings.
    async fn direct(&self, event: Event, budget: &Budget, request_id: &str) -> Result<Reply> {
        let mut recipe = self.defaults.clone().unwrap_or_default();
        // An event that names its job is whole, as `--print-event` prints it: what it leaves out has its default.
        if event.fields.contains_key("job") {
            recipe.clear();
        }
        if event.data.is_some() && !event.fields.contains_key("sources") {
            recipe.remove("sources");
        }
        recipe.extend(event.fields);
        let setup = Setup::parse(Value::Object(recipe))?;
        let mut items = Items::default();
        let mut each = |outcome: Outcome| {
            log_item(&outcome, request_id);
            items.add(outcome);
        };
        let summary = if let Some(data) = event.data {
            let job = setup.job_of_data()?;
            if setup.route.to.is_none() {
                return inline::reply(job, data, budget, request_id).await.map(Reply::Document);
            }
            let flow = setup.flow_of_data(&self.stores)?;
            flow.run_items(vec![inline::item(data).await?], budget, &mut each).await
        } else {
            if setup.route.sources.is_empty() {
                return Err(Error::invalid_options("the event has no `sources`")
                    .with_hint("name what to work on: \"sources\": [\"s3://bucket/photos/\"]"));
            }
            let flow = setup.flow_of_sources(&self.stores)?;
            flow.run(&setup.route.sources, budget, &mut each).await
        };
        measure(&items.times, &summary);
        // Somebody waits for this reply, and it says what became of each item.
        Ok(Reply::Report(items.reply(&summary)))
    }
}

pub(crate) fn log_item(outcome: &Outcome, request_id: &str) {
    let item = &outcome.report;
    let status = format!("{:?}", item.status).to_lowercase();
    match item.status {
        Status::Ok | Status::Skipped => tracing::info!(
            request_id,
            source = item.source,
            status,
            reason = item.reason,
            outputs = item.outputs.len(),
            bytes_in = item.bytes_in,
            bytes_out = item.bytes_out,
            ms = item.ms,
            fetch_ms = item.fetch_ms,
            queue_ms = item.queue_ms,
            compute_ms = item.compute_ms,
            deliver_ms = item.deliver_ms,
            "item"
        ),
        Status::Rejected | Status::Failed | Status::Deadline => tracing::error!(
            request_id,
            source = item.source,
            status,
            reason = item.reason,
            bytes_in = item.bytes_in,
            ms = item.ms,
            "item"
        ),
    }
}

/// What the run adds to the invocation's record; the rest of the summary is there already.
pub(crate) fn measure(times: &Times, summary: &Summary) {
    let counts = [
        ("items", summary.items),
        ("ok", summary.ok),
        ("rejected", summary.rejected),
        ("failed", summary.failed),
        ("skipped", summary.skipped),
        ("deadline", summary.deadline),
        ("outputs", summary.outputs),
    ];
    for (name, count) in counts {
        metrics::add(name, count as f64, Unit::Count);
    }
    metrics::add("bytes_in", summary.bytes_in as f64, Unit::Bytes);
    metrics::add("bytes_out", summary.bytes_out as f64, Unit::Bytes);
    if summary.wall_ms > 0.0 {
        let per_second = summary.bytes_in as f64 / summary.wall_ms * 1e3;
        metrics::add("bytes_per_second", per_second, Unit::BytesPerSecond);
    }
    metrics::add("fetch_ms", times.fetch_ms, Unit::Milliseconds);
    metrics::add("admission_ms", times.queue_ms, Unit::Milliseconds);
    metrics::add("deliver_ms", times.deliver_ms, Unit::Milliseconds);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(recipe: &str) -> Result<Service> {
        Service::new(Some(recipe), Stores::from_variables([]))
    }

    #[test]
    fn a_wrong_recipe_is_named_at_init() {
        for (recipe, says) in [
            ("{", "is not JSON"),
            (r#"{"job":"image","widht":[1],"to":"s3://b/"}"#, "widht"),
            (r#"{"job":"image","width":["a"],"to":"s3://b/"}"#, "width"),
            (r#"{"job":"image","quality":0,"to":"s3://b/"}"#, "quality"),
            (r#"{"job":"imgae","to":"s3://b/"}"#, "imgae"),
            (r#"{"job":"image","width":800}"#, "`to`"),
            (r#"{"job":"image","to":"-"}"#, "`to`"),
            (r#"{"job":"image","to":"my-thumbs/"}"#, "`my-thumbs/`, a folder"),
        ] {
            let error = service(recipe).err().expect(recipe);
            assert!(error.to_string().starts_with("BRAWN_RECIPE: "), "{error}");
            assert!(error.to_string().contains(says), "{error}");
        }
        service(r#"{"job":"image","width":800,"to":"s3://b/"}"#).expect("a good recipe");
    }

    #[cfg(feature = "encrypt")]
    #[test]
    fn keys_come_from_no_stdin() {
        for (recipe, says) in [
            (r#"{"job":"decrypt","identity_file":"-","to":"s3://b/"}"#, "`identity_file` is `-`"),
            (r#"{"job":"decrypt","passphrase_file":"-","to":"s3://b/"}"#, "no stdin"),
            (r#"{"job":"encrypt","recipients_file":["-"],"to":"s3://b/"}"#, "`recipients_file`"),
            (r#"{"job":"encrypt","passphrase_file":"-","to":"s3://b/"}"#, "`passphrase_file`"),
        ] {
            let error = service(recipe).err().expect(recipe);
            assert!(error.to_string().contains(says), "{error}");
            let event = Setup::parse(serde_json::from_str(recipe).expect("JSON")).err();
            assert!(event.expect(recipe).to_string().contains(says));
        }
    }
}
