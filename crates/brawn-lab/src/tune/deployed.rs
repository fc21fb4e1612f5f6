//! The sweep on a function that is deployed on AWS, by the steps of AWS Lambda Power Tuning: a version and an alias for each
//! memory size, invocations, and everything taken back.
//!
//! `$LATEST` has other memory sizes only while the versions are published; it is restored before the first invocation.
//! Versions and aliases that were there before are never touched.

mod changes;
mod client;
mod fit;
mod invoke;
mod publish;
mod tail;
mod target;

use std::future::Future;
use std::time::Duration;

use aws_sdk_lambda::Client;
use aws_sdk_lambda::types::{InvocationType, LastUpdateStatus, State, SystemLogLevel};
use brawn_core::price::Architecture;
use brawn_core::{Error, ErrorKind, Result, Vcpus};
use bytes::Bytes;
use tokio::sync::watch;

use self::changes::{Changes, Version};
use self::client::Failure;
use self::publish::{Planned, plan};
pub use self::target::Target;
use super::measure::Measured;
use super::output::{DeployedFunction, Outcome, Point, Tuning};
use super::{TuneOptions, choose, payloads, statistics};
use crate::clock::random;

/// The largest event of a synchronous invocation. Source: Lambda quotas.
const LARGEST_EVENT: usize = 6 << 20;

/// A function on AWS, looked at and not changed.
#[derive(Debug)]
pub struct Deployed {
    client: Client,
    target: Target,
    region: String,
    original: Original,
    changes: Changes,
    /// Names the versions of this run.
    run: String,
}

/// `$LATEST` as it was found.
#[derive(Clone, Debug)]
struct Original {
    arn: String,
    memory_mb: u32,
    description: String,
    code_sha256: String,
    timeout: Duration,
    architecture: Architecture,
}

/// `$LATEST` or a version at a moment.
#[derive(Clone, Debug)]
struct Now {
    memory_mb: u32,
    description: String,
    code_sha256: String,
    update: Option<LastUpdateStatus>,
    state: Option<State>,
    /// Why the last update or the version failed.
    reason: String,
}

impl Deployed {
    /// Looks for the function, with `region` and `endpoint_url` before those of the environment and the profile. Changes nothing.
    ///
    /// # Errors
    /// Where credentials, permissions, the function or its qualifier are not there, and for functions that cannot be tuned.
    pub async fn find(
        target: Target,
        region: Option<String>,
        endpoint_url: Option<String>,
    ) -> Result<Deployed> {
        let (client, region) = client::connect(&target, region, endpoint_url).await?;
        let found = client
            .get_function_configuration()
            .function_name(&target.id)
            .customize()
            .config_override(client::first_question())
            .send()
            .await
            .map_err(|error| {
                let failure = Failure::from(error);
                if failure.is_missing() {
                    return Error::new(
                        ErrorKind::NotFound,
                        format!("there is no function `{}` in {region}", target.name),
                    )
                    .with_source(failure.message)
                    .with_hint(
                        "`--region`, AWS_PROFILE and AWS_REGION say where it is looked for",
                    );
                }
                failure.into_error("lambda:GetFunctionConfiguration", &target.name)
            })?;
        let cannot = |why: &str| Err(Error::unsupported(format!("`{}` {why}", target.name)));
        if found.capacity_provider_config().is_some() {
            return cannot("runs on Managed Instances, whose memory is chosen with their CPUs");
        }
        if found.tenancy_config().is_some() {
            return cannot("is isolated by tenant, and no tenant can be named here");
        }
        let level = found.logging_config().and_then(|logging| logging.system_log_level());
        if matches!(level, Some(SystemLogLevel::Warn)) {
            return cannot("has the system log level WARN: invocations report no times; INFO does");
        }
        let seconds = found.timeout().and_then(|timeout| u64::try_from(timeout).ok()).unwrap_or(3);
        let architecture = found.architectures().first().map(|one| one.as_str().to_owned());
        let original = Original {
            arn: found.function_arn().unwrap_or(&target.id).to_owned(),
            memory_mb: found.memory_size().and_then(|size| u32::try_from(size).ok()).ok_or_else(
                || Error::unsupported(format!("`{}` has no memory size", target.name)),
            )?,
            description: found.description().unwrap_or_default().to_owned(),
            code_sha256: found.code_sha256().unwrap_or_default().to_owned(),
            timeout: Duration::from_secs(seconds),
            architecture: architecture.as_deref().unwrap_or("x86_64").parse()?,
        };
        let run = format!("{:08x}", random() as u32);
        let changes = Changes::default();
        let deployed = Deployed { client, target, region, original, changes, run };
        if let Some((description, memory_mb)) = publish::before(&deployed.original.description) {
            return Err(Error::new(
                ErrorKind::AlreadyExists,
                format!(
                    "another tuning changes `{}`, or was killed: its description is `{}`",
                    deployed.target.name, deployed.original.description
                ),
            )
            .with_hint(format!(
                "if none does: {}",
                deployed.command_to_configure(memory_mb, description)
            )));
        }
        deployed.check_qualifier().await?;
        Ok(deployed)
    }

