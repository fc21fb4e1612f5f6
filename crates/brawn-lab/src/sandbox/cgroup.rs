//! Limits by the kernel: control groups of version 2, or of version 1.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use brawn_core::{Error, ErrorKind, Result};
use rustix::process::Pid;

use super::orphans::Orphans;
use super::{FREEZING, IsDone, Limits, PERIOD, procfs};
use crate::clock::random;

const ROOT: &str = "/sys/fs/cgroup";

/// The folders of one environment; they are removed with everything in them when this is dropped.
#[derive(Debug)]
pub(crate) struct Cgroup {
    layout: Layout,
    mark: String,
    groups: Vec<Pid>,
    orphans: Mutex<Orphans>,
}

#[derive(Debug)]
enum Layout {
    /// One folder for all.
    Two(PathBuf),
    /// A folder in each controller's hierarchy; some may be mounted together and then share one.
    One { cpu: PathBuf, cpuacct: PathBuf, memory: PathBuf, freezer: PathBuf },
}

impl Cgroup {
    /// Makes the folders below this program's own and sets the limits; an error where any of that is refused.
    pub(super) fn new(limits: Limits, mark: &str) -> Result<Cgroup> {
        let membership = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        let name = format!("brawn-lab-{}-{:08x}", std::process::id(), random() as u32);
        Cgroup::below(Path::new(ROOT), &membership, &name, limits, mark).map_err(|error| {
            Error::new(ErrorKind::Unsupported, "no cgroup with CPU and memory limits can be made here")
                .with_source(error)
                .with_hint("run as root, or in a delegated slice: systemd-run --user --scope -p Delegate=yes brawn ...")
        })
    }

    fn below(
        root: &Path,
        membership: &str,
        name: &str,
        limits: Limits,
        mark: &str,
    ) -> io::Result<Cgroup> {
        let layout = match version_2(root, membership, name) {
            Ok(folder) => Layout::Two(folder),
            Err(_) => version_1(root, membership, name)?,
        };
        // From here on dropping it removes the folders.
        let orphans = Mutex::new(Orphans::new(mark));
        let cgroup = Cgroup { layout, mark: mark.to_owned(), groups: Vec::new(), orphans };
        cgroup.limit(limits)?;
        Ok(cgroup)
    }

    fn limit(&self, limits: Limits) -> io::Result<()> {
        self.set_share(limits.share)?;
        match &self.layout {
            Layout::Two(folder) => {
                fs::write(folder.join("memory.max"), limits.memory.to_string())?;
                // Lambda has no swap; where the kernel has none either, there is no file.
                let _ = fs::write(folder.join("memory.swap.max"), "0");
            }
            Layout::One { memory, .. } => {
                fs::write(memory.join("memory.limit_in_bytes"), limits.memory.to_string())?;
                let with_swap = memory.join("memory.memsw.limit_in_bytes");
                let _ = fs::write(with_swap, limits.memory.to_string());
            }
        }
        Ok(())
    }

    fn set_share(&self, share: f64) -> io::Result<()> {
        let period = PERIOD.as_micros();
        // The kernel takes no quota below 1 ms; the smallest of Lambda's is 1.447.
        let quota = ((share * period as f64).round() as u64).max(1000);
        match &self.layout {
            Layout::Two(folder) => fs::write(folder.join("cpu.max"), format!("{quota} {period}")),
            Layout::One { cpu, .. } => {
                fs::write(cpu.join("cpu.cfs_period_us"), period.to_string())?;
                fs::write(cpu.join("cpu.cfs_quota_us"), quota.to_string())
            }
        }
    }

    pub(super) fn version(&self) -> u8 {
        match self.layout {
            Layout::Two(_) => 2,
            Layout::One { .. } => 1,
        }
    }

    pub(super) fn folders(&self) -> Vec<PathBuf> {
        let mut folders = match &self.layout {
            Layout::Two(folder) => vec![folder.clone()],
            Layout::One { cpu, cpuacct, memory, freezer } => {
                vec![cpu.clone(), cpuacct.clone(), memory.clone(), freezer.clone()]
            }
        };
        folders.dedup();
        folders
    }

    pub(super) fn join(&self) -> Vec<PathBuf> {
        self.folders().into_iter().map(|folder| folder.join("cgroup.procs")).collect()
    }

    pub(super) fn started(&mut self, pid: Pid) {
        self.groups.push(pid);
    }

    pub(super) fn share(&self, share: f64) {
        // The share it had until now was granted in the same folder: this one is too.
        let _ = self.set_share(share);
    }

    pub(super) fn tidy(&self) {
        // The kernel counts and holds those that live.
        self.orphans.lock().unwrap_or_else(PoisonError::into_inner).look(&self.groups);
    }

