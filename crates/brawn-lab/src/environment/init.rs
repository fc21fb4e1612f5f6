//! The init phase: extensions, then the runtime, until all of them wait for an event.

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use brawn_core::{Error, ErrorKind, Result};
use serde_json::json;

use super::living::{Failure, Living, cannot_start, timed_out};
use super::report::{Status, ms};
use crate::log;
use crate::metadata;
use crate::process::{Launch, Process};
use crate::runtime_api::{Kind, MOST_EXTENSIONS, Said, Tapped};

impl Living {
    /// Starts everything and waits for it; `phase` is `init`, or `invoke` where it is done within an invocation.
    pub(super) async fn init(
        &mut self,
        id: &str,
        phase: &str,
        deadline: Instant,
    ) -> std::result::Result<(), Failure> {
        let begun = Instant::now();
        let kind = json!({ "initializationType": self.settings.initialization(), "phase": phase });
        let with = |more: serde_json::Value| {
            let mut record = kind.clone();
            if let (Some(record), Some(more)) = (record.as_object_mut(), more.as_object()) {
                record.extend(more.clone());
            }
            record
        };
        let telemetry = self.api.telemetry.clone();
        telemetry.platform(
            "platform.initStart",
            with(json!({
                "functionName": self.settings.name,
                "functionVersion": "$LATEST",
                "functionArn": self.settings.arn(),
                "instanceMaxMemory": u64::from(self.settings.memory_mb) << 20,
            })),
        );
        let mut result = self.extensions_up(id, deadline).await;
        if result.is_ok() {
            result = self.runtime_up(id, deadline).await;
            let status = status_of(&result);
            telemetry.platform("platform.initRuntimeDone", status.into_record(with(json!({}))));
        }
        if result.is_ok() {
            result = self.wait(id, deadline, |living| living.api.is_idle()).await;
        }
        for standing in self.api.standing() {
            self.log.write(log::extension(&standing).as_bytes());
            let mut record = json!({ "name": standing.name, "state": standing.state, "events": standing.events });
            if let Some(fault) = standing.fault {
                record["errorType"] = json!(fault);
            }
            telemetry.platform("platform.extension", record);
        }
        telemetry.close();
        let record = with(json!({ "metrics": { "durationMs": ms(begun.elapsed()) } }));
        telemetry.platform("platform.initReport", status_of(&result).into_record(record));
        result
    }

    /// Starts the external extensions and waits until each has registered.
    async fn extensions_up(
        &mut self,
        id: &str,
        deadline: Instant,
    ) -> std::result::Result<(), Failure> {
        let Some(folder) = self.settings.extensions.clone() else { return Ok(()) };
        let launch = |error: Error| Failure::new(id, "Extension.LaunchError", &error.chain());
        let programs = programs(&folder).map_err(launch)?;
        let names = programs.iter().map(|program| name_of(program)).collect();
        self.api.expect(names);
        for program in programs {
            let name = name_of(&program);
            let ended = self.api.on_extension_end(name.clone());
            let variables =
                metadata::variables_of_extension(&self.settings, self.api.address, &self.mark);
            let process = self
                .start(&[program.into_os_string()], variables, Kind::Extension, ended)
                .map_err(launch)?;
            self.extensions.insert(name, process);
        }
        self.wait(id, deadline, |living| living.api.all_registered()).await
    }

    /// Starts the runtime and waits until it asks for its first event.
    async fn runtime_up(
        &mut self,
        id: &str,
        deadline: Instant,
    ) -> std::result::Result<(), Failure> {
        let variables = metadata::variables(&self.settings, self.api.address, &self.mark);
        let (command, ended) = (self.settings.command.clone(), self.api.on_end());
        let process = self
            .start(&command, variables, Kind::Function, ended)
            .map_err(|error| cannot_start(id, &error))?;
        self.runtime = Some(process);
        self.wait(id, deadline, |living| living.api.has_polled()).await
    }

    fn start(
        &mut self,
        command: &[OsString],
        variables: Vec<(OsString, OsString)>,
        kind: Kind,
        ended: impl FnOnce(std::process::ExitStatus) + Send + 'static,
    ) -> Result<Process> {
        let visible = self.settings.visible();
        let launch = Launch { command, variables, join: self.sandbox.join(), visible };
        let (log, telemetry) = (Arc::clone(&self.log), self.api.telemetry.clone());
        let tapped: Arc<dyn log::Log> = Arc::new(Tapped { log, telemetry, kind });
        let process = Process::start(launch, &tapped, ended)?;
        self.sandbox.started(process.pid);
        if let Some(lifeline) = &mut self.lifeline {
            lifeline.hold(process.pid);
        }
        Ok(process)
    }

    async fn wait(
        &mut self,
        id: &str,
        deadline: Instant,
        done: impl Fn(&Living) -> bool,
    ) -> std::result::Result<(), Failure> {
        while !done(self) {
            let said = tokio::select! {
                biased;
                said = self.api.said.recv() => said,
                () = tokio::time::sleep_until(deadline.into()) => {
                    return Err(timed_out(id, self.settings.timeout));
                }
            };
            match said {
                Some(Said::InitFailed(fault)) => {
                    return Err(Failure { status: Status::Error(fault.kind.clone()), fault });
                }
                said @ (None | Some(Said::Ended(_) | Said::ExtensionEnded(..))) => {
                    return Err(self.ended(id, said).await);
                }
                Some(_) => {}
            }
        }
        Ok(())
    }
}

fn status_of(result: &std::result::Result<(), Failure>) -> Status {
    match result {
        Ok(()) => Status::Success,
        Err(failure) => failure.status.clone(),
    }
}

/// Every file in the folder is an extension, as in `/opt/extensions`; in the order of their names.
pub(crate) fn programs(folder: &Path) -> Result<Vec<PathBuf>> {
    let cannot = |error: std::io::Error| {
        let text = format!("cannot read the extensions in `{}`", folder.display());
        Error::new(ErrorKind::NotFound, text).with_source(error)
    };
    let folder = folder.canonicalize().map_err(cannot)?;
    let mut programs = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(cannot)? {
        let path = entry.map_err(cannot)?.path();
        let Ok(metadata) = path.metadata() else { continue };
        if !metadata.is_file() {
            continue;
        }
        if metadata.permissions().mode() & 0o111 == 0 {
            let text = format!("the extension `{}` is not executable", path.display());
            return Err(
                Error::invalid_options(text).with_hint("chmod +x, or move it out of the folder")
            );
        }
        programs.push(path);
    }
    programs.sort();
    if programs.len() > MOST_EXTENSIONS {
        return Err(Error::invalid_options(format!(
            "there are {} extensions in `{}`; Lambda starts {MOST_EXTENSIONS} at most",
            programs.len(),
            folder.display()
        )));
    }
    Ok(programs)
}

fn name_of(program: &Path) -> String {
    program.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
