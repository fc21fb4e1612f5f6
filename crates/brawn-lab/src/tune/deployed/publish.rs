//! A version with an alias for each memory size, by Power Tuning's steps: change `$LATEST`, wait, publish, name.

use std::future::Future;
use std::time::{Duration, Instant};

use aws_sdk_lambda::types::{LastUpdateStatus, State};
use brawn_core::{Error, ErrorKind, Result};

use super::changes::Version;
use super::client::Failure;
use super::{Deployed, Now, Stop};

/// How long an update or a new version may take; as long as Power Tuning waits.
const LONGEST: Duration = Duration::from_secs(900);
/// How long somebody else's update may be in the way.
const PATIENCE: Duration = Duration::from_secs(120);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// The longest description. Source: Lambda API reference, `Description`.
const DESCRIPTION: usize = 256;

/// What is between the description that was there and the tuner's.
const JOINT: &str = " - ";
/// What the tuner's has in it.
const MARK: &str = " (brawn tune ";

/// The description and the memory size, in MB, that were there before a tuning that was killed; none for others' descriptions.
pub(super) fn before(description: &str) -> Option<(&str, u32)> {
    let (start, end) = description.rsplit_once(MARK)?;
    let memory_mb = end.strip_suffix(" MB)")?.rsplit_once(", was ")?.1.parse().ok()?;
    Some((start.rsplit_once(JOINT).map_or("", |(before, _)| before), memory_mb))
}

/// A size and its alias, `RAM512`, or `RAM512-3` for the fourth of the cold starts.
#[derive(Clone, Debug)]
pub(super) struct Planned {
    pub(super) memory_mb: u32,
    pub(super) alias: String,
}

/// In the order of the sizes; `cold_starts` is how many each size needs one for.
pub(super) fn plan(sizes: &[u32], cold_starts: Option<usize>) -> Vec<Planned> {
    let of = |memory_mb: &u32| {
        let memory_mb = *memory_mb;
        let name = format!("RAM{memory_mb}");
        let aliases = match cold_starts {
            None => vec![name],
            Some(num) => (0..num).map(|index| format!("{name}-{index}")).collect(),
        };
        aliases.into_iter().map(move |alias| Planned { memory_mb, alias }).collect::<Vec<_>>()
    };
    sizes.iter().flat_map(of).collect()
}

/// Pauses that grow.
pub(super) struct Pauses(Duration);

impl Pauses {
    pub(super) fn new() -> Pauses {
        Pauses(FIRST_PAUSE)
    }

    pub(super) fn next(&mut self) -> Duration {
        let pause = self.0;
        self.0 = (self.0 * 2).min(LONGEST_PAUSE);
        pause
    }
}

impl Deployed {
    /// The description of the version behind `alias`: it makes the configuration a new one, without which Lambda publishes
    /// nothing and answers with a version that was there before.
    fn description(&self, alias: &str) -> String {
        let mark = format!("{alias}{MARK}{}, was {} MB)", self.run, self.original.memory_mb);
        let room = DESCRIPTION.saturating_sub(mark.len() + JOINT.len());
        let before: String = self.original.description.chars().take(room).collect();
        if before.is_empty() { mark } else { format!("{before}{JOINT}{mark}") }
    }

    /// Publishes one. `Ok(Err(..))` is what Lambda has against that size.
    pub(super) async fn publish(
        &self,
        planned: &Planned,
        stop: &Stop,
    ) -> Result<Result<Version, String>> {
        let name = &self.target.name;
        let description = self.description(&planned.alias);
        self.changes.configures(planned.memory_mb, &description);
        match self.configure(Some(planned.memory_mb), Some(&description)).await {
            Ok(()) => {}
            Err(failure)
                if failure.is("InvalidParameterValueException")
                    || failure.is("ValidationException") =>
            {
                return Ok(Err(failure.message));
            }
            Err(failure) => {
                return Err(failure.into_error("lambda:UpdateFunctionConfiguration", name));
            }
        }
        let now = stop.unless(self.settled()).await??;
        if now.update == Some(LastUpdateStatus::Failed) {
            return Err(Error::new(
                ErrorKind::Storage,
                format!("Lambda could not update `{name}`: {}", now.reason),
            ));
        }
        let published = self
            .patiently(|| {
                self.client
                    .publish_version()
                    .function_name(&self.target.id)
                    .code_sha256(&self.original.code_sha256)
                    .send()
            })
            .await;
        let published = published.map_err(|failure| {
            if failure.code.is_none() {
                self.changes.may_have_published(&description);
            }
            failure.into_error("lambda:PublishVersion", name)
        })?;
        let version = published.version().and_then(Version::parse);
        let ours = published.description() == Some(description.as_str());
        let (Some(version), true) = (version, ours) else {
            return Err(self.changed_by_others());
        };
        self.changes.published(&version);
        let memory_mb = published.memory_size().and_then(|size| u32::try_from(size).ok());
        let code = published.code_sha256().unwrap_or_default();
        if memory_mb != Some(planned.memory_mb) || code != self.original.code_sha256 {
            return Err(self.changed_by_others());
        }
        self.changes.names(&planned.alias, &version);
        self.patiently(|| {
            self.client
                .create_alias()
                .function_name(&self.target.id)
                .name(&planned.alias)
                .function_version(version.as_str())
                .description(format!(
                    "brawn tune {}; $LATEST had {} MB",
                    self.run, self.original.memory_mb
                ))
                .send()
        })
        .await
        .map_err(|failure| failure.into_error("lambda:CreateAlias", name))?;
        Ok(Ok(version))
    }

