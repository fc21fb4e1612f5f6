//! How many vCPUs this process was granted, how many it can see, and how many threads should compute.

use std::num::NonZeroUsize;
use std::path::Path;

use crate::cgroup;
use crate::error::{Error, Result};

/// Lambda grants one vCPU for each 1,769 MB of memory.
/// Source: AWS Lambda developer guide, "Configure Lambda function memory".
const MB_PER_VCPU: f64 = 1769.0;

/// From which memory size on (MB) how many cores are visible in a classic Lambda sandbox. Two are visible even at
/// 128 MB, so `visible` never says what was granted.
/// Source: measured independently by github.com/rwnx/lambda-cpuinfo and hakk.gg ("Optimizing AWS Lambda cost with
/// multi-threading").
const VISIBLE_FROM_MB: [(u32, usize); 5] = [(0, 2), (3009, 3), (5308, 4), (7077, 5), (8846, 6)];

/// The variable that comes before those of others.
const OWN: &str = "BRAWN_THREADS";

/// Where a worker count came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// This environment variable (`BRAWN_THREADS`, `WORKER_COUNT` or `RAYON_NUM_THREADS`).
    Variable(&'static str),
    /// The caller (`-j`).
    Caller,
    /// The function's memory size in MB.
    LambdaMemory(u32),
    /// The machine's cores, or the part of them that a cgroup quota leaves.
    Machine,
}

/// The vCPU model: what was granted, what is visible, and how many threads should compute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Vcpus {
    /// vCPUs granted, as a fraction: `memory / 1769` in Lambda, the cgroup quota or the cores elsewhere.
    pub share: f64,
    /// Cores the process can be scheduled on.
    pub visible: usize,
    /// Threads that should compute.
    pub workers: NonZeroUsize,
    /// Why that many.
    pub origin: Origin,
}

impl Vcpus {
    /// Reads the environment and the machine.
    pub fn detect() -> Vcpus {
        Vcpus::resolve(|name| std::env::var(name).ok(), || (machine_cores(), cgroup_quota()))
    }

    /// The same, for who can be told of a mistake.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidOptions`](crate::ErrorKind::InvalidOptions) where `BRAWN_THREADS` is no number of threads. The other
    /// variables are not brawn's own, and what they hold may be meant for someone else.
    pub fn try_detect() -> Result<Vcpus> {
        match std::env::var_os(OWN) {
            Some(text) if !text.is_empty() && !is_count(&text.to_string_lossy()) => {
                Err(Error::invalid_options(format!(
                    "the environment variable `{OWN}` is `{}`: takes a number of threads, 1 or more",
                    text.display()
                )))
            }
            _ => Ok(Vcpus::detect()),
        }
    }

    /// The same with the worker count chosen by the caller.
    #[must_use]
    pub fn with_workers(self, workers: NonZeroUsize) -> Vcpus {
        Vcpus { workers, origin: Origin::Caller, ..self }
    }

    /// What a classic Lambda function with `memory_mb` gets.
    ///
    /// | memory MB | visible | share |
    /// |---|---|---|
    /// | 128 to 3008 | 2 | 0.07 to 1.70 |
    /// | 3009 to 5307 | 3 | 1.70 to 3.00 |
    /// | 5308 to 7076 | 4 | 3.00 to 4.00 |
    /// | 7077 to 8845 | 5 | 4.00 to 5.00 |
    /// | 8846 to 10240 | 6 | 5.00 to 5.79 |
    pub fn of_lambda(memory_mb: u32) -> Vcpus {
        let share = f64::from(memory_mb) / MB_PER_VCPU;
        let visible = VISIBLE_FROM_MB
            .iter()
            .rev()
            .find(|(from, _)| memory_mb >= *from)
            .map_or(2, |(_, visible)| *visible);
        Vcpus {
            share,
            visible,
            workers: workers(share, visible),
            origin: Origin::LambdaMemory(memory_mb),
        }
    }

    fn of_machine(cores: usize, quota: Option<f64>) -> Vcpus {
        let share = quota.map_or(cores as f64, |quota| quota.min(cores as f64));
        Vcpus { share, visible: cores, workers: workers(share, cores), origin: Origin::Machine }
    }