    /// Begins it; gives who tells whether it is done.
    pub(super) fn freeze(&self, frozen: bool) -> IsDone {
        let (file, word, is_done): (PathBuf, &str, IsDone) = match &self.layout {
            Layout::Two(folder) => {
                let events = folder.join("cgroup.events");
                let wanted = u64::from(frozen);
                let done = move || keyed(&events, "frozen") == Some(wanted);
                (folder.join("cgroup.freeze"), if frozen { "1" } else { "0" }, Box::new(done))
            }
            Layout::One { freezer, .. } => {
                let file = freezer.join("freezer.state");
                let word = if frozen { "FROZEN" } else { "THAWED" };
                let state = file.clone();
                let done = move || fs::read_to_string(&state).is_ok_and(|now| now.trim() == word);
                (file, word, Box::new(done))
            }
        };
        let _ = fs::write(&file, word);
        is_done
    }

    pub(super) fn cpu(&self) -> Duration {
        match &self.layout {
            Layout::Two(folder) => {
                Duration::from_micros(keyed(&folder.join("cpu.stat"), "usage_usec").unwrap_or(0))
            }
            Layout::One { cpuacct, .. } => {
                Duration::from_nanos(number(&cpuacct.join("cpuacct.usage")).unwrap_or(0))
            }
        }
    }

    pub(super) fn peak_memory(&self) -> u64 {
        let file = match &self.layout {
            Layout::Two(folder) => folder.join("memory.peak"),
            Layout::One { memory, .. } => memory.join("memory.max_usage_in_bytes"),
        };
        // Pages of the program itself count for whoever read them first, which may have been before; in Lambda's own
        // virtual machine that is always the function.
        let peaks =
            self.groups.iter().filter_map(|pid| procfs::peak_resident(pid.as_raw_nonzero().get()));
        number(&file).unwrap_or(0).max(peaks.max().unwrap_or(0))
    }

    pub(super) fn out_of_memory(&self) -> bool {
        let file = match &self.layout {
            Layout::Two(folder) => folder.join("memory.events"),
            Layout::One { memory, .. } => memory.join("memory.oom_control"),
        };
        keyed(&file, "oom_kill").is_some_and(|killed| killed > 0)
    }

    fn members(&self) -> BTreeSet<i32> {
        self.join().iter().flat_map(|file| listed(file)).collect()
    }

    pub(super) fn kill(&self) {
        if let Layout::Two(folder) = &self.layout {
            let _ = fs::write(folder.join("cgroup.kill"), "1");
        }
        procfs::signal(&self.members(), rustix::process::Signal::KILL);
    }

