//! What holds a function to its share, its memory and its turn.

mod cgroup;
mod meter;
mod orphans;
mod overlap;
mod procfs;
mod steered;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use brawn_core::{Error, ErrorKind, Result};
use rustix::process::Pid;

use self::cgroup::Cgroup;
pub(crate) use self::overlap::Watch;
use self::steered::Steered;

/// The period of Lambda's CPU shares. Source: github.com/pwrdrvr/lambda-throttling (128 MB runs 1.44 of 20 ms).
pub(crate) const PERIOD: Duration = Duration::from_millis(20);

/// Tells whether what was begun has come to its end.
type IsDone = Box<dyn Fn() -> bool + Send>;

/// How long it is waited for processes to freeze.
const FREEZING: Duration = Duration::from_millis(100);

/// How the limits are enforced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enforcement {
    /// By cgroups where this program may make them, else by steering.
    Auto,
    /// By cgroups (version 1 or 2), or not at all: the kernel holds the share in each period and kills at the cap.
    Cgroup,
    /// Approximately, without privilege: CPU time is metered and the processes are stopped and continued.
    Steered,
    /// Only the timeout, payload sizes and protocol.
    Off,
}

impl std::str::FromStr for Enforcement {
    type Err = Error;

    fn from_str(text: &str) -> Result<Enforcement> {
        match text {
            "auto" => Ok(Enforcement::Auto),
            "cgroup" => Ok(Enforcement::Cgroup),
            "approximate" => Ok(Enforcement::Steered),
            "off" => Ok(Enforcement::Off),
            other => Err(Error::invalid_options(format!(
                "`{other}` is no way of enforcing limits: auto, cgroup, approximate or off"
            ))),
        }
    }
}

/// The limits of one execution environment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Limits {
    /// vCPUs.
    pub(crate) share: f64,
    /// Bytes.
    pub(crate) memory: u64,
}

/// The walls around one execution environment. Dropping it ends every process in it and leaves nothing behind.
#[derive(Debug)]
pub(crate) enum Sandbox {
    Cgroup(Cgroup),
    Steered(Steered),
}

impl Sandbox {
    /// `mark` is in the environment of every process that belongs here.
    pub(crate) fn new(wanted: Enforcement, limits: Limits, mark: &str) -> Result<Sandbox> {
        let steered = |binds| Sandbox::Steered(Steered::new(limits, mark, binds));
        match wanted {
            Enforcement::Off => Ok(steered(false)),
            Enforcement::Steered if !procfs::is_there() => Err(Error::new(
                ErrorKind::Unsupported,
                "nothing can be metered here: there is no `/proc`",
            )
            .with_hint("`--enforce off` holds to the timeout, payload sizes and protocol")),
            Enforcement::Steered => Ok(steered(true)),
            Enforcement::Cgroup => Cgroup::new(limits, mark).map(Sandbox::Cgroup),
            Enforcement::Auto => {
                let metered = |_| steered(procfs::is_there());
                Ok(Cgroup::new(limits, mark).map_or_else(metered, Sandbox::Cgroup))
            }
        }
    }

    /// One line: by what, and how precisely.
    pub(crate) fn describe(&self) -> String {
        match self {
            Sandbox::Cgroup(cgroup) => format!(
                "cgroup v{}: CPU share by the kernel in 20 ms periods, memory cap and kill by the kernel, frozen by the kernel",
                cgroup.version()
            ),
            Sandbox::Steered(steered) if steered.binds() => {
                "approximate (no cgroup may be made here): CPU time metered and stopped by signals in 20 ms periods, \
                 memory polled every 2 ms, frozen by SIGSTOP"
                    .to_owned()
            }
            Sandbox::Steered(_) if !procfs::is_there() => {
                "off (there is no `/proc` here): CPU and memory are neither limited nor metered, and nothing is frozen; \
                 timeout, payload sizes and protocol are as in Lambda"
                    .to_owned()
            }
            Sandbox::Steered(_) => {
                "off: CPU and memory are not limited; timeout, payload sizes and protocol are".to_owned()
            }
        }
    }

    /// Files that a new process writes its id into.
    pub(crate) fn join(&self) -> Vec<PathBuf> {
        match self {
            Sandbox::Cgroup(cgroup) => cgroup.join(),
            Sandbox::Steered(_) => Vec::new(),
        }
    }

    /// Folders that must be gone at the end.
    pub(crate) fn folders(&self) -> Vec<PathBuf> {
        match self {
            Sandbox::Cgroup(cgroup) => cgroup.folders(),
            Sandbox::Steered(_) => Vec::new(),
        }
    }

    /// A process of the environment was started.
    pub(crate) fn started(&mut self, pid: Pid) {
        match self {
            Sandbox::Cgroup(cgroup) => cgroup.started(pid),
            Sandbox::Steered(steered) => steered.started(pid),
        }
    }

    /// Grants another share from now on.
    pub(crate) fn share(&self, share: f64) {
        match self {
            Sandbox::Cgroup(cgroup) => cgroup.share(share),
            Sandbox::Steered(steered) => steered.share(share),
        }
    }

    /// Waits for processes that have ended without a parent; at the end of an invocation, while all that lives can still be told.
    pub(crate) fn tidy(&self) {
        match self {
            Sandbox::Cgroup(cgroup) => cgroup.tidy(),
            // It does so whenever it looks.
            Sandbox::Steered(_) => {}
        }
    }

    /// Sends everything in it the signal that ends it. Dropping it makes sure.
    pub(crate) fn kill(&self) {
        match self {
            Sandbox::Cgroup(cgroup) => cgroup.kill(),
            Sandbox::Steered(steered) => steered.kill(),
        }
    }

    /// Stops everything in it, or lets it go on. Done when this returns, or after 100 ms, as a process in the kernel freezes when it
    /// comes out.
    pub(crate) async fn freeze(&self, frozen: bool) {
        let is_done = match self {
            Sandbox::Cgroup(cgroup) => cgroup.freeze(frozen),
            Sandbox::Steered(steered) => steered.freeze(frozen),
        };
        let until = Instant::now() + FREEZING;
        while !is_done() && Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// CPU time of all processes so far.
    pub(crate) fn cpu(&self) -> Duration {
        match self {
            Sandbox::Cgroup(cgroup) => cgroup.cpu(),
            Sandbox::Steered(steered) => steered.cpu(),
        }
    }

    /// The most memory held so far, in bytes.
    pub(crate) fn peak_memory(&self) -> u64 {
        match self {
            Sandbox::Cgroup(cgroup) => cgroup.peak_memory(),
            Sandbox::Steered(steered) => steered.peak_memory(),
        }
    }

    /// Watches from now on on how many of `cores` its threads run at once.
    pub(crate) fn watch(&self, cores: usize) -> Watch {
        match self {
            Sandbox::Cgroup(cgroup) => Watch::begin(cgroup.lister(), cores),
            Sandbox::Steered(steered) => Watch::begin(steered.lister(), cores),
        }
    }

    /// Whether a process was killed for its memory.
    pub(crate) fn out_of_memory(&self) -> bool {
        match self {
            Sandbox::Cgroup(cgroup) => cgroup.out_of_memory(),
            Sandbox::Steered(steered) => steered.out_of_memory(),
        }
    }
}

/// Makes this program the parent of what its descendants leave behind, so that a daemon's parent is known.
pub(crate) fn adopt_orphans() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
}
