//! CPU time of processes that come and go, from looks at those that live.

use std::collections::BTreeMap;
use std::time::Duration;

/// By how much the time that a process has waited for can trail what its children have used: `/proc` cuts user and system time
/// to whole ticks of 10 ms.
const CUT: Duration = Duration::from_millis(20);

/// What a process has used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Used {
    pub(super) own: Duration,
    /// Of children that have ended and that it has waited for.
    pub(super) waited: Duration,
}

/// CPU time of a changing set of processes. What a child has used comes to its parent when it is waited for; only what had not
/// been seen of it then is new.
#[derive(Clone, Debug, Default)]
pub(super) struct Meter {
    seen: BTreeMap<i32, Used>,
    total: Duration,
    /// Of processes that are gone, what may still come to a parent.
    gone: Duration,
}

impl Meter {
    /// Takes the newest reading of each process that lives; what a dead one had used stays counted.
    pub(super) fn read(&mut self, now: impl Iterator<Item = (i32, Used)>) {
        let (mut waited, mut gone) = (Duration::ZERO, Duration::ZERO);
        let before = std::mem::take(&mut self.seen);
        for (pid, used) in now {
            let known = before.get(&pid).copied().unwrap_or_default();
            // Of its threads' clock and the process's, now one and now the other is ahead.
            let used = Used { own: used.own.max(known.own), waited: used.waited.max(known.waited) };
            self.total += used.own - known.own;
            waited += used.waited - known.waited;
            self.seen.insert(pid, used);
        }
        for (pid, used) in before {
            if !self.seen.contains_key(&pid) {
                gone += used.own + used.waited;
            }
        }
        // A parent may be read just before it waits, so what is gone is looked for once more; then it has come to
        // nobody here, but for what was cut.
        let known = self.gone + gone;
        let come = waited.min(known);
        self.total += waited - come;
        self.gone = (known - come).min(gone + CUT);
    }

    pub(super) fn total(&self) -> Duration {
        self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Readings of (process, own ms, waited ms).
    fn totals(looks: &[&[(i32, u64, u64)]]) -> Vec<u128> {
        let ms = Duration::from_millis;
        let mut meter = Meter::default();
        let mut total = |look: &&[(i32, u64, u64)]| {
            let used = |(pid, own, waited): &(i32, u64, u64)| {
                (*pid, Used { own: ms(*own), waited: ms(*waited) })
            };
            meter.read(look.iter().map(used));
            meter.total().as_millis()
        };
        looks.iter().map(&mut total).collect()
    }

    #[test]
    fn what_the_dead_have_used_stays_counted() {
        // 2 ended and nobody waited for it, 3 is new, and 1 is read from a coarser clock than before.
        assert_eq!(totals(&[&[(1, 10, 0), (2, 5, 0)], &[(1, 8, 0), (3, 1, 0)]]), [15, 16]);
    }

    #[test]
    fn what_a_child_has_used_counts_once() {
        // The last 3 ms of it were not seen while it lived.
        let waited_for: &[&[_]] = &[&[(1, 10, 0), (2, 997, 0)], &[(1, 10, 1000)], &[(1, 11, 1000)]];
        assert_eq!(totals(waited_for), [1007, 1010, 1011]);
        // The parent is read just before it waits.
        let late: &[&[_]] = &[&[(1, 10, 0), (2, 500, 0)], &[(1, 10, 0)], &[(1, 10, 500)]];
        assert_eq!(totals(late), [510, 510, 510]);
        // A child's child, by way of the child.
        let below: &[&[_]] =
            &[&[(1, 0, 0), (2, 40, 0), (3, 60, 0)], &[(1, 0, 0), (2, 40, 60)], &[(1, 0, 100)]];
        assert_eq!(totals(below), [100, 100, 100]);
    }

    #[test]
    fn a_child_that_was_never_seen_counts_when_it_is_waited_for() {
        assert_eq!(totals(&[&[(1, 10, 0)], &[(1, 10, 30)], &[(1, 10, 60)]]), [10, 40, 70]);
    }

    #[test]
    fn what_is_cut_to_ticks_is_not_counted_again() {
        // Children of 5 ms: every second one fills a tick.
        let looks: Vec<Vec<(i32, u64, u64)>> = (1..=100)
            .flat_map(|child| {
                let before = (child - 1) * 5 / 10 * 10;
                let after = child * 5 / 10 * 10;
                let pid = 10 + i32::try_from(child).unwrap();
                [vec![(1, 0, before), (pid, 5, 0)], vec![(1, 0, after)], vec![(1, 0, after)]]
            })
            .collect();
        let looks: Vec<&[_]> = looks.iter().map(Vec::as_slice).collect();
        assert_eq!(totals(&looks).last(), Some(&500));
    }

    #[test]
    fn what_came_to_nobody_hides_nothing_for_long() {
        // An orphan of 100 ms ends; later a child of 300 ms that was never seen is waited for.
        let looks: &[&[_]] =
            &[&[(1, 0, 0), (2, 100, 0)], &[(1, 0, 0)], &[(1, 0, 0)], &[(1, 0, 300)]];
        assert_eq!(totals(looks), [100, 100, 100, 380]);
    }
}
