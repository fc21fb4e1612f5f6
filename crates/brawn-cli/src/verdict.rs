//! How a command ended, and the exit code that says so.

use brawn_core::Summary;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// All done.
    Done,
    /// Some items failed.
    SomeFailed,
    /// The deadline was reached with part of the work done.
    OutOfTime,
    /// Stopped by a signal of this number.
    Stopped(u8),
}

/// `SIGHUP`, `SIGINT`, `SIGPIPE` and `SIGTERM` by number.
#[cfg(feature = "aws")]
pub(crate) const HANGUP: u8 = 1;
pub(crate) const INTERRUPT: u8 = 2;
pub(crate) const PIPE: u8 = 13;
pub(crate) const TERMINATE: u8 = 15;

impl Verdict {
    /// As a shell reports it: 128 and the number for what a signal stopped.
    pub(crate) fn exit_code(self) -> u8 {
        match self {
            Verdict::Done => 0,
            Verdict::SomeFailed => 1,
            Verdict::OutOfTime => 3,
            Verdict::Stopped(number) => 128 + number,
        }
    }

    /// What a summary amounts to.
    pub(crate) fn of(summary: &Summary) -> Verdict {
        if summary.deadline > 0 {
            Verdict::OutOfTime
        } else if summary.is_clean() {
            Verdict::Done
        } else {
            Verdict::SomeFailed
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_code_says_how_it_ended() {
        let summary = |rejected, deadline| Summary { rejected, deadline, ..Summary::default() };
        assert_eq!(Verdict::of(&summary(0, 0)).exit_code(), 0);
        assert_eq!(Verdict::of(&summary(1, 0)).exit_code(), 1);
        assert_eq!(Verdict::of(&summary(1, 1)).exit_code(), 3);
        assert_eq!(Verdict::Stopped(INTERRUPT).exit_code(), 130);
        assert_eq!(Verdict::Stopped(PIPE).exit_code(), 141);
    }
}