    /// What is billed.
    pub fn architecture(&self) -> Architecture {
        self.original.architecture
    }

    /// Where it is.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// What [`tune`](Deployed::tune) will do to it, for who may want to stop that.
    pub fn intent(&self, options: &TuneOptions) -> String {
        let sizes = sizes(options);
        let versions =
            if options.only_cold_starts { sizes.len() * options.num } else { sizes.len() };
        let Original { arn, memory_mb, timeout, architecture, .. } = &self.original;
        let names = sizes.iter().map(|size| format!("RAM{size}")).collect::<Vec<_>>().join(", ");
        format!(
            "{arn}, {}: {memory_mb} MB, timeout {} s\n\
             - {versions} versions of $LATEST are published, with the aliases {names}{}; for that the memory size and the description of \
             $LATEST change, are set back before anything is invoked, and whoever invokes $LATEST meanwhile gets them\n\
             - {} invocations of these versions: real ones, with what they do and what they cost\n\
             - then these versions and aliases are deleted, after an error or Ctrl-C too; no other version or alias is touched",
            architecture.name(),
            timeout.as_secs(),
            if options.only_cold_starts { " and a number" } else { "" },
            sizes.len() * options.num,
        )
    }

    /// Measures every size, takes everything back, chooses and explains. When `stop` is ready it stops measuring, takes everything
    /// back and is [`cancelled`](Error::cancelled). `tell` is told of each step.
    ///
    /// # Errors
    /// What AWS refuses, but for what it refuses a size: that is a point. After an error too everything was taken back, or is in
    /// [`changed`](Deployed::changed).
    pub async fn tune(
        &self,
        options: TuneOptions,
        stop: impl Future<Output = ()>,
        tell: impl Fn(&str),
    ) -> Result<Tuning> {
        options.check_sweep()?;
        let options = TuneOptions { architecture: self.original.architecture, ..options };
        let payloads = payloads::list(&options.payload, options.weighted, options.num)?;
        let sizes = sizes(&options);
        if let Some(size) = sizes.iter().find(|size| !(128..=10_240).contains(*size)) {
            return Err(Error::invalid_options(format!(
                "{size} MB is not a memory size of Lambda: 128 to 10240"
            )));
        }
        if let Some(long) = payloads.iter().find(|payload| payload.len() > LARGEST_EVENT) {
            return Err(Error::limit_exceeded(format!(
                "an event of {} bytes is too large for Lambda: 6 MB at most",
                long.len()
            )));
        }
        let plan = plan(&sizes, options.only_cold_starts.then_some(options.num));
        let (sender, receiver) = watch::channel(false);
        let asked = Stop(receiver);
        let swept = {
            let sweep = self.sweep(&options, &plan, &payloads, &asked, &tell);
            tokio::pin!(sweep, stop);
            tokio::select! {
                swept = &mut sweep => swept,
                () = &mut stop => {
                    sender.send_replace(true);
                    sweep.await
                }
            }
        };
        if !self.changed().is_empty() {
            tell("taking back what was changed");
        }
        if let Err(error) = self.take_back().await {
            tell(&format!("not all could be taken back: {error}"));
        }
        let stats = swept?;
        let (explanation, predicted, not_explained) = match fit::explain(&stats, &options) {
            Ok((explanation, predicted)) => (Some(explanation), predicted, None),
            Err(why) => (None, Vec::new(), Some(why)),
        };
        let mut tuning = Tuning {
            command: format!("lambda:{}", self.target.name),
            enforced: format!("AWS Lambda in {}", self.region),
            machine_vcpus: Vcpus::of_lambda(10_240).share,
            deployed: Some(DeployedFunction {
                arn: self.original.arn.clone(),
                memory_mb: self.original.memory_mb,
                code_sha256: self.original.code_sha256.clone(),
                left_behind: self.changed(),
            }),
            explanation,
            not_explained,
            predicted,
            stats,
            ..options.nothing_yet()
        };
        choose::choose(&mut tuning, &options);
        Ok(tuning)
    }

