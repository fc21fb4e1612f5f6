//! What a format does for both ways of decompressing.

use brawn_core::{Budget, Result};

use super::window::{Shared, Window};

/// A format while it is decompressed, from the beginning to the end of an input.
pub(super) trait Codec: Send {
    /// Plain bytes that are decompressed by one worker at once, where several units are no more.
    const BATCH: usize;

    /// The most plain bytes that a unit has, in an input of the largest units.
    const PLAIN: usize;

    /// What a unit may be longer by before it is decompressed.
    const MORE: usize;

    /// Bytes that it holds itself, however long the input is.
    const STATE: usize;

    /// What decompresses units one after the other.
    type Tool: Send;

    /// A new one.
    fn tool() -> Result<Self::Tool>;

    /// The most plain bytes that a unit of this input has.
    fn plain(&self) -> usize {
        Self::PLAIN
    }

    /// What there is at the beginning of the window.
    fn peek(&self, window: &Window) -> Peek;

    /// That the first `len` bytes of the window are passed over.
    ///
    /// # Errors
    /// Where they say that something is wrong with what was before them.
    fn pass(&mut self, window: &Window, len: usize) -> Result<()>;

    /// That `unit`, at `offset`, is decompressed next.
    fn take(&mut self, unit: &Unit, offset: u64) -> Result<()>;

    /// Decompresses units that were taken into the first bytes of `out`; says how many.
    fn decompress(
        tool: &mut Self::Tool,
        batch: &Batch,
        out: &mut Vec<u8>,
        budget: &Budget,
    ) -> Result<usize>;

    /// Goes on with what is at the beginning of the window, unit or not.
    fn step(&mut self, window: &mut Window, out: &mut Room, budget: &Budget) -> Result<Step>;

    /// What its parts are called.
    fn parts(&self) -> (&'static str, u64);
}

/// A member or frame whose end is known.
#[derive(Clone, Debug)]
pub(super) struct Unit {
    /// How long it is.
    pub(super) len: usize,
    /// How long its header is.
    pub(super) header: usize,
    /// How long it will be: the most, where `is_exact` is off.
    pub(super) plain: usize,
    pub(super) is_exact: bool,
    pub(super) mark: Mark,
}

/// What a part says of itself beside its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    None,
    /// A member of BGZF.
    Bgzf,
    /// The number of a member that brawn wrote.
    Number(u64),
    /// The checksum of a frame.
    Checksum(u32),
}

#[derive(Debug)]
pub(super) enum Peek {
    Unit(Unit),
    /// So many bytes that are passed over.
    Pass(usize),
    /// More must be read before it is known.
    More,
    /// Nothing with a known end: whatever it is, [`step`](Codec::step) does it or says what is wrong.
    Other,
}

/// Units that one worker decompresses.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) offset: u64,
    pub(super) bytes: Shared,
    pub(super) units: Vec<Unit>,
    /// The sum of what they will be.
    pub(super) plain: usize,
}

impl Batch {
    /// Each unit with its offset and its bytes.
    pub(super) fn each(&self) -> impl Iterator<Item = (&Unit, u64, &[u8])> {
        let mut start = 0;
        self.units.iter().map(move |unit| {
            let bytes = self.bytes.bytes().get(start..start + unit.len).unwrap_or_default();
            let offset = self.offset + start as u64;
            start += unit.len;
            (unit, offset, bytes)
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It went on.
    On,
    /// It goes on when more was read.
    Starved,
    /// The input has ended where it may.
    Done,
}

/// Room for what is decompressed.
#[derive(Debug)]
pub(super) struct Room {
    bytes: Vec<u8>,
    filled: usize,
    most: usize,
    /// Bytes that were told by a header and are not made.
    pub(super) told: u64,
}

impl Room {
    /// `size` bytes of which no more than `most` are used, in a buffer that was used before.
    pub(super) fn new(mut bytes: Vec<u8>, size: usize, most: usize) -> Room {
        bytes.resize(size, 0);
        Room { bytes, filled: 0, most: most.min(size), told: 0 }
    }

    pub(super) fn filled(&self) -> &[u8] {
        self.bytes.get(..self.filled).unwrap_or_default()
    }

    pub(super) fn is_full(&self) -> bool {
        self.filled >= self.most
    }

    /// The next bytes, `size` of them at most.
    pub(super) fn space(&mut self, size: usize) -> &mut [u8] {
        let end = self.filled.saturating_add(size).min(self.most);
        self.bytes.get_mut(self.filled..end).unwrap_or_default()
    }

    /// That `count` of them are there now.
    pub(super) fn fill(&mut self, count: usize) {
        self.filled = (self.filled + count).min(self.most);
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}
