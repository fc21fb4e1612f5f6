//! Blocks of which each needs what came of those before.

use super::{caught, on_a_pool};
use crate::{Budget, Result};

/// Computes blocks one after the other on the budget's pool, where `compute` may go parallel inside, while the next one is
/// read. Without a pool it computes where it is.
///
/// Two blocks are in memory at once; that memory is for the caller to reserve. The budget is asked between blocks.
///
/// # Errors
/// The first of `compute` (a panic too) or `read`.
pub fn in_turn<B: Send>(
    budget: &Budget,
    mut read: impl FnMut() -> Result<Option<B>>,
    mut compute: impl FnMut(B) -> Result<()> + Send,
) -> Result<()> {
    let mut next = read()?;
    while let Some(block) = next {
        budget.check()?;
        match budget.pool() {
            Some(pool) if !on_a_pool() => {
                let (compute, mut done) = (&mut compute, Ok(()));
                let read = pool.scope(|scope| {
                    scope.spawn(|_| {
                        let _computing = budget.computing();
                        done = caught(|| compute(block));
                    });
                    read()
                });
                done?;
                next = read?;
            }
            _ => {
                compute(block)?;
                next = read()?;
            }
        }
    }
    budget.check()
}
