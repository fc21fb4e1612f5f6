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
    accepts: Option<&'static [&'static str]>,
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
        let (job, accepts) = (recipe.clone().into_job()?.into(), recipe.extensions());
        Ok(Setup { recipe, job, accepts, route })
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
            .accepts(self.accepts)
            .skip_existing(self.route.skip_existing)
            .dry_run(self.route.dry_run)
            .cache_control(self.route.cache_control.clone())
    }

    /// Checks what can be checked before an event comes.
    pub(crate) fn check(&self) -> Result<()> {
        self.to().map(drop)
    }
}