    fn resolve(
        variable: impl Fn(&str) -> Option<String>,
        // Not looked at where the memory size says it all: reading cgroups is a good part of a cold start.
        machine: impl FnOnce() -> (usize, Option<f64>),
    ) -> Vcpus {
        // A managed instance gives the function whole vCPUs of an EC2 instance, not memory / 1769.
        let managed = variable("AWS_LAMBDA_INITIALIZATION_TYPE").as_deref()
            == Some("lambda-managed-instances");
        let memory = variable("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
            .and_then(|text| text.trim().parse::<u32>().ok())
            .filter(|mb| !managed && *mb > 0);
        let of_machine = || {
            let (cores, quota) = machine();
            Vcpus::of_machine(cores, quota)
        };
        let granted = memory.map_or_else(of_machine, Vcpus::of_lambda);
        [OWN, "WORKER_COUNT", "RAYON_NUM_THREADS"]
            .into_iter()
            .find_map(|name| {
                let workers = variable(name)?.trim().parse::<NonZeroUsize>().ok()?;
                Some(Vcpus { workers, origin: Origin::Variable(name), ..granted })
            })
            .unwrap_or(granted)
    }
}

fn is_count(text: &str) -> bool {
    text.trim().parse::<NonZeroUsize>().is_ok()
}

/// One thread for each started vCPU, but none for a crumb of a tenth: at 1,800 MB a second thread would share 1.02
/// vCPUs and only add switching.
fn workers(share: f64, visible: usize) -> NonZeroUsize {
    let count = (share - 0.1).ceil().max(1.0) as usize;
    NonZeroUsize::new(count.min(visible.max(1))).unwrap_or(NonZeroUsize::MIN)
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that asks what is visible")]
fn machine_cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

/// The CPU quota of this process's cgroup in vCPUs; `None` where there is none or where it cannot be read.
fn cgroup_quota() -> Option<f64> {
    let read = |path: std::path::PathBuf| std::fs::read_to_string(path).ok();
    let version_2 = |folder: &Path| parse_cpu_max(&read(folder.join("cpu.max"))?);
    let version_1 = |folder: &Path| {
        quota_over_period(
            &read(folder.join("cpu.cfs_quota_us"))?,
            &read(folder.join("cpu.cfs_period_us"))?,
        )
    };
    cgroup::tightest("cpu", version_2, version_1, f64::total_cmp)
}

/// cgroup v2 `cpu.max`: `"max 100000"` or `"150000 100000"`.
fn parse_cpu_max(text: &str) -> Option<f64> {
    let (quota, period) = text.trim().split_once(' ')?;
    quota_over_period(quota, period)
}

fn quota_over_period(quota: &str, period: &str) -> Option<f64> {
    let quota: f64 = quota.trim().parse().ok()?;
    let period: f64 = period.trim().parse().ok()?;
    (quota > 0.0 && period > 0.0).then_some(quota / period)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(variables: &[(&str, &str)], cores: usize, quota: Option<f64>) -> Vcpus {
        let find = |name: &str| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        };
        Vcpus::resolve(find, || (cores, quota))
    }

    #[test]
    fn workers_follow_the_share_and_never_pass_the_visible_cores() {
        for (memory, visible, workers) in [
            (128, 2, 1),
            (1024, 2, 1),
            (1769, 2, 1),
            (2048, 2, 2),
            (3008, 2, 2),
            (3009, 3, 2),
            (5307, 3, 3),
            (5308, 4, 3),
            (7076, 4, 4),
            (8845, 5, 5),
            (8846, 6, 5),
            (10240, 6, 6),
        ] {
            let vcpus = Vcpus::of_lambda(memory);
            assert_eq!((vcpus.visible, vcpus.workers.get()), (visible, workers), "{memory} MB");
        }
    }

    #[test]
    fn the_share_is_a_fraction_of_a_vcpu_per_megabyte() {
        assert!((Vcpus::of_lambda(3008).share - 1.70).abs() < 0.005);
        assert!((Vcpus::of_lambda(10240).share - 5.79).abs() < 0.005);
    }

    #[test]
    fn variables_override_in_their_order() {
        let all = [
            ("BRAWN_THREADS", "3"),
            ("WORKER_COUNT", "4"),
            ("RAYON_NUM_THREADS", "5"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1769"),
        ];
        let vcpus = resolve(&all, 8, None);
        assert_eq!((vcpus.workers.get(), vcpus.origin), (3, Origin::Variable("BRAWN_THREADS")));
        assert_eq!(resolve(&all[1..], 8, None).origin, Origin::Variable("WORKER_COUNT"));
        assert_eq!(resolve(&all[2..], 8, None).origin, Origin::Variable("RAYON_NUM_THREADS"));
        assert_eq!(resolve(&all[3..], 8, None).origin, Origin::LambdaMemory(1769));
        assert_eq!(resolve(&[("BRAWN_THREADS", "0")], 8, None).workers.get(), 8);
    }

    #[test]
    fn a_laptop_gives_its_cores_within_its_quota() {
        assert_eq!(resolve(&[], 8, None).workers.get(), 8);
        let quota = resolve(&[], 8, Some(2.5));
        assert_eq!((quota.workers.get(), quota.share), (3, 2.5));
        assert_eq!(resolve(&[], 2, Some(16.0)).workers.get(), 2);
    }

    #[test]
    fn a_managed_instance_is_sized_by_its_cores() {
        let vcpus = resolve(
            &[
                ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "2048"),
                ("AWS_LAMBDA_INITIALIZATION_TYPE", "lambda-managed-instances"),
            ],
            16,
            None,
        );
        assert_eq!((vcpus.workers.get(), vcpus.origin), (16, Origin::Machine));
    }

    #[test]
    fn quotas_of_both_cgroup_versions_are_read() {
        assert_eq!(parse_cpu_max("max 100000\n"), None);
        assert_eq!(parse_cpu_max("150000 100000\n"), Some(1.5));
        assert_eq!(quota_over_period("-1\n", "100000\n"), None);
        assert_eq!(quota_over_period("20000", "20000\n"), Some(1.0));
    }
}
