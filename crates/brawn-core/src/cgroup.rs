//! What limits this process's cgroup has.

use std::cmp::Ordering;
use std::path::Path;

const ROOT: &str = "/sys/fs/cgroup";

/// The tightest limit of `controller` on this process's cgroup or any above it, as all of them bind. Each limit is read
/// from a cgroup's folder, in the files of version 2 or of version 1; `None` where there is none or where it cannot be
/// read.
pub(crate) fn tightest<T>(
    controller: &str,
    version_2: impl Fn(&Path) -> Option<T>,
    version_1: impl Fn(&Path) -> Option<T>,
    by: impl Fn(&T, &T) -> Ordering,
) -> Option<T> {
    let membership = std::fs::read_to_string("/proc/self/cgroup").ok()?;
    of_membership(Path::new(ROOT), &membership, controller, version_2, version_1, by)
}

fn of_membership<T>(
    root: &Path,
    membership: &str,
    controller: &str,
    version_2: impl Fn(&Path) -> Option<T>,
    version_1: impl Fn(&Path) -> Option<T>,
    by: impl Fn(&T, &T) -> Ordering,
) -> Option<T> {
    for line in membership.lines() {
        let mut fields = line.splitn(3, ':');
        let (_, controllers, path) = (fields.next()?, fields.next()?, fields.next()?);
        let relative = path.trim_start_matches('/');
        let limit = if controllers.is_empty() {
            of_ancestors(root, relative, &version_2, &by)
        } else if controllers.split(',').any(|name| name == controller) {
            of_ancestors(&root.join(controller), relative, &version_1, &by)
        } else {
            None
        };
        if limit.is_some() {
            return limit;
        }
    }
    None
}

/// From `root/relative` up to `root`. Within a container the path is often the one outside of it, and `root` is what the
/// container has.
fn of_ancestors<T>(
    root: &Path,
    relative: &str,
    limit: impl Fn(&Path) -> Option<T>,
    by: impl Fn(&T, &T) -> Ordering,
) -> Option<T> {
    let leaf = root.join(relative);
    leaf.ancestors().take_while(|folder| folder.starts_with(root)).filter_map(limit).min_by(by)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The limits of these cgroups, the version before the number.
    fn limit(membership: &str, limits: &[(&str, u64)]) -> Option<u64> {
        let read = |name: &str, folder: &Path| {
            let path = folder.join(name);
            limits.iter().find(|(file, _)| Path::new(file) == path).map(|(_, limit)| *limit)
        };
        of_membership(
            Path::new("/cg"),
            membership,
            "memory",
            |folder| read("memory.max", folder),
            |folder| read("memory.limit_in_bytes", folder),
            u64::cmp,
        )
    }

    #[test]
    fn a_limit_on_any_ancestor_binds() {
        let files = [
            ("/cg/memory.max", 900),
            ("/cg/user/memory.max", 200),
            ("/cg/user/service/memory.max", 500),
            ("/cg/other/memory.max", 1),
        ];
        assert_eq!(limit("0::/user/service\n", &files), Some(200));
        assert_eq!(limit("0::/\n", &files), Some(900));
        assert_eq!(limit("0::/user/service\n", &[]), None);
    }

    #[test]
    fn version_1_has_a_tree_for_each_controller() {
        let files = [
            ("/cg/memory/box/memory.limit_in_bytes", 300),
            ("/cg/cpu/box/memory.limit_in_bytes", 1),
        ];
        assert_eq!(limit("4:cpu,cpuacct:/box\n3:memory:/box\n0::/\n", &files), Some(300));
    }
}
