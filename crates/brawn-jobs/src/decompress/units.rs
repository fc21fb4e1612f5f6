//! Members and frames whose ends are known: side by side.

use std::io::Read;
use std::sync::{Mutex, PoisonError};

use brawn_core::blocks::{self, Spare};
use brawn_core::{Budget, Result};

use super::codec::{Batch, Codec, Peek};
use super::limits::Account;
use super::window::Window;

/// What is read at once.
const CHUNK: usize = 2 << 20;

/// The memory that `ahead` batches of units of `plain` bytes at most take, and the window they are found in.
pub(super) fn memory<C: Codec>(plain: usize, ahead: u64) -> u64 {
    // The window holds a unit that is not whole yet, as much that is consumed, and two chunks.
    ahead * each::<C>(plain) + (2 * (plain + C::MORE + CHUNK) + C::STATE) as u64
}

/// How many batches fit into `memory`.
pub(super) fn fit<C: Codec>(plain: usize, memory: u64) -> u64 {
    memory.saturating_sub(self::memory::<C>(plain, 0)) / each::<C>(plain)
}

fn each<C: Codec>(plain: usize) -> u64 {
    // A batch keeps the buffer that its bytes were read into.
    (2 * plain + C::MORE + CHUNK) as u64
}

/// How units are gone through.
pub(super) struct How {
    /// So many batches at once.
    pub(super) ahead: u64,
    /// What headers say is enough.
    pub(super) is_listed: bool,
    /// As in [`blocks::in_order_by_workers`].
    pub(super) nobody_waits: bool,
}

/// Decompresses from the beginning of the window, or `is_listed` counts, until something has no known end.
pub(super) fn units<C: Codec>(
    codec: &mut C,
    window: &mut Window,
    source: &mut (impl Read + Send + ?Sized),
    account: &mut Account,
    How { ahead, is_listed, nobody_waits }: How,
    mut write: impl FnMut(&[u8]) -> Result<()> + Send,
    budget: &Budget,
) -> Result<()> {
    let (packed, plain) = (Spare::default(), Spare::default());
    let tools: Mutex<Vec<C::Tool>> = Mutex::default();
    let idle = || tools.lock().unwrap_or_else(PoisonError::into_inner);
    // What is wrong behind a batch is told when the batch is through.
    let mut failed = None;
    let read = || {
        if let Some(error) = failed.take() {
            return Err(error);
        }
        let mut batch = Batch { offset: window.offset(), ..Batch::default() };
        match collect(codec, window, source, &mut batch, &packed, budget) {
            Err(error) if batch.units.is_empty() => return Err(error),
            Err(error) => failed = Some(error),
            Ok(()) => {}
        }
        Ok(Some(batch).filter(|batch| !batch.units.is_empty()))
    };
    let compute = |batch: Batch| {
        budget.check()?;
        let len = batch.bytes.bytes().len() as u64;
        let (mut out, mut filled, mut told) = (plain.take(), 0, batch.plain as u64);
        if !(is_listed && batch.units.iter().all(|unit| unit.is_exact)) {
            let known = idle().pop();
            let mut tool = match known {
                Some(tool) => tool,
                None => C::tool()?,
            };
            filled = C::decompress(&mut tool, &batch, &mut out, budget)?;
            told = filled as u64;
            idle().push(tool);
        }
        budget.advance(len);
        let end = batch.offset + len;
        batch.bytes.give_back(&packed);
        Ok((out, filled, told, end))
    };
    let write = |(out, filled, told, end): (Vec<u8>, usize, u64, u64)| {
        account.add(told, end)?;
        write(out.get(..filled).unwrap_or_default())?;
        plain.give_back(out);
        Ok(())
    };
    let ahead = usize::try_from(ahead).unwrap_or(usize::MAX);
    blocks::in_order_by_workers(nobody_waits, budget, ahead, read, compute, write)
}

/// Moves units from the window to `batch`, as many as one worker takes at once.
fn collect<C: Codec>(
    codec: &mut C,
    window: &mut Window,
    source: &mut (impl Read + ?Sized),
    batch: &mut Batch,
    packed: &Spare,
    budget: &Budget,
) -> Result<()> {
    let mut len = 0;
    loop {
        budget.check()?;
        match codec.peek(window) {
            Peek::Unit(unit) => {
                let is_full =
                    batch.plain + unit.plain > C::BATCH || len + unit.len > C::BATCH + C::MORE;
                if is_full && !batch.units.is_empty() {
                    return Ok(());
                }
                codec.take(&unit, window.offset())?;
                window.consume(unit.len);
                len += unit.len;
                batch.plain += unit.plain;
                batch.units.push(unit);
                batch.bytes = window.share(len);
            }
            // Offsets of a batch go on without a gap.
            Peek::Pass(_) if !batch.units.is_empty() => return Ok(()),
            Peek::Pass(len) => {
                codec.pass(window, len)?;
                window.consume(len);
                batch.offset = window.offset();
            }
            // What is read next goes into another buffer.
            Peek::More if !batch.units.is_empty() => return Ok(()),
            Peek::More => window.read(source, CHUNK, packed)?,
            Peek::Other => return Ok(()),
        }
    }
}