    async fn sweep(
        &self,
        options: &TuneOptions,
        plan: &[Planned],
        payloads: &[Bytes],
        stop: &Stop,
        tell: &impl Fn(&str),
    ) -> Result<Vec<Point>> {
        self.check_permissions(plan).await?;
        let mut sizes: Vec<(u32, Result<Vec<Version>, String>)> = Vec::new();
        for planned in plan {
            stop.check()?;
            let same = sizes.last_mut().filter(|(memory_mb, _)| *memory_mb == planned.memory_mb);
            if let Some((_, Err(_))) = same {
                continue;
            }
            tell(&format!("publishing {}", planned.alias));
            let version = self.publish(planned, stop).await?;
            match (same, version) {
                (Some((_, Ok(versions))), Ok(version)) => versions.push(version),
                (Some((_, of_size)), version) => *of_size = version.map(|one| vec![one]),
                (None, version) => {
                    sizes.push((planned.memory_mb, version.map(|version| vec![version])));
                }
            }
        }
        self.restore().await?;
        tell(&format!("$LATEST has its {} MB again", self.original.memory_mb));
        let mut stats = Vec::new();
        for (memory_mb, versions) in sizes {
            let measured = match versions {
                Ok(versions) => {
                    tell(&format!("invoking {memory_mb} MB"));
                    self.measure(options, memory_mb, &versions, payloads, stop).await?
                }
                Err(said) => Measured {
                    reports: Vec::new(),
                    outcome: Outcome::Error,
                    said: Some(said),
                    enforced: String::new(),
                },
            };
            let point = statistics::point(options, memory_mb, false, &measured);
            stats.push(Point {
                cpu_ms: None,
                cpu_utilisation: None,
                share: Vcpus::of_lambda(memory_mb).share,
                ..point
            });
        }
        Ok(stats)
    }

    /// A qualifier is tuned only where its code is that of `$LATEST`: no other code can be given another memory size.
    async fn check_qualifier(&self) -> Result<()> {
        let Some(qualifier) = self.target.qualifier.as_deref() else { return Ok(()) };
        let now = self.now(Some(qualifier)).await?;
        if now.code_sha256 == self.original.code_sha256 {
            return Ok(());
        }
        Err(Error::unsupported(format!(
            "the code of `{}:{qualifier}` is not that of $LATEST, and Lambda publishes nothing else with another memory size",
            self.target.name
        ))
        .with_hint("tune the function without a qualifier, or deploy that code to a function of its own"))
    }

    /// What can be asked without changing anything: that the names are free, and that it may be invoked.
    async fn check_permissions(&self, plan: &[Planned]) -> Result<()> {
        let name = &self.target.name;
        let (mut there, mut commands) = (Vec::new(), Vec::new());
        for Planned { alias, .. } in plan {
            let known = self.client.get_alias().function_name(&self.target.id).name(alias).send();
            match known.await.map_err(Failure::from) {
                Err(failure) if failure.is_missing() => {}
                Err(failure) => return Err(failure.into_error("lambda:GetAlias", name)),
                Ok(known) => {
                    let said = known.description().unwrap_or_default();
                    let version = known.function_version().and_then(Version::parse);
                    there.push(format!("`{alias}` ({said})"));
                    commands.push(self.command_without_alias(alias));
                    commands.extend(version.map(|version| self.command_without(&version)));
                }
            }
        }
        if !there.is_empty() {
            return Err(Error::new(
                ErrorKind::AlreadyExists,
                format!(
                    "`{name}` has the alias {}: another tuning is at work, or was killed",
                    there.join(", ")
                ),
            )
            .with_hint(format!("if none is:\n{}", commands.join("\n"))));
        }
        self.client
            .invoke()
            .function_name(&self.target.id)
            .invocation_type(InvocationType::DryRun)
            .send()
            .await
            .map_err(|error| Failure::from(error).into_error("lambda:InvokeFunction", name))?;
        Ok(())
    }

    async fn now(&self, qualifier: Option<&str>) -> Result<Now> {
        let found = self
            .client
            .get_function_configuration()
            .function_name(&self.target.id)
            .set_qualifier(qualifier.map(str::to_owned))
            .send()
            .await
            .map_err(|error| {
                Failure::from(error)
                    .into_error("lambda:GetFunctionConfiguration", &self.target.name)
            })?;
        let reason = found.last_update_status_reason().or(found.state_reason());
        Ok(Now {
            memory_mb: found.memory_size().and_then(|size| u32::try_from(size).ok()).unwrap_or(0),
            description: found.description().unwrap_or_default().to_owned(),
            code_sha256: found.code_sha256().unwrap_or_default().to_owned(),
            update: found.last_update_status().cloned(),
            state: found.state().cloned(),
            reason: reason.unwrap_or("Lambda does not say why").to_owned(),
        })
    }
}

fn sizes(options: &TuneOptions) -> Vec<u32> {
    let mut sizes = options.power_values.clone();
    sizes.sort_unstable();
    sizes.dedup();
    sizes
}

/// Whether somebody wants it to stop.
#[derive(Clone, Debug)]
struct Stop(watch::Receiver<bool>);

impl Stop {
    fn check(&self) -> Result<()> {
        if *self.0.borrow() { Err(Error::cancelled()) } else { Ok(()) }
    }

    /// What `work` gives, unless it is to stop first.
    async fn unless<T>(&self, work: impl Future<Output = T>) -> Result<T> {
        let mut asked = self.0.clone();
        tokio::select! {
            biased;
            // Without a sender nobody asks any more.
            Ok(_) = asked.wait_for(|asked| *asked) => Err(Error::cancelled()),
            done = work => Ok(done),
        }
    }
}