    fn changed_by_others(&self) -> Error {
        Error::new(
            ErrorKind::Storage,
            format!("`{}` was changed by somebody else meanwhile", self.target.name),
        )
        .with_hint("tune it when nobody deploys it")
    }

    /// Sets what is given of `$LATEST`.
    pub(super) async fn configure(
        &self,
        memory_mb: Option<u32>,
        description: Option<&str>,
    ) -> Result<(), Failure> {
        let memory = memory_mb.and_then(|size| i32::try_from(size).ok());
        self.patiently(|| {
            self.client
                .update_function_configuration()
                .function_name(&self.target.id)
                .set_memory_size(memory)
                .set_description(description.map(str::to_owned))
                .send()
        })
        .await
        .map(drop)
    }

    /// `$LATEST` when no update of it is in progress.
    pub(super) async fn settled(&self) -> Result<Now> {
        let until = Instant::now() + LONGEST;
        let mut pauses = Pauses::new();
        loop {
            let now = self.now(None).await?;
            if now.update != Some(LastUpdateStatus::InProgress) {
                return Ok(now);
            }
            if Instant::now() >= until {
                return Err(Error::new(
                    ErrorKind::Unavailable,
                    format!("an update of `{}` takes more than 15 minutes", self.target.name),
                ));
            }
            tokio::time::sleep(pauses.next()).await;
        }
    }

    /// Waits until `version` can be invoked; what Lambda says where it never will.
    pub(super) async fn active(&self, version: &Version) -> Result<Result<(), String>> {
        let until = Instant::now() + LONGEST;
        let mut pauses = Pauses::new();
        loop {
            let now = self.now(Some(version.as_str())).await?;
            match now.state {
                Some(State::Pending) if Instant::now() < until => {}
                Some(State::Pending) => {
                    return Ok(Err("its version is pending for more than 15 minutes".to_owned()));
                }
                Some(State::Failed) => return Ok(Err(now.reason)),
                _ => return Ok(Ok(())),
            }
            tokio::time::sleep(pauses.next()).await;
        }
    }

    /// Asks again while somebody else's update is in the way.
    pub(super) async fn patiently<T, E, F>(&self, mut ask: impl FnMut() -> F) -> Result<T, Failure>
    where
        E: Into<Failure>,
        F: Future<Output = Result<T, E>>,
    {
        let until = Instant::now() + PATIENCE;
        let mut pauses = Pauses::new();
        loop {
            match ask().await.map_err(Into::into) {
                Err(failure) if in_the_way(&failure) && Instant::now() < until => {
                    tokio::time::sleep(pauses.next()).await;
                }
                other => return other,
            }
        }
    }
}

/// Not the conflict with an alias that is there already: that stays.
fn in_the_way(failure: &Failure) -> bool {
    failure.is_conflict() && !failure.message.contains("already exists")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_tells_what_was_there_before() {
        let marked = "makes - thumbs - RAM512-3 (brawn tune 1a2b3c4d, was 1769 MB)";
        assert_eq!(before(marked), Some(("makes - thumbs", 1769)));
        assert_eq!(before("RAM512 (brawn tune 1a2b3c4d, was 128 MB)"), Some(("", 128)));
        for others in ["", "makes thumbs", "for (brawn tune users)"] {
            assert_eq!(before(others), None, "{others}");
        }
    }

    #[test]
    fn aliases_are_named_as_power_tuning_names_them() {
        let names = |plan: Vec<Planned>| {
            plan.into_iter().map(|one| one.alias).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(names(plan(&[128, 512], None)), "RAM128 RAM512");
        assert_eq!(names(plan(&[128, 512], Some(2))), "RAM128-0 RAM128-1 RAM512-0 RAM512-1");
    }
}