    /// Lists the processes from any thread.
    pub(super) fn lister(&self) -> impl Fn() -> BTreeSet<i32> + Send + 'static {
        let files = self.join();
        // In each hierarchy the same processes are listed.
        move || files.first().map(|file| listed(file)).unwrap_or_default()
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        // The signal first: what is frozen dies as it thaws, without another instruction of its own.
        self.kill();
        let (is_thawed, until) = (self.freeze(false), Instant::now() + FREEZING);
        while !is_thawed() && Instant::now() < until {
            std::thread::sleep(Duration::from_micros(100));
        }
        // Where nothing was started, nothing bears the mark.
        if !self.groups.is_empty() {
            procfs::kill_all(&self.groups, &self.mark, || self.members());
            self.tidy();
        }
        for folder in self.folders() {
            // The last process may still be on its way out of the kernel.
            let until = Instant::now() + Duration::from_millis(500);
            while fs::remove_dir(&folder).is_err() && folder.exists() && Instant::now() < until {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    }
}

/// Version 2: below the nearest ancestor of our own cgroup that hands CPU and memory on to its children.
fn version_2(root: &Path, membership: &str, name: &str) -> io::Result<PathBuf> {
    let own = membership
        .lines()
        .find_map(|line| line.strip_prefix("0::"))
        .ok_or_else(|| io::Error::other("no cgroup of version 2"))?;
    let mut folder = root.join(own.trim_start_matches('/'));
    let hands_on = |folder: &Path| {
        let on = fs::read_to_string(folder.join("cgroup.subtree_control")).unwrap_or_default();
        ["cpu", "memory"].iter().all(|wanted| on.split_whitespace().any(|name| name == *wanted))
    };
    if !hands_on(&folder) {
        // In the root, or where nothing runs in the cgroup itself, it can be turned on; ancestors are not ours to change.
        let control =
            fs::OpenOptions::new().write(true).open(folder.join("cgroup.subtree_control"));
        let _ = control.and_then(|mut file| io::Write::write_all(&mut file, b"+cpu +memory"));
    }
    loop {
        if hands_on(&folder) {
            let made = folder.join(name);
            fs::create_dir(&made)?;
            return Ok(made);
        }
        if folder == root || !folder.pop() {
            return Err(io::Error::other("no cgroup hands on both `cpu` and `memory`"));
        }
    }
}

/// Version 1: in each hierarchy below our own cgroup, or below the root where a container shows only that.
fn version_1(root: &Path, membership: &str, name: &str) -> io::Result<Layout> {
    let mut made: Vec<PathBuf> = Vec::new();
    let mut folders = Vec::new();
    for controller in ["cpu", "cpuacct", "memory", "freezer"] {
        match make(root, membership, controller, name) {
            Ok(folder) => {
                made.push(folder.clone());
                folders.push(folder);
            }
            Err(error) => {
                made.iter().for_each(|folder| drop(fs::remove_dir(folder)));
                return Err(error);
            }
        }
    }
    let [cpu, cpuacct, memory, freezer] =
        <[PathBuf; 4]>::try_from(folders).map_err(|_| io::Error::other("four controllers"))?;
    Ok(Layout::One { cpu, cpuacct, memory, freezer })
}

fn make(root: &Path, membership: &str, controller: &str, name: &str) -> io::Result<PathBuf> {
    let own = membership
        .lines()
        .find_map(|line| {
            let mut fields = line.splitn(3, ':').skip(1);
            let (controllers, path) = (fields.next()?, fields.next()?);
            controllers.split(',').any(|one| one == controller).then_some(path)
        })
        .ok_or_else(|| io::Error::other(format!("no cgroup controller `{controller}`")))?;
    let hierarchy = root.join(controller);
    let base = hierarchy.join(own.trim_start_matches('/'));
    let made = if base.is_dir() { base } else { hierarchy }.join(name);
    match fs::create_dir(&made) {
        // `cpu` and `cpuacct` are often one hierarchy with two names.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => made.canonicalize(),
        Err(error) => Err(error),
        Ok(()) => made.canonicalize(),
    }
}

/// The process ids in a file of one a line.
fn listed(file: &Path) -> BTreeSet<i32> {
    let text = fs::read_to_string(file).unwrap_or_default();
    text.lines().filter_map(|pid| pid.parse().ok()).collect()
}

fn number(file: &Path) -> Option<u64> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

/// The value of `key` in a file of `key value` lines.
fn keyed(file: &Path, key: &str) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    text.lines().find_map(|line| {
        let (name, value) = line.split_once(' ')?;
        (name == key).then(|| value.trim().parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { share: 512.0 / 1769.0, memory: 512 << 20 };

    fn content(path: &Path) -> String {
        fs::read_to_string(path).unwrap_or_default()
    }

    #[test]
    fn version_2_is_written_as_the_kernel_reads_it() {
        // The tree of a delegated scope: its parent hands on both controllers.
        let root = tempfile::tempdir().expect("a folder");
        let slice = root.path().join("user.slice");
        fs::create_dir_all(slice.join("shell.scope")).expect("made");
        fs::write(slice.join("cgroup.subtree_control"), "cpu memory pids\n").expect("written");
        let name = "lab";
        let cgroup = Cgroup::below(
            root.path(),
            "0::/user.slice/shell.scope\n",
            name,
            LIMITS,
            "mark-of-a-test",
        )
        .expect("made");
        let folder = cgroup.folders().remove(0);
        assert_eq!(cgroup.version(), 2);
        assert_eq!(content(&folder.join("cpu.max")), "5789 20000");
        assert_eq!(content(&folder.join("memory.max")), (512 << 20).to_string());
        fs::write(folder.join("memory.events"), "oom 3\noom_kill 1\n").expect("written");
        fs::write(folder.join("cpu.stat"), "usage_usec 1500\nuser_usec 1000\n").expect("written");
        assert!(cgroup.out_of_memory());
        assert_eq!(cgroup.cpu(), Duration::from_micros(1500));
        std::mem::forget(cgroup);
    }

    #[test]
    fn version_1_needs_all_its_controllers() {
        let root = tempfile::tempdir().expect("a folder");
        for controller in ["cpu", "cpuacct", "memory"] {
            fs::create_dir(root.path().join(controller)).expect("made");
        }
        let membership = "3:freezer:/\n2:memory:/outside\n1:cpu,cpuacct:/\n0::/\n";
        let refused = Cgroup::below(root.path(), membership, "lab", LIMITS, "mark-of-a-test");
        assert!(refused.is_err());
        // And nothing is left of the three that could be made.
        assert!(!root.path().join("memory/lab").exists());
    }
}
