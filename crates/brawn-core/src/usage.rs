//! What the process has used: CPU time, wall time, memory.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// CPU time of the whole process so far, all threads.
fn process_cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// The most memory this process has held resident so far, in bytes; `None` where `/proc` does not say.
pub fn peak_resident() -> Option<u64> {
    // Kept open: looking it up takes as long as reading it, 10 us, and each invocation asks.
    static STATUS: OnceLock<Option<File>> = OnceLock::new();
    let mut status = [0; 4096];
    let length = STATUS
        .get_or_init(|| File::open("/proc/self/status").ok())
        .as_ref()?
        .read_at(&mut status, 0)
        .ok()?;
    let status = String::from_utf8_lossy(&status[..length]);
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

/// Measures wall and CPU time from a start.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch {
    started: Instant,
    cpu: Duration,
}

impl Stopwatch {
    /// Starts now.
    pub fn start() -> Stopwatch {
        Stopwatch { started: Instant::now(), cpu: process_cpu() }
    }

    /// What was used since the start.
    pub fn read(&self) -> Usage {
        Usage { wall: self.started.elapsed(), cpu: process_cpu().saturating_sub(self.cpu) }
    }
}

/// Wall and CPU time of a stretch of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Time by the clock.
    pub wall: Duration,
    /// CPU time of the whole process.
    pub cpu: Duration,
}

impl Usage {
    /// The part of the granted CPU that was used: 1.0 when `share` vCPUs were busy all the time.
    pub fn utilisation(&self, share: f64) -> f64 {
        let granted = self.wall.as_secs_f64() * share;
        if granted > 0.0 { self.cpu.as_secs_f64() / granted } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utilisation_is_of_the_granted_share() {
        let usage = Usage { wall: Duration::from_secs(2), cpu: Duration::from_secs(3) };
        assert_eq!(usage.utilisation(2.0), 0.75);
        assert_eq!(usage.utilisation(1.5), 1.0);
        let none = Usage { wall: Duration::ZERO, cpu: Duration::ZERO };
        assert_eq!(none.utilisation(2.0), 0.0);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_peak_follows_what_is_held() {
        let before = peak_resident().expect("Linux says");
        let held = std::hint::black_box(vec![1_u8; 64 << 20]);
        let peak = peak_resident().expect("Linux says");
        assert!(peak >= held.len() as u64 && peak >= before, "{before} {peak}");
    }

    #[test]
    fn busy_work_shows_as_cpu_time() {
        let watch = Stopwatch::start();
        while watch.read().cpu < Duration::from_millis(2) {
            std::hint::black_box((0..1000).sum::<u64>());
        }
        assert!(watch.read().wall > Duration::ZERO);
    }
}
