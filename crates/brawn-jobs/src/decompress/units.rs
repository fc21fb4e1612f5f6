//! Members and frames whose ends are known: side by side.

use std::io::Read;

use brawn_core::blocks::{self, Spare};
use brawn_core::{Budget, Result};

use super::codec::{Batch, Codec, Peek};
use super::limits::Account;
use super::window::Window;

/// What is read at once.
const CHUNK: usize = 1 << 20;

/// The memory that `ahead` batches take, and the window they are found in.
pub(super) fn memory<C: Codec>(ahead: u64) -> u64 {
    // The window holds a unit that is not whole yet, as much that is consumed, and two chunks.
    ahead * each::<C>() + 2 * (C::COMPRESSED + CHUNK) as u64
}

/// How many batches fit into `memory`.
pub(super) fn fit<C: Codec>(memory: u64) -> u64 {
    memory.saturating_sub(self::memory::<C>(0)) / each::<C>()
}

fn each<C: Codec>() -> u64 {
    (C::PLAIN + C::COMPRESSED) as u64
}

/// Decompresses from the beginning of the window, or `is_listed` counts, until something has no known end.
pub(super) fn units<C: Codec>(
    codec: &mut C,
    window: &mut Window,
    source: &mut (impl Read + ?Sized),
    account: &mut Account,
    (ahead, is_listed): (u64, bool),
    mut write: impl FnMut(&[u8]) -> Result<()>,
    budget: &Budget,
) -> Result<()> {
    let spare = Spare::default();
    // What is wrong behind a batch is told when the batch is through.
    let mut failed = None;
    let read = || {
        if let Some(error) = failed.take() {
            return Err(error);
        }
        let mut batch = Batch { offset: window.offset(), bytes: spare.take(), ..Batch::default() };
        batch.bytes.clear();
        match collect(codec, window, source, &mut batch, &spare) {
            Err(error) if batch.units.is_empty() => return Err(error),
            Err(error) => failed = Some(error),
            Ok(()) => {}
        }
        Ok(Some(batch).filter(|batch| !batch.units.is_empty()))
    };
    let compute = |batch: Batch| {
        budget.check()?;
        let mut out = spare.take();
        out.clear();
        let mut plain = batch.plain;
        if !(is_listed && batch.units.iter().all(|unit| unit.is_exact)) {
            C::decompress(&batch, &mut out, budget)?;
            plain = out.len();
        }
        let len = batch.bytes.len() as u64;
        budget.advance(len);
        spare.give_back(batch.bytes);
        Ok((out, plain as u64, batch.offset + len))
    };
    let write = |(out, plain, end): (Vec<u8>, u64, u64)| {
        account.add(plain, end)?;
        write(&out)?;
        spare.give_back(out);
        Ok(())
    };
    let ahead = usize::try_from(ahead).unwrap_or(usize::MAX);
    blocks::in_order(budget, ahead, read, compute, write)
}

/// Moves units from the window to `batch`, as many as one worker takes at once.
fn collect<C: Codec>(
    codec: &mut C,
    window: &mut Window,
    source: &mut (impl Read + ?Sized),
    batch: &mut Batch,
    spare: &Spare,
) -> Result<()> {
    loop {
        match codec.peek(window) {
            Peek::Unit(unit) => {
                let is_full = batch.plain + unit.plain > C::PLAIN
                    || batch.bytes.len() + unit.len > C::COMPRESSED;
                if is_full && !batch.units.is_empty() {
                    return Ok(());
                }
                codec.take(&unit, window.offset())?;
                batch.bytes.extend_from_slice(window.rest().get(..unit.len).unwrap_or_default());
                batch.plain += unit.plain;
                window.consume(unit.len);
                batch.units.push(unit);
            }
            // Offsets of a batch go on without a gap.
            Peek::Pass(_) if !batch.units.is_empty() => return Ok(()),
            Peek::Pass(len) => {
                codec.pass(window, len)?;
                window.consume(len);
                batch.offset = window.offset();
            }
            Peek::More => {
                let mut chunk = spare.take();
                window.read(source, &mut chunk, CHUNK)?;
                spare.give_back(chunk);
            }
            Peek::Other => return Ok(()),
        }
    }
}
