//! Processes of an environment whose parent has ended: they come to this program, which has said that it adopts them.

use std::collections::{BTreeMap, BTreeSet};

use rustix::process::{Pid, WaitOptions, getpid, waitpid};

use super::procfs;

/// What has been adopted from one environment.
#[derive(Debug)]
pub(super) struct Orphans {
    /// In the environment of every process that belongs here.
    mark: String,
    /// Children of this program that were not started by it for this environment, and whether they bear the mark: read once for
    /// each, as the dead have none.
    known: BTreeMap<i32, bool>,
}

impl Orphans {
    pub(super) fn new(mark: &str) -> Orphans {
        Orphans { mark: mark.to_owned(), known: BTreeMap::new() }
    }

    /// Those that live; the dead are waited for, or each would stay in the table of processes. `groups` are those of the processes
    /// that were started here, which others wait for.
    pub(super) fn look(&mut self, groups: &[Pid]) -> BTreeSet<i32> {
        let (before, mut living) = (std::mem::take(&mut self.known), BTreeSet::new());
        for child in procfs::adopted() {
            let in_group =
                |group: i32| groups.iter().any(|one| one.as_raw_nonzero().get() == group);
            if in_group(child) {
                continue;
            }
            let Some(stat) = procfs::stat(child) else { continue };
            if stat.parent != getpid().as_raw_nonzero().get() {
                continue;
            }
            let is_ours = in_group(stat.group)
                || before
                    .get(&child)
                    .copied()
                    .unwrap_or_else(|| procfs::is_marked(child, &self.mark));
            if !stat.is_dead() {
                self.known.insert(child, is_ours);
                if is_ours {
                    living.insert(child);
                }
            } else if is_ours {
                let pid = Pid::from_raw(child);
                let _ = pid.map(|pid| waitpid(Some(pid), WaitOptions::NOHANG));
            }
        }
        living
    }
}
