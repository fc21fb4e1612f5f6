//! How much memory the process was granted.

use std::path::Path;

use crate::{ByteSize, Memory, cgroup};

/// What is left to the runtime, the code and the buffers of the edges, outside the ledger.
const OVERHEAD: u64 = ByteSize::mib(48).0;

impl Memory {
    /// A ledger of what jobs may hold in this process.
    ///
    /// `BRAWN_MEMORY_LIMIT_MB` where it is set. In Lambda (`AWS_LAMBDA_FUNCTION_MEMORY_SIZE`) the memory size less an
    /// overhead of 48 MB, as there is nobody else. On a machine half of its memory, or of the cgroup's limit, as there
    /// are others.
    pub fn detect() -> Memory {
        let variable = |name: &str| std::env::var(name).ok();
        Memory::limited(detect_from(variable, machine_memory))
    }
}

fn detect_from(
    variable: impl Fn(&str) -> Option<String>,
    machine: impl FnOnce() -> Option<u64>,
) -> u64 {
    let megabytes = |name: &str| {
        let count: u64 = variable(name)?.trim().parse().ok()?;
        (count > 0).then(|| count.saturating_mul(1 << 20))
    };
    if let Some(limit) = megabytes("BRAWN_MEMORY_LIMIT_MB") {
        limit
    } else if let Some(size) = megabytes("AWS_LAMBDA_FUNCTION_MEMORY_SIZE") {
        size.saturating_sub(OVERHEAD).max(size / 2)
    } else {
        // Where nothing can be read (macOS), 2 GB: half of a small laptop.
        machine().map_or(2 << 30, |total| total / 2)
    }
}

/// The smaller of the machine's memory and its cgroup's limit.
fn machine_memory() -> Option<u64> {
    let total = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
        line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes << 10)
    });
    let read = |folder: &Path, name: &str| {
        std::fs::read_to_string(folder.join(name)).ok()?.trim().parse::<u64>().ok()
    };
    let limit = cgroup::tightest(
        "memory",
        |folder| read(folder, "memory.max"),
        |folder| read(folder, "memory.limit_in_bytes"),
        u64::cmp,
    );
    match (total, limit) {
        (Some(total), Some(limit)) => Some(total.min(limit)),
        (total, limit) => total.or(limit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detect(variables: &[(&str, &str)], machine: Option<u64>) -> u64 {
        detect_from(
            |name| variables.iter().find(|(key, _)| *key == name).map(|(_, v)| (*v).to_owned()),
            || machine,
        )
    }

    #[test]
    fn a_function_has_its_memory_size_less_the_overhead() {
        let lambda = [("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1769")];
        assert_eq!(detect(&lambda, Some(64 << 30)), (1769 - 48) << 20);
        assert_eq!(detect(&[("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")], None), 80 << 20);
        let limited = [lambda[0], ("BRAWN_MEMORY_LIMIT_MB", "300")];
        assert_eq!(detect(&limited, None), 300 << 20);
    }

    #[test]
    fn a_machine_gives_half() {
        assert_eq!(detect(&[], Some(16 << 30)), 8 << 30);
        assert_eq!(detect(&[("BRAWN_MEMORY_LIMIT_MB", "0")], None), 2 << 30);
    }
}
