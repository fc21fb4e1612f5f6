//! Processes as `/proc` shows them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

/// `/proc/PID/stat`, as far as it is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stat {
    pub(crate) state: char,
    pub(crate) parent: i32,
    pub(crate) group: i32,
    /// User and system time, of the process and of the children it has waited for, in ticks of 10 ms.
    pub(crate) cpu: Duration,
    pub(crate) resident: u64,
}

/// Of the command in the parentheses anything can be part, so the fields are counted from the last one.
fn parse(text: &str) -> Option<Stat> {
    let fields: Vec<&str> = text.get(text.rfind(')')? + 1..)?.split_whitespace().collect();
    let number = |at: usize| fields.get(at)?.parse::<i64>().ok();
    // utime, stime, cutime, cstime; USER_HZ is 100 on every Linux.
    let ticks = number(11)? + number(12)? + number(13)? + number(14)?;
    let page = u64::try_from(rustix::param::page_size()).ok()?;
    Some(Stat {
        state: fields.first()?.chars().next()?,
        parent: i32::try_from(number(1)?).ok()?,
        group: i32::try_from(number(2)?).ok()?,
        cpu: Duration::from_millis(u64::try_from(ticks).ok()? * 10),
        resident: u64::try_from(number(21)?).ok()? * page,
    })
}

pub(crate) fn stat(pid: i32) -> Option<Stat> {
    parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// The most memory that the process has held resident, in bytes.
pub(crate) fn peak_resident(pid: i32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes << 10)
}

/// A thread that lives.
pub(crate) struct Thread {
    folder: PathBuf,
    /// CPU time, to the nanosecond as of the scheduler's last tick.
    pub(crate) cpu: Duration,
}

impl Thread {
    /// `R` where it runs or wants to, `S` where it waits, `T` where a signal has stopped it; see proc(5).
    pub(crate) fn state(&self) -> Option<char> {
        Some(parse(&fs::read_to_string(self.folder.join("stat")).ok()?)?.state)
    }
}

/// The threads of a process.
pub(crate) fn threads(pid: i32) -> Vec<Thread> {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    threads
        .flatten()
        .filter_map(|thread| {
            let folder = thread.path();
            let text = fs::read_to_string(folder.join("schedstat")).ok()?;
            let cpu = Duration::from_nanos(text.split(' ').next()?.parse().ok()?);
            Some(Thread { folder, cpu })
        })
        .collect()
}

/// CPU time of the threads that live.
pub(crate) fn live_threads(pid: i32) -> Duration {
    threads(pid).into_iter().map(|thread| thread.cpu).sum()
}

/// `root` and everything below it that still has its parent.
pub(crate) fn tree(root: i32) -> BTreeSet<i32> {
    let mut found = BTreeSet::new();
    let mut open = vec![root];
    while let Some(pid) = open.pop() {
        if !found.insert(pid) {
            continue;
        }
        let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { continue };
        for thread in threads.flatten() {
            let children = fs::read_to_string(thread.path().join("children")).unwrap_or_default();
            open.extend(children.split_whitespace().filter_map(|child| child.parse::<i32>().ok()));
        }
    }
    found
}

/// Every process, but for the dead, that is in one of the process groups or has `mark` in its environment: forks that left the
/// group and daemons too.
pub(crate) fn belonging(groups: &[Pid], mark: &str) -> BTreeSet<i32> {
    let Ok(all) = fs::read_dir("/proc") else { return BTreeSet::new() };
    all.flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok())
        .filter(|pid| {
            stat(*pid).is_some_and(|stat| {
                let in_group =
                    groups.iter().any(|group| group.as_raw_nonzero().get() == stat.group);
                !matches!(stat.state, 'Z' | 'X') && (in_group || is_marked(*pid, mark))
            })
        })
        .collect()
}

fn is_marked(pid: i32, mark: &str) -> bool {
    let environment = fs::read(Path::new("/proc").join(pid.to_string()).join("environ"));
    environment
        .is_ok_and(|bytes| bytes.windows(mark.len().max(1)).any(|window| window == mark.as_bytes()))
}

/// Sends `signal` to each.
pub(crate) fn signal(pids: &BTreeSet<i32>, signal: Signal) {
    for pid in pids.iter().filter_map(|pid| Pid::from_raw(*pid)) {
        // Gone already: that is what was wanted, or nothing that can be changed.
        let _ = kill_process(pid, signal);
    }
}

/// Ends everything that belongs to the groups or bears the mark, and collects orphans that came to this program.
pub(crate) fn kill_all(groups: &[Pid], mark: &str, also: impl Fn() -> BTreeSet<i32>) {
    let mut killed = BTreeSet::new();
    for _ in 0..200 {
        let mut left = belonging(groups, mark);
        left.extend(also());
        if left.is_empty() {
            break;
        }
        signal(&left, Signal::KILL);
        killed.extend(left);
        std::thread::sleep(Duration::from_millis(1));
    }
    for pid in killed.into_iter().filter_map(Pid::from_raw) {
        // The first of a group is waited for by the thread that started it.
        if !groups.contains(&pid) && stat(pid.as_raw_nonzero().get()).is_some_and(is_ours) {
            let _ = waitpid(Some(pid), WaitOptions::NOHANG);
        }
    }
}

fn is_ours(stat: Stat) -> bool {
    stat.parent == rustix::process::getpid().as_raw_nonzero().get()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_does_not_move_the_fields() {
        let text = "7 (a) b (c) S 3 5 5 0 -1 4194304 10 0 0 0 12 3 4 1 20 0 1 0 99 1000 25 18446744073709551615";
        let stat = parse(text).expect("parses");
        assert_eq!((stat.state, stat.parent, stat.group), ('S', 3, 5));
        assert_eq!(stat.cpu, Duration::from_millis(200));
        assert_eq!(stat.resident, 25 * rustix::param::page_size() as u64);
        assert_eq!(parse("7 (a"), None);
    }

    #[test]
    fn this_process_is_found_with_what_it_uses() {
        let own = rustix::process::getpid().as_raw_nonzero().get();
        let stat = stat(own).expect("it lives");
        assert!(stat.resident > 1 << 20, "{stat:?}");
        assert!(live_threads(own) > Duration::ZERO);
        assert!(tree(own).contains(&own));
    }
}
