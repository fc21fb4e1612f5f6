//! What was changed about a function, so that it can be taken back: by who changed it, and nothing else.

use std::sync::{Mutex, MutexGuard, PoisonError};

use brawn_core::Result;

use super::Deployed;
use super::client::Failure;

/// A published version. Deleting a function without one deletes all of it, so it is nothing but digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Version(String);

impl Version {
    /// None for `$LATEST`, and for what is no version.
    pub(super) fn parse(text: &str) -> Option<Version> {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        (digits && text != "0").then(|| Version(text.to_owned()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// What is there that was not there before.
#[derive(Debug, Default)]
pub(super) struct Changes(Mutex<Made>);

#[derive(Clone, Debug, Default)]
struct Made {
    /// Memory sizes and descriptions that `$LATEST` was to have.
    configured: Vec<(u32, String)>,
    /// Aliases with the versions that they were made for.
    aliases: Vec<(String, Version)>,
    versions: Vec<Version>,
    /// Descriptions of versions that may have been published without an answer.
    lost: Vec<String>,
}

impl Changes {
    fn made(&self) -> MutexGuard<'_, Made> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Before it is asked for, as an answer may be lost.
    pub(super) fn configures(&self, memory_mb: u32, description: &str) {
        self.made().configured.push((memory_mb, description.to_owned()));
    }

    pub(super) fn published(&self, version: &Version) {
        self.made().versions.push(version.clone());
    }

    pub(super) fn may_have_published(&self, description: &str) {
        self.made().lost.push(description.to_owned());
    }

    /// Before it is asked for.
    pub(super) fn names(&self, alias: &str, version: &Version) {
        self.made().aliases.push((alias.to_owned(), version.clone()));
    }
}

impl Deployed {
    /// What is still changed, each with the command that takes it back; empty before and after.
    pub fn changed(&self) -> Vec<String> {
        let made = self.changes.made().clone();
        let mut commands = Vec::new();
        if !made.configured.is_empty() {
            commands.push(self.command_to_restore());
        }
        commands.extend(made.aliases.iter().map(|(alias, _)| self.command_without_alias(alias)));
        commands.extend(made.versions.iter().map(|version| self.command_without(version)));
        commands.extend(made.lost.iter().map(|description| {
            format!(
                "a version described as `{description}` may be there: aws lambda list-versions-by-function {}",
                self.words()
            )
        }));
        commands
    }

    fn words(&self) -> String {
        format!("--region {} --function-name {}", self.region, self.target.id)
    }

    fn command_to_restore(&self) -> String {
        self.command_to_configure(self.original.memory_mb, &self.original.description)
    }

    pub(super) fn command_to_configure(&self, memory_mb: u32, description: &str) -> String {
        let description = description.replace('\'', "'\\''");
        format!(
            "aws lambda update-function-configuration {} --memory-size {memory_mb} --description '{description}'",
            self.words(),
        )
    }

    pub(super) fn command_without_alias(&self, alias: &str) -> String {
        format!("aws lambda delete-alias {} --name {alias}", self.words())
    }

    pub(super) fn command_without(&self, version: &Version) -> String {
        format!("aws lambda delete-function {} --qualifier {}", self.words(), version.as_str())
    }

    /// Gives `$LATEST` back the memory size and description that it had, where they are still those of the tuner.
    pub(super) async fn restore(&self) -> Result<()> {
        let set = self.changes.made().configured.clone();
        if set.is_empty() {
            return Ok(());
        }
        let now = self.settled().await?;
        let (memory_mb, description) = (&self.original.memory_mb, &self.original.description);
        let ours = |what: fn(&(u32, String), &(u32, String)) -> bool, is: &(u32, String)| {
            set.iter().any(|one| what(one, is))
        };
        let is = (now.memory_mb, now.description.clone());
        // What somebody else has set meanwhile is theirs.
        let memory =
            (is.0 != *memory_mb && ours(|one, is| one.0 == is.0, &is)).then_some(*memory_mb);
        let text =
            (is.1 != *description && ours(|one, is| one.1 == is.1, &is)).then_some(description);
        if memory.is_some() || text.is_some() {
            self.configure(memory, text.map(String::as_str)).await.map_err(|failure| {
                failure.into_error("lambda:UpdateFunctionConfiguration", &self.target.name)
            })?;
            self.settled().await?;
        }
        self.changes.made().configured.clear();
        Ok(())
    }

    /// Takes back everything that is there still, and goes on where something fails. What is left is in
    /// [`changed`](Deployed::changed); the first reason is told.
    ///
    /// # Errors
    /// What AWS refused first.
    pub async fn take_back(&self) -> Result<()> {
        let mut first = self.restore().await.err();
        let Made { aliases, versions, lost, .. } = self.changes.made().clone();
        for (alias, version) in aliases {
            match self.delete_alias(&alias, &version).await {
                Ok(()) => self.changes.made().aliases.retain(|(name, _)| *name != alias),
                Err(failure) => {
                    let error = failure.into_error("lambda:DeleteAlias", &self.target.name);
                    first = first.or(Some(error));
                }
            }
        }
        let mut all = versions;
        match self.lost_versions(&lost).await {
            Ok(found) => {
                self.changes.made().lost.clear();
                for version in found {
                    if !all.contains(&version) {
                        self.changes.published(&version);
                        all.push(version);
                    }
                }
            }
            Err(failure) => {
                let error = failure.into_error("lambda:ListVersionsByFunction", &self.target.name);
                first = first.or(Some(error));
            }
        }
        for version in all {
            match self.delete_version(&version).await {
                Ok(()) => self.changes.made().versions.retain(|one| *one != version),
                Err(failure) => {
                    let error = failure.into_error("lambda:DeleteFunction", &self.target.name);
                    first = first.or(Some(error));
                }
            }
        }
        first.map_or(Ok(()), Err)
    }

    /// Only while it points to the version that it was made for.
    async fn delete_alias(&self, alias: &str, version: &Version) -> Result<(), Failure> {
        let answer =
            self.client.get_alias().function_name(&self.target.id).name(alias).send().await;
        match answer.map_err(Failure::from) {
            Err(failure) if failure.is_missing() => return Ok(()),
            Err(failure) => return Err(failure),
            Ok(known) if known.function_version() != Some(version.as_str()) => return Ok(()),
            Ok(_) => {}
        }
        self.patiently(|| {
            self.client.delete_alias().function_name(&self.target.id).name(alias).send()
        })
        .await
        .map(drop)
    }

    async fn delete_version(&self, version: &Version) -> Result<(), Failure> {
        let deleted = self
            .patiently(|| {
                self.client
                    .delete_function()
                    .function_name(&self.target.id)
                    .qualifier(version.as_str())
                    .send()
            })
            .await;
        match deleted {
            Err(failure) if !failure.is_missing() => Err(failure),
            _ => Ok(()),
        }
    }

    /// The versions of these descriptions.
    async fn lost_versions(&self, descriptions: &[String]) -> Result<Vec<Version>, Failure> {
        let mut found = Vec::new();
        if descriptions.is_empty() {
            return Ok(found);
        }
        let mut pages = self
            .client
            .list_versions_by_function()
            .function_name(&self.target.id)
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            for one in page.map_err(Failure::from)?.versions() {
                let ours =
                    one.description().is_some_and(|text| descriptions.iter().any(|d| d == text));
                found.extend(one.version().filter(|_| ours).and_then(Version::parse));
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_number_is_a_version() {
        assert_eq!(Version::parse("12").expect("a version").as_str(), "12");
        for text in ["", "$LATEST", "0", "prod", "1a", "-1", " 1"] {
            assert_eq!(Version::parse(text), None, "{text}");
        }
    }
}
