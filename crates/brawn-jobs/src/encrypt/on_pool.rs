//! One piece of work on the pool of a budget.

use brawn_core::{Budget, Result, blocks};

/// Does `work` on the budget's pool and waits for it; without one, where it is. What it takes is not cut short: scrypt is one
/// call, of a second for each 2^18 rounds.
pub(crate) fn on_pool<T: Send>(
    budget: &Budget,
    work: impl FnOnce() -> Result<T> + Send,
) -> Result<T> {
    let (mut waiting, mut done) = (Some(work), None);
    blocks::in_turn(
        budget,
        || Ok(waiting.take()),
        |work| {
            done = Some(work()?);
            Ok(())
        },
    )?;
    // Nothing failed, so it was done.
    done.map_or_else(|| budget.check().and(Err(brawn_core::Error::cancelled())), Ok)
}
