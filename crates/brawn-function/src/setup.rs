//! From a recipe as JSON to something that can run.

use std::sync::Arc;

use brawn_core::{Error, Job, Result};
use brawn_edge::{Destination, Flow, Location, Route, Stores};
use brawn_jobs::Recipe;
use serde_json::Value;

/// A recipe that was checked: a job and where its outputs go.
#[derive(Clone)]
pub(crate) struct Setup {
    recipe: Recipe,
    job: Arc<dyn Job>,
    pub(crate) route: Route,
}

impl Setup {
    /// Reads the flat recipe, route and options together.
    ///
    /// # Errors
    /// The field that is wrong, what it holds, and what would be right.
    pub(crate) fn parse(recipe: Value) -> Result<Setup> {
        let (route, options) = Route::split(recipe)?;
        let recipe = Recipe::from_json(&options)?;
        recipe.for_function()?;
        if route.sources.contains(&Location::Stdio) {
            return Err(Error::invalid_options(
                "`sources` has `-`, and a function has no stdin for data",
            )
            .with_hint("name what to work on: \"sources\": [\"s3://bucket/photos/\"]"));
        }
        let job = recipe.clone().into_job()?.into();
        Ok(Setup { recipe, job, route })
    }

    /// The flow to where the route says, for objects that come by an event.
    pub(crate) fn flow_of_event(&self, stores: &Stores) -> Result<Flow> {
        let to = self.to()?;
        let to = Destination::folder(to).with_tables(self.route.tables())?;
        Ok(self.flow(Arc::clone(&self.job), stores, to))
    }

    /// The flow for the route's own sources.
    pub(crate) fn flow_of_sources(&self, stores: &Stores) -> Result<Flow> {
        let to = self.to()?;
        let destination = Destination::resolve(to.clone(), &self.route.sources)?
            .with_tables(self.route.tables())?;
        let job = match to.extension() {
            Some(extension) if destination.is_exact() => {
                self.recipe.clone().written_to(&to.to_string(), &extension)?.into_job()?.into()
            }
            _ => Arc::clone(&self.job),
        };
        Ok(self.flow(job, stores, destination))
    }

    /// The flow for an object that the event brings.
    pub(crate) fn flow_of_data(&self, stores: &Stores) -> Result<Flow> {
        // One object from nowhere: what standard input is.
        let destination = Destination::resolve(self.to()?, &[Location::Stdio])?
            .with_tables(self.route.tables())?;
        Ok(self.flow(Arc::clone(&self.job), stores, destination))
    }

    /// The job, for an object that the event brings.
    ///
    /// # Errors
    /// Where the job is not one that makes a document of another.
    pub(crate) fn job_of_data(&self) -> Result<Arc<dyn Job>> {
        let job = self.recipe.job();
        if !self.recipe.replies() {
            return Err(Error::invalid_options(format!(
                "the event has `data`, and the job `{job}` takes objects"
            ))
            .with_hint("name them: \"sources\": [\"s3://bucket/photos/\"]"));
        }
        if !self.route.sources.is_empty() {
            return Err(Error::invalid_options("the event has `data` and `sources`: takes one"));
        }
        Ok(Arc::clone(&self.job))
    }

    fn to(&self) -> Result<Location> {
        match self.route.to.clone() {
            // Its result is the report.
            None if !self.recipe.writes() => Ok(Location::Stdio),
            None => Err(Error::invalid_options("the recipe has no `to`")
                .with_hint("say where outputs go: \"to\": \"s3://bucket/thumbs/\"")),
            Some(Location::Stdio) => {
                Err(Error::invalid_options("`to` is `-`, and a function has no stdout for data"))
            }
            Some(Location::Path(path)) if path.is_relative() => Err(Error::invalid_options(
                format!("`to` is `{}`, a folder of the function's own disk", path.display()),
            )
            .with_hint(format!("for a bucket write `s3://{}`", path.display()))),
            Some(to) => Ok(to),
        }
    }

    fn flow(&self, job: Arc<dyn Job>, stores: &Stores, destination: Destination) -> Flow {
        Flow::new(job, brawn::pool(), stores.clone(), destination)
            .accepts(self.recipe.extensions())
            .passes_over(self.recipe.passed_over())
            .asked(&self.recipe.question())
            .skip_existing(self.route.skip_existing)
            .dry_run(self.route.dry_run)
            .cache_control(self.route.cache_control.clone())
    }

    /// Checks what can be checked before an event comes.
    pub(crate) fn check(&self) -> Result<()> {
        // Events may bring data, of which the result is the reply.
        if self.route.to.is_none() && self.recipe.replies() {
            return Ok(());
        }
        self.to().map(drop)
    }
}
