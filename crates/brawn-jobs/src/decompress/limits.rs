//! Limits against bombs: little input that becomes more than there is room for.

use brawn_core::{ByteSize, Error, Result};

use super::Options;

/// Below, any ratio will do: it fits everywhere.
const FREE: u64 = 64 << 20;

/// What came of the input so far, held against the limits.
#[derive(Clone, Debug)]
pub(super) struct Account {
    most: u64,
    ratio: u64,
    plain: u64,
}

impl Account {
    pub(super) fn new(options: &Options) -> Account {
        // A list says what would come of it, and makes none of it.
        let most = options.max_output_bytes.filter(|_| !options.list);
        Account {
            most: most.map_or(u64::MAX, |most| most.0),
            ratio: if options.list { u64::MAX } else { u64::from(options.max_ratio) },
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
        if self.plain > FREE && self.plain / read.max(1) >= self.ratio {
            return Err(Error::limit_exceeded(format!(
                "it becomes more than {} times as long",
                self.ratio
            ))
            .with_hint("raise `max_ratio` if it shall"));
        }
        Ok(())
    }
}
