//! The process of an execution environment, and what must die with it.

use std::ffi::OsString;
use std::io::Write;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, OnceLock};

use brawn_core::{Error, ErrorKind, Result};
use rustix::process::Pid;

use crate::log::Log;
use crate::output::Output;

/// Joins each file of processes that is named before `--`, then becomes the command: so that not one instruction of it
/// runs outside of its limits.
const JOIN: &str =
    r#"while [ "$1" != -- ]; do echo $$ > "$1" || exit 125; shift; done; shift; exec "$@""#;

/// Starts a program that takes its cgroup for the root of all. Rust, Java and Node count the cores that a quota allows, and would
/// start fewer threads than on Lambda, which shows no quota: there it binds outside of the virtual machine.
const HIDE: [&str; 3] = ["unshare", "--cgroup", "--"];

/// Whether this program may do that, and has what does it.
fn hides_cgroups() -> bool {
    static KNOWN: OnceLock<bool> = OnceLock::new();
    *KNOWN.get_or_init(|| {
        let [program, arguments @ ..] = HIDE;
        let mut command = Command::new(program);
        command.args(arguments).arg("true");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    })
}

/// Waits for words from the emulator: `group N` for each process, and at the end `done`. Where the pipe closes
/// without that, the emulator is dead: what belongs to the environment ($1 its mark, the rest its cgroups) is ended here.
const LIFELINE: &str = r#"
mark=$1; shift
groups=
while read -r word number; do
  [ "$word" = group ] || exit 0
  groups="$groups -$number"
done
for group in $groups; do kill -KILL -- "$group" 2>/dev/null; done
for folder do [ -f "$folder/freezer.state" ] && echo THAWED > "$folder/freezer.state"; done
for round in 1 2 3; do
  for process in /proc/[0-9]*; do
    grep -qsF -- "$mark" "$process/environ" && kill -KILL "${process#/proc/}" 2>/dev/null
  done
  sleep 0.05 2>/dev/null
done
for folder do rmdir "$folder" 2>/dev/null; done
"#;

/// A process in a group of its own.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) pid: Pid,
    pub(crate) output: Output,
}

/// What to start, and where.
pub(crate) struct Launch<'a> {
    pub(crate) command: &'a [OsString],
    pub(crate) variables: Vec<(OsString, OsString)>,
    /// Files of cgroups that the process writes itself into.
    pub(crate) join: Vec<PathBuf>,
    /// How many cores it may see.
    pub(crate) visible: usize,
}

impl Process {
    /// Starts it; `ended` is told once how it ended.
    pub(crate) fn start(
        launch: Launch<'_>,
        log: &Arc<dyn Log>,
        ended: impl FnOnce(ExitStatus) + Send + 'static,
    ) -> Result<Process> {
        let (program, arguments) = launch
            .command
            .split_first()
            .ok_or_else(|| Error::invalid_options("there is no command to run"))?;
        let mut command = if launch.join.is_empty() {
            let mut command = Command::new(program);
            command.args(arguments);
            command
        } else {
            let mut command = Command::new("/bin/sh");
            command.arg("-c").arg(JOIN).arg("sh").args(&launch.join).arg("--");
            if hides_cgroups() {
                command.args(HIDE);
            }
            command.arg(program).args(arguments);
            command
        };
        command
            .envs(launch.variables)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        let (sender, started) = std::sync::mpsc::channel();
        let visible = launch.visible;
        // A child inherits the affinity of the thread that forks it, and this thread is for nothing else.
        std::thread::spawn(move || {
            see_only(visible);
            match command.spawn() {
                Ok(mut child) => {
                    let pipes = (child.stdout.take(), child.stderr.take());
                    let _ = sender.send(Ok((child.id(), pipes)));
                    // A wait that fails means that somebody else has waited: the process is gone.
                    ended(child.wait().unwrap_or_else(|_| ExitStatus::from_raw(0)));
                }
                Err(error) => drop(sender.send(Err(error))),
            }
        });
        let cannot = |error: std::io::Error| {
            Error::new(ErrorKind::Storage, format!("cannot start `{}`", program.to_string_lossy()))
                .with_source(error)
        };
        let (id, (stdout, stderr)) = started
            .recv()
            .unwrap_or_else(|_| Err(std::io::Error::other("the starting thread ended")))
            .map_err(cannot)?;
        let pid = i32::try_from(id)
            .ok()
            .and_then(Pid::from_raw)
            .ok_or_else(|| cannot(std::io::Error::other("a process without an id")))?;
        let mut output = Output::new();
        if let Some(pipe) = stdout {
            output.follow(pipe, Arc::clone(log));
        }
        if let Some(pipe) = stderr {
            output.follow(pipe, Arc::clone(log));
        }
        Ok(Process { pid, output })
    }
}

/// Narrows this thread to the first `count` of its cores.
#[cfg(target_os = "linux")]
fn see_only(count: usize) {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
    let Ok(allowed) = sched_getaffinity(None) else { return };
    let mut narrowed = CpuSet::new();
    let cores = (0..CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core)).take(count.max(1));
    cores.for_each(|core| narrowed.set(core));
    // Where it is refused the function sees more cores than it should; the share binds all the same.
    let _ = sched_setaffinity(None, &narrowed);
}

#[cfg(not(target_os = "linux"))]
fn see_only(_: usize) {}

/// A shell that ends the environment when this program dies without having done so.
#[derive(Debug)]
pub(crate) struct Lifeline {
    child: Child,
    pipe: Option<ChildStdin>,
}

impl Lifeline {
    /// Before the process is started, or one that is would outlive an emulator that is killed right then.
    pub(crate) fn tie(mark: &str, folders: &[PathBuf]) -> Option<Lifeline> {
        let mut child = Command::new("/bin/sh")
            .arg("-c")
            .arg(LIFELINE)
            .args(["sh", mark])
            .args(folders)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Ctrl-C goes to the group of the terminal: this must outlive it.
            .process_group(0)
            .spawn()
            .ok()?;
        let pipe = child.stdin.take();
        Some(Lifeline { child, pipe })
    }

    /// Names the process group that was started.
    pub(crate) fn hold(&mut self, group: Pid) {
        if let Some(pipe) = &mut self.pipe {
            // Without it the mark alone finds the processes.
            let _ = pipe.write_all(format!("group {}\n", group.as_raw_nonzero()).as_bytes());
        }
    }
}

impl Drop for Lifeline {
    fn drop(&mut self) {
        if let Some(mut pipe) = self.pipe.take() {
            let _ = pipe.write_all(b"done\n");
        }
        let _ = self.child.wait();
    }
}

/// How a process ended, in the words of Lambda: `exit status 1`, `signal: killed`.
pub(crate) fn how_it_ended(status: ExitStatus) -> String {
    const NAMES: [(i32, &str); 8] = [
        (4, "illegal instruction"),
        (6, "aborted"),
        (7, "bus error"),
        (8, "floating point exception"),
        (9, "killed"),
        (11, "segmentation fault"),
        (13, "broken pipe"),
        (15, "terminated"),
    ];
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(signal)) => NAMES
            .iter()
            .find(|(number, _)| *number == signal)
            .map_or_else(|| format!("signal: {signal}"), |(_, name)| format!("signal: {name}")),
        (None, None) => "an unknown status".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_told_in_lambdas_words() {
        assert_eq!(how_it_ended(ExitStatus::from_raw(1 << 8)), "exit status 1");
        assert_eq!(how_it_ended(ExitStatus::from_raw(9)), "signal: killed");
        assert_eq!(how_it_ended(ExitStatus::from_raw(64)), "signal: 64");
    }
}
