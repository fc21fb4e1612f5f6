//! An input of which each part needs what came before: decompressed on the pool while the driver reads what comes next and
//! writes what came before.

use std::io::Read;
use std::sync::{Mutex, PoisonError};

use brawn_core::blocks::{self, Spare};
use brawn_core::{Budget, Result};

use super::codec::{Codec, Room, Step};
use super::limits::Account;
use super::window::Window;

/// What is read at once, and what is written.
const CHUNK: usize = 256 << 10;
const ROOM: usize = 1 << 20;

/// The first room: fresh memory costs more than what becomes of a small input.
const FIRST_ROOM: usize = 64 << 10;

/// The memory it takes, of units of `plain` bytes at most: the window with what may be left in it, chunks, room that is filled,
/// written, and kept.
pub(super) fn memory<C: Codec>(plain: usize) -> u64 {
    (2 * (plain + C::MORE) + 8 * CHUNK + 4 * ROOM + C::STATE) as u64
}

/// What the one side tells the other.
#[derive(Default)]
struct Told {
    /// What is to be written.
    rooms: Vec<Room>,
    /// Nothing need be read before what is there is used.
    has_enough: bool,
    is_done: bool,
}

/// One turn of decompressing.
struct Turn {
    /// What was read; an empty one is the end.
    chunk: Option<Vec<u8>>,
    room: Vec<u8>,
}

/// Decompresses from the beginning of the window to the end of the input.
pub(super) fn stream<C: Codec>(
    codec: &mut C,
    window: &mut Window,
    source: &mut (impl Read + ?Sized),
    account: &mut Account,
    mut write: impl FnMut(&[u8]) -> Result<()>,
    budget: &Budget,
) -> Result<()> {
    let spare = Spare::default();
    let told = Mutex::new(Told::default());
    let lock = || told.lock().unwrap_or_else(PoisonError::into_inner);
    let mut is_ended = window.is_ended();
    // What is left of the first way may do for a while.
    lock().has_enough = window.rest().len() >= CHUNK;
    let mut deliver = |rooms: Vec<Room>| {
        for room in rooms {
            write(room.filled())?;
            spare.give_back(room.into_bytes());
        }
        Ok(())
    };
    let read = || {
        let Told { rooms, has_enough, is_done } = {
            let mut told = lock();
            let rooms = std::mem::take(&mut told.rooms);
            Told { rooms, ..*told }
        };
        deliver(rooms)?;
        if is_done {
            return Ok(None);
        }
        let mut turn = Turn { chunk: None, room: spare.take() };
        if !(is_ended || has_enough) {
            let mut chunk = spare.take();
            blocks::fill(source, &mut chunk, CHUNK)?;
            is_ended = chunk.is_empty();
            turn.chunk = Some(chunk);
        }
        Ok(Some(turn))
    };
    let mut size = FIRST_ROOM;
    // Rooms are filled to their end before they are handed on: their bounds, where limits are asked, must not depend on
    // what was read by then.
    let mut open: Option<Room> = None;
    let compute = |turn: Turn| {
        if lock().is_done {
            return Ok(());
        }
        if let Some(chunk) = turn.chunk {
            window.push(&chunk, &spare);
            spare.give_back(chunk);
        }
        let begun = window.offset();
        let mut room = match open.take() {
            Some(room) => {
                spare.give_back(turn.room);
                room
            }
            None => {
                let room = Room::new(turn.room, size, account.room());
                size = (2 * size).min(ROOM);
                room
            }
        };
        let mut step = Step::On;
        while step == Step::On && !room.is_full() {
            budget.check()?;
            step = codec.step(window, &mut room, budget)?;
        }
        budget.advance(window.offset() - begun);
        let mut told = lock();
        told.is_done = step == Step::Done;
        told.has_enough = window.rest().len() >= CHUNK;
        if step == Step::Starved {
            open = Some(room);
        } else {
            account.add(room.filled().len() as u64 + room.told, window.offset())?;
            told.rooms.push(room);
        }
        Ok(())
    };
    blocks::in_turn(budget, read, compute)?;
    let rooms = std::mem::take(&mut lock().rooms);
    deliver(rooms)
}
