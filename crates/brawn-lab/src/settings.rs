//! What a function is: its command and its configuration, in Lambda's words.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use brawn_core::{Error, Result, Vcpus};

use crate::sandbox::Enforcement;

/// The account that AWS uses in its examples.
pub(crate) const ACCOUNT: &str = "123456789012";

/// The configuration of a function.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The program and its arguments: a `bootstrap`, or any command that polls the Runtime API.
    pub command: Vec<OsString>,
    /// The function's name.
    pub name: String,
    /// Memory in MB, 128 to 10240. It sets the CPU share too: one vCPU for each 1769 MB.
    pub memory_mb: u32,
    /// How long an invocation may take, 1 s to 900 s in Lambda.
    pub timeout: Duration,
    /// `_HANDLER`.
    pub handler: String,
    /// `AWS_REGION`.
    pub region: String,
    /// Variables of the function's own, which win over those that the emulator sets.
    pub variables: Vec<(String, String)>,
    /// Execution environments that may run at the same time, each with one invocation. More invocations wait.
    pub concurrency: NonZeroUsize,
    /// How the limits are to be enforced.
    pub enforcement: Enforcement,
    /// How long a first init may take; 10 s in Lambda.
    pub init_limit: Duration,
    /// Cores the function sees, instead of the tier table's; for measuring how it uses them.
    pub visible: Option<NonZeroUsize>,
    /// vCPUs the function gets, instead of memory / 1769; for measuring how it uses them.
    pub share: Option<f64>,
    /// Whether to watch how much of the CPU time several cores could share. Looking costs the function a little.
    pub watch_threads: bool,
    /// `AWS_LAMBDA_MAX_CONCURRENCY`: one process that has up to so many events at a time, as in a Managed Instance; `None` is
    /// Lambda as it was, with one.
    pub max_concurrency: Option<NonZeroUsize>,
    /// A folder like `/opt/extensions`: each file in it is started as an external extension.
    pub extensions: Option<PathBuf>,
    /// How long to wait before the first and the second retry of an asynchronous invocation; 1 and 2 minutes in Lambda.
    pub retry_delays: [Duration; 2],
}

impl Settings {
    /// A function of `command` with Lambda's defaults: 128 MB and 3 s.
    pub fn new(command: impl IntoIterator<Item = impl Into<OsString>>) -> Settings {
        let command: Vec<OsString> = command.into_iter().map(Into::into).collect();
        let name = command
            .first()
            .and_then(|program| Path::new(program).file_stem())
            .map(|stem| stem.to_string_lossy().into_owned())
            .unwrap_or_default();
        Settings {
            command,
            name,
            memory_mb: 128,
            timeout: Duration::from_secs(3),
            handler: "bootstrap".to_owned(),
            region: "us-east-1".to_owned(),
            variables: Vec::new(),
            concurrency: NonZeroUsize::MIN,
            enforcement: Enforcement::Auto,
            init_limit: Duration::from_secs(10),
            visible: None,
            share: None,
            watch_threads: false,
            max_concurrency: None,
            extensions: None,
            retry_delays: [Duration::from_secs(60), Duration::from_secs(120)],
        }
    }

    /// Refuses what Lambda would refuse, and a command that is not there.
    pub(crate) fn check(&self) -> Result<()> {
        if !(128..=10_240).contains(&self.memory_mb) {
            return Err(Error::invalid_options(format!(
                "{} MB is not a memory size of Lambda: 128 to 10240",
                self.memory_mb
            )));
        }
        if self.timeout.is_zero() || self.timeout > Duration::from_secs(900) {
            return Err(Error::invalid_options(format!(
                "a timeout of {} s is not one of Lambda's: more than 0 and at most 900",
                self.timeout.as_secs_f64()
            )));
        }
        if let Some((name, _)) =
            self.variables.iter().find(|(name, _)| name.is_empty() || name.contains(['=', '\0']))
        {
            return Err(Error::invalid_options(format!("`{name}` cannot name a variable")));
        }
        if self.max_concurrency.is_some() && self.concurrency.get() > 1 {
            return Err(Error::invalid_options(
                "a Managed Instance is one environment: its invocations at a time are its maximum concurrency",
            ));
        }
        if let Some(folder) = &self.extensions {
            crate::environment::programs(folder)?;
        }
        let Some(program) = self.command.first() else {
            return Err(Error::invalid_options("there is no command to run"));
        };
        if find(Path::new(program)).is_none() {
            return Err(Error::invalid_options(format!(
                "there is no program `{}`",
                program.to_string_lossy()
            ))
            .with_hint(
                "give the path of a bootstrap or of any program that polls the Lambda Runtime API",
            ));
        }
        Ok(())
    }

    /// vCPUs the function gets.
    pub(crate) fn share(&self) -> f64 {
        self.share.unwrap_or_else(|| Vcpus::of_lambda(self.memory_mb).share)
    }

    /// Cores the function sees.
    pub(crate) fn visible(&self) -> usize {
        let of_memory = || Vcpus::of_lambda(self.memory_mb).visible;
        self.visible.map_or_else(of_memory, NonZeroUsize::get)
    }

    /// How many invocations may run at the same time.
    pub(crate) fn invocations(&self) -> usize {
        self.max_concurrency.unwrap_or(self.concurrency).get()
    }

    /// `AWS_LAMBDA_INITIALIZATION_TYPE`.
    pub(crate) fn initialization(&self) -> &'static str {
        if self.max_concurrency.is_some() { "lambda-managed-instances" } else { "on-demand" }
    }

    /// How many events a process may have at a time.
    pub(crate) fn at_a_time(&self) -> usize {
        self.max_concurrency.map_or(1, NonZeroUsize::get)
    }

    /// Where the code lies: `LAMBDA_TASK_ROOT`.
    pub(crate) fn task_root(&self) -> PathBuf {
        self.command
            .first()
            .and_then(|program| find(Path::new(program)))
            .and_then(|path| path.canonicalize().ok()?.parent().map(Path::to_owned))
            .unwrap_or_default()
    }

    /// `arn:aws:lambda:REGION:ACCOUNT:function:NAME`.
    pub(crate) fn arn(&self) -> String {
        format!("arn:aws:lambda:{}:{ACCOUNT}:function:{}", self.region, self.name)
    }
}

/// As a shell finds it: a path as it is, a bare name on `PATH`.
fn find(program: &Path) -> Option<PathBuf> {
    if program.components().count() > 1 || program.is_absolute() {
        return program.is_file().then(|| program.to_owned());
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lambda_refuses_is_refused_with_what_would_be_right() {
        let sh = || Settings::new(["sh"]);
        assert!(sh().check().is_ok());
        let told = |settings: Settings| settings.check().expect_err("refused").to_string();
        assert!(told(Settings { memory_mb: 64, ..sh() }).contains("128 to 10240"));
        assert!(
            told(Settings { timeout: Duration::from_secs(901), ..sh() }).contains("at most 900")
        );
        assert!(told(Settings::new(["./no-such-program"])).contains("`./no-such-program`"));
        assert!(told(Settings::new(Vec::<OsString>::new())).contains("no command"));
        let variables = vec![("A=B".to_owned(), String::new())];
        assert!(told(Settings { variables, ..sh() }).contains("`A=B`"));
    }

    #[test]
    fn a_function_is_named_after_its_program() {
        assert_eq!(Settings::new(["target/lambda/thumbs/bootstrap"]).name, "bootstrap");
        assert!(Settings::new(["x"]).arn().ends_with("us-east-1:123456789012:function:x"));
    }
}
