//! Limits against bombs: little input that becomes more than there is room for.

use brawn_core::{ByteSize, Error, Result};

use super::Options;

/// Below, any ratio that was asked for will do: it fits everywhere.
const FREE: u64 = 64 << 20;

/// zstd passes 2000 only where 99.9 % are repetitions, and goes up to 32,768; but a fresh disk image is such a file, so nobody is refused for
/// it who did not ask, until it is more than most disks have to spare. Deflate gives 1032 bytes for one at most.
const RATIO: u64 = 2000;
const FREE_UNASKED: u64 = 16 << 30;

/// What came of the input so far, held against the limits.
#[derive(Clone, Debug)]
pub(super) struct Account {
    most: u64,
    ratio: u64,
    /// Plain bytes below which the ratio does not count.
    free: u64,
    plain: u64,
}

impl Account {
    pub(super) fn new(options: &Options) -> Account {
        // A list says what would come of it, and makes none of it.
        let most = options.max_output_bytes.filter(|_| !options.list);
        let asked = options.max_ratio.map(u64::from);
        Account {
            most: most.map_or(u64::MAX, |most| most.0),
            ratio: if options.list { u64::MAX } else { asked.unwrap_or(RATIO) },
            free: if asked.is_some() { FREE } else { FREE_UNASKED },
            plain: 0,
        }
    }

    /// Plain bytes so far.
    pub(super) fn plain(&self) -> u64 {
        self.plain
    }

    /// How many bytes may come before it is known to be too many.
    pub(super) fn room(&self) -> usize {
        usize::try_from(self.most.saturating_sub(self.plain).saturating_add(1))
            .unwrap_or(usize::MAX)
    }

    /// Adds `plain` bytes, which came of the first `read` bytes of the input.
    ///
    /// # Errors
    /// [`ErrorKind::LimitExceeded`](brawn_core::ErrorKind::LimitExceeded).
    pub(super) fn add(&mut self, plain: u64, read: u64) -> Result<()> {
        self.plain = self.plain.saturating_add(plain);
        if self.plain > self.most {
            return Err(Error::limit_exceeded(format!(
                "it becomes more than the limit of {}",
                ByteSize(self.most)
            ))
            .with_hint("raise `max_output_bytes`"));
        }
        if self.plain > self.free && self.plain / read.max(1) >= self.ratio {
            return Err(Error::limit_exceeded(format!(
                "it becomes more than {} and {} times as long",
                ByteSize(self.free),
                self.ratio
            ))
            .with_hint("raise `max_ratio` if it shall"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bomb_is_refused_unasked_where_it_is_more_than_disks_have_to_spare() {
        let grown = |plain: u64, read: u64| Account::new(&Options::default()).add(plain, read);
        grown(16 << 30, 1).expect("any ratio");
        grown((16 << 30) + 1, 1 << 30).expect("a usual ratio");
        let error = grown((16 << 30) + 1, 1 << 20).expect_err("16,384 times");
        assert!(error.to_string().contains("16 GB and 2000 times"), "{error}");
    }
}
